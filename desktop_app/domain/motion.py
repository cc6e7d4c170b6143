"""How a face moves between two looks at it: a Kalman filter in seconds.

Position and the logarithm of the size each follow a constant-velocity model driven by white acceleration (Kalman 1960;
Bar-Shalom, Li and Kirubarajan, "Estimation with Applications to Tracking and Navigation", 2001, ch. 6). Everything is
measured in face sizes: a face twice as near moves twice as many pixels, so one set of constants
fits every distance, and seconds rather than frames make it fit every frame rate.
"""

from __future__ import annotations

import math

from desktop_app.domain.types import Box

POSITION_NOISE = 0.10
"""One standard deviation of a detector's centre, in face sizes."""

SIZE_NOISE = 0.08
"""One standard deviation of the natural logarithm of a detector's box size."""

ACCELERATION = 15.0
"""Strength of the random acceleration of a face, in sizes per second squared. A child who jumps falls with sixty,
somebody who walks stays below five."""

SIZE_ACCELERATION = 1.5
START_SPEED = 3.0
"""One standard deviation of the speed of a face just found, in sizes per second: a passer-by 3 m away walks
across the picture at about nine of their own face widths a second, one who comes nearer at next to none."""

START_SIZE_SPEED = 0.7
COAST_TIME_S = 0.6
"""While a face is hidden its speed is taken to decay with this time constant: people who vanish behind
something more often slow down than keep on at a run, and a prediction must not run out of the picture."""


class _Step:
    """What a step of `dt` seconds does to a coordinate.

    The speed falls to `decay` of itself and so carries the value for `carry` seconds, while unit white acceleration
    adds the covariance `qxx`, `qxv`, `qvv` (exact integrals).
    """

    __slots__ = ("carry", "decay", "qvv", "qxv", "qxx")

    def __init__(self, dt: float, hidden: bool) -> None:
        if not hidden:
            self.decay, self.carry = 1.0, dt
            self.qxx, self.qxv, self.qvv = dt**3 / 3, dt**2 / 2, dt
            return
        tau = COAST_TIME_S
        self.decay = math.exp(-dt / tau)
        lost = 1 - self.decay
        self.carry = tau * lost
        self.qvv = tau / 2 * (1 - self.decay**2)
        self.qxv = tau**2 / 2 * lost**2
        self.qxx = tau**2 * (dt - 2 * tau * lost + self.qvv)


class _Axis:
    """One coordinate: value, speed and their 2x2 covariance."""

    __slots__ = ("pvv", "pxv", "pxx", "speed", "value")

    def __init__(self, value: float, noise: float, start_speed: float) -> None:
        self.value, self.speed = value, 0.0
        self.pxx, self.pxv, self.pvv = noise * noise, 0.0, start_speed * start_speed

    def predict(self, step: _Step, acceleration: float) -> None:
        q = acceleration * acceleration
        self.value += self.speed * step.carry
        self.speed *= step.decay
        self.pxx += step.carry * (2 * self.pxv + step.carry * self.pvv) + q * step.qxx
        self.pxv = (self.pxv + step.carry * self.pvv) * step.decay + q * step.qxv
        self.pvv = self.pvv * step.decay * step.decay + q * step.qvv

    def scale(self, factor: float) -> None:
        self.value *= factor
        self.speed *= factor
        self.pxx, self.pxv, self.pvv = (p * factor * factor for p in (self.pxx, self.pxv, self.pvv))

    def variance(self, noise: float) -> float:
        return self.pxx + noise * noise

    def correct(self, measured: float, noise: float) -> None:
        total = self.variance(noise)
        gain_x, gain_v = self.pxx / total, self.pxv / total
        error = measured - self.value
        self.value += gain_x * error
        self.speed += gain_v * error
        self.pvv -= gain_v * self.pxv
        self.pxv *= 1 - gain_x
        self.pxx *= 1 - gain_x


class Motion:
    """Where a face is and where it will be. Mutable; owned by one track."""

    __slots__ = ("_aspect", "_log_size", "_x", "_y", "time_s")

    def __init__(self, box: Box, time_s: float) -> None:
        size, (x, y) = box_size(box), box.centre
        self._x = _Axis(x, POSITION_NOISE * size, START_SPEED * size)
        self._y = _Axis(y, POSITION_NOISE * size, START_SPEED * size)
        self._log_size = _Axis(math.log(size), SIZE_NOISE, START_SIZE_SPEED)
        self._aspect = _aspect(box)
        self.time_s = time_s

    @property
    def size(self) -> float:
        return math.exp(self._log_size.value)

    @property
    def speed(self) -> tuple[float, float]:
        """Speed in pixels per second, x and y."""
        return self._x.speed, self._y.speed

    def scale(self, factor: float) -> None:
        """Go on in pictures `factor` times as large."""
        self._x.scale(factor)
        self._y.scale(factor)
        self._log_size.value += math.log(factor)

    def predict(self, time_s: float, *, hidden: bool) -> None:
        """Move on to `time_s`; a time before the current one is ignored."""
        dt = time_s - self.time_s
        if dt <= 0:
            return
        step, size = _Step(dt, hidden), self.size
        self._x.predict(step, ACCELERATION * size)
        self._y.predict(step, ACCELERATION * size)
        self._log_size.predict(step, SIZE_ACCELERATION)
        low, high = math.log(2.0), math.log(20000.0)
        self._log_size.value = min(max(self._log_size.value, low), high)
        self.time_s = time_s

    def correct(self, box: Box) -> None:
        """Take in a box found at the current time."""
        size, (x, y) = box_size(box), box.centre
        self._x.correct(x, POSITION_NOISE * size)
        self._y.correct(y, POSITION_NOISE * size)
        self._log_size.correct(math.log(size), SIZE_NOISE)
        self._aspect += 0.3 * (_aspect(box) - self._aspect)

    def surprise(self, box: Box) -> float:
        """Return the squared Mahalanobis distance of a box from the prediction, with 3 degrees of freedom."""
        size, (x, y) = box_size(box), box.centre
        noise = POSITION_NOISE * size
        return (
            (x - self._x.value) ** 2 / self._x.variance(noise)
            + (y - self._y.value) ** 2 / self._y.variance(noise)
            + (math.log(size) - self._log_size.value) ** 2 / self._log_size.variance(SIZE_NOISE)
        )

    def distance(self, box: Box) -> float:
        """Return how far a box is from the prediction: centre distance in face sizes plus log ratio of the sizes."""
        size, (x, y) = box_size(box), box.centre
        apart = math.hypot(x - self._x.value, y - self._y.value) / math.sqrt(size * self.size)
        return apart + abs(math.log(size) - self._log_size.value)

    def box(self) -> Box:
        size = self.size
        half_w, half_h = size * math.sqrt(self._aspect) / 2, size / math.sqrt(self._aspect) / 2
        x, y = self._x.value, self._y.value
        return Box(x - half_w, y - half_h, x + half_w, y + half_h)


def box_size(box: Box) -> float:
    """The side in pixels of the square of the same area, at least 1."""
    return max(1.0, math.sqrt(box.area))


def _aspect(box: Box) -> float:
    return min(4.0, max(0.25, box.width / max(1.0, box.height)))
