"""A kept count's file counted again in the window: what changes, what comes out, and what is kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QAbstractButton
from pytestqt.qtbot import QtBot

from desktop_app.batch import batch as batch_module
from desktop_app.domain.events import Corrected, DoorStarted, Opened
from desktop_app.domain.types import Gender
from desktop_app.errors import HeadcountError
from desktop_app.session.session import Session
from desktop_app.settings import Settings
from desktop_app.settings.counted_with import as_lines
from desktop_app.store import Store
from desktop_app.ui.recount.recount_commands import RecountCommands
from desktop_app.ui.recount.recount_dialog import RecountDialog
from desktop_app.ui.recount.recount_work import recountable
from desktop_app.ui.widgets.banner import Banner
from desktop_app.ui.widgets.theme import LIGHT, ThemeManager
from desktop_app.ui.window.main_window import MainWindow, application
from tests.patience import PATIENCE_MS, PATIENCE_S
from tests.store.logs import LogMaker
from tests.ui.recount import stubs
from tests.ui.recount.stubs import person
from tests.ui.results.conftest import load

WAIT = PATIENCE_MS


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(tmp_path / "store")
    yield store
    store.close()


def kept_count(
    store: Store, source: str, settings: tuple[str, ...] = (), clock: str = "container", runs: int = 1
) -> Session:
    """Keep a count of a woman and a man, and read it."""
    log = LogMaker()
    log.add(Opened(0.0, "Fair", "Hall 3"), "")
    for _ in range(runs):
        log.add(DoorStarted(0.0, source, log.utc, clock, "Door", "YuNet", "Headcount", settings))
    person(log, 0.0, Gender.FEMALE)
    person(log, 20.0, Gender.MALE)
    log.add(Corrected(0.0, f"{log.session}-20.0", "gender", "female", "male"))
    log.close()
    store.append(log.entries)
    return load(store, log.session)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film.avi"
    path.write_bytes(b"RIFF")
    return path


@pytest.fixture
def commands(qtbot: QtBot, store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[RecountCommands]:
    monkeypatch.setattr(batch_module, "count_file", stubs.count_file)
    banner = Banner(LIGHT)
    qtbot.addWidget(banner)
    banner.show()
    themes = ThemeManager(application(), "light")
    commands = RecountCommands(banner, lambda: Settings(), store, banner, themes)
    yield commands
    assert commands.shut_down()


def opened(commands: RecountCommands, session: Session, qtbot: QtBot) -> RecountDialog:
    commands.start_for(session)
    qtbot.waitUntil(lambda: commands.dialog is not None and not commands.busy, timeout=WAIT)
    assert commands.dialog is not None
    return commands.dialog


def rows(dialog: RecountDialog) -> list[list[str]]:
    model = dialog.people.model()
    return [
        [str(model.data(model.index(row, column))) for column in range(model.columnCount())]
        for row in range(model.rowCount())
    ]


@pytest.mark.slow
def test_a_count_is_made_again_compared_person_by_person_and_kept(
    commands: RecountCommands, qtbot: QtBot, store: Store, film: Path, tmp_path: Path
) -> None:
    session = kept_count(store, str(film), as_lines(Settings()))
    dialog = opened(commands, session, qtbot)
    assert "Nothing differs" in dialog.says.text()
    dialog.form._writers["count", "decide_threshold"](0.95)
    dialog.form.settle()
    changed = dialog.changes.model()
    assert [changed.data(changed.index(0, column)) for column in range(3)] == [
        "Minimum gender confidence",
        "0.65",
        "0.95",
    ]
    dialog.start.click()
    qtbot.waitUntil(lambda: dialog.result_ is not None, timeout=WAIT)
    assert dialog.pages.currentIndex() == 2
    totals = dialog.totals.model()
    figures = [[totals.data(totals.index(row, column)) for column in range(4)] for row in range(4)]
    assert figures == [
        ["People", "2", "3", "+1"],
        ["Appear female", "1", "2", "+1"],
        ["Appear male", "1", "0", "-1"],
        ["Undecided", "0", "1", "+1"],
    ]
    assert rows(dialog) == [
        ["0:20", "another gender", "No. 2, male, 30-39", "female 30-39", "No. 2, undecided, 30-39"],
        ["1:00", "only now", "–", "", "No. 4, female, 30-39"],
    ]
    dialog.everybody.click()
    assert [row[1] for row in rows(dialog)] == ["the same", "another gender", "only now"]
    dialog.saver.ask_where = lambda *_: tmp_path / "again.csv"
    dialog.save.click()
    qtbot.waitUntil(lambda: not dialog.busy, timeout=WAIT)
    assert "only now" in (tmp_path / "again.csv").read_text("utf-8-sig")
    assert store.flush(PATIENCE_S)
    assert len(store.sessions()) == 1, "nothing is kept unasked"
    told: list[str] = []
    commands.kept.connect(told.append)
    dialog.keep_.click()
    assert told == ["again"]
    assert not dialog.keep_.isEnabled()
    again = load(store, "again")
    assert (again.name, again.place, again.counts().people) == ("Fair, counted again", "Hall 3", 3)
    assert load(store, session.id).counts().people == 2, "the earlier one is as it was"


@pytest.mark.slow
def test_it_can_be_cancelled_and_a_failure_is_said(
    commands: RecountCommands, qtbot: QtBot, store: Store, film: Path
) -> None:
    slow = film.with_stem("slow")
    slow.write_bytes(b"RIFF")
    dialog = opened(commands, kept_count(store, str(slow)), qtbot)
    assert "earlier version" in dialog.says.text()
    assert not dialog.as_it_was.isEnabled()
    dialog.start.click()
    qtbot.waitUntil(lambda: "50%" in dialog.progress.text(), timeout=WAIT)
    dialog.cancel.click()
    qtbot.waitUntil(lambda: not dialog.busy, timeout=WAIT)
    assert dialog.pages.currentIndex() == 0
    assert dialog.result_ is None
    bad = film.with_stem("bad")
    bad.write_bytes(b"RIFF")
    dialog = opened(commands, kept_count(store, str(bad)), qtbot)
    dialog.start.click()
    qtbot.waitUntil(lambda: not dialog.busy, timeout=WAIT)
    assert "The file is no video." in dialog.banner.text
    assert dialog.pages.currentIndex() == 0


def test_the_settings_of_the_kept_count_can_be_taken(
    commands: RecountCommands, qtbot: QtBot, store: Store, film: Path
) -> None:
    old = replace(Settings(), detector=replace(Settings().detector, kind="haar", min_neighbors=9))
    dialog = opened(commands, kept_count(store, str(film), as_lines(old)), qtbot)
    changed = dialog.changes.model()
    assert {str(changed.data(changed.index(row, 0))) for row in range(changed.rowCount())} == {
        "Detector",
        "Haar: agreement",
    }
    dialog.as_it_was.click()
    assert changed.rowCount() == 0
    assert dialog.form.read().detector == old.detector


def test_everything_has_a_name_for_screen_readers(
    commands: RecountCommands, qtbot: QtBot, store: Store, film: Path
) -> None:
    dialog = opened(commands, kept_count(store, str(film)), qtbot)
    for widget in (dialog.people, dialog.totals, dialog.changes, dialog.bar):
        assert widget.accessibleName()
    for button in dialog.findChildren(QAbstractButton):
        name = button.accessibleName() or button.text()
        assert name or button.parent().metaObject().className() in ("QTabBar",), button


def test_a_moved_file_is_asked_for(commands: RecountCommands, qtbot: QtBot, store: Store, film: Path) -> None:
    session = kept_count(store, str(film.with_stem("gone")))
    commands.ask_file = lambda _window, _source: ""
    commands.start_for(session)
    qtbot.waitUntil(lambda: not commands.busy, timeout=WAIT)
    assert commands.dialog is None
    commands.ask_file = lambda _window, _source: str(film)
    dialog = opened(commands, session, qtbot)
    assert dialog._what.source == str(film)


def test_what_no_file_gives_again_is_said(store: Store, film: Path) -> None:
    with pytest.raises(HeadcountError, match="live count"):
        recountable(kept_count(store, "camera:0", clock="live"))
    with pytest.raises(HeadcountError, match="2 runs"):
        recountable(kept_count(store, str(film), runs=2))


def test_results_offers_it(window: MainWindow, qtbot: QtBot) -> None:
    asked: list[object] = []
    window.parts.results.recount_asked.connect(asked.append)
    window.parts.results.recount()
    assert asked == [], "no count is chosen"
    assert window.parts.results.actions_["recount"].text() == "Count again with other settings…"
