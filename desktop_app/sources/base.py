"""The contract of everything that gives frames."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

from desktop_app.domain.types import Frame

MOST_PIXELS = 2**27
"""A picture of more (134 million) is no camera's; it would take more than 400 MB."""


class SourceKind(StrEnum):
    CAMERA = "camera"
    FILE = "file"
    STREAM = "stream"
    PICTURES = "pictures"


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What is known of an open source.

    `is_live` decides how frames are handed on: newest wins for a live source, every frame in order otherwise.
    `fps` is 0.0 and `duration_s` None where the source does not know. `duration_s` is on the media clock.
    """

    name: str
    kind: SourceKind
    is_live: bool
    width: int = 0
    height: int = 0
    fps: float = 0.0
    duration_s: float | None = None
    seekable: bool = False


@runtime_checkable
class FrameSource(Protocol):
    """Where frames come from. Not thread-safe but for `close`, which may be called from any thread.

    `open` and `read` raise `SourceError` on failure. `read` blocks until the next frame and returns None at the end
    of the source, and after `close`. `close` is idempotent and ends a `read` under way as soon as the
    source's own time limit allows. Frames come with rising `time_s`.

    A source may also have `omissions`, see `not_seen`.
    """

    @property
    def info(self) -> SourceInfo: ...

    def open(self) -> None: ...

    def read(self) -> Frame | None: ...

    def seek(self, time_s: float) -> None: ...

    def close(self) -> None: ...


@runtime_checkable
class PictureSkipper(Protocol):
    """A source that can leave out the work of making a picture, or one that stands around such a source."""

    def leave_out_pictures(self, is_wanted: Callable[[float], bool]) -> None:
        """Give a frame for whose `time_s` `is_wanted` is False the picture of a frame before (`Frame.is_repeat`).

        Called before `open`. `is_wanted` is asked once for each frame, in order, on the thread that reads.
        """
        ...


def leave_out_pictures(source: object, is_wanted: Callable[[float], bool]) -> None:
    """Have a source make only the wanted pictures, if it can; see `PictureSkipper`."""
    if isinstance(source, PictureSkipper):
        source.leave_out_pictures(is_wanted)


def not_seen(source: object) -> tuple[str, ...]:
    """Return what a source passed over, one sentence each (`omissions`); a count over the rest is not complete.

    Most sources pass nothing over and have no such attribute.
    """
    return tuple(getattr(source, "omissions", ()))
