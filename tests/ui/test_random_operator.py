"""Random actions on the window in any order: it hangs in none, and no entry of any count is lost."""

from __future__ import annotations

import random

import pytest
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from benchmarks.random_operator import RandomOperator, WatchedStore, let_live, missing
from desktop_app.domain.events import Counted
from desktop_app.ui.sessions.window_store import open_window_store
from tests.engine.fakes import ListSource
from tests.patience import PATIENCE_MS
from tests.ui.conftest import WindowMaker
from tests.ui.fakes import FakeServices


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nothing_an_operator_does_loses_an_entry(
    make_window: WindowMaker, services: FakeServices, qtbot: QtBot, seed: int
) -> None:
    services.sources["bad"] = lambda: ListSource(40, 200.0, fail_at=25)
    store, problem = open_window_store(lambda _sentence: None)
    assert store is not None, problem
    watched = WatchedStore(store)
    window = make_window(services, store=watched)
    operator = RandomOperator(window, random.Random(seed), ("demo", "short", "camera:Fake", "bad", "missing"))
    did: list[str] = []
    for _ in range(80):
        did.append(operator.act())
        let_live(0.04)
        operator.check()
    # How much was counted so far depends on how fast the machine is; that something is, must not.
    window.sources.open_source("demo")
    qtbot.waitUntil(lambda: any(isinstance(e.event, Counted) for e in watched.given), timeout=PATIENCE_MS)
    window.close()
    assert window.clean_exit
    assert not [w for w in window.findChildren(QMessageBox) if w.isVisible()]
    again, problem = open_window_store(lambda _sentence: None)
    assert again is not None, problem
    try:
        assert {type(e.event).__name__ for e in watched.given} >= {"Opened", "DoorStarted", "Counted", "Closed"}
        assert missing(watched.given, again) == []
        left = [[type(e.event).__name__ for e in again.entries(info.id)] for info in again.unclosed()]
        assert left == [], did
    finally:
        again.close()
