"""Corrections of a kept count: undone and redone after a restart, and joined counts."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.agenda import AgendaItem
from desktop_app.domain.events import Corrected, Joined, Merged, Opened, Undone
from desktop_app.domain.totals import Totals
from desktop_app.domain.types import Gender
from desktop_app.reports.report import build_report
from desktop_app.session.history import decisions_of
from desktop_app.session.log import SequenceNumbers
from desktop_app.session.manager import SessionManager
from desktop_app.session.session import CorrectionError, Session
from desktop_app.session.stored import StoredSessions
from desktop_app.session.undo import UndoStack
from desktop_app.store import Store
from tests.domain.log import Log
from tests.patience import PATIENCE_S
from tests.session.fakes import MemoryStore


def kept(*refs: str, session: str = "s", store: MemoryStore | None = None) -> tuple[MemoryStore, Log]:
    """A store with one count of these people."""
    log = Log(session, first_seq=1 + 1000 * len(store.all if store else ()))
    for ref in refs:
        log.person(ref)
    store = store or MemoryStore()
    store.append(log.entries)
    return store, log


def load(store: MemoryStore, session: str = "s") -> Session:
    """What a program that was just started loads."""
    return StoredSessions(store).load(session)


def test_undo_and_redo_go_on_after_a_restart() -> None:
    store, _ = kept("a", "b", "c")
    session = load(store)
    session.operator = "Ada"
    session.correct("a", "gender", "male")
    session.merge("b", "c")
    session.correct("a", "removed", "yes")
    assert session.counts().people == 1

    session = load(store)
    assert session.undo_stack.undo_name == "not a person, person 1"
    assert session.undo_stack.undo() == "not a person, person 1"
    assert session.undo_stack.undo() == "same person, person 3 and person 5"
    assert session.counts().people == 3

    session = load(store)
    assert (session.undo_stack.undo_name, session.undo_stack.redo_name) == (
        "male, person 1", "same person, person 3 and person 5",
    )  # fmt: skip
    session.undo_stack.redo()
    session = load(store)
    assert session.undo_stack.redo() == "not a person, person 1"
    assert session.counts().people == 1
    assert load(store).undo_stack.redo_name == ""


def test_a_new_decision_ends_what_could_be_redone_also_after_a_restart() -> None:
    store, _ = kept("a", "b")
    session = load(store)
    session.correct("a", "gender", "male")
    session.undo_stack.undo()
    session.correct("b", "gender", "male")
    session = load(store)
    assert session.undo_stack.redo_name == ""
    assert session.undo_stack.undo_name == "male, person 3"


def test_what_another_program_took_back_is_taken_back() -> None:
    store, _ = kept("a")
    session = load(store)
    session.correct("a", "gender", "male")
    session.undo_stack.undo()
    session.undo_stack.redo()
    root = next(e for e in store.all if isinstance(e.event, Corrected))
    session.log.append([Undone(0.0, root.id)])  # as `headcount correct --undo` names it
    session = load(store)
    assert session.counts().female == 1
    assert session.undo_stack.undo_name == ""
    session.undo_stack.redo()
    assert load(store).counts().male == 1


@given(st.data())
def test_the_undo_list_has_what_holds_whatever_was_undone_how_often(data: st.DataObject) -> None:
    log = Log()
    log.person("a")
    ids: list[str] = []
    for _ in range(data.draw(st.integers(1, 12))):
        if ids and data.draw(st.booleans()):
            ids.append(log.add(Undone(0.0, data.draw(st.sampled_from(ids)))))
        else:
            ids.append(log.add(Corrected(0.0, "a", "gender", data.draw(st.sampled_from(list(Gender))))))
    done, undone = decisions_of(log.entries)
    totals = log.totals
    assert [d.entry.id for d in done] == [e.id for e in totals.corrections()]
    for decision in (*done, *undone):
        flipped = Log(first_seq=100)
        for entry_id in decision.to_undo:
            flipped.add(Undone(0.0, entry_id))
        after = Totals([*log.entries, *flipped.entries])
        assert after.is_active(decision.entry.id) is not totals.is_active(decision.entry.id)


def test_two_counts_are_joined_and_parted_across_restarts() -> None:
    store, _ = kept("a", "b", session="north")
    kept("c", session="south", store=store)
    kept("d", session="west", store=store)
    load(store, "south").join("west")
    north = load(store, "north")
    north.join("south")
    assert north.counts().people == 4, "what was joined to the joined one counts too"
    with pytest.raises(CorrectionError, match="one count already"):
        north.join("south")
    with pytest.raises(CorrectionError, match="one count already"):
        north.join("north")
    with pytest.raises(CorrectionError, match="not there any more"):
        north.join("east")
    north = load(store, "north")
    assert north.counts().people == 4
    assert north.undo_stack.undo() == "joined counts"
    assert north.counts().people == 2
    north = load(store, "north")
    assert north.counts().people == 2
    assert north.undo_stack.redo() == "joined counts"
    assert load(store, "north").counts().people == 4
    assert len([e for e in store.all if isinstance(e.event, Joined)]) == 2


def test_somebody_removed_cannot_be_corrected_and_the_reason_is_said() -> None:
    store, _ = kept("a", "b")
    session = load(store)
    session.correct("a", "removed", "yes")
    with pytest.raises(CorrectionError, match="was marked as not a person") as refused:
        session.correct("a", "gender", "male")
    assert "Undo" in refused.value.remedy
    with pytest.raises(CorrectionError):
        session.merge("b", "a")
    session.correct("a", "removed", "no")
    session.correct("a", "gender", "male")


def test_a_merge_keeps_who_said_so() -> None:
    store, _ = kept("a", "b")
    session = load(store)
    session.operator = "Ada"
    session.merge("a", "b")
    (event,) = [e.event for e in store.all if isinstance(e.event, Merged)]
    assert event.operator == "Ada"


def test_the_count_before_can_still_be_corrected_and_undone() -> None:
    store, _ = kept("a")
    manager = SessionManager.for_kept(store)
    first = manager.go_on_with(manager.load("s"))
    first.correct("a", "gender", "male")
    manager.open()
    assert manager.undo_stack.undo_name == ""
    assert manager.load("s") is first
    assert first.undo_stack.undo() == "male, person 1"
    assert load(store).counts().female == 1


def test_a_rename_and_an_agenda_are_taken_back_and_done_again_after_a_restart() -> None:
    store, log = MemoryStore(), Log()
    log.add(Opened(0.0), "")
    log.person("a")
    store.append(log.entries)
    opening = load(store)
    assert opening.undo_stack.undo_name == "", "that a count was begun is nothing to take back"
    opening.rename("Fair", "Hall 3", "rain")
    opening.set_agenda([AgendaItem("keynote", 0.0, 3600.0)])
    opening.correct("a", "gender", "male")
    opening.rename("Fair 2026")

    session = load(store)
    assert (session.name, session.place, session.note) == ("Fair 2026", "Hall 3", "rain")
    assert session.undo_stack.undo() == "rename"
    assert (session.name, session.place, session.note) == ("Fair", "Hall 3", "rain")
    session = load(store)
    assert session.name == "Fair"
    assert session.undo_stack.redo_name == "rename"
    assert [session.undo_stack.undo() for _ in range(3)] == ["male, person 2", "agenda", "rename"]
    session = load(store)
    assert (session.name, session.place, session.note, session.agenda) == ("", "", "", ())
    assert [session.undo_stack.redo() for _ in range(5)] == [
        *("rename", "agenda", "male, person 2", "rename", ""),
    ]
    session = load(store)
    assert (session.name, len(session.agenda), session.counts().male) == ("Fair 2026", 1, 1)
    assert build_report("s", store.all).name == "Fair 2026"
    session.undo_stack.undo()
    assert build_report("s", store.all).name == "Fair"


def test_an_undone_rename_is_undone_in_the_list_of_counts_too(tmp_path: Path) -> None:
    with closing(Store.open(tmp_path)) as store:
        session = Session(SequenceNumbers(), UndoStack(), [store], name="Fair", place="Hall 3")
        session.add(Gender.FEMALE)
        session.rename("Exhibition")
        assert store.flush(PATIENCE_S)
        assert [s.name for s in store.sessions()] == ["Exhibition"]
        session.undo_stack.undo()
        assert store.flush(PATIENCE_S)
        assert [(s.name, s.place) for s in store.sessions()] == [("Fair", "Hall 3")]
