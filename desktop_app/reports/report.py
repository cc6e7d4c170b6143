"""Everything that a report of one count says, read once from its log."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from desktop_app import __version__
from desktop_app.domain.events import DoorStarted, Entry, Joined, Opened, kind_of, to_plain
from desktop_app.domain.person_facts import PersonRecord
from desktop_app.domain.totals import PlaceFigures, Totals
from desktop_app.domain.types import AGE_BANDS, Counts, Gender
from desktop_app.reports.intervals import Edges, Interval, count_in, peak, regular_edges
from desktop_app.reports.watched import Span, watched_spans


@dataclass(frozen=True, slots=True)
class DoorFacts:
    """One door of a count: its name, source, detector and model as the log has them, and how its clock is known."""

    id: str
    name: str
    source: str
    clock: str
    detector: str
    model: str
    counts: Counts


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """`agenda` are named intervals. `suppress_below` hides cells of fewer people than that, 0 hides none."""

    minutes: int = 15
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    agenda: tuple[Edges, ...] = ()
    suppress_below: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """The report of one session. Times in seconds since 1970 unless they say otherwise.

    `automatic` are the totals without the operator's corrections. `pyramid` has (band, female, male, undecided) for
    each of `AGE_BANDS` and "unknown". `numbers` has the number on the screen of each person by reference. `digest` is
    the SHA-256 of the entries that everything was read from.
    """

    session_id: str
    name: str
    place: str
    note: str
    options: ReportOptions
    start_utc: float
    end_utc: float
    counts: Counts
    automatic: Counts
    doors: tuple[DoorFacts, ...]
    places: tuple[tuple[str, str, PlaceFigures], ...]
    intervals: tuple[Interval, ...]
    agenda: tuple[Interval, ...]
    peak: Interval | None
    pyramid: tuple[tuple[str, int, int, int], ...]
    watched: tuple[Span, ...]
    corrections: tuple[Entry, ...]
    numbers: Mapping[str, int]
    digest: str
    program: str = f"Headcount {__version__}"

    @property
    def watched_s(self) -> float:
        """How long at least one door was watched, in seconds."""
        return sum(i.watched_s for i in self.intervals)

    @property
    def planned_s(self) -> float:
        """How long the session took from its first to its last entry, in seconds."""
        return self.end_utc - self.start_utc


def digest_of(entries: Iterable[Entry]) -> str:
    """Return the SHA-256 of a log, in hexadecimal: the same for the same entries, however they were stored."""
    digest = hashlib.sha256()
    for entry in sorted(entries, key=lambda e: (e.seq, e.id)):
        values = [entry.id, entry.session, entry.door, entry.seq, round(entry.utc, 6), kind_of(entry.event)]
        text = json.dumps([*values, to_plain(entry.event)], sort_keys=True, separators=(",", ":"))
        digest.update(text.encode() + b"\n")
    return digest.hexdigest()


def build_report(
    session_id: str, entries: Sequence[Entry], options: ReportOptions | None = None, now_utc: float | None = None
) -> Report:
    """Read a session's entries, those of joined sessions included. `now_utc` is given for a count under way.

    Raises ValueError for a session without entries.
    """
    if not entries:
        raise ValueError("a report needs at least one entry")
    options = options or ReportOptions()
    totals = Totals(entries)
    people = totals.people()
    spans = watched_spans(entries, now_utc)
    start = min([s.start_utc for s in spans] + [p.counted_utc for p in people], default=entries[0].utc)
    end = max([s.end_utc for s in spans] + [p.counted_utc for p in people], default=entries[-1].utc)
    opened = [e.event for e in entries if isinstance(e.event, Opened) and e.session == session_id]
    about = opened[-1] if opened else Opened(0.0)
    # Half-open intervals: somebody counted at the very end begins another one.
    until = end + 1e-3 if any(p.counted_utc >= end for p in people) or end <= start else end
    intervals = count_in(regular_edges(start, until, options.minutes, options.zone), people, spans)
    return Report(
        session_id=session_id,
        name=about.name,
        place=about.place,
        note=about.note,
        options=options,
        start_utc=start,
        end_utc=end,
        counts=totals.counts(),
        automatic=_automatic(people),
        doors=_doors(entries, totals),
        places=_places(entries, totals),
        intervals=tuple(intervals),
        agenda=tuple(count_in(options.agenda, people, spans)),
        peak=peak(intervals),
        pyramid=_pyramid(people),
        watched=tuple(spans),
        # That two counts are one again corrects nobody.
        corrections=tuple(e for e in totals.corrections() if not isinstance(e.event, Joined)),
        numbers={ref: p.number for p in people for ref in p.members if p.number},
        digest=digest_of(entries),
    )


def _automatic(people: Iterable[PersonRecord]) -> Counts:
    """Return what the program alone says of the people it counted, whatever the operator took out or added."""
    own = [p for p in people if not p.is_added]
    numbers = {g: sum(p.auto_gender is g for p in own) for g in Gender}
    return Counts(numbers[Gender.FEMALE], numbers[Gender.MALE], numbers[Gender.UNDECIDED])


def _pyramid(people: Iterable[PersonRecord]) -> tuple[tuple[str, int, int, int], ...]:
    rows = {band: dict.fromkeys(Gender, 0) for band in (*AGE_BANDS, "unknown")}
    for person in people:
        if person.counts:
            rows[person.age_band or "unknown"][person.gender] += 1
    order = (Gender.FEMALE, Gender.MALE, Gender.UNDECIDED)
    return tuple((band, *(row[g] for g in order)) for band, row in rows.items())  # type: ignore[misc]


def _doors(entries: Iterable[Entry], totals: Totals) -> tuple[DoorFacts, ...]:
    started = {e.door: e.event for e in entries if isinstance(e.event, DoorStarted)}
    return tuple(
        DoorFacts(door, s.name or door, s.source, s.clock, s.detector, s.model, totals.counts(door))
        for door, s in started.items()
    )


def _places(entries: Iterable[Entry], totals: Totals) -> tuple[tuple[str, str, PlaceFigures], ...]:
    names = {e.door: e.event.name or e.door for e in entries if isinstance(e.event, DoorStarted)}
    return tuple((names.get(door, door), name, figures) for (door, name), figures in totals.places().items())
