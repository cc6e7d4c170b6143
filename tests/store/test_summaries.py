"""A summary says what the fold of all entries says, and never passes for newer than it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from desktop_app.domain.events import Added, Corrected, Entry, Joined, Merged, Undone, ZoneEntered, ZoneLeft
from desktop_app.domain.totals import Totals
from desktop_app.domain.types import Gender
from desktop_app.store import SessionSummary, Store, folds, summaries
from desktop_app.store.summaries import summary_of
from tests.patience import PATIENCE_S, eventually
from tests.store.conftest import OpenStore
from tests.store.logs import LogMaker

Sql = Callable[[str], list[tuple[object, ...]]]


def busy_log() -> LogMaker:
    log = LogMaker()
    log.open()
    log.people(40)
    people = [entry.event.person for entry in log.entries[3::4]]  # type: ignore[attr-defined]
    log.add(Corrected(200.0, people[0], "gender", "male"))
    log.add(Corrected(200.0, people[1], "staff", "yes"))
    merged = log.add(Merged(201.0, people[3], people[2], True))
    log.add(Merged(201.0, people[5], people[4], True))
    log.add(Undone(202.0, merged.id), "")
    log.add(Added(203.0, "by hand", Gender.FEMALE, "20-29"), "south")
    log.add(ZoneEntered(204.0, people[6], "stand", 200.0))
    log.add(ZoneEntered(205.0, people[7], "stand", 201.0))
    log.add(ZoneLeft(206.0, people[7], "stand", 201.0, 5.0))
    return log


def plain(summary: SessionSummary) -> dict[str, Any]:
    """Return a summary as values that can be compared."""
    columns = {
        name: [column.tolist() for column in (curve.time_s, curve.female, curve.male, curve.undecided)]
        for name, curve in (("curve", summary.curve), ("curve_utc", summary.curve_utc))
    }
    arrivals = {
        door: [column.tolist() for column in (a.minute_utc, a.female, a.male, a.undecided)]
        for door, a in summary.arrivals.items()
    }
    return {
        "counts": summary.counts,
        "by_door": dict(summary.by_door),
        "places": dict(summary.places),
        "arrivals": arrivals,
        **columns,
    }


def expected(log: LogMaker) -> dict[str, Any]:
    return plain(summary_of(log.session, Totals(log.entries), len(log.entries), log.seq))


@pytest.fixture
def no_folding(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    def forbid() -> None:
        def refuse(*_: object) -> None:
            pytest.fail("the entries were read")

        monkeypatch.setattr(folds, "Totals", refuse)

    return forbid


def test_the_summary_is_that_of_the_fold(store: Store) -> None:
    log = busy_log()
    store.append(log.entries)
    assert store.flush(PATIENCE_S)
    assert plain(store.totals(log.session)) == expected(log)


def test_it_adds_up(store: Store) -> None:
    log = busy_log()
    store.append(log.entries)
    assert store.flush(PATIENCE_S)
    summary = store.totals(log.session)
    assert sum(counts.people for counts in summary.by_door.values()) == summary.counts.people
    for gender in Gender:
        in_minutes = sum(int(getattr(a, gender).sum()) for a in summary.arrivals.values())
        assert in_minutes == getattr(summary.counts, gender) == getattr(summary.curve, gender)[-1]
    north = summary.arrivals["north"]
    assert (north.minute_utc % 60 == 0).all()
    assert (np.diff(north.minute_utc) > 0).all()
    assert len(north) == 4, "40 people, one every five seconds"


def test_json_and_back(store: Store) -> None:
    log = busy_log()
    summary = summary_of(log.session, Totals(log.entries), len(log.entries), log.seq)
    again = summaries.from_json(summaries.to_json(summary))
    assert plain(again) == plain(summary)
    assert (again.session, again.entries, again.last_seq) == (log.session, len(log.entries), log.seq)
    assert again.curve.time_s.dtype == np.float64
    assert again.curve.female.dtype == again.arrivals["north"].minute_utc.dtype == np.int64
    empty = summary_of("nobody", Totals(), 0, 0)
    assert plain(summaries.from_json(summaries.to_json(empty))) == plain(empty)


@pytest.mark.parametrize(
    "text",
    ["", "null", "[]", "{}", '{"session":1}', "[" * 100_000, '{"curve":[[1],[1,2],[],[]]}'],
    ids=lambda text: text[:12],
)
def test_anything_else_is_refused_as_a_summary(text: str) -> None:
    with pytest.raises(ValueError):
        summaries.from_json(text)


def test_a_closed_session_opens_without_its_entries(open_store: OpenStore, no_folding: Callable[[], None]) -> None:
    log = busy_log()
    store = open_store()
    store.append([*log.entries, *log.close()])
    assert store.flush(PATIENCE_S)
    assert eventually(lambda: store._folds.stored(log.session) is not None), "made when it was closed"
    assert store.close(PATIENCE_S)
    no_folding()
    again = open_store()
    assert plain(again.totals(log.session)) == expected(log)
    assert again.sessions()[0].is_current
    assert again.sessions()[0].people == expected(log)["counts"].people


def test_one_that_is_behind_is_worked_out_again_unless_asked_otherwise(open_store: OpenStore) -> None:
    log = busy_log()
    store = open_store()
    store.append(log.entries)
    assert store.flush(PATIENCE_S)
    before = store.totals(log.session)
    assert eventually(lambda: store._folds.stored(log.session) is not None)
    assert store.close(PATIENCE_S)
    store = open_store()
    store.append(log.person(300.0))
    assert store.flush(PATIENCE_S)
    stored = store.totals(log.session, may_be_behind=True)
    assert not stored.is_current
    assert plain(stored) == plain(before)
    now = store.totals(log.session)
    assert now.is_current
    assert plain(now) == expected(log)


def test_while_counting_goes_on_only_what_is_new_is_read(store: Store, no_folding: Callable[[], None]) -> None:
    log = busy_log()
    store.append(log.entries)
    assert store.flush(PATIENCE_S)
    store.totals(log.session)
    no_folding()
    for i in range(3):
        store.append(log.person(300.0 + i))
        assert store.flush(PATIENCE_S)
        assert plain(store.totals(log.session)) == expected(log)
        assert store.sessions()[0].people == expected(log)["counts"].people


def two_counts(store: Store) -> tuple[LogMaker, LogMaker]:
    """Put a count of four people and a later one of two into the store."""
    before, now = LogMaker(), LogMaker()
    before.open()
    before.people(4)
    now.seq = before.seq
    now.open()
    now.people(2)
    store.append([*before.entries, *now.entries])
    return before, now


def test_a_joined_session_makes_the_summary_behind(store: Store) -> None:
    before, now = two_counts(store)
    assert store.flush(PATIENCE_S)
    assert store.totals(now.session).counts.people == 2
    store.append([now.add(Joined(50.0, before.session), "")])
    assert store.flush(PATIENCE_S)
    assert store.totals(now.session).counts.people == 6


@pytest.mark.parametrize("is_read_while_joined", [True, False])
def test_figures_that_may_be_behind_are_never_those_of_other_sessions(store: Store, is_read_while_joined: bool) -> None:
    before, now = two_counts(store)

    def people() -> tuple[int, int]:
        assert store.flush(PATIENCE_S)
        summary = store.totals(now.session, may_be_behind=True)
        return summary.counts.people, int(summary.curve_utc.female[-1] + summary.curve_utc.male[-1])

    alone = people()
    joined = now.add(Joined(50.0, before.session), "")
    store.append([joined])
    if is_read_while_joined:
        assert people()[0] == 6
    store.append([now.add(Undone(60.0, joined.id), "")])
    assert people() == alone


def test_a_long_session_that_is_behind_is_listed_with_what_is_known_of_it(
    open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desktop_app.store.session_list.MOST_ENTRIES_FOR_A_LIST", 10)
    log = busy_log()
    store = open_store()
    store.append(log.entries)
    assert store.flush(PATIENCE_S)
    (info,) = store.sessions()
    assert not info.is_current, "it says so"
    summary = store.totals(log.session)
    assert eventually(lambda: store.sessions()[0].is_current)
    assert store.sessions()[0].people == summary.counts.people


def test_a_summary_of_another_version_is_worked_out_again(open_store: OpenStore, sql: Sql) -> None:
    log = busy_log()
    store = open_store()
    store.append([*log.entries, *log.close()])
    assert store.flush(PATIENCE_S)
    store.totals(log.session)
    assert eventually(lambda: store._folds.stored(log.session) is not None)
    assert store.close(PATIENCE_S)
    sql("UPDATE summary SET version = 0, people = 999999, summary = 'of another age'")
    store = open_store()
    assert store.sessions()[0].people == expected(log)["counts"].people
    assert plain(store.totals(log.session)) == expected(log)


def test_a_damaged_summary_is_worked_out_again(open_store: OpenStore, sql: Sql) -> None:
    log = busy_log()
    store = open_store()
    store.append([*log.entries, *log.close()])
    assert store.flush(PATIENCE_S)
    store.totals(log.session)
    assert eventually(lambda: store._folds.stored(log.session) is not None)
    assert store.close(PATIENCE_S)
    sql("UPDATE summary SET summary = '{'")
    assert plain(open_store().totals(log.session)) == expected(log)


def test_late_entries_of_a_lower_number_are_counted(store: Store) -> None:
    log = busy_log()
    late: list[Entry] = log.entries[10:20]
    store.append([*log.entries[:10], *log.entries[20:]])
    assert store.flush(PATIENCE_S)
    store.totals(log.session)
    store.append(late)
    assert store.flush(PATIENCE_S)
    assert plain(store.totals(log.session)) == expected(log)


def test_two_summaries_differ_where_the_count_differs() -> None:
    log = busy_log()
    fewer = replace(log, entries=log.entries[:-20])
    assert expected(log) != expected(fewer), "the comparison of these tests sees a difference"
