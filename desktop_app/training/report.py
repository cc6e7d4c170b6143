"""The report of an evaluation: one HTML file with every picture inside it."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.types import AGE_BANDS
from desktop_app.errors import OutputError
from desktop_app.training import metrics
from desktop_app.training.ages import ADIENCE_CLASSES
from desktop_app.training.evaluate import Evaluation
from desktop_app.training.readers.base import GENDERS

FEMALE_COLOUR, MALE_COLOUR = "#b8860b", "#1f5fa8"  # the colour-blind tell them apart
SAMPLES, MISTAKES = 15, 30

_STYLE = """
body{font:15px/1.45 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;color:#1b1f24}
h1{font-size:1.6rem}h2{margin-top:2.2rem;font-size:1.2rem;border-bottom:1px solid #ccd}
table{border-collapse:collapse;margin:.6rem 0}td,th{padding:.25rem .7rem;border:1px solid #d5dae0;text-align:right}
td:first-child,th:first-child{text-align:left}img{max-width:100%}.faces{display:flex;flex-wrap:wrap;gap:.8rem}
figure{margin:0;width:7.2rem;font-size:.78rem}figure img{width:7.2rem;image-rendering:auto;border-radius:4px}
.note{color:#56606b}
"""


def write_report(evaluation: Evaluation, path: Path, seed: int = 1) -> None:
    """Write the report of an evaluation to `path`. Raises OutputError if that cannot be done."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(render(evaluation, seed), encoding="utf-8")
    except OSError as error:
        raise OutputError(
            f"The report cannot be written to {path}: {error.strerror}.", "Choose another place."
        ) from error


def render(evaluation: Evaluation, seed: int = 1) -> str:
    """The report as HTML that needs no other file and no network."""
    network, store = evaluation.network, evaluation.store
    known = evaluation.truth.gender >= 0
    parts = [
        f"<h1>{escape(network.name)} on {escape(store.name)}</h1>",
        f'<p class="note">{len(evaluation.rows):,} faces, {network.parameters:,} parameters, input '
        f"{network.spec.width}x{network.spec.height} {escape(network.spec.colour)}. Intervals are 95% (Wilson). "
        "Gender means apparent gender as labelled by people.</p>",
        "<h2>In short</h2>",
        _table(("figure", "value"), _summary(evaluation)),
        "<h2>Classification report</h2>",
        _classification(evaluation),
        "<h2>Confusion</h2>",
        _confusion(evaluation.confusion, list(GENDERS)),
        _age_confusion(evaluation),
    ]
    if known.any():
        parts += ["<h2>ROC and calibration</h2>", _roc_and_calibration(evaluation, known)]
    if evaluation.predictions.years is not None and np.isfinite(evaluation.truth.years).any():
        parts += ["<h2>Age, predicted against true</h2>", _ages(evaluation)]
    if evaluation.by_size:
        rows = [(f"{size} px", str(share)) for size, share in evaluation.by_size]
        parts += ["<h2>By face size</h2>", _table(("face box shrunk to", "gender accuracy"), rows)]
    for title, lines in evaluation.groups.items():
        if lines:
            cells = [
                (
                    line.group,
                    str(line.gender),
                    f"{line.gender.total:,}",
                    "-" if line.age_mae is None else f"{line.age_mae:.2f}",
                )
                for line in lines
            ]
            parts += [
                f"<h2>By {escape(title)}</h2>",
                _table((title, "gender accuracy", "faces", "age MAE, years"), cells),
            ]
    if network.notes is not None and network.notes.history:
        parts += ["<h2>Learning curves</h2>", _curves(network.notes.history)]
    parts += ["<h2>Random faces</h2>", _samples(evaluation, seed), "<h2>The worst mistakes</h2>", _mistakes(evaluation)]
    if network.notes is not None:
        configuration = escape(str(network.notes.config.to_json()))
        parts += ["<h2>Configuration</h2>", f"<p class='note'>{configuration}</p>"]
    body = "\n".join(part for part in parts if part)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(network.name)}</title>'
        f"<style>{_STYLE}</style></head><body>{body}</body></html>\n"
    )


def _summary(evaluation: Evaluation) -> list[tuple[str, str]]:
    rows = [("gender accuracy", str(evaluation.gender))]
    rows += [(f"recall, appears {label}", str(share)) for label, share in evaluation.recall.items()]
    rows.append(("expected calibration error", f"{evaluation.ece:.4f}"))
    rows.append(("leaving the doubtful undecided, so that 98% are right", str(evaluation.decided)))
    if evaluation.age_mae is not None:
        rows.append(("age, mean absolute error in years", f"{evaluation.age_mae:.2f}"))
    if evaluation.age_exact is not None:
        rows += [("age class exact", str(evaluation.age_exact)), ("age class one off", str(evaluation.age_one_off))]
    found = float(np.mean(evaluation.store.found[evaluation.rows])) if len(evaluation.rows) else 0.0
    rows.append(("face box found by a detector", f"{found:.1%}"))
    return rows


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{top}</tr>{body}</table>"


def _classification(evaluation: Evaluation) -> str:
    lines = metrics.classification_report(evaluation.confusion, list(GENDERS))
    rows = [(x.label, f"{x.precision:.3f}", f"{x.recall:.3f}", f"{x.f1:.3f}", f"{x.support:,}") for x in lines]
    return _table(("class", "precision", "recall", "F1", "faces"), rows)


def _confusion(table: NDArray[np.int64], labels: list[str]) -> str:
    rows = [(f"is {label}", *(f"{count:,}" for count in row)) for label, row in zip(labels, table, strict=True)]
    return _table(("", *(f"said {label}" for label in labels)), rows)


def _age_confusion(evaluation: Evaluation) -> str:
    said, truth = evaluation.predictions.age_class, evaluation.truth.age_class
    if said is None or not (truth >= 0).any():
        return ""
    if evaluation.network.age == "adience8":
        labels = [f"{low:.0f}-{high:.0f}" for low, high in ADIENCE_CLASSES]
    elif evaluation.network.age == "group4":
        labels = ["<18", "18-29", "30-79", "80+"]
    else:
        labels = list(AGE_BANDS)
    labelled = truth >= 0
    return _confusion(metrics.confusion(truth[labelled], said[labelled], len(labels)), labels)


def _figure(width: float = 9, height: float = 3.6, columns: int = 1) -> tuple[Any, Any]:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(1, columns, squeeze=False)[0]


def _embed(figure: Any, words: str) -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    return f'<img alt="{escape(words)}" src="data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}">'


def _roc_and_calibration(evaluation: Evaluation, known: NDArray[np.bool_]) -> str:
    female, is_female = evaluation.predictions.female[known], evaluation.truth.gender[known] == 0
    x, y, area = metrics.roc(female, is_female)
    figure, (left, right) = _figure(columns=2)
    left.plot(x, y, color=MALE_COLOUR)
    left.plot([0, 1], [0, 1], ":", color="grey")
    left.set(title=f"ROC, area {area:.4f}", xlabel="males called female", ylabel="females called female")
    right.plot([0.5, 1], [0.5, 1], ":", color="grey")
    right.plot([r[0] for r in evaluation.reliability], [r[1] for r in evaluation.reliability], "o-", color=MALE_COLOUR)
    right.set(title=f"Calibration, error {evaluation.ece:.4f}", xlabel="confidence", ylabel="share right")
    return _embed(figure, "ROC curve and calibration")


def _ages(evaluation: Evaluation) -> str:
    assert evaluation.predictions.years is not None
    labelled = np.isfinite(evaluation.truth.years)
    figure, (axis,) = _figure(7, 4.5)
    for i, (label, colour) in enumerate(zip(GENDERS, (FEMALE_COLOUR, MALE_COLOUR), strict=True)):
        mask = labelled & (evaluation.truth.gender == i)
        axis.scatter(
            evaluation.truth.years[mask],
            evaluation.predictions.years[mask],
            s=4,
            alpha=0.35,
            color=colour,
            label=f"is {label}",
        )
    axis.plot([0, 100], [0, 100], ":", color="grey")
    axis.set(xlabel="true age, years", ylabel="predicted age, years")
    axis.legend(loc="upper left")
    return _embed(figure, "Predicted against true age")


def _curves(history: dict[str, list[float]]) -> str:
    figure, (left, right) = _figure(columns=2)
    for key, values in history.items():
        axis = left if key == "loss" else right
        if key != "val_age_mae":
            axis.plot(range(1, len(values) + 1), values, label=key.replace("_", " "))
    left.set(title="training loss", xlabel="epoch")
    right.set(title="validation", xlabel="epoch")
    right.legend()
    return _embed(figure, "Learning curves")


def _face(evaluation: Evaluation, k: int) -> str:
    row = int(evaluation.rows[k])
    record, female = evaluation.store.records[row], float(evaluation.predictions.female[k])
    _, data = cv2.imencode(".jpg", evaluation.store.pictures[row], [cv2.IMWRITE_JPEG_QUALITY, 85])
    picture = base64.b64encode(data.tobytes()).decode()
    said = f"{'female' if female >= 0.5 else 'male'} {max(female, 1 - female):.0%}"
    truth = record.gender or "not labelled"
    if evaluation.predictions.years is not None:
        said += f", {evaluation.predictions.years[k]:.0f}"
    if record.age_years is not None:
        high = "+" if record.age_max is None else f"-{record.age_max:.0f}"
        truth += f", {record.age:.0f}" if record.age is not None else f", {record.age_min:.0f}{high}"
    return (
        f'<figure><img alt="" src="data:image/jpeg;base64,{picture}">'
        f"<figcaption>said {escape(said)}<br>is {escape(truth)}</figcaption></figure>"
    )


def _samples(evaluation: Evaluation, seed: int) -> str:
    count = min(SAMPLES, len(evaluation.rows))
    chosen = np.random.default_rng(seed).choice(len(evaluation.rows), count, replace=False)
    return f'<div class="faces">{"".join(_face(evaluation, int(k)) for k in chosen)}</div>'


def _mistakes(evaluation: Evaluation) -> str:
    """The faces whose true gender got the lowest probability."""
    truth = evaluation.truth.gender
    given = np.where(truth == 0, evaluation.predictions.female, 1 - evaluation.predictions.female)
    wrong = np.flatnonzero((truth >= 0) & (given < 0.5))
    worst = wrong[np.argsort(given[wrong], kind="stable")][:MISTAKES]
    if len(worst) == 0:
        return "<p>No mistake.</p>"
    return f'<div class="faces">{"".join(_face(evaluation, int(k)) for k in worst)}</div>'
