"""The log comes back from the disk as it was, and the list of sessions tells what is in it."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from desktop_app.domain.agenda import AgendaItem
from desktop_app.domain.event_codec import EVENT_KINDS
from desktop_app.domain.events import (
    AgendaSet,
    Closed,
    Corrected,
    Entry,
    Event,
    FileWritten,
    Joined,
    Opened,
    Reopened,
    Undone,
)
from desktop_app.domain.totals import Totals
from desktop_app.domain.types import Gender
from desktop_app.store import Store, StoreError
from desktop_app.store.keeper import PURGE_AFTER_S
from tests.patience import PATIENCE_S, eventually
from tests.store.conftest import OpenStore
from tests.store.logs import LogMaker


def _example(kind: type[Event]) -> Event:
    """Return an event with a value in every field."""
    values: dict[str, Any] = {
        "float": 1.25, "float | None": 33.3, "str": "Tür “A” \N{PILE OF POO}", "int": 7, "bool": True,
        "Gender": Gender.MALE, "tuple[str, ...]": ("a", "b"), "tuple[int, ...]": (1, 0, 1, 0),
        "dict[str, int]": {"female/male/20-29": 3},
    }  # fmt: skip
    hints = get_type_hints(kind)
    found = {f.name: values[getattr(hints[f.name], "__name__", str(hints[f.name]))
             if not str(hints[f.name]).startswith(("tuple", "dict", "float |")) else str(hints[f.name])]
             for f in fields(kind)}  # fmt: skip
    special: dict[str, Any] = {"what": "age_band", "new": "20-29", "age_band": "20-29", "direction": "in"}
    if kind is FileWritten:
        special["what"] = "snapshot"
    elif kind is AgendaSet:
        special["items"] = (AgendaItem("Tür", 0.0, 3600.0).to_text(),)
    return kind(**{name: special.get(name, value) for name, value in found.items()})


@pytest.mark.parametrize("kind", EVENT_KINDS)
def test_every_kind_of_event_comes_back_as_it_was(store: Store, kind: str) -> None:
    log = LogMaker()
    log.add(_example(EVENT_KINDS[kind]))
    store.append(log.entries)
    assert store.flush(PATIENCE_S)
    assert list(store.entries(log.session)) == log.entries


def test_a_session_is_listed_with_its_figures(store: Store) -> None:
    log = LogMaker()
    log.open("Fair", "Hall 3", "rain")
    log.people(5)
    log.person(50.0, Gender.MALE, door="south")
    store.append(log.entries)
    assert store.flush(PATIENCE_S)
    (info,) = store.sessions()
    assert (info.name, info.place, info.note) == ("Fair", "Hall 3", "rain")
    assert (info.people, info.female, info.male, info.undecided) == (6, 2, 3, 1)
    assert (info.opened_utc, info.last_utc) == (log.utc, log.utc + 52.0)
    assert info.doors == ("north", "south")
    assert info.is_open
    assert info.is_current
    assert info.entries == len(log.entries)
    store.append(log.close())
    assert store.flush(PATIENCE_S)
    (info,) = store.sessions()
    assert info.closed_utc == log.utc + 99.0
    assert store.unclosed() == []


def test_it_survives_closing_and_opening(open_store: OpenStore) -> None:
    log = LogMaker()
    log.open()
    log.people(3)
    first = open_store()
    first.append(log.entries)
    assert first.close(PATIENCE_S)
    again = open_store()
    assert again.last_seq() == log.seq
    assert list(again.entries(log.session)) == log.entries
    assert [info.id for info in again.unclosed()] == [log.session]


def test_renaming_closing_and_reopening_are_read_by_sequence_number_not_by_arrival(store: Store) -> None:
    log = LogMaker()
    log.open("Fair")
    log.add(Closed(5.0), "")
    log.add(Reopened(6.0), "")
    renamed = log.add(Opened(7.0, "Market"), "")
    for entry in reversed(log.entries):  # as when the entries that waited longest are written last
        store.append([entry])
        assert store.flush(PATIENCE_S)
    (info,) = store.sessions()
    assert info.name == "Market"
    assert info.is_open
    assert info.opened_utc == log.utc
    assert info.last_utc == renamed.utc
    assert [e.seq for e in store.entries(log.session)] == [e.seq for e in log.entries]


def test_an_entry_that_comes_twice_is_stored_once(store: Store) -> None:
    log = LogMaker()
    log.open()
    store.append(log.entries)
    store.append(log.entries)
    assert store.flush(PATIENCE_S)
    assert list(store.entries(log.session)) == log.entries
    assert store.sessions()[0].entries == len(log.entries)


def test_sessions_come_newest_first_even_when_the_clock_was_set_back(store: Store) -> None:
    first = LogMaker()
    first.open("first")
    second = LogMaker(seq=first.seq, utc=first.utc - 5 * 86_400)
    second.open("second")
    store.append([*first.entries, *second.entries])
    assert store.flush(PATIENCE_S)
    assert [info.name for info in store.sessions()] == ["second", "first"]


def test_entries_of_several_sessions_come_in_one_order(store: Store) -> None:
    one, two = LogMaker(), LogMaker()
    for i in range(10):
        log = (one, two)[i % 2]
        log.seq = i
        log.add(Corrected(0.0, "p", "gender", "male"))
    store.append([*two.entries, *one.entries])
    assert store.flush(PATIENCE_S)
    assert [e.seq for e in store.entries_of([one.session, two.session])] == list(range(1, 11))


def test_reading_long_sessions_goes_a_page_at_a_time(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    from desktop_app.store import rows

    monkeypatch.setattr(rows, "PAGE_ROWS", 7)
    log = LogMaker()
    log.open()
    log.people(20)
    store.append(log.entries)
    assert store.flush(PATIENCE_S)
    reading = store.entries(log.session)
    assert next(reading) == log.entries[0]
    late = LogMaker(log.session, log.seq)
    late.person(300.0)
    store.append(late.entries)  # writing goes on while somebody reads
    assert store.flush(PATIENCE_S)
    assert list(reading) == [*log.entries[1:], *late.entries]


# ---------------------------------------------------------------------------------------- joined sessions


def test_a_joined_session_counts_in_the_figures_until_the_joining_is_undone(store: Store) -> None:
    before = LogMaker()
    before.open("before")
    before.people(3)
    now = LogMaker(seq=before.seq)
    now.open("now")
    now.people(2)
    joined = now.add(Joined(9.0, before.session), "")
    store.append([*before.entries, *now.entries])
    assert store.flush(PATIENCE_S)
    info = store.session(now.session)
    assert info is not None
    assert (info.people, info.joined) == (5, (before.session,))
    together = Totals(store.entries_of([now.session, *info.joined])).counts()
    assert store.totals(now.session).counts == together
    undone = now.add(Undone(10.0, joined.id), "")
    store.append([undone])
    assert store.flush(PATIENCE_S)
    info = store.session(now.session)
    assert info is not None
    assert (info.people, info.joined) == (2, ())
    store.append([now.add(Undone(11.0, undone.id), "")])
    assert store.flush(PATIENCE_S)
    assert store.totals(now.session).counts.people == 5


def test_two_sessions_that_join_each_other_do_not_hang_the_list(store: Store) -> None:
    one = LogMaker()
    one.open()
    two = LogMaker(seq=one.seq)
    two.open()
    one.add(Joined(1.0, two.session), "")
    two.add(Joined(1.0, one.session), "")
    two.add(Joined(1.0, "nobody knows this one"), "")
    store.append([*one.entries, *two.entries])
    assert store.flush(PATIENCE_S)
    assert {info.joined[0] for info in store.sessions()} == {one.session, two.session}


# ---------------------------------------------------------------------------------------- deleting


def test_deleting_hides_a_session_and_can_be_undone(store: Store) -> None:
    log = LogMaker()
    log.open()
    log.people(2)
    store.append(log.entries)
    assert store.delete(log.session), "what was appended before is written before"
    assert store.sessions() == store.unclosed() == []
    assert [info.id for info in store.deleted()] == [log.session]
    assert not store.delete(log.session)
    assert store.restore(log.session)
    assert not store.restore(log.session)
    assert [info.people for info in store.sessions()] == [2]
    assert not store.delete("no such session")


def test_a_deleted_session_is_removed_from_the_file_a_week_later(
    store: Store, monkeypatch: pytest.MonkeyPatch, sql: Callable[[str], list[tuple[object, ...]]], folder: Path
) -> None:
    log, other = LogMaker(), LogMaker()
    log.open("to be forgotten")
    log.people(30)
    other.open()
    store.append([*log.entries, *other.entries])
    store.delete(log.session)
    keeper = store._keeper
    assert keeper is not None
    monkeypatch.setattr("desktop_app.store.keeper._PURGE_ROWS", 50)
    keeper.purge()
    assert store.restore(log.session), "not yet"
    store.delete(log.session)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + PURGE_AFTER_S + 1)
    keeper.purge()
    assert not store.restore(log.session)
    assert store.deleted() == []
    assert sql("SELECT count(*) FROM entry") == [(len(other.entries),)]
    assert [info.id for info in store.sessions()] == [other.session]
    store.close(PATIENCE_S)
    assert b"to be forgotten" not in (folder / "counts.sqlite3").read_bytes()


def test_what_was_removed_cannot_be_read_while_the_program_runs(
    store: Store, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    log, other = LogMaker(), LogMaker()
    log.open("to be forgotten")
    other.open("old people")
    other.people(3)
    store.append([*log.entries, *other.entries])
    store.delete(log.session)

    def read(text: str) -> list[str]:
        return [p.name for p in folder.iterdir() if p.is_file() and text.encode() in p.read_bytes()]

    assert "counts.sqlite3-wal" in read("to be forgotten")
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + PURGE_AFTER_S + 1)
    keeper = store._keeper
    assert keeper is not None

    def is_gone(text: str) -> bool:
        if keeper._has_removed:  # its own thread was reading just then: it tries again in its next round
            keeper.empty_wal()
        return read(text) == []

    keeper.purge()
    assert eventually(lambda: is_gone("to be forgotten"))
    ref = other.entries[3].event.person  # type: ignore[attr-defined]
    assert read(ref)
    assert store.condense(now) == 3
    assert eventually(lambda: is_gone(ref))


def test_a_joined_count_is_deleted_as_a_whole_and_none_of_its_parts_alone(store: Store) -> None:
    head, part, other = LogMaker(), LogMaker(seq=1000), LogMaker(seq=2000)
    for number, log in enumerate((head, part, other), 1):
        log.open(f"Count {number}")
        log.people(number)
    head.add(Joined(0.0, part.session), "")
    store.append([*head.entries, *part.entries, *other.entries])
    assert store.flush(PATIENCE_S)
    with pytest.raises(StoreError, match="joined to “Count 1”"):
        store.delete(part.session)
    assert store.delete(head.session)
    assert [(s.name, s.people) for s in store.sessions()] == [("Count 3", 3)]
    assert store.restore(head.session)
    assert [(s.name, s.people) for s in store.sessions()] == [("Count 3", 3), ("Count 2", 2), ("Count 1", 3)]
    other.add(Joined(0.0, part.session), "")
    store.append(other.entries[-1:])
    assert store.delete(head.session)
    assert [(s.name, s.people) for s in store.sessions()] == [("Count 3", 5), ("Count 2", 2)], "it is a part of it, too"


def test_deleting_everything_leaves_nothing_on_the_disk_and_the_numbering_goes_on(store: Store, folder: Path) -> None:
    log = LogMaker()
    log.open("a name nobody may read later")
    log.people(3)
    store.append(log.entries)
    assert store.flush(PATIENCE_S)
    keeper = store._keeper
    assert keeper is not None
    keeper.copy()
    assert len(store.copies()) == 1
    store.delete_everything()
    assert store.sessions() == store.copies() == []
    assert list(store.entries(log.session)) == []
    assert store.last_seq() == log.seq
    for file in folder.rglob("*"):
        if file.is_file():
            assert b"nobody may read" not in file.read_bytes(), file
    later = LogMaker(seq=log.seq)
    later.open()
    store.append(later.entries)
    assert store.flush(PATIENCE_S)
    assert [info.id for info in store.sessions()] == [later.session]


# ---------------------------------------------------------------------------------------- who may


def test_a_second_one_may_read_but_not_write(open_store: OpenStore) -> None:
    writing = open_store()
    log = LogMaker()
    log.open()
    log.people(2)
    writing.append(log.entries)
    assert writing.flush(PATIENCE_S)
    with pytest.raises(StoreError, match="already counting"):
        open_store()
    reading = open_store(read_only=True)
    assert [info.people for info in reading.sessions()] == [2]
    assert reading.totals(log.session).counts.people == 2
    assert list(reading.entries(log.session)) == log.entries
    assert reading.last_seq() == log.seq
    with pytest.raises(StoreError, match="could not be changed"):
        reading.delete(log.session)
    with pytest.raises(RuntimeError):
        reading.append(log.entries)
    writing.append(log.person(20.0))
    assert writing.flush(PATIENCE_S)
    assert [info.people for info in reading.sessions()] == [3], "what is written later is seen, too"


@pytest.mark.slow
def test_another_process_is_kept_from_writing(store: Store, folder: Path) -> None:
    script = (
        "import sys\nfrom pathlib import Path\nfrom desktop_app.store import Store, StoreError\n"
        "try:\n    Store.open(Path(sys.argv[1]))\nexcept StoreError as error:\n    print(error)\n"
        "print(len(Store.open(Path(sys.argv[1]), read_only=True).sessions()))\n"
    )
    log = LogMaker()
    store.append(log.open())
    assert store.flush(PATIENCE_S)
    done = subprocess.run([sys.executable, "-c", script, str(folder)], capture_output=True, text=True, check=True)
    assert "already counting" in done.stdout
    assert done.stdout.splitlines()[-1] == "1"


def test_reading_where_nothing_was_stored_yet_finds_nothing(open_store: OpenStore, folder: Path) -> None:
    store = open_store(read_only=True)
    assert store.sessions() == store.copies() == list(store.entries("x")) == []
    assert store.last_seq() == 0
    assert not folder.exists(), "looking makes nothing"


def test_reading_while_another_process_is_about_to_make_the_file_finds_nothing(
    open_store: OpenStore, folder: Path
) -> None:
    folder.mkdir(parents=True)
    (folder / "counts.sqlite3").touch()
    store = open_store(read_only=True)
    assert store.sessions() == list(store.entries("x")) == []
    assert store.last_seq() == 0
    assert store.totals("x").counts.people == 0


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
def test_only_the_owner_can_read_the_files(open_store: OpenStore, folder: Path) -> None:
    folder.mkdir(parents=True, mode=0o755)
    (folder / "counts.sqlite3").touch(0o644)
    store = open_store()
    log = LogMaker()
    store.append(log.open())
    assert store.flush(PATIENCE_S)
    assert store._keeper is not None
    store._keeper.copy()
    paths = [folder, *folder.rglob("*")]
    assert len(paths) >= 6
    for path in paths:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_what_is_appended_after_closing_is_there_the_next_time(open_store: OpenStore) -> None:
    store = open_store()
    log = LogMaker()
    store.append(log.open())
    assert store.close(PATIENCE_S)
    store.append(log.people(2))
    assert not store.flush(0.1)
    again = open_store()
    assert again.last_seq() == log.seq
    assert eventually(lambda: list(again.entries(log.session)) == log.entries)


def test_an_entry_that_no_database_holds_does_not_keep_the_others_out(
    store: Store, problems: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    log = LogMaker()
    log.open()
    good = log.people(2)
    bad = [replace(good[0], id="a", utc=float("nan")), replace(good[1], id="b", seq=2**70)]
    with caplog.at_level("CRITICAL", logger="desktop_app.store.writer"):
        store.append([*log.entries[:3], *bad, *log.entries[3:]])
        assert store.flush(PATIENCE_S), "it waits for nothing more"
    assert list(store.entries(log.session)) == log.entries
    assert "2 entries of the count could not be stored" in problems[-1]


def test_a_name_with_half_a_surrogate_pair_is_stored(store: Store) -> None:
    log = LogMaker()
    log.open("photos \ud83d")
    store.append(log.entries)
    assert store.flush(PATIENCE_S)
    assert store.sessions()[0].name == "photos ?"
    assert list(store.entries(log.session)) == log.entries


def test_appending_from_many_threads_loses_nothing(store: Store) -> None:
    import threading

    logs = [LogMaker(f"session {i}") for i in range(4)]

    def write(log: LogMaker) -> None:
        for entry in [*log.open(), *log.people(50)]:
            store.append([entry])

    threads = [threading.Thread(target=write, args=(log,)) for log in logs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.flush(PATIENCE_S)
    for log in logs:
        assert list(store.entries(log.session)) == log.entries
    assert sum(1 for _ in store.entries_of(log.session for log in logs)) == sum(len(log.entries) for log in logs)


def test_without_a_flush_entries_reach_the_disk_by_themselves(store: Store, open_store: OpenStore) -> None:
    log = LogMaker()
    entries: list[Entry] = log.open()
    store.append(entries)
    reading = open_store(read_only=True)
    assert eventually(lambda: list(reading.entries(log.session)) == entries)
