"""Counting at places drawn into the picture: lines that people cross and zones they stay in.

Places are given in fractions of the picture (0..1), so that they fit it at any size. Each counter follows persons by a
`ref`, any number that stays the same for one person; nothing counts until `confirm(ref)` was called, and
`forget(ref)` takes somebody out again (a false alarm, or staff). `close(ref, ...)` is called once, when the
person has left, and says what is to be reported.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

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


@dataclass(frozen=True, slots=True)
class Crossing:
    """Somebody crossed a line for good. `direction` is "in" or "out"."""

    ref: int
    place: str
    direction: str
    time_s: float


@dataclass(slots=True)
class _LinePath:
    side: int = 0
    last: Point | None = None
    crossed: int = 0
    net: int = 0
    time_s: float = 0.0
    confirmed: bool = False


class LineCounter:
    """People who crossed one line, by direction.

    A side is taken only beyond `margin` face sizes from the line, so that jitter on it is no crossing. One
    person counts at most once: what counts is the balance of their crossings, so a U-turn cancels and the live
    totals take it back. Somebody who walks around the end of the line has not crossed it.
    """

    def __init__(self, line: Line, margin: float = 0.35) -> None:
        if margin < 0:
            raise ValueError(f"margin must not be negative, not {margin}")
        self.line, self.margin = line, margin
        self._paths: dict[int, _LinePath] = {}
        self._closed_in = self._closed_out = 0

    @property
    def name(self) -> str:
        return self.line.name

    @property
    def into(self) -> int:
        """How many came in so far, those still in view included."""
        return self._closed_in + sum(1 for p in self._paths.values() if p.confirmed and p.net > 0)

    @property
    def out(self) -> int:
        """How many went out so far, those still in view included."""
        return self._closed_out + sum(1 for p in self._paths.values() if p.confirmed and p.net < 0)

    def reset(self) -> None:
        self._paths.clear()
        self._closed_in = self._closed_out = 0

    def see(self, ref: int, point: Point, size: float, time_s: float, frame_size: tuple[int, int]) -> None:
        """Take in where somebody is: the centre and size of the face in pixels of a picture of (width, height)."""
        path = self._paths.setdefault(ref, _LinePath())
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
            path.time_s = time_s
        path.side, path.crossed = side, 0

    def confirm(self, ref: int) -> None:
        if ref in self._paths:
            self._paths[ref].confirmed = True

    def forget(self, ref: int) -> None:
        self._paths.pop(ref, None)

    def close(self, ref: int) -> Crossing | None:
        """End somebody's path; return the crossing to report, or None if there was none on balance."""
        path = self._paths.pop(ref, None)
        if path is None or not path.confirmed or path.net == 0:
            return None
        if path.net > 0:
            self._closed_in += 1
        else:
            self._closed_out += 1
        return Crossing(ref, self.name, "in" if path.net > 0 else "out", path.time_s)


@dataclass(frozen=True, slots=True)
class Visit:
    """One stay of a person in a zone, in seconds of the media clock."""

    ref: int
    place: str
    entered_s: float
    left_s: float

    @property
    def dwell_s(self) -> float:
        return self.left_s - self.entered_s


@dataclass(slots=True)
class _Stay:
    entered_s: float | None = None
    last_inside_s: float = 0.0
    confirmed: bool = False
    visits: list[Visit] = field(default_factory=list)


class ZoneCounter:
    """Who is in a zone now, how often it was entered, and how long people stayed.

    Somebody outside for less than `gap_s` has not left, and a stay shorter than `min_visit_s` is no visit: a face on
    the edge of the zone enters once.
    """

    def __init__(self, zone: Zone, *, min_visit_s: float = 0.5, gap_s: float = 1.5) -> None:
        if min_visit_s < 0 or gap_s < 0:
            raise ValueError("min_visit_s and gap_s must not be negative")
        self.zone, self.min_visit_s, self.gap_s = zone, min_visit_s, gap_s
        self._stays: dict[int, _Stay] = {}
        self._now_s = 0.0
        self._entries = 0
        self._dwell_s = 0.0

    @property
    def name(self) -> str:
        return self.zone.name

    @property
    def occupancy(self) -> int:
        """How many confirmed persons are inside now."""
        return sum(1 for s in self._stays.values() if s.confirmed and self._is_visit(s))

    @property
    def entries(self) -> int:
        """How many visits there have been, those under way included."""
        open_visits = sum(len(s.visits) for s in self._stays.values() if s.confirmed)
        return self._entries + open_visits + self.occupancy

    @property
    def mean_dwell_s(self) -> float:
        """The mean length of the visits, those under way included, 0.0 before the first."""
        dwell, visits = self._dwell_s, self._entries
        for stay in self._stays.values():
            if stay.confirmed:
                dwell += sum(v.dwell_s for v in stay.visits)
                visits += len(stay.visits)
                if self._is_visit(stay) and stay.entered_s is not None:
                    dwell += stay.last_inside_s - stay.entered_s
                    visits += 1
        return dwell / visits if visits else 0.0

    def reset(self) -> None:
        self._stays.clear()
        self._entries, self._dwell_s, self._now_s = 0, 0.0, 0.0

    def see(self, ref: int, point: Point, time_s: float, frame_size: tuple[int, int]) -> bool:
        """Take in where somebody is, in pixels of a picture of (width, height); return whether that is inside."""
        self._now_s = max(self._now_s, time_s)
        stay = self._stays.setdefault(ref, _Stay())
        inside = self.zone.contains(point[0] / frame_size[0], point[1] / frame_size[1])
        if stay.entered_s is not None and time_s - stay.last_inside_s > self.gap_s:
            self._end_stay(ref, stay)
        if inside:
            if stay.entered_s is None:
                stay.entered_s = time_s
            stay.last_inside_s = time_s
        return inside

    def confirm(self, ref: int) -> None:
        if ref in self._stays:
            self._stays[ref].confirmed = True

    def forget(self, ref: int) -> None:
        self._stays.pop(ref, None)

    def pending(self, ref: int) -> tuple[Visit, ...]:
        """Return the visits a confirmed person has ended since the last call, and count them."""
        stay = self._stays.get(ref)
        if stay is None or not stay.confirmed:
            return ()
        visits, stay.visits = tuple(stay.visits), []
        self._entries += len(visits)
        self._dwell_s += sum(v.dwell_s for v in visits)
        return visits

    def close(self, ref: int) -> tuple[Visit, ...]:
        """End somebody's stay; return the visits to report."""
        stay = self._stays.get(ref)
        if stay is None:
            return ()
        self._end_stay(ref, stay)
        visits = self.pending(ref)
        del self._stays[ref]
        return visits

    def _is_visit(self, stay: _Stay) -> bool:
        return (
            stay.entered_s is not None
            and stay.last_inside_s - stay.entered_s >= self.min_visit_s
            and self._now_s - stay.last_inside_s <= self.gap_s
        )

    def _end_stay(self, ref: int, stay: _Stay) -> None:
        if stay.entered_s is not None and stay.last_inside_s - stay.entered_s >= self.min_visit_s:
            stay.visits.append(Visit(ref, self.name, stay.entered_s, stay.last_inside_s))
        stay.entered_s = None


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
