"""When to look for faces: a schedule in media time that looks more often where much happens.

The schedule depends on the frames' times and on what was found, never on how fast the machine is, so a file gives the
same count everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from desktop_app.domain.tracking import TrackedFace
from desktop_app.errors import SettingsError

FAST = 6.0
"""From this speed in face sizes a second on, a face may leave its gate between two looks."""

SLOW = 1.5
SETTLED_HITS = 6


LONGEST_SLOT_S = 0.05
"""The time in which one picture is looked at, at least for a cut: neighbouring scenes do not mix within less."""


class PictureSlots:
    """Which frames have a picture that may be looked at: the first one in each slot of media time.

    A slot is half the usual interval between two looks, as in `LookSchedule`, and 0.05 s at most. So of 30 frames a
    second 20 are looked at, for faces or for a cut, and of 60 no more. `interval_s` of 0 makes it every frame.
    """

    def __init__(self, interval_s: float) -> None:
        self._slot_s = min(interval_s / 2, LONGEST_SLOT_S)
        self.reset()

    def reset(self) -> None:
        self._last_slot: int | None = None

    def opens(self, time_s: float) -> bool:
        """Whether the frame at `time_s` is the first one in its slot; asked once for each frame, in order."""
        if self._slot_s == 0:
            return True
        slot = _slot(time_s, self._slot_s)
        is_first, self._last_slot = slot != self._last_slot, slot
        return is_first


def _slot(time_s: float, slot_s: float) -> int:
    # A hair is added so that 0.3 s, which is 5.9999.. slots of 0.05 s in binary, opens its own slot.
    return math.floor(time_s / slot_s + 1e-6)


class LookSchedule:
    """Looks on a grid of half the usual interval.

    Usually that is at every second slot, at each one while a face moves fast, and at every fourth while all faces are
    well known and slow, or nobody is there.

    `interval_s` is the usual media time between two looks in seconds, 0 for every frame.
    """

    def __init__(self, interval_s: float = 0.1) -> None:
        if not (math.isfinite(interval_s) and 0 <= interval_s <= 10):
            raise SettingsError(f"The time between two detections is {interval_s} s.", "Choose a value from 0 to 10 s.")
        self.interval_s = interval_s
        self.reset()

    def reset(self) -> None:
        self._last_slot: int | None = None
        self._wait = 2

    def is_due(self, time_s: float) -> bool:
        """Whether to look at the frame at `time_s`; asking counts as looking if the answer is yes."""
        if self.interval_s == 0:
            return True
        slot = _slot(time_s, self.interval_s / 2)
        if self._last_slot is not None and slot // self._wait == self._last_slot // self._wait:
            return False
        self._last_slot = slot
        return True

    def note(self, faces: Sequence[TrackedFace]) -> None:
        """Take in what the look found."""
        if any(face.speed >= FAST for face in faces):
            self._wait = 1
        elif all(face.seen and face.hits >= SETTLED_HITS and face.speed < SLOW for face in faces):
            self._wait = 4
        else:
            self._wait = 2
