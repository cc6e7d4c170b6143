"""The kept counts: their figures, people, reports and corrections, whether they go on here or are in the store."""

from __future__ import annotations

import contextlib
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from tzlocal import get_localzone_name

from desktop_app.domain.events import Added, Corrected, Entry, Merged, Split, Undone
from desktop_app.domain.person_facts import PersonRecord
from desktop_app.domain.totals import Totals
from desktop_app.domain.types import Gender
from desktop_app.errors import StoreError
from desktop_app.reports.charts import age_chart, arrivals_chart
from desktop_app.reports.drawing import to_svg
from desktop_app.reports.export import export, file_stem
from desktop_app.reports.report import Report, ReportOptions, build_report
from desktop_app.session.manager import SessionManager
from desktop_app.session.session import Session
from desktop_app.session.stored import StoredSessions
from desktop_app.store.session_list import SessionInfo
from desktop_app.store.store import Store
from desktop_app.web.problems import Problem
from desktop_app.web.results import VideoResult

FORMATS = {
    "pdf": ("application/pdf", ".pdf"),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx"),
    "json": ("application/json", ".json"),
    "csv": ("text/csv; charset=utf-8", ".csv"),
}
CORRECTIONS = (Added, Corrected, Merged, Split)
"""What an operator does to people; that two counts are one again, or a check by eye, corrects nobody."""
USUAL_MINUTES = (15, 60, 1440)
"""The length of the intervals of a report for which none was asked; a count of years takes the longest."""
CHARTS = {"arrivals": arrivals_chart, "ages": age_chart}


def local_zone() -> ZoneInfo:
    """Return this computer's time zone, UTC where it is not known."""
    try:
        return ZoneInfo(get_localzone_name() or "UTC")
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class WrittenReport:
    """A report as a file in memory, to be handed to somebody."""

    name: str
    media_type: str
    data: bytes


class KeptCounts:
    """Reads and corrects counts. All methods wait for the disk: call them on a worker thread. Thread-safe.

    Raises Problem 404 for a count that there is not.
    """

    def __init__(self, store: Store | None, manager: SessionManager | None) -> None:
        self._store = store
        self._manager = manager
        self._correcting = threading.Lock()

    # ---- reading

    @property
    def has_store(self) -> bool:
        """Whether there are kept counts beside the one that goes on."""
        return self._store is not None

    def sessions(self) -> list[SessionInfo]:
        """Return the kept counts, newest first. Without a store that is the one that goes on."""
        if self._store is not None:
            return self._store.sessions()
        current = self._current_info()
        return [] if current is None else [current]

    def info(self, session_id: str) -> SessionInfo:
        """Return one kept count as a list shows it."""
        found = self._store.session(session_id, include_deleted=False) if self._store is not None else None
        if found is None:  # one that has just begun is not in the store yet
            found = self._current_info()
        if found is None or found.id != session_id:
            raise no_count()
        return found

    def entries(self, session_id: str) -> list[Entry]:
        """Return the entries of a count and of those joined to it, oldest first."""
        current = self._current()
        if current is not None and current.id == session_id:
            return sorted(current.log.read(lambda totals: tuple(totals.entries())), key=lambda e: e.seq)
        info = self.info(session_id)
        assert self._store is not None
        return list(self._store.entries_of((info.id, *info.joined)))

    def totals(self, session_id: str) -> Totals:
        """Return the fold of one count."""
        return Totals(self.entries(session_id))

    def people(self, session_id: str) -> list[PersonRecord]:
        """Return one record a person, in the order in which they were counted; none of whom only numbers are left."""
        return [person for person in self.totals(session_id).people() if not person.is_condensed]

    def report(self, session_id: str, minutes: int | None = None) -> Report:
        """Return the report of one count in intervals of so many minutes, on this computer's clock.

        None is the usual length, and a longer one where the count is too long for it.
        """
        current = self._current()
        runs = current.active_runs if current is not None and current.id == session_id else []
        now_utc = max((run.utc() for run in runs), default=None)
        return report_of(session_id, self.entries(session_id), minutes, now_utc)

    def keep_recount(self, result: VideoResult) -> None:
        """Put a recount beside the kept counts. Raises StoreError where this program cannot write them."""
        if self._store is None or not self._store.can_write:
            raise StoreError("The recount cannot be kept: another Headcount is working with the kept counts.")
        self._store.append(result.entries)
        self._settle()

    # ---- correcting

    def correct(self, session_id: str, what: str, *, person: str = "", new: str = "", operator: str, note: str) -> str:
        """Write one correction; return the id of its entry.

        `what` is one of `events.CORRECTABLE`, "merged" (`new` is the person they are the same as), "split" or "added"
        (`new` is how they appear). Raises CorrectionError where it does not fit the count, StoreError where another
        program holds the store.
        """
        with self._correcting:
            session = self._session(session_id)
            session.operator = operator
            before = session.log.version
            if what == "added":
                session.add(Gender(new or "undecided"), note=note)
            elif what == "merged":
                session.merge(person, new)
            elif what == "split":
                session.split(person)
            else:
                session.correct(person, what, new, note)
            assert session.log.version > before
            self._settle()
            return session.log.read(lambda totals: totals.corrections()[-1].id)

    def undo(self, session_id: str, entry_id: str, operator: str) -> None:
        """Take back one correction. Raises Problem 404 where there is none of this id that holds."""
        with self._correcting:
            session = self._session(session_id)
            found = session.log.read(lambda totals: totals.corrections())
            if not any(e.id == entry_id and isinstance(e.event, CORRECTIONS) for e in found):
                raise Problem(404, "There is no such correction, or it was taken back already.")
            session.log.append([Undone(0.0, entry_id)])
            self._settle()

    def _settle(self) -> None:
        """Wait until what was written is on the disk, for whoever reads it next."""
        if self._store is not None and not self._store.flush():
            raise StoreError("The correction could not be written yet.", "It is tried again; look again in a minute.")

    def _session(self, session_id: str) -> Session:
        current = self._current()
        if current is not None and current.id == session_id:
            return current
        self._check_writable()
        sessions = self._manager or (StoredSessions(self._store) if self._store is not None else None)
        if sessions is None:
            raise no_count()
        try:
            return sessions.load(session_id)
        except KeyError:
            raise no_count() from None

    def _current(self) -> Session | None:
        session = self._manager.current if self._manager is not None else None
        return session if session is not None and session.log.begun else None

    def _current_info(self) -> SessionInfo | None:
        session = self._current()
        if session is None:
            return None
        counts, entries = session.counts(), session.log.entries()
        return SessionInfo(
            session.id,
            session.name,
            session.place,
            session.note,
            entries[0].utc,
            entries[-1].utc if session.closed else None,
            entries[-1].utc,
            counts.people,
            counts.female,
            counts.male,
            counts.undecided,
            doors=tuple(dict.fromkeys(run.door.name for run in session.runs)),
            entries=len(entries),
        )

    def _check_writable(self) -> None:
        if self._store is not None and not self._store.can_write:
            raise Problem(409, "Another Headcount is working with the kept counts.", "Do it there.")


def no_count() -> Problem:
    return Problem(404, "There is no such count.", "“GET /api/v1/sessions” lists them.")


def report_of(
    session_id: str, entries: Sequence[Entry], minutes: int | None = None, now_utc: float | None = None
) -> Report:
    """Return the report over entries; `now_utc` is given for a count under way.

    Without `minutes`, the first of `USUAL_MINUTES` that fits is the length of the intervals. Raises Problem 422 where
    the intervals do not fit, 404 without entries.
    """
    if not entries:
        raise no_count()
    *shorter, longest = USUAL_MINUTES if minutes is None else (minutes,)
    for length in shorter:
        with contextlib.suppress(ValueError):
            return build_report(session_id, entries, ReportOptions(length, local_zone()), now_utc)
    try:
        return build_report(session_id, entries, ReportOptions(longest, local_zone()), now_utc)
    except ValueError as error:
        raise Problem(422, f"This count cannot be divided so: {error}.", "Choose longer intervals.") from error


def written(report: Report, people: Sequence[PersonRecord], form: str, folder: Path | None = None) -> WrittenReport:
    """Return a report as "pdf", "xlsx", "csv" (its intervals) or "json". It holds figures only, no picture."""
    media_type, ending = FORMATS[form]
    with tempfile.TemporaryDirectory(prefix="headcount-report-", dir=folder) as name:
        paths = export(report, people, Path(name) / "report", [form])
        path = next(p for p in paths if p.name.endswith(f".intervals{ending}" if form == "csv" else ending))
        return WrittenReport(f"{file_stem(report)}{ending}", media_type, path.read_bytes())


def chart(report: Report, name: str) -> str:
    """Return a chart of a report, "arrivals" or "ages", as SVG. Raises Problem 404 for another name."""
    draw = CHARTS.get(name)
    if draw is None:
        raise Problem(404, "There is no such chart.", f"Ask for one of: {', '.join(CHARTS)}.")
    return to_svg(draw(report))
