"""The tab of results over a real store with a few counts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop_app.domain.events import Counted, Left, Revised
from desktop_app.domain.types import Gender
from desktop_app.session.manager import SessionManager
from desktop_app.session.session import Session
from desktop_app.store import Store
from desktop_app.ui.results.tab import ResultsTab
from desktop_app.ui.widgets.theme import ThemeManager
from desktop_app.ui.window.main_window import application as app
from tests.patience import PATIENCE_MS, PATIENCE_S
from tests.store.logs import LogMaker

WAIT = PATIENCE_MS

TabMaker = Callable[[], ResultsTab]
CountMaker = Callable[..., LogMaker]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(tmp_path / "store")
    yield store
    store.close()


@pytest.fixture
def make_count(store: Store) -> CountMaker:
    """Return a maker of kept counts: name, place, people, and how many days ago."""
    made: list[LogMaker] = []

    def make(
        name: str = "Fair", place: str = "Hall 3", people: int = 4, days_ago: int = 1, recorded_utc: float = 0.0
    ) -> LogMaker:
        # At noon: 24 hours before is another day than yesterday where the clocks were changed in between.
        day = datetime.combine(date.today() - timedelta(days=days_ago), datetime.min.time().replace(hour=12))
        utc = day.timestamp() if days_ago else time.time()
        log = LogMaker(seq=made[-1].seq if made else 0, utc=utc)
        log.open(name, place, recorded_utc=recorded_utc)
        for i in range(people):
            ref, gender = f"{log.session[:8]}-{i}", (Gender.FEMALE, Gender.MALE)[i % 2]
            log.add(Counted(10.0 * i, ref, i + 1, 10.0 * i))
            log.add(Revised(10.0 * i + 1, ref, gender, 0.9, 34.5, 4.0, True))
            log.add(Left(10.0 * i + 2, ref, 10.0 * i + 2, 2.5, 1.0))
        log.close()
        store.append(log.entries)
        assert store.flush(PATIENCE_S)
        made.append(log)
        return log

    return make


@pytest.fixture
def make_tab(qtbot: QtBot, store: Store) -> Iterator[TabMaker]:
    """Return a maker of tabs as a program that was just started has them; each is shown and has read the list."""
    tabs: list[ResultsTab] = []

    def make() -> ResultsTab:
        tab = ResultsTab(ThemeManager(app(), "light").theme, store)
        qtbot.addWidget(tab)
        tabs.append(tab)
        tab.resize(1024, 600)
        tab.show()
        tab.refresh()
        settle(qtbot, tab)
        return tab

    yield make
    for tab in tabs:
        assert tab.shut_down(PATIENCE_S)


def settle(qtbot: QtBot, tab: ResultsTab) -> None:
    """Wait until the tab has read, drawn and written everything."""
    qtbot.waitUntil(lambda: not tab.busy, timeout=WAIT)


def load(store: Store, session_id: str) -> Session:
    """What a program that is started now reads."""
    assert store.flush(PATIENCE_S)
    return SessionManager.for_kept(store).load(session_id)
