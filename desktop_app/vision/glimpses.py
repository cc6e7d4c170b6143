"""What the pipeline tells of the faces it asked the network about."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from desktop_app.domain.tracking import TrackedFace
from desktop_app.domain.types import Attributes, Frame


@dataclass(frozen=True, slots=True)
class ClassifiedGlimpse:
    """One face of one frame as the counting network sees it; `weight` > 0 is the quality of the glimpse."""

    face: TrackedFace
    attributes: Attributes
    weight: float

    @property
    def key(self) -> int:
        """The key of the track."""
        return self.face.key


OnGlimpses = Callable[[Frame, Sequence[ClassifiedGlimpse], Mapping[int, int]], None]
"""Is told, after each frame, its glimpses and the number on the screen of each track key of those who count."""
