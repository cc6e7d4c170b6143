"""What the live page needs of the store: the newest count without its figures, and figures that are asked for again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from desktop_app.domain.events import Entry, Joined
from desktop_app.store import Store, folds
from tests.patience import PATIENCE_S
from tests.store.conftest import OpenStore
from tests.store.logs import LogMaker


def test_the_newest_count_is_found_with_those_joined_to_it(open_store: OpenStore) -> None:
    store = open_store()
    assert store.newest_group() is None
    earlier, first, second = LogMaker(), LogMaker(seq=50), LogMaker(seq=100)
    earlier.open()
    first.open()
    second.open()
    store.append([*earlier.entries, *first.entries, *second.entries])
    assert store.flush(PATIENCE_S)
    newest = store.newest_group()
    assert newest is not None
    assert newest.ids == (second.session,)
    second.add(Joined(0.0, first.session), "")
    store.append(second.entries[-1:])
    assert store.flush(PATIENCE_S)
    joined = store.newest_group()
    assert joined is not None
    assert joined.ids == (second.session, first.session)
    assert joined != newest, "a change shows"
    store.delete(second.session)
    left = store.newest_group()
    assert left is not None
    assert left.ids == (earlier.session,), "what was joined was deleted with it"
    assert store.session(second.session) is not None
    assert store.session(second.session, include_deleted=False) is None


def test_who_follows_a_count_of_another_process_reads_only_what_is_new(
    open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing = open_store()
    log = LogMaker()
    log.open()
    log.people(10)
    writing.append(log.entries)
    assert writing.flush(PATIENCE_S)
    reading = open_store(read_only=True)
    assert (writing.can_write, reading.can_write) == (True, False)
    assert reading.totals(log.session, follow=True).counts.people == 10
    read: list[int] = []
    real = folds.read_new_entries

    def noting(*arguments: Any) -> tuple[list[Entry], int]:
        found, row = real(*arguments)
        found = list(found)
        read.append(len(found))
        return found, row

    def refuse(*_: Any) -> Iterator[Entry]:
        pytest.fail("the whole count was read again")

    monkeypatch.setattr(folds, "read_new_entries", noting)
    monkeypatch.setattr(folds, "read_group", refuse)
    writing.append(log.person(100.0))
    assert writing.flush(PATIENCE_S)
    assert reading.totals(log.session, follow=True).counts.people == 11
    assert read == [4]
    assert isinstance(reading, Store)
