"""What the commands about kept counts share: the store, a session by the beginning of its id, and the local time."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from zoneinfo import ZoneInfo

from desktop_app.cli.checks import UsageError
from desktop_app.domain.events import Entry
from desktop_app.domain.log_digest import LogEntry
from desktop_app.domain.person_facts import PersonRecord
from desktop_app.domain.totals import Totals
from desktop_app.errors import HeadcountError, SettingsError
from desktop_app.reports.people_file import PeopleFile
from desktop_app.reports.report import Report, ReportOptions, build_report
from desktop_app.store.files import default_folder
from desktop_app.store.session_list import SessionInfo
from desktop_app.store.store import DamagedStoreError, Store

NOT_WRITTEN = "Not everything could be written to the disk. It waits in the temporary folder for the next start."

HOW_TO_RESTORE = "“headcount restore” brings the earlier counts back, and so does Headcount's window."


class UnknownSessionError(HeadcountError):
    """No kept count, or more than one, goes by this name."""

    exit_code = 2


@contextmanager
def reading_store() -> Iterator[Store]:
    """Give the store for reading, whoever else works with it."""
    yield Store.open(default_folder(), read_only=True)


@contextmanager
def writing_store() -> Iterator[Store]:
    """Give the store for writing. Raises StoreError where the window or another command works with it."""
    store = Store.open(default_folder())
    if store.problem:
        hint = f"\n{HOW_TO_RESTORE}" if store.needs_copy else ""
        print(f"headcount: {store.problem}{hint}", file=sys.stderr)
    try:
        yield store
    finally:
        if not store.close(10.0):
            print(f"headcount: {NOT_WRITTEN}", file=sys.stderr)


def find_session(store: Store, text: str) -> SessionInfo:
    """Return the session whose id begins with `text`, or the newest for "last". Raises UnknownSessionError."""
    sessions = store.sessions()
    if text == "last" and sessions:
        return sessions[0]
    found = [s for s in sessions if text and s.id.startswith(text.lower())]
    if len(found) == 1:
        return found[0]
    if found:
        raise UnknownSessionError(f"{len(found)} kept counts begin with “{text}”.", "Give more of the id.")
    raise UnknownSessionError(f"There is no kept count “{text}”.", "“headcount sessions” lists them.")


def entries_of(store: Store, session: SessionInfo) -> list[Entry]:
    """Return the entries of a session and of those joined to it."""
    return list(store.entries_of((session.id, *session.joined)))


@contextmanager
def reading_report(
    store: Store, session: SessionInfo, options: ReportOptions
) -> Iterator[tuple[Report, Iterable[PersonRecord]]]:
    """Give the report of a session and its people, in memory that does not grow with their number.

    Of a damaged file what can be read is given, and that is said. Raises UsageError where it is too long for the
    intervals asked for.
    """
    ids = (session.id, *session.joined)
    with ExitStack() as stack:
        people: Iterable[PersonRecord]
        try:
            people = stack.enter_context(PeopleFile(store.people_of(ids)))
            report = _report(session.id, store.log_of(ids), options, people)
        except DamagedStoreError as error:
            print(f"headcount: {error.message} What can be read of this count was taken.", file=sys.stderr)
            entries = store.readable_entries(ids)
            people = Totals(entries).people()
            report = _report(session.id, entries, options, people)
        yield report, people


def _report(
    session_id: str, entries: Iterable[LogEntry], options: ReportOptions, people: Iterable[PersonRecord]
) -> Report:
    try:
        return build_report(session_id, entries, options, people=people)
    except ValueError as error:
        raise UsageError(f"This count cannot be shown so: {error}.", "Choose longer intervals.") from error


LONGEST_MINUTES = 7 * 1440


def check_minutes(minutes: int) -> None:
    """Raise UsageError for a length of intervals that no report has."""
    if not 1 <= minutes <= LONGEST_MINUTES:
        raise UsageError(f"--minutes cannot be {minutes}.", f"Give 1 to {LONGEST_MINUTES}, which is a week.")


def zone_from(name: str | None) -> ZoneInfo:
    """Return a time zone by its name, or this computer's. Raises SettingsError for an unknown one."""
    from tzlocal import get_localzone_name

    wanted = name or get_localzone_name() or "UTC"
    try:
        return ZoneInfo(wanted)
    except (KeyError, ValueError, OSError) as error:
        raise SettingsError(f"There is no time zone “{wanted}”.", "Give one like Europe/Berlin.") from error
