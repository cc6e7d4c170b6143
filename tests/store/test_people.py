"""People read one after the other are those of the fold of the whole log."""

from __future__ import annotations

import random

import pytest

from desktop_app.domain.events import (
    Added,
    Condensed,
    Corrected,
    Counted,
    Crossed,
    CrossedBack,
    Joined,
    Left,
    Merged,
    PlaceRenamed,
    Revised,
    Split,
    StaffSeen,
    Undone,
    ZoneEntered,
    ZoneLeft,
)
from desktop_app.domain.log_digest import SealedEntry, opened
from desktop_app.domain.person_facts import PersonRecord
from desktop_app.domain.totals import Totals
from desktop_app.domain.types import Gender
from desktop_app.reports.report import build_report
from desktop_app.store import Store, people
from tests.patience import PATIENCE_S
from tests.store.logs import LogMaker


def wild(log: LogMaker, seed: int, number: int = 40, door_name: str = "") -> None:
    """Write whatever can happen to people, in any order."""
    choose = random.Random(seed)
    log.open(door_name=door_name)
    refs: list[str] = []
    for i in range(number):
        ref = f"{log.session[:6]}.{i}"
        refs.append(ref)
        log.add(Counted(float(i), ref, i + 1, float(i)), choose.choice(["north", "south"]))
        for _ in range(choose.randrange(6)):
            who, other = choose.choice(refs), choose.choice(refs)
            event = choose.choice(
                [
                    Revised(float(i), who, choose.choice(list(Gender)), 0.9, choose.uniform(1, 80), 3.0, True),
                    Merged(float(i), who, other, by_operator=choose.random() < 0.5),
                    Split(float(i), who),
                    Corrected(float(i), who, "gender", "male"),
                    Corrected(float(i), who, "removed", choose.choice(["yes", "no"])),
                    StaffSeen(float(i), who, choose.random() < 0.5),
                    Crossed(float(i), who, "door", choose.choice(["in", "out"])),
                    CrossedBack(float(i), who, "door", "in"),
                    ZoneEntered(float(i), who, "stand", float(i)),
                    ZoneLeft(float(i), who, "stand", float(i), 2.5),
                    PlaceRenamed(float(i), choose.choice(["door", "gate"]), choose.choice(["gate", "hall"])),
                    Left(float(i), who, float(i), 3.0, 1.0),
                    Added(float(i), f"hand.{log.session[:6]}.{i}", Gender.FEMALE),
                    Undone(float(i), choose.choice(log.entries).id),
                    Undone(float(i), log.entries[-1].id),
                ]
            )
            log.add(event)


def in_order(records: list[PersonRecord]) -> list[PersonRecord]:
    return sorted(records, key=lambda r: (r.counted_utc, r.number, r.ref))


@pytest.mark.parametrize("seed", range(6))
def test_they_are_those_of_the_fold(store: Store, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    monkeypatch.setattr(people, "_ENTRIES_AT_ONCE", 7)
    log, joined = LogMaker(), LogMaker(seq=10_000)
    wild(log, seed, door_name="North")
    wild(joined, seed + 100, door_name=("North", "South")[seed % 2])
    # Whoever was in view when the new count began is in both.
    joined.add(Counted(1.0, log.entries[3].event.person, 99, 0.5))  # type: ignore[attr-defined]
    log.add(Joined(0.0, joined.session), "")
    log.add(Condensed(0.0, log.utc, 900.0, {"female/male/20-29": 2}, {"door": 3}, {}, {"stand": 2}, {"stand": 9000}))
    store.append([*log.entries, *joined.entries])
    assert store.flush(PATIENCE_S)
    found = in_order(list(store.people_of((log.session, joined.session))))
    assert found == Totals([*log.entries, *joined.entries]).people()
    assert any(len(r.members) > 1 for r in found)
    assert any(r.is_condensed for r in found)
    whole = (log.session, joined.session)
    short, entries = list(store.log_of(whole)), list(store.entries_of(whole))
    assert any(isinstance(e, SealedEntry) for e in short)
    assert list(opened(short)) == entries
    assert build_report(log.session, short, people=found) == build_report(log.session, entries, people=found)


def test_an_entry_that_cannot_be_read_costs_only_itself(store: Store, sql: object) -> None:
    log = LogMaker()
    log.open()
    log.people(3)
    store.append(log.entries)
    assert store.flush(PATIENCE_S)
    sql("UPDATE entry SET event = '{broken' WHERE kind = 'counted' AND seq = 4")  # type: ignore[operator]
    assert len(list(store.people_of((log.session,)))) == 2
    assert "could not be read" in store.problem
