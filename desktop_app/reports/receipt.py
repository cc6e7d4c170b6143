"""The privacy receipt of one count: what was stored of it, which files were written and which connections made."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from desktop_app.reports import texts
from desktop_app.reports.report import Report
from desktop_app.reports.texts import plain


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is said under each heading, as (heading, sentences); `keep_days` as `build_receipt` takes it."""

    report: Report
    parts: tuple[tuple[str, tuple[str, ...]], ...]
    keep_days: int = 0


def build_receipt(report: Report, database: str, keep_days: int = 0) -> Receipt:
    """Read the receipt from what the log of a count says.

    `database` is the name of the file that the count is kept in; `keep_days` is after how many days the rows of single
    people are put together, 0 for never.
    """
    files = tuple(f"{f.what}: {plain(f.path)}" for f in report.files) or (texts.NO_FILES,)
    hosts = dict.fromkeys(host for host in map(host_of, report.sources) if host)
    people = report.totals.shown("people") or 0
    kept = texts.kept_intervals(database) if report.is_condensed else texts.kept_rows(people, database)
    return Receipt(
        report,
        (
            (texts.RECEIPT_KEPT, (kept, texts.kept_for(keep_days))),
            (texts.RECEIPT_FILES, files),
            (texts.RECEIPT_CONNECTIONS, tuple(map(texts.connection, hosts)) or (texts.NO_CONNECTIONS,)),
            (
                texts.RECEIPT_NOT_STORED,
                (
                    texts.PICTURES_ON_REQUEST if report.holds_pictures else texts.NO_PICTURE,
                    texts.NO_DESCRIPTOR,
                    texts.NO_NAME_OF_ANYONE,
                ),
            ),
        ),
        keep_days,
    )


def host_of(source: str) -> str:
    """Return the computer that a source is fetched from, "" for one on this computer."""
    try:
        address = urlsplit(source)
        host = address.hostname or ""
        port = f":{address.port}" if address.port else ""
    except ValueError:
        return ""
    if not host or address.scheme.lower() in ("", "file", "camera") or "://" not in source:
        return ""
    return plain(f"[{host}]{port}" if ":" in host else f"{host}{port}")
