"""What the tab of results works out on threads of its own: the report of a count and its page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeVar
from zoneinfo import ZoneInfo

from desktop_app.domain.person_facts import PersonRecord
from desktop_app.errors import HeadcountError, OutputError
from desktop_app.reports.people_file import PeopleFile
from desktop_app.reports.report import Report, ReportMaker, ReportOptions
from desktop_app.session.session import Session
from desktop_app.ui.sessions.kept_counts import KeptCount, KeptCounts
from desktop_app.ui.widgets.texts import tr

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ReadCount:
    """A count as it was when it was read: what the report says, the report as PDF, and its people.

    `session` is None for a long count that was not read into memory; `people` is then a file, `listed` what the list
    said of it, and `maker` makes its report with other options.
    """

    id: str
    session: Session | None
    report: Report
    people: Iterable[PersonRecord]
    pdf: bytes
    listed: KeptCount | None = None
    maker: ReportMaker | None = None
    version: int = 0
    """That of the session's log."""

    @property
    def is_current(self) -> bool:
        """Whether nothing was added to the count since. One under way is watched for longer with every second."""
        return self.session is None or (not self.session.active_runs and self.session.log.version == self.version)


class CancelledError(Exception):
    """Nobody wants the report any more."""


def read_long_count(
    kept: KeptCounts,
    count: KeptCount,
    minutes: int = 0,
    hide_below: int = 0,
    is_cancelled: Callable[[], bool] = lambda: False,
    before: ReadCount | None = None,
) -> ReadCount:
    """Make the report of a long count in memory that does not grow with it. Raises HeadcountError or CancelledError.

    `before` is what was read of a count last: where it was this one, and it has not changed, nothing is read again.
    """
    options = ReportOptions(minutes, local_zone(), suppress_below=hide_below)
    if before is not None and before.listed == count and before.maker is not None:
        report = _report_of(before.maker, options)
        return replace(before, report=report, pdf=pdf_of(report))

    def as_long_as_wanted(items: Iterable[T]) -> Iterator[T]:
        for item in items:
            if is_cancelled():
                raise CancelledError
            yield item

    entries, read_people = kept.stream(count)
    try:
        people = PeopleFile(as_long_as_wanted(read_people()))
    except OSError as error:
        raise OutputError(*_no_room(error)) from error
    try:
        maker = ReportMaker(count.id, as_long_as_wanted(entries), people)
        report = _report_of(maker, options)
        return ReadCount(count.id, None, report, people, pdf_of(report), count, maker)
    except BaseException as error:
        people.close()
        if isinstance(error, ValueError):
            raise _no_report(error) from error
        raise


def read_count(kept: KeptCounts, session_id: str, minutes: int = 0, hide_below: int = 0) -> ReadCount:
    """Read a count and make its report. `minutes` is the length of an interval, 0 for one that suits the count.

    Figures of fewer people than `hide_below` are hidden. Takes seconds for a long count. Raises HeadcountError where it
    cannot be read.
    """
    try:
        session = kept.load(session_id)
    except KeyError:
        raise HeadcountError(tr("This count is not there any more."), "") from None
    return make_report(session, minutes, hide_below)


def make_report(session: Session, minutes: int = 0, hide_below: int = 0) -> ReadCount:
    """Return the report of a count that was read before, as it is now. Raises HeadcountError."""
    version, now_utc = session.log.version, max((run.utc() for run in session.active_runs), default=None)
    entries = sorted(session.log.all_entries(), key=lambda e: e.seq)
    people = session.people()
    options = ReportOptions(minutes, local_zone(), suppress_below=hide_below)
    try:
        report = _report_of(ReportMaker(session.id, entries, people), options, now_utc)
    except ValueError as error:
        raise _no_report(error) from error
    return ReadCount(session.id, session, report, people, pdf_of(report), version=version)


def _report_of(maker: ReportMaker, options: ReportOptions, now_utc: float | None = None) -> Report:
    try:
        return maker.report(options, now_utc)
    except ValueError as error:
        raise _no_report(error) from error


def _no_report(error: ValueError) -> HeadcountError:
    return HeadcountError(tr("This count has no report: {reason}.", reason=error), "")


def pdf_of(report: Report) -> bytes:
    """Return the report as it prints."""
    from desktop_app.reports.pdf_file import pdf_bytes

    return pdf_bytes(report)


def _no_room(error: OSError) -> tuple[str, str]:
    return (
        tr("The report cannot be made ({reason}).", reason=error.strerror or error),
        tr("Free some space on the disk of the temporary files."),
    )


def local_zone() -> ZoneInfo:
    """Return this computer's time zone, UTC where it has none that is known."""
    from tzlocal import get_localzone_name

    try:
        return ZoneInfo(get_localzone_name() or "UTC")
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")
