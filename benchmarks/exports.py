"""What a long count costs whoever opens it: the list, a table by the quarter of an hour, and every file of an export.

    python -m benchmarks.exports [--people 200000] [--formats pdf,xlsx,csv] [--folder FOLDER]

The people are those of `benchmarks.store`: made up, three seconds apart, one in a hundred corrected. Each measurement
runs in a process of its own, so that its memory is its own: the resident size at its highest, less that before the
count was opened (Linux only). The table is compared with SQLite's own `count(*)` over the entries of the count.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from benchmarks.soak import resident_mb
from benchmarks.store import BEGAN_UTC, measure_writing
from desktop_app.reports.arrivals import arrivals_in
from desktop_app.reports.export import FORMATS, export
from desktop_app.reports.intervals import regular_edges
from desktop_app.reports.people_file import PeopleFile
from desktop_app.reports.report import ReportOptions, build_report
from desktop_app.store import Store
from desktop_app.store.files import StoreFiles

OPTIONS = ReportOptions(60, ZoneInfo("Europe/Berlin"))


def highest_mb() -> float:
    # Not `ru_maxrss`: that of a child begins with what its parent had.
    status = Path("/proc/self/status").read_text("ascii")
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    return int(kilobytes) / 1024


def opening(folder: Path, session: str) -> str:
    began = time.perf_counter()
    store = Store.open(folder, read_only=True)
    (listed,) = store.sessions()
    summary = store.totals(session)
    took = time.perf_counter() - began
    assert summary.is_current
    assert listed.people == summary.counts.people
    return f"list and figures of {listed.people:,} people in {took:.2f} s"


def by_the_quarter(folder: Path, session: str) -> str:
    store = Store.open(folder, read_only=True)
    began = time.perf_counter()
    summary = store.totals(session)
    people = int(arrivals_in(regular_edges(BEGAN_UTC, BEGAN_UTC + 3.0 * 86_400, 15, OPTIONS.zone), summary).sum())
    took = time.perf_counter() - began
    with closing(sqlite3.connect(StoreFiles(folder).database)) as connection:
        began = time.perf_counter()
        (entries,) = connection.execute(
            "SELECT count(*) FROM entry WHERE session = (SELECT key FROM session WHERE id = ?)", (session,)
        ).fetchone()
        plain = time.perf_counter() - began
    return (
        f"{people:,} people of three days by 15 minutes in {1000 * took:.0f} ms, {took / plain:.1f} times the "
        f"{1000 * plain:.0f} ms of count(*) over {entries:,} entries"
    )


def exporting(folder: Path, session: str, wanted: str) -> str:
    store = Store.open(folder, read_only=True)
    before, began, cpu = resident_mb(), time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory(dir=folder.parent) as out, PeopleFile(store.people_of((session,))) as people:
        report = build_report(session, store.log_of((session,)), OPTIONS, people=people)
        size = sum(path.stat().st_size for path in export(report, people, Path(out) / "r", [wanted]))
    took, spent = time.perf_counter() - began, time.process_time() - cpu
    grew = highest_mb() - before
    return (
        f"{wanted}: {report.counts.people:,} people in {took:.1f} s ({spent:.1f} s of CPU), {size / 1e6:.1f} MB, "
        f"{grew:.0f} MB of memory"
    )


def _answer(pipe: Any, work: Callable[..., str], arguments: tuple[object, ...]) -> None:
    pipe.send(work(*arguments))


def in_its_own_process(work: Callable[..., str], *arguments: object) -> str:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(theirs, work, arguments))
    process.start()
    theirs.close()
    text = str(ours.recv())
    process.join()
    return text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=200_000)
    parser.add_argument("--formats", default=",".join(FORMATS), help="several with commas")
    parser.add_argument("--folder", type=Path, help="where to write (default: the temporary folder)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        for people in (max(1, options.people // 10), options.people):
            folder = Path(name) / str(people)
            session = measure_writing(folder, people)
            print("opening:", in_its_own_process(opening, folder, session))
            print("table:", in_its_own_process(by_the_quarter, folder, session))
            for wanted in options.formats.split(","):
                print("export:", in_its_own_process(exporting, folder, session, wanted), flush=True)


if __name__ == "__main__":
    main()
