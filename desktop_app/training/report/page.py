"""The pieces of HTML that a report is built from: style, tables, heat maps, bars. Every text is escaped here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from desktop_app.training.metrics import Proportion

STYLE = """
:root{color-scheme:light;--ink:#1b1f24;--soft:#56606b;--line:#d8dde3;--tint:#f5f7f9;--blue:31,95,168}
*{box-sizing:border-box}
body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:0 auto;padding:1.5rem 1.2rem 3rem;color:var(--ink);
background:#fff}
h1{font-size:1.65rem;line-height:1.2;margin:.2rem 0}
h2{font-size:1.2rem;margin:2.4rem 0 .6rem;padding-bottom:.25rem;border-bottom:1px solid var(--line)}
h3{font-size:1rem;margin:1rem 0 .3rem}
p{margin:.4rem 0}.note{color:var(--soft);max-width:48rem}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(10.5rem,1fr));gap:.7rem;margin:1.2rem 0}
.tile{background:var(--tint);border:1px solid var(--line);border-radius:8px;padding:.7rem .9rem}
.tile b{display:block;font-size:1.55rem;line-height:1.2;font-variant-numeric:tabular-nums}
.tile span{display:block;color:var(--soft);font-size:.82rem}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,24rem),1fr));gap:0 2rem}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,21rem),1fr));gap:.8rem}
.charts img{display:block;width:100%;max-width:36rem;height:auto}
.wide{overflow-x:auto}
table{border-collapse:collapse;margin:.5rem 0;font-variant-numeric:tabular-nums}
td,th{padding:.28rem .7rem;border-bottom:1px solid var(--line);text-align:right;vertical-align:top}
th{font-weight:600;color:var(--soft);vertical-align:bottom}
td:first-child,th:first-child{text-align:left;padding-left:0}
tr.total td{border-top:2px solid var(--line)}
table.facts{width:100%}table.facts td{text-align:left;overflow-wrap:anywhere}
table.facts td:first-child{color:var(--soft);width:9.5rem;overflow-wrap:normal}
code{font:.86em/1.45 ui-monospace,monospace;overflow-wrap:anywhere}
table.heat td,table.heat th{border:1px solid #fff;text-align:center;padding:.4rem .5rem;min-width:2.6rem}
table.heat th:first-child,table.heat td:first-child{text-align:left;color:var(--soft);white-space:nowrap}
table.heat small{display:block;opacity:.85;font-size:.78em}
table.many{font-size:.82rem}table.many td,table.many th{padding:.25rem .3rem}
td.share{white-space:nowrap}td.share small{color:var(--soft)}
.maps{display:flex;flex-wrap:wrap;gap:.5rem 2.5rem;align-items:flex-start}
td.bar{width:11rem;min-width:7rem}th.bar,td.bar{text-align:left}
.track{position:relative;display:block;height:.8rem;margin-top:.3rem;background:var(--tint);border-radius:3px}
.track i{position:absolute;top:.15rem;bottom:.15rem;background:rgba(var(--blue),.35);border-radius:2px}
.track b{position:absolute;top:0;bottom:0;width:3px;margin-left:-1px;background:rgb(var(--blue))}
.faces{display:flex;flex-wrap:wrap;gap:.9rem .8rem}
figure{margin:0;width:7rem;font-size:.78rem;line-height:1.35}
figure img{width:7rem;height:7rem;object-fit:cover;border-radius:5px;display:block;margin-bottom:.25rem}
figcaption b{font-weight:600}
@media(max-width:34rem){
body{font-size:14px;padding:1rem .8rem 2rem}h1{font-size:1.35rem}
td,th{padding:.25rem .4rem}td.bar,th.bar{display:none}td.share small{display:block}
.tiles{grid-template-columns:1fr 1fr}.tile b{font-size:1.3rem}
table.many{font-size:.66rem}table.many td,table.many th{padding:.2rem .1rem;min-width:1.75rem}
figure,figure img{width:6rem}figure img{height:6rem}
}
@media print{
@page{margin:14mm}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
body{font-size:9.5pt;max-width:none;padding:0}h2{margin-top:1.6rem}
h1,h2,h3,.note{break-after:avoid}.tile,tr,figure,.charts img,.charts,table.heat{break-inside:avoid}
.tiles{grid-template-columns:repeat(6,1fr);gap:.4rem}.tile{padding:.4rem .5rem}.tile b{font-size:1.3rem}
.pair{grid-template-columns:1fr 1fr;gap:0 1.2rem}table.facts td:first-child{width:6.5rem}
.charts{grid-template-columns:1fr 1fr}td,th{padding:.18rem .5rem}
.wide{overflow:visible}figure,figure img{width:5.6rem}figure img{height:5.6rem}
}
"""


def heading(words: str) -> str:
    return f"<h1>{escape(words)}</h1>"


def section(title: str, *parts: str) -> str:
    """A heading and what belongs under it; nothing where all parts are empty."""
    body = "".join(parts)
    return f"<section><h2>{escape(title)}</h2>{body}</section>" if body else ""


def note(words: str) -> str:
    return f'<p class="note">{escape(words)}</p>'


def tiles(figures: Iterable[tuple[str, str, str]]) -> str:
    """The few figures that are looked at first: (what, value, its interval or another word on it)."""
    cells = "".join(
        f'<div class="tile"><span>{escape(what)}</span><b>{escape(value)}</b><span>{escape(words)}</span></div>'
        for what, value, words in figures
    )
    return f'<div class="tiles">{cells}</div>'


def facts(title: str, rows: Iterable[tuple[str, str]]) -> str:
    """A list of named facts; a value that begins with "$ " is shown as a command."""
    cells = []
    for name, value in rows:
        words = f"<code>{escape(value[2:])}</code>" if value.startswith("$ ") else escape(value)
        cells.append(f"<tr><td>{escape(name)}</td><td>{words}</td></tr>")
    return f'<div><h3>{escape(title)}</h3><table class="facts">{"".join(cells)}</table></div>'


def table(head: Sequence[str], rows: Sequence[Sequence[str]], totals: int = 0) -> str:
    """A table; the last `totals` rows are set apart. A column with nothing but "-" is left out."""
    said = [k for k in range(len(head)) if k == 0 or not rows or any(row[k] != "-" for row in rows)]
    top = "".join(f"<th>{escape(head[k])}</th>" for k in said)
    body = ""
    for i, row in enumerate(rows):
        kind = ' class="total"' if totals and i == len(rows) - totals else ""
        cells = "".join(f"<td>{escape(row[k])}</td>" for k in said)
        body += f"<tr{kind}>{cells}</tr>"
    return f'<div class="wide"><table><tr>{top}</tr>{body}</table></div>'


def shares(what: str, rows: Sequence[tuple[str, Proportion, str]], last: str = "") -> str:
    """Proportions by group, each with a bar: the 95% interval as a band, the value as a line.

    The third of each row is a figure for the column `last`, which is left out where no row has one.
    """
    lowest = min((share.interval[0] for _, share, _ in rows), default=0.0)
    start = 0.5 if lowest >= 0.5 else 0.0
    with_last = bool(last) and any(figure != "-" for _, _, figure in rows)
    extra = f"<th>{escape(last)}</th>" if with_last else ""
    body = ""
    for group, share, figure in rows:
        cell = f"<td>{escape(figure)}</td>" if with_last else ""
        body += (
            f'<tr><td>{escape(group)}</td>{_share(share)}<td class="bar">{_bar(share, start)}</td>'
            f"<td>{share.total:,}</td>{cell}</tr>"
        )
    head = f'<th>gender accuracy (95%)</th><th class="bar">{start:g} to 1</th><th>faces</th>{extra}'
    return f'<div class="wide"><table><thead><tr><th>{escape(what)}</th>{head}</tr></thead>{body}</table></div>'


def _share(share: Proportion) -> str:
    value, _, interval = str(share).partition(" ")
    return f'<td class="share">{value} <small>{interval}</small></td>'


def _bar(share: Proportion, start: float) -> str:
    if not share.total:
        return ""
    low, high, value = (100 * max(0.0, x - start) / (1 - start) for x in (*share.interval, share.value))
    return (
        f'<span class="track"><i style="left:{low:.1f}%;width:{high - low:.1f}%"></i>'
        f'<b style="left:{value:.1f}%"></b></span>'
    )


def heat_map(counts: NDArray[np.int64], labels: Sequence[str]) -> str:
    """A confusion table int64 (n, n) as a heat map: rows are the truth, columns the answer, the colour is the share of
    the row."""
    top = "".join(f"<th>{escape(label)}</th>" for label in labels)
    body = ""
    for label, row in zip(labels, counts, strict=True):
        cells = ""
        for count in row:
            share = count / row.sum() if row.sum() else 0.0
            ink = "#fff" if share > 0.5 else "inherit"
            words = f"<small>{share:.0%}</small>" if count else ""
            number = f"{count:,}" if count else "·"
            cells += (
                f'<td style="background:rgba(var(--blue),{0.04 + 0.88 * share:.3f});color:{ink}">{number}{words}</td>'
            )
        body += f"<tr><td>is {escape(label)}</td>{cells}</tr>"
    many = " many" if len(labels) > 4 else ""
    return f'<div class="wide"><table class="heat{many}"><tr><th>said</th>{top}</tr>{body}</table></div>'


def heat_maps(*maps: str) -> str:
    """Several heat maps, beside each other where there is room."""
    return f'<div class="maps">{"".join(maps)}</div>' if maps else ""


def charts(*pictures: str) -> str:
    return f'<div class="charts">{"".join(pictures)}</div>'


def document(title: str, body: str) -> str:
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n<body>{body}</body></html>\n"
    )
