"""Many files from the window: what the list says, what is kept, and that stopping loses nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from openpyxl import load_workbook
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QAbstractButton, QMessageBox
from pytestqt.qtbot import QtBot

from desktop_app.batch import batch as batch_module
from desktop_app.batch.batch import BatchFile
from desktop_app.batch.job_table import JobResult
from desktop_app.batch.table import FIELDS
from desktop_app.errors import SourceError
from desktop_app.settings import Settings
from desktop_app.store import Store
from desktop_app.ui.batch.batch_dialog import BatchDialog
from desktop_app.ui.batch.batch_work import FileState, seconds_left
from desktop_app.ui.widgets.theme import LIGHT
from desktop_app.ui.window.main_window import MainWindow
from tests.batch import stubs
from tests.patience import PATIENCE_MS, PATIENCE_S

WAIT = PATIENCE_MS


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(tmp_path / "store")
    yield store
    store.close()


@pytest.fixture
def dialog(qtbot: QtBot, store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[BatchDialog]:
    monkeypatch.setattr(batch_module, "count_file", stubs.count_file)
    dialog = BatchDialog(Settings, store, LIGHT)
    qtbot.addWidget(dialog)
    dialog.show()
    yield dialog
    assert dialog.shut_down(PATIENCE_S)


def files(folder: Path, *names: str) -> list[Path]:
    """Make files that look like videos and differ; what stands in for counting looks at their names only."""
    folder.mkdir(exist_ok=True)
    paths = [folder / f"{name}.avi" for name in names]
    for path in paths:
        path.write_bytes(b"RIFF\0\0\0\0AVI LIST" + path.name.encode())
    return paths


def states(dialog: BatchDialog) -> dict[str, str]:
    """What the second column says of each file."""
    model = dialog.table.files
    return {s.path.stem: str(model.data(model.index(row, 1))) for row, s in enumerate(model.states)}


def fill(dialog: BatchDialog, qtbot: QtBot, *paths: Path) -> None:
    dialog.add(paths)
    qtbot.waitUntil(lambda: not dialog.busy, timeout=WAIT)


def count(dialog: BatchDialog, qtbot: QtBot) -> None:
    dialog.begin()
    assert dialog.stop.isVisible()
    assert not dialog.start.isVisible()
    qtbot.waitUntil(lambda: not dialog.busy, timeout=WAIT)


@pytest.mark.slow
def test_a_folder_is_counted_kept_and_saved_as_a_table(
    dialog: BatchDialog, qtbot: QtBot, store: Store, tmp_path: Path
) -> None:
    files(tmp_path / "in", "first", "bad", "cut")
    told: list[int] = []
    dialog.counted.connect(lambda: told.append(1))
    assert not dialog.start.isEnabled()
    fill(dialog, qtbot, tmp_path / "in")
    assert states(dialog) == {"bad": "waiting", "cut": "waiting", "first": "waiting"}
    dialog.place.setText("Hall 3")
    count(dialog, qtbot)
    assert states(dialog) == {"bad": "failed", "cut": "incomplete", "first": "counted"}
    assert dialog.bar.value() == dialog.bar.maximum()
    assert "2 people counted. 1 of 3 failed." in dialog.banner.text
    model = dialog.table.files
    assert model.data(model.index(0, 2)) == "The file is no video. Convert it.", "the reason lies over the figures"
    assert dialog.table.columnSpan(0, 2) == 6
    assert model.data(model.index(1, 7)) == "Its end is missing."
    assert told
    assert store.flush(PATIENCE_S)
    assert {info.id for info in store.sessions()} == {"s-first", "s-cut"}
    asked: list[str] = []
    dialog.show_asked.connect(asked.append)
    dialog.table.selectRow(2)
    dialog.show_.click()
    assert asked == ["s-first"]
    dialog.saver.ask_where = lambda *_: tmp_path / "counts.xlsx"
    dialog.save.click()
    qtbot.waitUntil(lambda: not dialog.busy, timeout=WAIT)
    book = load_workbook(tmp_path / "counts.xlsx")
    rows = [[cell.value for cell in row] for row in book.active.rows]
    assert rows[0] == list(FIELDS)
    assert [row[1] for row in rows[1:]] == [None, 1, 1]
    assert "Saved: counts.xlsx" in dialog.banner.text


@pytest.mark.slow
def test_what_was_counted_before_is_not_counted_again_unless_it_was_deleted(
    dialog: BatchDialog, qtbot: QtBot, store: Store, tmp_path: Path
) -> None:
    fill(dialog, qtbot, *files(tmp_path / "in", "one", "two"))
    count(dialog, qtbot)
    assert store.flush(PATIENCE_S)
    count(dialog, qtbot)
    assert set(states(dialog).values()) == {"counted before"}
    assert store.delete("s-one")
    count(dialog, qtbot)
    assert states(dialog) == {"one": "counted", "two": "counted before"}


@pytest.mark.slow
def test_stopping_keeps_what_is_done_and_start_goes_on(
    dialog: BatchDialog, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, hang = files(tmp_path / "in", "one", "hang")
    fill(dialog, qtbot, one, hang)
    dialog.begin()
    qtbot.waitUntil(lambda: states(dialog)["one"] == "counted" and "50%" in states(dialog)["hang"], timeout=WAIT)
    assert "1 of 2 files" in dialog.says.text()
    assert not dialog.add_files.isEnabled()
    monkeypatch.setattr(QMessageBox, "exec", lambda _box: 0)
    dialog.reject()
    assert dialog.isVisible(), "nobody said that it may stop"
    dialog.stop.click()
    qtbot.waitUntil(lambda: not dialog.busy, timeout=WAIT)
    assert states(dialog) == {"one": "counted", "hang": "waiting"}
    assert "One file is left." in dialog.banner.text
    hang.unlink()
    hang.with_stem("other").write_bytes(b"RIFF\0\0\0\0AVI LIST")
    dialog.table.selectRow(1)
    dialog.remove.click()
    fill(dialog, qtbot, hang.with_stem("other"))
    count(dialog, qtbot)
    assert states(dialog) == {"one": "counted before", "other": "counted"}
    dialog.reject()
    assert not dialog.isVisible()


def test_files_are_dropped_and_taken_off_the_list_by_key(dialog: BatchDialog, qtbot: QtBot, tmp_path: Path) -> None:
    paths = files(tmp_path / "in", "one", "two")
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    action, button, key = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    dialog.dropEvent(QDropEvent(QPointF(9, 9), action, mime, button, key))
    qtbot.waitUntil(lambda: len(dialog.paths) == 2, timeout=WAIT)
    dialog.table.selectRow(0)
    dialog.table.setFocus()
    qtbot.keyClick(dialog.table, Qt.Key.Key_Delete)
    assert [path.stem for path in dialog.paths] == ["two"]
    assert paths[0].exists(), "the file itself stays"


def test_a_folder_without_videos_is_said(dialog: BatchDialog, qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    fill(dialog, qtbot, tmp_path / "in")
    assert "There is no video in this folder." in dialog.banner.text
    assert not dialog.start.isEnabled()


@pytest.mark.slow
def test_a_file_that_is_gone_is_refused_in_its_row_and_the_others_are_counted(
    dialog: BatchDialog, qtbot: QtBot, tmp_path: Path
) -> None:
    one, gone, later = files(tmp_path / "in", "one", "gone", "later")
    gone.unlink()
    fill(dialog, qtbot, one, gone, later)
    assert states(dialog) == {"one": "waiting", "gone": "failed", "later": "waiting"}
    model = dialog.table.files
    assert "“gone.avi” does not exist" in str(model.data(model.index(1, 2)))
    assert not dialog.banner.isVisible()
    later.unlink()
    count(dialog, qtbot)
    assert states(dialog) == {"one": "counted", "gone": "failed", "later": "failed"}
    assert "“later.avi” does not exist" in str(model.data(model.index(2, 2)))
    fill(dialog, qtbot, *files(tmp_path / "in", "gone"))
    assert states(dialog)["gone"] == "waiting", "it is back, and was added again"
    count(dialog, qtbot)
    assert states(dialog) == {"one": "counted before", "gone": "counted", "later": "failed"}


def test_everything_has_a_name_for_screen_readers(dialog: BatchDialog, qtbot: QtBot, tmp_path: Path) -> None:
    fill(dialog, qtbot, *files(tmp_path / "in", "one"))
    for widget in (dialog.table, dialog.place, dialog.bar):
        assert widget.accessibleName()
    for button in dialog.findChildren(QAbstractButton):
        assert button.accessibleName() or button.text(), button
    dialog.table.setFocus()
    assert dialog.table.hasFocus()


def test_the_time_left_follows_from_what_was_counted_and_not_from_what_was_known() -> None:
    done = BatchFile(Path("a"), result=JobResult("s", 1, 1, 0, 0, 9.0))
    known = BatchFile(Path("b"), result=JobResult("s", 1, 1, 0, 0, 9.0), was_known=True)
    failed = BatchFile(Path("c"), error=SourceError("It is no video."))
    half = FileState(Path("d"), is_counting=True, share=0.5)
    rest = FileState(Path("e"))
    found = [FileState(f.path, file=f) for f in (done, known, failed)]
    assert seconds_left([*found, half, rest], 50.0) == pytest.approx(50.0 / 2.5 * 1.5)
    assert seconds_left([rest], 50.0) is None
    assert seconds_left([*found, half, rest], 1.0) is None


def test_the_window_opens_it_from_the_menu_and_by_dropping_several_files(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    window.actions_["batch"].trigger()
    dialog = window.commands.batch.dialog
    assert dialog is not None
    assert dialog.isVisible()
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in files(tmp_path / "in", "one", "two")])
    action, button, key = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    window.dropEvent(QDropEvent(QPointF(9, 9), action, mime, button, key))
    qtbot.waitUntil(lambda: len(dialog.paths) == 2, timeout=WAIT)
    assert not window.controller.active, "nothing was counted in the window itself"
    assert window.commands.confirm_close()
