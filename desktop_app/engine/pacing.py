"""When the next frame of a file may go on: pause, step, speed and seek."""

from __future__ import annotations

import threading
import time

from desktop_app.errors import SettingsError

SLOWEST, FASTEST = 0.25, 8.0
_LATE_S = 0.25


def check_speed(speed: float) -> float:
    """Return `speed` if it is 0 (as fast as possible) or 0.25 to 8. Raises SettingsError if it is not."""
    if speed != 0 and not SLOWEST <= speed <= FASTEST:
        raise SettingsError(f"The speed cannot be {speed:g}.", "Choose 0.25 to 8, or 0 for as fast as possible.")
    return speed


class Pacer:
    """Holds a reader back until its frame is due. The media clock of the frames is not touched.

    One thread waits in `wait_turn`; every method may be called from any thread.
    """

    def __init__(self, speed: float = 1.0) -> None:
        self._changed = threading.Condition()
        self._speed = check_speed(speed)
        self._paused = False
        self._stopped = False
        self._steps = 0
        self._seek_to: float | None = None
        self._anchor: tuple[float, float] | None = None
        self._era = 0

    @property
    def paused(self) -> bool:
        return self._paused

    @property
    def speed(self) -> float:
        return self._speed

    @property
    def era(self) -> int:
        """How many seeks were asked for."""
        return self._era

    def pause(self) -> None:
        with self._changed:
            self._paused = True
            self._changed.notify_all()

    def resume(self) -> None:
        with self._changed:
            self._paused = False
            self._steps = 0
            self._anchor = None
            self._changed.notify_all()

    def step(self) -> None:
        with self._changed:
            if self._paused:
                self._steps += 1
                self._changed.notify_all()

    def set_speed(self, speed: float) -> None:
        with self._changed:
            self._speed = check_speed(speed)
            self._anchor = None
            self._changed.notify_all()

    def seek(self, time_s: float) -> None:
        """Ask the reader to go elsewhere. While paused, the frame found there is let through, so that it shows."""
        with self._changed:
            self._seek_to = time_s
            self._era += 1
            self._anchor = None
            if self._paused:
                self._steps = 1
            self._changed.notify_all()

    def take_seek(self) -> float | None:
        """Return the place asked for, once, or None."""
        with self._changed:
            target, self._seek_to = self._seek_to, None
            return target

    def forget(self) -> None:
        """Take the next frame for the new start of the pacing, because the media clock jumps."""
        with self._changed:
            self._anchor = None

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def admit_live(self) -> bool:
        """Return whether a live frame may go on now: always, unless paused without a step asked for."""
        with self._changed:
            if not self._paused:
                return True
            if self._steps:
                self._steps -= 1
                return True
            return False

    def wait_turn(self, media_s: float) -> bool:
        """Wait until the frame of time `media_s` is due. Return False if it is not wanted any more (stop or seek)."""
        with self._changed:
            while not self._stopped and self._seek_to is None:
                if self._paused:
                    self._anchor = None
                    if self._steps:
                        self._steps -= 1
                        return True
                    self._changed.wait()
                    continue
                if self._speed == 0:
                    return True
                now = time.monotonic()
                if self._anchor is None:
                    self._anchor = (now, media_s)
                    return True
                due = self._anchor[0] + (media_s - self._anchor[1]) / self._speed
                if now >= due:
                    if now - due > _LATE_S:
                        # The analysis cannot keep up: play slower rather than rush through in a burst later.
                        self._anchor = (now, media_s)
                    return True
                self._changed.wait(due - now)
            return False
