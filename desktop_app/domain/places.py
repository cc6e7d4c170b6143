"""Places drawn into the picture: lines that people cross and zones they stay in.

Places are given in fractions of the picture (0..1), so that they fit it at any size. `LineCounter` and `ZoneCounter`
follow people by a `key`, any number that stays the same for one person, whether they count yet or not. They hold paths
and stays and no totals: `domain.place_board` makes events of them, and figures are read from those.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Line:
    """A counting line from (x1, y1) to (x2, y2) in fractions of the picture.

    "in" is to cross it from the left hand to the right hand of somebody walking from its first point to its second as
    seen in the picture: downwards for a line drawn from left to right.
    """

    name: str
    x1: float
    y1: float
    x2: float
    y2: float

    def __post_init__(self) -> None:
        if not all(math.isfinite(v) for v in (self.x1, self.y1, self.x2, self.y2)):
            raise ValueError(f"line {self.name!r} needs finite ends")
        if math.hypot(self.x2 - self.x1, self.y2 - self.y1) < 1e-3:
            raise ValueError(f"line {self.name!r} is too short to be crossed; draw it longer")

    def reversed(self) -> Line:
        """The same line with "in" and "out" exchanged."""
        return Line(self.name, self.x2, self.y2, self.x1, self.y1)


@dataclass(frozen=True, slots=True)
class Zone:
    """A polygon of at least three points in fractions of the picture."""

    name: str
    points: tuple[Point, ...]

    def __post_init__(self) -> None:
        if len(self.points) < 3:
            raise ValueError(f"zone {self.name!r} needs at least 3 points, not {len(self.points)}")
        if not all(math.isfinite(v) for point in self.points for v in point):
            raise ValueError(f"zone {self.name!r} needs finite points")

    def contains(self, x: float, y: float) -> bool:
        """Whether a point lies inside, by the even-odd rule (Shimrat 1962)."""
        inside = False
        ax, ay = self.points[-1]
        for bx, by in self.points:
            if (ay > y) != (by > y) and x < (bx - ax) * (y - ay) / (by - ay) + ax:
                inside = not inside
            ax, ay = bx, by
        return inside


@dataclass(slots=True)
class _LinePath:
    side: int = 0
    last: Point | None = None
    crossed: int = 0
    net: int = 0
    told: int = 0


class LineCounter:
    """The paths of people across one line.

    A side is taken only beyond `margin` face sizes from the line, so that jitter on it is no crossing. One person
    crosses at most once: what counts is the balance of their crossings, so a U-turn takes the crossing back. Somebody
    who walks around the end of the line has not crossed it.
    """

    def __init__(self, line: Line, margin: float = 0.35) -> None:
        if margin < 0:
            raise ValueError(f"margin must not be negative, not {margin}")
        self.line, self.margin = line, margin
        self._paths: dict[int, _LinePath] = {}

    @property
    def name(self) -> str:
        return self.line.name

    def called(self, name: str) -> Self:
        """Give the line this name; return the counter."""
        self.line = replace(self.line, name=name)
        return self

    def reset(self) -> None:
        self._paths.clear()

    def scale(self, factor: float) -> None:
        """Go on in pictures `factor` times as large."""
        for path in self._paths.values():
            if path.last is not None:
                path.last = (path.last[0] * factor, path.last[1] * factor)

    def see(self, key: int, point: Point, size: float, frame_size: tuple[int, int]) -> None:
        """Take in where somebody is: the centre and size of the face in pixels of a picture of (width, height)."""
        path = self._paths.setdefault(key, _LinePath())
        width, height = frame_size
        start, end = (self.line.x1 * width, self.line.y1 * height), (self.line.x2 * width, self.line.y2 * height)
        if path.last is not None:
            path.crossed += _crossing(path.last, point, start, end)
        path.last = point
        along = math.hypot(end[0] - start[0], end[1] - start[1])
        away = _turn(start, end, point) / along
        if abs(away) <= self.margin * size:
            return
        side = 1 if away > 0 else -1
        if path.side != 0 and side != path.side and path.crossed != 0:
            path.net = max(-1, min(1, path.net + side))
        path.side, path.crossed = side, 0

    def balance(self, key: int) -> int:
        """Return 1 for somebody who came in on balance, -1 for one who went out, 0 for neither."""
        path = self._paths.get(key)
        return path.net if path else 0

    def take_changes(self, key: int) -> list[tuple[str, bool]]:
        """Return what has changed since the last call: ("in" or "out", whether that crossing is taken back)."""
        path = self._paths.get(key)
        changes: list[tuple[str, bool]] = []
        if path is None:
            return changes
        while path.told > max(path.net, 0):
            path.told -= 1
            changes.append(("in", True))
        while path.told < min(path.net, 0):
            path.told += 1
            changes.append(("out", True))
        if path.told != path.net:
            path.told = path.net
            changes.append(("in" if path.net > 0 else "out", False))
        return changes

    def absorb(self, known: int, other: int) -> None:
        """`other` turned out to be `known`, whose path goes on from where they were last seen."""
        path = self._paths.pop(other, None)
        if path is None:
            return
        if known in self._paths:
            self._paths[known].told += path.told
        else:
            self._paths[known] = path

    def begin_count(self, key: int) -> None:
        """Forget the crossings of somebody, but not on which side they are."""
        path = self._paths.get(key)
        if path is not None:
            path.net = path.told = 0

    def forget(self, key: int) -> None:
        self._paths.pop(key, None)


@dataclass(slots=True)
class Stay:
    """The time from somebody's entering a zone until they were last seen in it, in seconds of the media clock.

    `told_of` is the reference under which the visit was told in the present count, "" until then. `told_before` says
    that a former count has told of it.
    """

    entered_s: float
    last_inside_s: float
    told_of: str = ""
    told_before: bool = False

    @property
    def dwell_s(self) -> float:
        return self.last_inside_s - self.entered_s


class ZoneCounter:
    """The stays of people in one zone.

    Somebody outside for less than `gap_s` has not left, and a stay shorter than `min_visit_s` is no visit: a face on
    the edge of the zone enters once.
    """

    def __init__(self, zone: Zone, *, min_visit_s: float = 0.5, gap_s: float = 1.5) -> None:
        if min_visit_s < 0 or gap_s < 0:
            raise ValueError("min_visit_s and gap_s must not be negative")
        self.zone, self.min_visit_s, self.gap_s = zone, min_visit_s, gap_s
        self._stays: dict[int, Stay] = {}
        self._over: dict[int, list[Stay]] = {}

    @property
    def name(self) -> str:
        return self.zone.name

    def called(self, name: str) -> Self:
        """Give the zone this name; return the counter."""
        self.zone = replace(self.zone, name=name)
        return self

    def reset(self) -> None:
        self._stays.clear()
        self._over.clear()

    def see(self, key: int, point: Point, time_s: float, frame_size: tuple[int, int]) -> bool:
        """Take in where somebody is, in pixels of a picture of (width, height); return whether that is inside.

        Call `end_old` first on every frame.
        """
        inside = self.zone.contains(point[0] / frame_size[0], point[1] / frame_size[1])
        if inside:
            self._stays.setdefault(key, Stay(time_s, time_s)).last_inside_s = time_s
        return inside

    def end_old(self, time_s: float) -> list[Stay]:
        """End the stays of all who have been outside for too long; return the visits of those that were told of."""
        old = [key for key, stay in self._stays.items() if time_s - stay.last_inside_s > self.gap_s]
        ended = [(key, self._stays.pop(key)) for key in old]
        for key, stay in ended:
            if not (stay.told_of or stay.told_before) and self._is_visit(stay):
                self._over.setdefault(key, []).append(stay)
        return [stay for _, stay in ended if stay.told_of]

    def visit(self, key: int) -> Stay | None:
        """Return somebody's stay that goes on, None if there is none long enough to be a visit."""
        stay = self._stays.get(key)
        return stay if stay is not None and self._is_visit(stay) else None

    def take_ended(self, key: int) -> list[Stay]:
        """Return the visits that ended before anybody was told of them, once."""
        return self._over.pop(key, [])

    def end(self, key: int) -> Stay | None:
        """End somebody's stay now; return it if it was told of."""
        stay = self._stays.pop(key, None)
        return stay if stay is not None and stay.told_of else None

    def end_all(self) -> list[Stay]:
        """End every stay, because the zone is gone; return those that were told of."""
        return [stay for key in list(self._stays) if (stay := self.end(key)) is not None]

    def absorb(self, known: int, other: int) -> Stay | None:
        """`other` turned out to be `known`; return a stay of `known` that ends by this, if it was told of."""
        self._over.setdefault(known, []).extend(self._over.pop(other, []))
        stay, before = self._stays.pop(other, None), self._stays.get(known)
        if stay is None:
            return None
        if before is not None and not stay.told_of:
            before.last_inside_s = stay.last_inside_s
            return None
        self._stays[known] = stay
        return before if before is not None and before.told_of else None

    def forget(self, key: int) -> None:
        self._stays.pop(key, None)
        self._over.pop(key, None)

    def _is_visit(self, stay: Stay) -> bool:
        return stay.dwell_s >= self.min_visit_s


def place_names(lines: Sequence[Line], zones: Sequence[Zone]) -> tuple[str, ...]:
    """Return the names of all places; raises ValueError if one is empty or used twice."""
    names = (*(line.name for line in lines), *(zone.name for zone in zones))
    for name in names:
        if not name.strip():
            raise ValueError("every line and zone needs a name")
        if names.count(name) > 1:
            raise ValueError(f"two places are called {name!r}; give each its own name")
    return names


def _turn(a: Point, b: Point, p: Point) -> float:
    """Twice the signed area of the triangle a, b, p: positive to the right hand of a walker from a to b, y down."""
    return (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0])


def _crossing(before: Point, after: Point, start: Point, end: Point) -> int:
    """Return 1 for a step that crosses the segment from its left to its right, -1 for the other way, 0 for none."""
    was, now = _turn(start, end, before), _turn(start, end, after)
    if (was > 0) == (now > 0):
        return 0
    if (_turn(before, after, start) > 0) == (_turn(before, after, end) > 0):
        return 0
    return 1 if now > 0 else -1
