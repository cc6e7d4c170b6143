"""Writes a report as files: each appears whole or not at all."""

from __future__ import annotations

import json
import locale
import os
import re
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from desktop_app.domain.person_facts import PersonRecord
from desktop_app.errors import OutputError
from desktop_app.reports.charts import age_chart, arrivals_chart
from desktop_app.reports.csv_file import FOR_MACHINES, write_report
from desktop_app.reports.csv_file import for_excel as excel_flavour
from desktop_app.reports.drawing import to_svg
from desktop_app.reports.json_file import report_values
from desktop_app.reports.pdf_file import write_pdf
from desktop_app.reports.report import Report
from desktop_app.reports.texts import plain
from desktop_app.reports.times import local
from desktop_app.reports.xlsx_file import write_xlsx

TABLES = ("intervals", "people", "corrections")


def file_stem(report: Report) -> str:
    """Return a file name without ending, from the date and the occasion, that every system takes."""
    name = re.sub(r"[^\w.-]+", "-", plain(report.name), flags=re.UNICODE).strip("-.")[:60] or "count"
    return f"{local(report.start_utc, report.options.zone):%Y-%m-%d}-{name}"


def export(
    report: Report,
    people: Sequence[PersonRecord],
    stem: Path,
    formats: Sequence[str],
    *,
    for_excel: bool = False,
    overwrite: bool = False,
) -> list[Path]:
    """Write a report as `stem` plus endings and return the files.

    `formats` are of "pdf", "xlsx", "csv", "json" and "svg". Raises OutputError where a file is there already and
    `overwrite` is not set, before anything is written, and where the disk refuses; a file half written is removed.
    """
    flavour = excel_flavour(str(locale.localeconv()["decimal_point"])) if for_excel else FOR_MACHINES

    def table(what: str) -> Callable[[Path], None]:
        def write(path: Path) -> None:
            with path.open("w", encoding="utf-8", newline="") as file:
                write_report(file, report, people, what, flavour)

        return write

    writers: dict[Path, Callable[[Path], None]] = {}
    for wanted in dict.fromkeys(formats):
        if wanted == "pdf":
            writers[_named(stem, ".pdf")] = lambda path: write_pdf(path, report)
        elif wanted == "xlsx":
            writers[_named(stem, ".xlsx")] = lambda path: write_xlsx(path, report, people)
        elif wanted == "json":
            text = json.dumps(report_values(report), indent=2, ensure_ascii=False) + "\n"
            writers[_named(stem, ".json")] = partial(_write_text, text)
        elif wanted == "csv":
            for what in TABLES:
                writers[_named(stem, f".{what}.csv")] = table(what)
        elif wanted == "svg":
            for name, drawing in (("arrivals", arrivals_chart(report)), ("ages", age_chart(report))):
                writers[_named(stem, f".{name}.svg")] = partial(_write_text, to_svg(drawing))
    if not overwrite:
        for path in writers:
            if path.exists():
                raise OutputError(
                    f"{path} is there already.", "Choose another name, or allow replacing it (--overwrite)."
                )
    for path, write in writers.items():
        _write_whole(path, write)
    return list(writers)


def _named(stem: Path, ending: str) -> Path:
    return stem.with_name(stem.name + ending)


def _write_text(text: str, path: Path) -> None:
    path.write_text(text, encoding="utf-8")


def _write_whole(path: Path, write: Callable[[Path], None]) -> None:
    """Write beside the target and move it there in one step. Raises OutputError."""
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".headcount-", suffix=path.suffix, dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        write(temporary)
        temporary.chmod(0o644 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise OutputError(
            f"{path} could not be written ({error.strerror or error}).", "Check the disk and the folder's rights."
        ) from error


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
