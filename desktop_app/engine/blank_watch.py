"""Follows whether the pictures of a run show anything at all: nobody is seen in a black one, and that is no zero."""

from __future__ import annotations

from desktop_app.domain.blank import tone_word
from desktop_app.sources.base import SourceInfo, SourceKind

_LIVE_S = 10.0
"""A camera that starts, adapts to the light or is passed closely is blank for less than this."""

_FILM_S = 5.0
"""Fades and the black before a film begins last less than this."""

_MOST_NAMED = 10

_LOOK_AT_THE_CAMERA = "Take the cap off the lens, look at the camera's cable and at the light."
_CONVERT = "If another program shows more of it, convert it there to MP4 (H.264, not interlaced)."


class BlankWatch:
    """Takes in the tone of each picture (`FrameResult.tone`). Used by the analysis thread; reading is safe from others.

    Times are seconds: `position_s` in the source, `time_s` on the session's clock.
    """

    def __init__(self) -> None:
        self._is_live = False
        self._first: tuple[float, float] | None = None
        self._last_s = 0.0
        self._tone = 0.0
        self._era = 0
        self._pictures = 0
        self._showed_something = False
        self._stretches: list[tuple[float, float, str]] = []

    def note(self, position_s: float, time_s: float, tone: float | None, info: SourceInfo, era: int) -> None:
        """Take in the next picture. `era` is the number of the search after which it was read: that ends a stretch."""
        self._is_live = info.is_live
        self._pictures += 1
        if era != self._era:
            self._end(self._last_s)
            self._era = era
        if tone is None:
            self._showed_something = True
            self._end(position_s)
        elif self._first is None:
            self._first, self._tone = (position_s, time_s), tone
        self._last_s = position_s

    def restart(self) -> None:
        """The film begins again."""
        self._end(self._last_s)

    def _end(self, position_s: float) -> None:
        if self._first is not None and self.is_blank_at(position_s):
            self._stretches.append((self._first[0], position_s, tone_word(self._tone)))
        self._first = None

    def is_blank_at(self, position_s: float) -> bool:
        """Whether the present stretch of blank pictures is too long at this position to be a fade or a start."""
        first = self._first
        return first is not None and position_s - first[0] >= (_LIVE_S if self._is_live else _FILM_S)

    @property
    def is_blank(self) -> bool:
        return self.is_blank_at(self._last_s)

    @property
    def is_blank_throughout(self) -> bool:
        """Whether there were pictures and none showed anything, however short that took."""
        return self._pictures > 0 and not self._showed_something

    @property
    def since_s(self) -> float | None:
        """When the present stretch began on the session's clock, None without one."""
        first = self._first
        return None if first is None else first[1]

    @property
    def message(self) -> str:
        """What the state says, with what to do about it."""
        sentence = f"The picture is {tone_word(self._tone)}: nobody can be seen."
        if not self._is_live:
            return sentence
        return f"{sentence} {_LOOK_AT_THE_CAMERA}"

    def omissions(self, info: SourceInfo) -> tuple[str, ...]:
        """Return sentences about when nobody could be seen: of a film one for each stretch, of a camera the sum."""
        name = info.name
        if self.is_blank_throughout:
            remedy = _CONVERT if info.kind is not SourceKind.PICTURES else "Choose another picture."
            remedy = _LOOK_AT_THE_CAMERA if info.is_live else remedy
            return (f"“{name}” was {tone_word(self._tone)} throughout: nobody could be seen. {remedy}",)
        first, stretches = self._first, list(self._stretches)
        if first is not None and self.is_blank:
            stretches.append((first[0], self._last_s, tone_word(self._tone)))
        if self._is_live and stretches:
            seconds = sum(end - start for start, end, _ in stretches)
            length = f"{seconds / 60:.0f} min" if seconds >= 120 else f"{seconds:.0f} s"
            return (f"For {length} in all the picture of “{name}” was {stretches[0][2]}.",)
        said = dict.fromkeys(
            f"From {start:.0f} s to {end:.0f} s the picture of “{name}” was {word}." for start, end, word in stretches
        )
        more = (f"So it was {len(said) - _MOST_NAMED} times more.",) if len(said) > _MOST_NAMED else ()
        return (*list(said)[:_MOST_NAMED], *more)
