"""Writes a report as files: each appears whole or not at all."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from desktop_app.domain.person_facts import PersonRecord
from desktop_app.errors import OutputError
from desktop_app.reports.charts import age_chart, arrivals_chart
from desktop_app.reports.comparison import Comparison
from desktop_app.reports.csv_file import FOR_MACHINES, CsvFlavour, Value, tables, write_csv
from desktop_app.reports.csv_file import for_excel as excel_flavour
from desktop_app.reports.drawing import to_svg
from desktop_app.reports.json_file import report_values
from desktop_app.reports.pdf_file import write_pdf
from desktop_app.reports.png_file import to_png
from desktop_app.reports.receipt import Receipt
from desktop_app.reports.report import Report
from desktop_app.reports.texts import plain
from desktop_app.reports.times import local
from desktop_app.reports.xlsx_file import write_sheet, write_xlsx
from desktop_app.system.locale_signs import decimal_sign
from desktop_app.system.plain_text import printable
from desktop_app.system.safe_write import replacing

FORMATS = ("pdf", "xlsx", "csv", "json", "svg", "png")


@dataclass(frozen=True, slots=True)
class Extras:
    """What a report can have beside the count itself."""

    receipt: Receipt | None = None
    comparison: Comparison | None = None


def file_stem(report: Report) -> str:
    """Return a file name without ending, from the date and the occasion, that every system takes."""
    return f"{local(report.start_utc, report.options.zone):%Y-%m-%d}-{stem_of(report.name)}"


def stem_of(name: str) -> str:
    """Return what every system takes of a name as a part of a file's name, "count" where that is nothing."""
    return re.sub(r"[^\w.-]+", "-", plain(name), flags=re.UNICODE).strip("-.")[:60] or "count"


def export(
    report: Report,
    people: Iterable[PersonRecord],
    stem: Path,
    formats: Sequence[str],
    *,
    for_excel: bool = False,
    overwrite: bool = False,
    extras: Extras | None = None,
) -> list[Path]:
    """Write a report as `stem` plus endings and return the files.

    `formats` are of `FORMATS`; `people` is read once for each that has them. Raises OutputError where a file is there
    already and `overwrite` is not set, before anything is written, and where the disk refuses; of a file that could not
    be written whole nothing is left, and one that was there stays as it was.
    """
    extras = extras or Extras()
    writers: dict[Path, Callable[[Path], None]] = {}
    for ending, write in _writers(report, people, formats, for_excel, extras):
        writers[stem.with_name(stem.name + ending)] = write
    if not overwrite:
        for path in writers:
            if path.exists():
                raise OutputError(
                    f"{path} is there already.", "Choose another name, or allow replacing it (--overwrite)."
                )
    for path, write in writers.items():
        write_whole(path, write)
    return list(writers)


def _writers(
    report: Report, people: Iterable[PersonRecord], formats: Sequence[str], for_excel: bool, extras: Extras
) -> Iterator[tuple[str, Callable[[Path], None]]]:
    """Return what writes each file, by the ending of its name."""
    comparison = extras.comparison
    for wanted in dict.fromkeys(formats):
        if wanted == "pdf":
            yield (
                ".pdf",
                partial(write_pdf, report=report, receipt=extras.receipt, comparison=comparison),
            )
        elif wanted == "xlsx":
            yield ".xlsx", partial(write_xlsx, report=report, people=people, comparison=comparison)
        elif wanted == "json":
            text = json.dumps(report_values(report, comparison), indent=2, ensure_ascii=False) + "\n"
            yield ".json", partial(_write_bytes, text.encode("utf-8", "replace"))
        elif wanted == "csv":
            flavour = excel_flavour(decimal_sign()) if for_excel else FOR_MACHINES
            for what, (header, rows) in tables(report, people, comparison).items():
                yield f".{what}.csv", partial(_write_table, header, rows, flavour)
        elif wanted in ("svg", "png"):
            for name, drawing in (("arrivals", arrivals_chart(report)), ("ages", age_chart(report))):
                data = to_svg(drawing).encode("utf-8", "replace") if wanted == "svg" else to_png(drawing)
                yield f".{name}.{wanted}", partial(_write_bytes, data)


def save_table(path: Path, name: str, header: Sequence[str], rows: Iterable[Sequence[Value]]) -> None:
    """Write one table: a workbook where the path ends in .xlsx, else CSV as the local spreadsheet opens it.

    A file that is there is replaced. Raises OutputError.
    """
    if path.suffix.lower() == ".xlsx":
        write_whole(path, lambda target: write_sheet(target, name, header, rows))
    else:
        write_whole(path, partial(_write_table, header, rows, excel_flavour(decimal_sign())))


def _write_bytes(data: bytes, path: Path) -> None:
    path.write_bytes(data)


def _write_table(header: Sequence[str], rows: Iterable[Sequence[Value]], flavour: CsvFlavour, path: Path) -> None:
    with path.open("w", encoding="utf-8", errors="replace", newline="") as file:
        write_csv(file, header, rows, flavour)


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Have `write` make a file beside the target and move it there in one step. Raises OutputError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary:
            write(temporary)
    except OSError as error:
        raise OutputError(
            f"{printable(str(path))} could not be written ({error.strerror or error}).",
            "Check the disk and the folder's rights, or choose another folder.",
        ) from error
