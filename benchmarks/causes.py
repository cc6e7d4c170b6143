"""Why a count is wrong: counted people against hand-labelled faces, on the clips of `benchmarks/tracks`.

    python -m benchmarks.causes CLIPS [--trackers ours,overlap]

Each counted person belongs to whose labelled faces their boxes lie on most. "missed" are labelled people to whom nobody
belongs, "double" whoever belongs to somebody who has another already, "merged" people whose faces make up a quarter or
more of another's boxes, "false" who lies on no labelled face although they were shown on a labelled frame; "gender" and
"undecided" are people who were named the other gender or none. Genders are in `benchmarks/tracks/people.csv`.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import cv2

from benchmarks.clips import frames
from benchmarks.identities import MATCH_IOU, TRACKS, read_labels
from benchmarks.log import RunLog
from benchmarks.pipelines import Way, build
from desktop_app.domain.types import Box, Gender

PEOPLE = TRACKS / "people.csv"
MERGED_SHARE = 0.25
"""From this share of somebody's boxes on another's faces are two people one."""


@dataclass
class Causes:
    """How many people of a clip went wrong, by cause."""

    people: int = 0
    counted: int = 0
    missed: int = 0
    double: int = 0
    merged: int = 0
    false: int = 0
    gender: int = 0
    undecided: int = 0

    def __add__(self, other: Causes) -> Causes:
        return Causes(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    def line(self, name: str) -> str:
        return f"{name:44s}" + "".join(f" {value:9d}" for value in astuple(self))


HEADER = f"{'clip, tracker':44s}" + "".join(f" {field.name:>9s}" for field in fields(Causes))


def matches(truth: Mapping[str, Box], found: Mapping[str, Box]) -> dict[str, str]:
    """Return who lies on whose face in one frame, by reference: the largest overlap first, each face once."""
    pairs = sorted(
        ((box.iou(face), ref, name) for ref, box in found.items() for name, face in truth.items()), reverse=True
    )
    result: dict[str, str] = {}
    for overlap, ref, name in pairs:
        if overlap >= MATCH_IOU and ref not in result and name not in result.values():
            result[ref] = name
    return result


def causes_of(
    hits: Mapping[str, Counter[str]], shown: Sequence[str], decided: Mapping[str, Gender], genders: Mapping[str, Gender]
) -> Causes:
    """Sort one clip's people by cause.

    `hits` counts for each counted person, by reference, the frames on each labelled person's face; `shown` are those
    who were shown on a labelled frame. `decided` has the gender of everybody counted, `genders` the labels.
    """
    owned: dict[str, list[str]] = defaultdict(list)
    merged: set[str] = set()
    for ref in decided:
        on = hits.get(ref, Counter[str]())
        if not on:
            continue
        owner, _ = on.most_common(1)[0]
        owned[owner].append(ref)
        merged |= {name for name, times in on.items() if name != owner and times >= MERGED_SHARE * on.total()}
    merged -= set(owned)
    result = Causes(len(genders), len(decided))
    result.missed = sum(name not in owned and name not in merged for name in genders)
    result.merged = len(merged)
    result.double = sum(len(refs) - 1 for refs in owned.values())
    result.false = sum(ref in decided and not hits.get(ref) for ref in set(shown))
    for name, refs in owned.items():
        named = decided[max(refs, key=lambda ref: hits[ref].total())]
        result.undecided += named is Gender.UNDECIDED
        result.gender += named not in (Gender.UNDECIDED, genders[name])
    return result


def examine(clip: Path, labels: Mapping[int, Mapping[str, Box]], genders: Mapping[str, Gender], way: Way) -> Causes:
    """Count one clip one way and sort its people by cause."""
    pipeline, log = build(way), RunLog()
    cv2.setNumThreads(1)
    seen: list[tuple[str, str | None]] = []
    for frame in frames(clip):
        result = pipeline.process(frame)
        log.add(result.events)
        if frame.index in labels:
            found = {t.person: t.box for t in result.tracks if t.seen and t.confirmed}
            on = matches(labels[frame.index], found)
            seen += [(ref, on.get(ref)) for ref in found]
    log.add(pipeline.finish())
    hits: dict[str, Counter[str]] = defaultdict(Counter)
    shown = []
    for ref, name in seen:
        record = log.totals.person(ref)
        if record is not None:
            shown.append(record.ref)
            if name is not None:
                hits[record.ref][name] += 1
    return causes_of(hits, shown, {p.ref: p.gender for p in log.totals.people()}, genders)


def read_genders() -> dict[str, dict[str, Gender]]:
    """Return the genders of the labelled people by clip and name."""
    genders: dict[str, dict[str, Gender]] = defaultdict(dict)
    with PEOPLE.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            genders[row["clip"]][row["person"]] = Gender(row["gender"])
    return genders


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path)
    parser.add_argument("--trackers", default="ours")
    options = parser.parse_args(arguments)
    genders = read_genders()
    print(HEADER)
    for tracker in options.trackers.split(","):
        total = Causes()
        for clip in sorted(genders):
            labels = read_labels(TRACKS / f"{clip}.csv")
            causes = examine(options.clips / clip, labels, genders[clip], Way(tracker=tracker))
            total += causes
            print(causes.line(f"{clip} {tracker}"), flush=True)
        print(total.line(f"all {tracker}"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
