"""Clips with a known number of people: a folder of videos with a `truth.csv` beside them.

Columns used: `file`, `males`, `females` (distinct people with a visible face), `appearances` (counting again whoever
leaves and comes back), `notes`, and where they are there `low` and `high` (the appearances that a careful human would
accept) and `kind` (the kind of scene).
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from desktop_app.domain.types import Frame
from desktop_app.sources.video_file import VideoFileSource

HALVES = ("tune", "confirm")
"""Settings are chosen on the first half of the clips; the second is looked at only to confirm what was chosen."""


@dataclass(frozen=True)
class Clip:
    """A clip and its truth. `low` and `high` bound the appearances that are right; `kind` is the kind of scene."""

    path: Path
    males: int
    females: int
    appearances: int
    low: int
    high: int
    kind: str = ""

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def people(self) -> int:
        return self.males + self.females

    @property
    def half(self) -> str:
        return half_of(self.name)

    def accepted(self, returns: bool) -> tuple[int, int]:
        """The lowest and the highest right count, of distinct people with returns and of appearances without."""
        again = self.appearances - self.people if returns else 0
        return self.low - again, self.high - again


def half_of(name: str) -> str:
    """Return the half of `HALVES` that a clip of this name belongs to, by a hash of the name."""
    return HALVES[hashlib.sha256(name.encode()).digest()[0] % 2]


def read_clips(folder: Path, only: str = "", half: str = "") -> list[Clip]:
    """Read the clips of a folder whose name contains `only`, of one half or ("") of both.

    Raises SystemExit with a sentence if there are none.
    """
    truth = folder / "truth.csv"
    if not truth.is_file():
        raise SystemExit(f"{folder} has no truth.csv; give a folder of clips with one.")
    with truth.open(newline="", encoding="utf-8") as file:
        clips = [_clip(folder, row) for row in csv.DictReader(file) if only in row["file"]]
    clips = [clip for clip in clips if half in ("", clip.half)]
    if not clips:
        raise SystemExit(
            f"No clip of {folder} has {only!r} in its name" + (f" and is of the half {half}." * bool(half))
        )
    return clips


def _clip(folder: Path, row: dict[str, str]) -> Clip:
    appearances = int(row["appearances"])
    expected = [int(row.get(column) or appearances) for column in ("low", "high")]
    # A note "0 or 1 is right" allows two numbers where the columns name one.
    if either := re.search(r"(\d+) or (\d+) is right", row.get("notes") or ""):
        expected += [int(either[1]), int(either[2])]
    return Clip(
        folder / row["file"],
        int(row["males"]),
        int(row["females"]),
        appearances,
        min(expected),
        max(expected),
        row.get("kind") or "variant",
    )


def frames(path: Path) -> Iterator[Frame]:
    """Give every frame of a video through the program's own source."""
    source = VideoFileSource(path)
    source.open()
    try:
        while (frame := source.read()) is not None:
            yield frame
    finally:
        source.close()
