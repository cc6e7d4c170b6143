"""One rule for every source that ends: what was not seen is never a count of nobody.

No picture at all is an error that says so. A single one is a picture, whatever the file calls itself: it is shown for
as long as a picture is, or nobody in it could be confirmed. So is the last one of a film that is over within a moment.
"""

from __future__ import annotations

import time
from dataclasses import replace

from desktop_app.domain.types import Frame
from desktop_app.errors import SourceError
from desktop_app.sources.base import FrameSource
from desktop_app.sources.pictures import DEFAULT_HOLD_S, HELD_FPS
from desktop_app.sources.wrapper import SourceAround

_A_MOMENT_S = 0.6
"""A film that is shorter ends before everybody in it could be confirmed."""


class SeenSource(SourceAround):
    """A source that ends, with the rule above. A live source is passed on as it is."""

    def __init__(self, source: FrameSource, hold_s: float = DEFAULT_HOLD_S) -> None:
        super().__init__(source)
        self._hold_s = hold_s
        self._last: Frame | None = None
        self._first_s = 0.0
        self._frames = 0
        self._repeats: int | None = None
        self._searched = False
        self._closed = False

    def open(self) -> None:
        self._source.open()
        self._info = self._source.info

    def read(self) -> Frame | None:
        """Return the next frame. Raises SourceError at the end of a source that gave none."""
        frame = self._source.read()
        if frame is not None:
            self._first_s = frame.time_s if self._frames == 0 else self._first_s
            self._frames += 1
            self._last = frame
            return frame
        if self._closed or self._searched or self._info.is_live:
            return None
        if self._frames == 0:
            raise SourceError(
                f"No picture could be read from “{self._info.name}”.",
                "It is damaged, holds no video, or is of a kind that is not understood. Try another file.",
            )
        last = self._last
        if last is None:
            return None
        if self._repeats is None:
            film_s = last.time_s - self._first_s
            self._repeats = round((self._hold_s - film_s) * HELD_FPS) - 1 if film_s < _A_MOMENT_S else 0
        if self._repeats <= 0:
            return None
        self._repeats -= 1
        self._last = replace(
            last,
            time_s=last.time_s + 1 / HELD_FPS,
            index=last.index + 1,
            captured_at=time.perf_counter(),
            is_repeat=False,
        )
        return self._last

    def seek(self, time_s: float) -> None:
        self._searched = True
        self._source.seek(time_s)

    def close(self) -> None:
        self._closed = True
        self._source.close()
