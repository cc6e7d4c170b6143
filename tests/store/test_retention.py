"""Rows of single people become numbers of intervals, and every figure stays what it was."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from desktop_app.domain.events import (
    Added,
    Condensed,
    Corrected,
    Counted,
    DoorEnded,
    Joined,
    Left,
    Merged,
    PersonEvent,
)
from desktop_app.domain.totals import Totals
from desktop_app.domain.types import Gender
from desktop_app.reports.intervals import regular_edges
from desktop_app.reports.report import Report, ReportOptions, build_report
from desktop_app.session.session import CorrectionError
from desktop_app.session.stored import StoredSessions
from desktop_app.store import Store, retention
from desktop_app.store.files import StoreFiles
from tests.patience import PATIENCE_S, eventually
from tests.reports.logs import ZONE
from tests.store.conftest import OpenStore, copy_as_of
from tests.store.logs import LogMaker
from tests.store.test_people import wild

Sql = Callable[[str], list[tuple[object, ...]]]
OLD_UTC = 1_800_000_000.0
"""Later than everything in these logs."""


def figures(report: Report) -> tuple[object, ...]:
    """Everything a report says but single people, the corrections, the digest and whom it still looks at."""
    intervals = tuple((i.people, i.female, i.male, i.undecided, i.into, i.out, i.inside) for i in report.intervals)
    doors = [replace(door, counts=replace(door.counts, looking=0)) for door in report.doors]
    counts = replace(report.counts, looking=0)
    return (counts, report.automatic, report.pyramid, intervals, report.watched, doors, report.start_utc)


def report_of(store: Store, *sessions: str) -> Report:
    return build_report(sessions[0], store.entries_of(sessions), ReportOptions(15, ZONE))


@pytest.mark.parametrize("seed", range(4))
def test_every_figure_stays(store: Store, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    monkeypatch.setattr(retention, "_PEOPLE_AT_ONCE", 7)
    log, joined = LogMaker(), LogMaker(seq=10_000)
    wild(log, seed, 60, "North")
    wild(joined, seed + 50, 20, ("North", "South")[seed % 2])
    log.add(Joined(0.0, joined.session), "")
    store.append([*log.entries, *joined.entries])
    assert store.flush(PATIENCE_S)
    before, summary = report_of(store, log.session, joined.session), store.totals(log.session)
    assert store.condense(OLD_UTC) > 0
    after = report_of(store, log.session, joined.session)

    # Those of which the log does not say that they were drawn come in the order in which somebody was there first.
    def places(report: Report) -> list[tuple[object, ...]]:
        return sorted((p.door, p.name, p.figures.into, p.figures.out, p.figures.visits) for p in report.places)

    assert places(after) == places(before)
    assert figures(after) == figures(before)
    assert after.is_condensed
    assert not any(isinstance(e.event, PersonEvent) for e in store.entries_of((log.session, joined.session)))
    assert replace(summary.counts, looking=0) == store.totals(log.session).counts
    assert store.condense(OLD_UTC) == 0


def test_only_what_is_old_enough_goes(store: Store, sql: Sql) -> None:
    log = LogMaker()
    log.open()
    log.people(3)
    recent = log.person(10 * 86_400.0)
    corrected_late = log.entries[3].event
    assert isinstance(corrected_late, Counted)
    log.add(Corrected(11 * 86_400.0, corrected_late.person, "gender", "male"))
    store.append(log.entries)
    assert store.flush(PATIENCE_S)
    assert store.condense(log.utc + 5 * 86_400.0) == 2
    left = {e.event.person for e in store.entries(log.session) if isinstance(e.event, PersonEvent)}
    assert left == {corrected_late.person, recent[0].event.person}  # type: ignore[attr-defined]
    assert report_of(store, log.session).counts.people == 4
    (entries,) = sql("SELECT entries FROM session")[0]
    assert entries == sql("SELECT count(*) FROM entry")[0][0]


def test_a_run_that_was_cut_off_was_watched_as_long_as_before(store: Store) -> None:
    log = LogMaker()
    log.open()
    log.people(20)
    log.add(Added(1.0, "hand.1", Gender.MALE))
    store.append([e for e in log.entries if not isinstance(e.event, DoorEnded)])
    assert store.flush(PATIENCE_S)
    before = report_of(store, log.session).watched
    assert store.condense(OLD_UTC) == 21
    assert report_of(store, log.session).watched == before


def test_whoever_is_in_the_picture_of_an_old_film_is_not_put_away(open_store: OpenStore) -> None:
    now = time.time()
    store = open_store()
    film = LogMaker(seq=int(now * 1e6), utc=now - 400 * 86_400)
    film.open()
    film.people(3)
    store.append(film.entries)
    assert store.flush(PATIENCE_S)
    month_ago = now - 30 * 86_400
    assert store.condense(month_ago) == 0, "it is under way"
    first, second = (e.event.person for e in film.entries if isinstance(e.event, Counted) and e.event.time_s < 8)
    before = len(film.entries)
    film.add(Merged(20.0, second, first))
    film.close()
    store.append(film.entries[before:])
    assert store.flush(PATIENCE_S)
    assert store.condense(month_ago) == 2
    assert report_of(store, film.session).counts.people == 2

    month = LogMaker(seq=int((now - 60 * 86_400) * 1e6), utc=now - 60 * 86_400)
    month.open()
    month.people(3)
    store.append(month.entries)
    assert store.flush(PATIENCE_S)
    assert store.condense(month_ago) == 3, "a camera that has counted for months is under way, too"


def test_a_copy_does_not_bring_them_back(store: Store) -> None:
    log = LogMaker()
    log.open()
    log.people(5)
    store.append(log.entries)
    assert store.flush(PATIENCE_S)
    assert store._keeper is not None
    store._keeper.copy()
    (copy,) = store.copies()
    assert store.condense(OLD_UTC) == 5
    assert store.restore_copy(copy) == 0
    assert report_of(store, log.session).counts.people == 5


def test_two_copies_do_not_bring_people_back_beside_their_numbers(open_store: OpenStore, folder: Path) -> None:
    files, log = StoreFiles(folder), LogMaker()
    log.open()
    log.people(5)
    store = open_store()
    store.append(log.entries)
    assert store.close(PATIENCE_S)
    copy_as_of("2026-01-01", log.seq, files)
    store = open_store()
    assert store.condense(OLD_UTC) == 5
    assert store.close(PATIENCE_S)
    copy_as_of("2026-01-02", log.seq + 1, files)
    files.database.write_bytes(b"damaged")
    store = open_store()
    newest, older = [copy for copy in store.copies() if "2026-01-0" in copy.path.name]
    assert store.restore_copy(newest) > 0
    store.restore_copy(older)
    assert report_of(store, log.session).counts.people == 5


def test_what_is_condensed_can_not_be_corrected(store: Store) -> None:
    log = LogMaker()
    log.open()
    log.people(2)
    store.append(log.entries)
    assert store.flush(PATIENCE_S)
    store.condense(OLD_UTC)
    session = StoredSessions(store).load(log.session)
    with pytest.raises(CorrectionError, match="only the numbers of intervals are left"):
        session.correct(session.people()[0].ref, "gender", "male")
    session.add(Gender.MALE)
    assert session.counts().people == 3


def test_it_goes_on_by_itself_every_day(open_store: OpenStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store()
    log = LogMaker()
    log.open()
    log.people(2)
    store.append(log.entries)
    assert store.flush(PATIENCE_S)
    began = date.today()  # it may be midnight before the test is over
    store.keep_people(30)
    assert eventually(lambda: any(isinstance(e.event, Condensed) for e in store.entries(log.session)))
    assert store._keeper is not None
    assert store._keeper._condensed_on in (began, date.today())


def test_a_clock_that_is_years_ahead_for_once_takes_nothing_away(
    open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, now = open_store(), time.time()
    log, deleted = LogMaker(utc=now - 86_400), LogMaker(seq=1000)
    log.open()
    log.people(2)
    deleted.open()
    deleted.people(1)
    store.append([*log.entries, *deleted.entries])
    store.delete(deleted.session)
    keeper = store._keeper
    assert keeper is not None
    keeper._keep_days = 30
    keeper.remove_old()
    monkeypatch.setattr(time, "time", lambda: now + 400 * 86_400)
    keeper.remove_old()
    assert not any(isinstance(e.event, Condensed) for e in store.entries(log.session))
    assert [info.id for info in store.deleted()] == [deleted.session]
    keeper.remove_old()
    assert any(isinstance(e.event, Condensed) for e in store.entries(log.session)), "it is no mistake: a day later"
    assert store.deleted() == []


def test_intervals_of_the_numbers_are_those_of_reports() -> None:
    edges = regular_edges(1_700_000_123.0, 1_700_009_000.0, 15, ZONE)
    assert all(edge.start_utc % retention.INTERVAL_S == 0 for edge in edges)


def test_totals_take_numbers_and_people_together() -> None:
    log = LogMaker()
    log.open()
    log.people(3)
    log.add(Condensed(0.0, log.utc, 900.0, {"female/male/20-29": 2, "/undecided/": 1, "male//": 1}, {"door": 2}))
    totals = Totals(log.entries)
    assert (totals.counts().people, totals.counts().female, totals.counts().male) == (6, 3, 2)
    assert totals.places()["north", "door"].into == 3 + 2
    assert sum(r.is_condensed for r in totals.people()) == 4 + 2
    assert not any(isinstance(e.event, Left) for e in log.entries[-1:])
