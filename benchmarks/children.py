"""Who is shown as a child, and whose gender is then named and rightly, on labelled faces.

    python -m benchmarks.children fairface.csv [--role val] [--faces 150]

Each picture is judged by the network and the vote that `factory` wires, as if it had been seen `WEIGHT` times: clips
show too few children to tell. "as adults" is what would be named if the threshold for children were that of everybody.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.pipelines import build
from desktop_app.domain.types import Attributes, Gender
from desktop_app.domain.voting import Vote, VoteSettings
from desktop_app.training.facestore import default_detectors, face_in
from desktop_app.training.readers import FaceRecord, open_dataset
from desktop_app.vision.attributes.preprocess import crop_faces

WEIGHT = 4.0
"""Of one picture: about four good glimpses."""

GROUPS = {"below 10": (0, 10), "10 to 19": (10, 20), "20 and over": (20, 200)}
HEADER = (
    f"{'labelled age':14s} {'faces':>6s} {'shown as child':>15s} {'named':>6s} {'right':>6s} {'as adults':>10s} right"
)


@dataclass
class Figures:
    """How many faces of an age are shown as children, and of those how many are named and rightly."""

    faces: int = 0
    children: int = 0
    named: int = 0
    right: int = 0
    named_as_adults: int = 0
    right_as_adults: int = 0

    def add(self, attributes: Attributes, gender: str, settings: VoteSettings) -> None:
        self.faces += 1
        vote = Vote(settings)
        vote.add(attributes, WEIGHT)
        if not vote.decision(final=True).is_child:
            return
        self.children += 1
        named = vote.decision(final=True).gender
        self.named += named is not Gender.UNDECIDED
        self.right += named == gender
        vote.settings = replace(settings, child_at=settings.name_at)
        named = vote.decision(final=True).gender
        self.named_as_adults += named is not Gender.UNDECIDED
        self.right_as_adults += named == gender

    def line(self, name: str) -> str:
        return (
            f"{name:14s} {self.faces:6d} {self.children:15d} {self.named:6d} {self.right:6d}"
            f" {self.named_as_adults:10d} {self.right_as_adults:5d}"
        )


def group_of(record: FaceRecord) -> str | None:
    """Return the group of a labelled age, None where there is no age or the face has no gender."""
    age = record.age_years
    if age is None or not record.gender:
        return None
    return next(name for name, (low, high) in GROUPS.items() if low <= age < high)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("faces_csv", type=Path)
    parser.add_argument("--role", default="val", help="the part of the data set")
    parser.add_argument("--faces", type=int, default=150, help="of each age")
    options = parser.parse_args(arguments)
    dataset, pipeline, detectors = open_dataset(options.faces_csv), build(), default_detectors()
    settings = pipeline.counter.settings.vote
    records = [r for r in dataset.records if r.role == options.role]
    random.Random(0).shuffle(records)
    figures = {name: Figures() for name in GROUPS}
    for record in records:
        name = group_of(record)
        if name is None or figures[name].faces >= options.faces:
            continue
        picture, box, found = face_in(dataset.storage.read_picture(record.file), record.box, detectors)
        if found:
            (attributes,) = pipeline.classifier.predict(crop_faces(picture, [box], pipeline.classifier.spec))
            figures[name].add(attributes, record.gender, settings)
    print(HEADER)
    for name, figure in figures.items():
        print(figure.line(name))
    return 0


if __name__ == "__main__":
    sys.exit(main())
