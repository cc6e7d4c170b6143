"""What comes of a picture or a video that somebody sent; in memory only, and small enough to travel from the child."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from desktop_app.domain.events import Entry
from desktop_app.domain.types import Counts
from desktop_app.web.schemas import Face


@dataclass(frozen=True, slots=True)
class PictureResult:
    """The faces of one picture, from left to right; each has one answer a model.

    `annotated_jpeg` is the picture with boxes and labels, b"" where none was asked for. `omissions` has a
    sentence where nobody could be seen in it.
    """

    name: str
    width: int
    height: int
    models: tuple[str, ...]
    faces: tuple[Face, ...]
    annotated_jpeg: bytes = b""
    omissions: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """About how many bytes it takes in memory."""
        return len(self.annotated_jpeg) + 500 * len(self.faces)


@dataclass(frozen=True, slots=True)
class VideoResult:
    """The count of one video. `entries` is its whole log: reports and curves are read from it.

    `seconds` is how much of it was seen. `omissions` are sentences about what was not. `by_model` has the totals of
    each model where several were compared; `disagreements` how many people they name differently.
    """

    name: str
    session: str
    seconds: float
    frames: int
    counts: Counts
    models: tuple[str, ...]
    entries: tuple[Entry, ...]
    omissions: tuple[str, ...] = ()
    by_model: Mapping[str, Counts] | None = None
    disagreements: int = 0

    @property
    def size(self) -> int:
        """About how many bytes it takes in memory."""
        return 600 * len(self.entries)
