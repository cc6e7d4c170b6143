"""Counts the people in a video and prints the totals.

python examples/count_file.py [VIDEO]
"""

from __future__ import annotations

import sys

from desktop_app.factory import build_pipeline, open_source
from desktop_app.session.headless import run_headless


def main(source: str = "demo") -> None:
    result = run_headless(open_source(source), build_pipeline())
    if result.error is not None:
        print(f"Only part of it was counted: {result.error}")
    counts = result.counts
    print(f"{counts.people} people in {result.duration_s:.1f} s of video")
    print(f"{counts.female} appear female, {counts.male} appear male, {counts.undecided} undecided")
    for person in result.people:
        print(f"  person {person.number}: {person.gender}, age {person.age_band or 'unknown'}")


if __name__ == "__main__":
    main(*sys.argv[1:2])
