"""Clips with a known number of people: a folder of videos with a `truth.csv` beside them.

Columns used: `file`, `males`, `females` (distinct people with a visible face), `appearances` (counting again whoever
leaves and comes back), `notes`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from desktop_app.domain.types import Frame
from desktop_app.sources.video_file import VideoFileSource


@dataclass(frozen=True)
class Clip:
    path: Path
    males: int
    females: int
    appearances: int
    notes: str = ""

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def people(self) -> int:
        return self.males + self.females

    def accepted(self, returns: bool) -> tuple[int, ...]:
        """The right answers; a note "0 or 1 is right" allows two."""
        wanted = self.people if returns else self.appearances
        either = re.search(r"(\d+) or (\d+) is right", self.notes)
        return (int(either[1]), int(either[2])) if either else (wanted,)


def read_clips(folder: Path, only: str = "") -> list[Clip]:
    """Read the clips of a folder whose name contains `only`. Raises SystemExit with a sentence if there are none."""
    truth = folder / "truth.csv"
    if not truth.is_file():
        raise SystemExit(f"{folder} has no truth.csv; give a folder of clips with one.")
    with truth.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    clips = [
        Clip(folder / r["file"], int(r["males"]), int(r["females"]), int(r["appearances"]), r.get("notes", ""))
        for r in rows
        if only in r["file"]
    ]
    if not clips:
        raise SystemExit(f"No clip of {folder} has {only!r} in its name.")
    return clips


def frames(path: Path) -> Iterator[Frame]:
    """Give every frame of a video through the program's own source."""
    source = VideoFileSource(path)
    source.open()
    try:
        while (frame := source.read()) is not None:
            yield frame
    finally:
        source.close()
