"""Everything that a report of one count says, read once from its log."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from zoneinfo import ZoneInfo

from desktop_app import __version__
from desktop_app.domain.about import SESSION_EVENTS, about
from desktop_app.domain.agenda import AgendaItem
from desktop_app.domain.events import (
    Condensed,
    DoorStarted,
    Entry,
    FileWritten,
    Joined,
    PersonEvent,
    PlaceRenamed,
    PlacesSet,
)
from desktop_app.domain.joined_doors import DOOR_EVENTS
from desktop_app.domain.log_digest import LogDigest, LogEntry, SealedEntry, opened
from desktop_app.domain.person_facts import PersonRecord
from desktop_app.domain.record_sums import RecordSums
from desktop_app.domain.totals import Totals, is_by_operator
from desktop_app.domain.types import AGE_BANDS, Counts, Gender
from desktop_app.reports.door_checks import CHECK_EVENTS, DoorCheck, Labels, checks_of
from desktop_app.reports.hiding import AgeRow, PlaceRow, Tables, ages_of, hide_small
from desktop_app.reports.intervals import (
    Edges,
    Interval,
    PeopleTimes,
    peak,
    possible_minutes,
    regular_edges,
    suitable_minutes,
    together,
)
from desktop_app.reports.watched import Span, Watch

UNKNOWN_AGE = "unknown"
MOST_PAGE_ROWS = 24
"""More intervals than this are put together to whole numbers of them where they have to fit on a page."""
MOST_PAGE_AGENDA_ROWS = 16


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
    """How a report is made. `minutes` is the length of an interval, 0 for one that suits the count.

    `agenda` are named intervals, in place of those that the log has.

    `suppress_below` hides figures of fewer people than that, and everything about single people; 0 hides nothing.
    """

    minutes: int = 15
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    agenda: tuple[Edges, ...] = ()
    suppress_below: int = 0

    @property
    def hides_people(self) -> bool:
        """Whether nothing may be said of single people."""
        return self.suppress_below > 1


@dataclass(frozen=True, slots=True)
class Report:
    """The report of one session. Times in seconds since 1970 unless they say otherwise.

    `automatic` are the totals without the operator's corrections. `totals` are the same figures as `counts` as one
    interval, so that they can be hidden, too, and `door_totals` those of each of `doors`. `door_intervals` has the
    intervals of each door, by its id, where there are several; `page_intervals` are those that a page has room for.
    `pyramid` has a row for each of `AGE_BANDS` and one for `UNKNOWN_AGE`. `numbers` has the number on the screen of
    each corrected person by reference, and `corrected_at` the id of their door. `sources` are those it counted from;
    `files` were written of the count while it ran; `checks` are what the operator found by eye, by door.
    `is_condensed` tells that only the numbers of intervals are left of some people. `digest` is the SHA-256 of the
    entries that everything was read from.
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
    totals: Interval
    doors: tuple[DoorFacts, ...]
    door_totals: tuple[Interval, ...]
    places: tuple[PlaceRow, ...]
    intervals: tuple[Interval, ...]
    page_intervals: tuple[Interval, ...]
    door_intervals: tuple[tuple[str, tuple[Interval, ...]], ...]
    agenda: tuple[Interval, ...]
    peak: Interval | None
    pyramid: tuple[AgeRow, ...]
    watched: tuple[Span, ...]
    corrections: tuple[Entry, ...]
    numbers: Mapping[str, int]
    corrected_at: Mapping[str, str]
    digest: str
    sources: tuple[str, ...] = ()
    files: tuple[FileWritten, ...] = ()
    checks: tuple[DoorCheck, ...] = ()
    is_condensed: bool = False
    program: str = f"Headcount {__version__}"

    @property
    def watched_s(self) -> float:
        """How long at least one door was watched, in seconds."""
        return sum(i.watched_s for i in self.intervals)

    @property
    def planned_s(self) -> float:
        """How long the session took from its first to its last entry, in seconds."""
        return self.end_utc - self.start_utc

    def door_name(self, door: str) -> str:
        """Return the name of a door by its id: the same in every table, and no other door's."""
        return next((d.name for d in self.doors if d.id == door), door)

    @property
    def holds_pictures(self) -> bool:
        """Whether the operator had pictures of people written to a file."""
        return any(file.holds_pictures for file in self.files)


def build_report(
    session_id: str,
    entries: Iterable[LogEntry],
    options: ReportOptions | None = None,
    now_utc: float | None = None,
    people: Iterable[PersonRecord] | None = None,
) -> Report:
    """Read a session's entries, those of joined sessions included. `now_utc` is given for a count under way.

    With `people`, the records of the same session, both are read once and nothing grows with their number but 8 bytes
    a moment; the entries must then come in the order of their sequence numbers. Without it the entries are all held.

    Raises ValueError for a session without entries.
    """
    if people is None:
        held = sorted(opened(entries), key=lambda e: e.seq)
        people, entries = Totals(held).people(), held
    return ReportMaker(session_id, entries, people).report(options or ReportOptions(), now_utc)


class ReportMaker:
    """Makes the reports of one session that differ only in their options, having read it once.

    Holds about 8 bytes a moment in which somebody came or crossed a line.
    """

    def __init__(self, session_id: str, entries: Iterable[LogEntry], people: Iterable[PersonRecord]) -> None:
        """See `build_report`. Raises ValueError for a session without entries."""
        self._frame = _Frame(session_id)
        for entry in entries:
            self._frame.take(entry)
        if self._frame.newest_utc is None:
            raise ValueError("a report needs at least one entry")
        self._crowd = _Crowd(self._frame.corrected_people())
        for person in people:
            self._crowd.take(person)

    def report(self, options: ReportOptions, now_utc: float | None = None) -> Report:
        """Return the report. Raises ValueError where the count is too long for the intervals."""
        return _put_together(self._frame, self._crowd, options, now_utc)


class _Frame:
    """What a report reads from the entries themselves: everything but the people."""

    def __init__(self, session_id: str) -> None:
        self.session_id = session_id
        self.digest, self.watch = LogDigest(), Watch()
        self.of_session: list[Entry] = []
        self.started: dict[tuple[str, str], DoorStarted] = {}
        """The newest start of each door of a session."""
        self.sources: dict[str, None] = {}
        self.files: list[FileWritten] = []
        self.checked: list[Entry] = []
        self.is_condensed = False
        self.oldest_utc: float | None = None
        self.newest_utc: float | None = None
        self._kept: list[Entry] = []  # what is about doors, places and decisions, which are few

    def take(self, entry: LogEntry) -> None:
        self.digest.take(entry)
        self.newest_utc = entry.utc
        if self.oldest_utc is None:
            self.oldest_utc = entry.utc
        if isinstance(entry, SealedEntry):
            self.watch.saw(entry.session, entry.door, entry.utc)
            return
        self.watch.take(entry)
        event = entry.event
        match event:
            case DoorStarted():
                self.started[entry.session, entry.door] = event
                self.sources.setdefault(event.source)
            case FileWritten():
                self.files.append(event)
            case Condensed():
                self.is_condensed = True
        if isinstance(event, SESSION_EVENTS) and entry.session == self.session_id:
            self.of_session.append(entry)
        if isinstance(event, CHECK_EVENTS):
            self.checked.append(entry)
        if isinstance(event, (PlacesSet, PlaceRenamed, *DOOR_EVENTS)) or is_by_operator(entry):
            self._kept.append(entry)

    @cached_property
    def totals(self) -> Totals:
        """The fold of what is about doors, places and decisions, once everything was taken in."""
        return Totals(self._kept)

    def corrections(self) -> tuple[Entry, ...]:
        """Return the decisions that hold. That two counts are one again corrects nobody."""
        return tuple(e for e in self.totals.corrections() if not isinstance(e.event, Joined))

    def corrected_people(self) -> set[str]:
        return {getattr(e.event, n) for e in self._kept if isinstance(e.event, PersonEvent) for n in ("person", "into")
                if hasattr(e.event, n)}  # fmt: skip

    def doors(self) -> list[tuple[str, str, DoorStarted]]:
        """Return (id, name, newest start) of each door, in the order of their beginning."""
        doors = self.totals.doors
        newest = {doors.id_of(*door): started for door, started in self.started.items()}
        return [(door, name, newest[door]) for door, name in doors.names().items()]


class _Crowd:
    """What a report reads from the records of the people."""

    def __init__(self, wanted: set[str]) -> None:
        self.sums, self.times = RecordSums(), PeopleTimes()
        self.labels = Labels()
        self.ages = {band: dict.fromkeys(Gender, 0) for band in (*AGE_BANDS, UNKNOWN_AGE)}
        self.numbers: dict[str, int] = {}
        self.doors: dict[str, str] = {}
        self.counted_utc = array("d")
        self._wanted = wanted

    def take(self, person: PersonRecord) -> None:
        self.sums.add(person)
        self.times.add(person)
        self.counted_utc.append(person.counted_utc)
        self.labels.add(person)
        if person.counts:
            self.ages[person.age_band or UNKNOWN_AGE][person.gender] += 1
        if person.number:
            self.numbers.update({ref: person.number for ref in person.members if ref in self._wanted})
        self.doors.update({ref: person.door for ref in person.members if ref in self._wanted})


def _put_together(frame: _Frame, crowd: _Crowd, options: ReportOptions, now_utc: float | None) -> Report:
    assert frame.oldest_utc is not None
    assert frame.newest_utc is not None
    spans = frame.watch.spans(now_utc, frame.totals.doors.id_of)
    starts, ends = [s.start_utc for s in spans], [s.end_utc for s in spans]
    last = max(crowd.counted_utc, default=float("-inf"))
    if crowd.counted_utc:
        starts, ends = [*starts, min(crowd.counted_utc)], [*ends, last]
    start, end = min(starts, default=frame.oldest_utc), max(ends, default=frame.newest_utc)
    # Half-open intervals: somebody counted at the very end begins another one.
    until = end + 1e-3 if last >= end or end <= start else end
    minutes = possible_minutes(options.minutes or suitable_minutes(end - start), end - start)
    options = replace(options, minutes=minutes)
    edges = regular_edges(start, until, options.minutes, options.zone)
    session = about(frame.of_session)
    items = (AgendaItem.from_text(text) for text in session.agenda)
    agenda = options.agenda or tuple(Edges(i.start_utc, i.end_utc, i.name) for i in items)
    doors = tuple(
        DoorFacts(door, name, s.source, s.clock, s.detector, s.model, crowd.sums.counts(door))
        for door, name, s in frame.doors()
    )

    def count(edges: Sequence[Edges], door: str | None = None) -> tuple[Interval, ...]:
        return tuple(crowd.times.count(edges, spans, door))

    all_of_it = [Edges(start, until)]
    intervals = count(edges)
    apart = doors if len(doors) > 1 else ()
    most_rows = MOST_PAGE_ROWS - len(agenda[:MOST_PAGE_AGENDA_ROWS])
    (whole,) = count(all_of_it)
    tables = Tables(
        whole=whole,
        doors=tuple(count(all_of_it, door.id)[0] for door in apart) or (whole,) * len(doors),
        intervals=intervals,
        at_doors=tuple(count(edges, door.id) for door in apart),
        agenda=count(agenda),
        page=tuple(together(intervals, most_rows, options.zone)),
        ages=ages_of(crowd.ages),
        places=_places(frame, crowd),
    )
    tables = hide_small(tables, [door.id for door in doors], options.suppress_below, count)
    return Report(
        session_id=frame.session_id,
        name=session.name,
        place=session.place,
        note=session.note,
        options=options,
        start_utc=start,
        end_utc=end,
        counts=crowd.sums.counts(),
        automatic=crowd.labels.counts(),
        totals=tables.whole,
        door_totals=tables.doors,
        doors=doors,
        places=tables.places,
        intervals=tables.intervals,
        page_intervals=tables.page,
        door_intervals=tuple(zip((door.id for door in apart), tables.at_doors, strict=True)),
        agenda=tables.agenda,
        peak=peak(tables.intervals),
        pyramid=tables.ages,
        watched=tuple(spans),
        corrections=frame.corrections(),
        numbers=crowd.numbers,
        corrected_at=crowd.doors,
        digest=frame.digest.hexdigest(),
        sources=tuple(frame.sources),
        files=tuple(frame.files),
        checks=checks_of(frame.checked, crowd.labels, frame.totals.doors),
        is_condensed=frame.is_condensed,
    )


def _places(frame: _Frame, crowd: _Crowd) -> tuple[PlaceRow, ...]:
    places = crowd.sums.places(frame.totals.place_kinds())
    return tuple(PlaceRow(door, name, figures) for (door, name), figures in places.items())
