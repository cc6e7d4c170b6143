"""How much faster a batch is on all cores than in one process, and that the counts are the same.

    python -m benchmarks.batch CLIPS [--seconds 10] [--workers 2] [--files 16]

Counts the first seconds of the videos in a folder twice with the shipped settings, once with one worker and once with
several, each after a first file that loads the models. On a machine that does other work as well, the processor time is
the honest figure: where both runs need the same, the wall time of an idle machine is divided by the number of workers.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

from desktop_app.batch.batch import Batch, BatchObserver, BatchOptions, find_files
from desktop_app.batch.job_table import JobTable
from desktop_app.system.cpu_threads import usable_cores


def measure(paths: list[Path], seconds: float, workers: int) -> tuple[float, float, list[tuple[int, int, int] | None]]:
    """Return wall time and processor time of the children in seconds, and (people, female, male) of each file."""
    with tempfile.TemporaryDirectory() as folder, JobTable(Path(folder) / "jobs.sqlite3") as table:
        batch = Batch(table, BatchOptions(limit_s=seconds, workers=workers), None)
        before, began = _children_s(), time.perf_counter()
        files = batch.run(paths, BatchObserver())
        wall = time.perf_counter() - began
    results = [None if f.result is None else (f.result.people, f.result.female, f.result.male) for f in files]
    return wall, _children_s() - before, results


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--workers", type=int, default=usable_cores())
    parser.add_argument("--files", type=int, default=16)
    options = parser.parse_args()
    paths = find_files([options.clips])[: options.files]
    one = measure(paths, options.seconds, 1)
    several = measure(paths, options.seconds, options.workers)
    for name, (wall, cpu, results) in (("1 worker", one), (f"{options.workers} workers", several)):
        people = sum(r[0] for r in results if r is not None)
        print(f"{name}: {wall:.1f} s, {cpu:.1f} s of processor time, {people} people in {len(paths)} files")
    print(f"{one[0] / several[0]:.2f} times as fast, {several[1] / one[1]:.2f} times the processor time")
    print("the counts are the same" if one[2] == several[2] else "THE COUNTS DIFFER")


if __name__ == "__main__":
    main()
