"""Follows whether anybody could be seen in the pictures of a run: nobody is in a black one, and that is no zero."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from desktop_app.domain.blank import Blank, words_of
from desktop_app.domain.same_picture import SamePictures
from desktop_app.domain.types import FrameResult
from desktop_app.sources.base import SourceInfo, SourceKind

_LIVE_S = 10.0
"""A camera that starts, adapts to the light or is passed closely is blank for less than this."""

_FILM_S = 5.0
"""Fades and the black before a film begins last less than this."""

_SAME_S = 60.0
"""A source that gives no new picture for so long hangs. At their coarsest, with one key picture in 40 seconds, x264,
x265 and MPEG-4 repeat a still scene for 4 seconds at most, also one that was freed from noise and darkened before.
Cameras set a key picture every 10 seconds, seldom 50, with which all is coded anew. A shared screen may stand still for
longer; then nobody comes in either."""

_SAME_PICTURES = 300
"""So many pictures are given besides, for coders count key pictures in pictures: by default x264, x265 and those of
graphics cards set one in 250. At a picture a second, x264 gave the same one of a dark corridor for 248 seconds."""

_MOST_NAMED = 10

_LOOK_AT_THE_CAMERA = "Take the cap off the lens, look at the camera's cable and at the light."
_NO_SIGNAL = "What sends the picture has none of the camera: look at the camera, its power and its cable."
_RESTART = "Restart the camera, or what sends its picture."
_LARGER = "Choose a larger picture in the camera's settings."
_CONVERT = "If another program shows more of it, convert it there to MP4 (H.264, not interlaced)."
_LIVE_REMEDIES = {
    Blank.BLACK: _LOOK_AT_THE_CAMERA,
    Blank.ONE_COLOUR: _LOOK_AT_THE_CAMERA,
    Blank.TOO_SMALL: _LARGER,
    Blank.SAME: _RESTART,
}
_FILM_REMEDIES = {
    Blank.BLACK: _CONVERT,
    Blank.ONE_COLOUR: _CONVERT,
    Blank.TOO_SMALL: "Count the recording in the size in which it was made.",
}


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Pictures one after the other in which nobody could be seen: since when in the source and in the session.

    `before` is how many pictures there were before the first of them.
    """

    start_s: float
    since_s: float
    before: int
    blank: Blank


class BlankWatch:
    """Takes in the result of each picture. Used by the analysis thread; reading is safe from others.

    Times are seconds: `position_s` in the source, `FrameResult.frame.time_s` on the session's clock.
    """

    def __init__(self) -> None:
        self._info: SourceInfo | None = None
        self._size = (0, 0)
        self._present: _Stretch | None = None
        self._last_s = 0.0
        self._pictures = 0
        self._era = 0
        self._blanks: Counter[Blank] = Counter()
        self._showed_something = False
        self._stretches: list[tuple[float, float, Blank]] = []
        self._same = SamePictures()
        self._is_same = False

    def note(self, position_s: float, result: FrameResult, info: SourceInfo, era: int) -> None:
        """Take in the next picture. `era` is the number of the search after which it was read: that ends a stretch."""
        self._info = info
        if era != self._era:
            self.restart()
            self._era = era
        blank = self._blank_of(result)
        present = self._present
        if present is not None and (blank is None or (blank is Blank.SAME) != (present.blank is Blank.SAME)):
            self._end(position_s)
        if blank is not None and self._present is None:
            self._present = _Stretch(position_s, result.frame.time_s, self._pictures, blank)
        self._pictures += 1
        self._last_s = position_s

    def _blank_of(self, result: FrameResult) -> Blank | None:
        self._size = (result.frame.width, result.frame.height)
        if result.fingerprint is not None:  # else nobody looked at this picture, and it is taken for the one before
            self._is_same = self._same.is_same(result.fingerprint)
        if result.blank is not None:
            self._blanks[result.blank] += 1
            return result.blank
        self._showed_something = True
        # Single pictures are held as long as they are on purpose.
        can_hang = self._info is not None and self._info.kind is not SourceKind.PICTURES
        return Blank.SAME if self._is_same and can_hang else None

    def restart(self) -> None:
        """What comes next does not follow what was seen: the film begins again, or it was searched."""
        self._end(self._last_s)
        self._same.reset()
        self._is_same = False

    def _end(self, position_s: float) -> None:
        if self._present is not None and self._is_long(self._present, position_s):
            self._stretches.append((self._present.start_s, position_s, self._present.blank))
        self._present = None

    @property
    def _is_live(self) -> bool:
        return self._info is not None and self._info.is_live

    def _is_long(self, stretch: _Stretch, position_s: float) -> bool:
        """Whether a stretch up to this position is too long to be a fade, a start, or a scene without movement."""
        if stretch.blank is Blank.SAME and self._pictures - stretch.before < _SAME_PICTURES:
            return False
        limit_s = _SAME_S if stretch.blank is Blank.SAME else _LIVE_S if self._is_live else _FILM_S
        return position_s - stretch.start_s >= limit_s

    @property
    def is_blank(self) -> bool:
        present = self._present
        return present is not None and self._is_long(present, self._last_s)

    @property
    def is_blank_throughout(self) -> bool:
        """Whether there were pictures and none showed anything, however short that took."""
        return bool(self._blanks) and not self._showed_something

    @property
    def since_s(self) -> float | None:
        """When the present stretch began on the session's clock, None without one."""
        present = self._present
        return None if present is None else present.since_s

    @property
    def message(self) -> str:
        """What the state says, with what to do about it."""
        present = self._present
        blank = present.blank if present is not None else self._most
        if blank is Blank.SAME:
            sentence = f"The picture has not changed for {_SAME_S:.0f} s: whoever passes now is not seen."
        else:
            sentence = f"The picture is {self._word(blank)}: nobody can be seen."
        return f"{sentence} {_LIVE_REMEDIES.get(blank, _NO_SIGNAL)}" if self._is_live else sentence

    @property
    def _most(self) -> Blank:
        blanks = dict(self._blanks)  # another thread may ask
        return max(blanks, key=blanks.__getitem__, default=Blank.BLACK)

    def _word(self, blank: Blank) -> str:
        return words_of(blank, *self._size)

    def omissions(self, info: SourceInfo) -> tuple[str, ...]:
        """Return sentences about when nobody could be seen: of a film one for each stretch, of a camera the sum."""
        name = info.name
        if self.is_blank_throughout:
            blank = self._most
            remedy = _FILM_REMEDIES.get(blank, "The camera gave no picture when this was recorded.")
            remedy = "Choose another picture." if info.kind is SourceKind.PICTURES else remedy
            remedy = _LIVE_REMEDIES.get(blank, _NO_SIGNAL) if info.is_live else remedy
            return (f"“{name}” was {self._word(blank)} throughout: nobody could be seen. {remedy}",)
        present, stretches = self._present, list(self._stretches)
        if present is not None and self.is_blank:
            stretches.append((present.start_s, self._last_s, present.blank))
        if info.is_live:
            return self._sums(name, stretches)
        said = dict.fromkeys(
            f"From {start:.0f} s to {end:.0f} s the picture of “{name}” was {self._word(blank)}."
            for start, end, blank in stretches
        )
        more = (f"So it was {len(said) - _MOST_NAMED} times more.",) if len(said) > _MOST_NAMED else ()
        return (*list(said)[:_MOST_NAMED], *more)

    def _sums(self, name: str, stretches: list[tuple[float, float, Blank]]) -> tuple[str, ...]:
        seconds: dict[Blank, float] = {}
        for start, end, blank in stretches:
            seconds[blank] = seconds.get(blank, 0.0) + end - start
        return tuple(
            f"For {_length(sum_s)} in all the picture of “{name}” was {self._word(blank)}."
            for blank, sum_s in seconds.items()
        )


def _length(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 120 else f"{seconds:.0f} s"
