"""The parts of the window on their own: labels, drawing, charts, dialogs, hand-over, recovery, diagnostics."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
import threading
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QObject, QPointF, QRectF, Qt, QUrl
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QCheckBox, QDialog, QPushButton
from pytestqt.qtbot import QtBot

from desktop_app.app import sources_of
from desktop_app.domain.types import Box, Decision, Frame, FrameResult, Gender, Track
from desktop_app.settings import Settings
from desktop_app.store.files import default_folder
from desktop_app.store.spill import SpillFile
from desktop_app.ui.picture.display import DisplayFeeder, fit_size, make_display_frame
from desktop_app.ui.picture.overlay import BOX_COLOURS, PeoplePainter, label_text, place_label
from desktop_app.ui.picture.transport import media_time
from desktop_app.ui.sessions.crash_guard import CrashGuard, report_path
from desktop_app.ui.sources.names import short_name
from desktop_app.ui.sources.opening import dropped_source, looks_like_address, with_scheme
from desktop_app.ui.widgets.qt_classes import QtClasses
from desktop_app.ui.widgets.theme import DARK, LIGHT, style_sheet
from desktop_app.ui.window import diagnostics
from desktop_app.ui.window.single_instance import InstanceServer, hand_over
from desktop_app.vision.annotate import PALETTE
from tests.patience import PATIENCE_MS, PATIENCE_S

REPOSITORY = Path(__file__).resolve().parents[2]


def track(**changes: object) -> Track:
    decision = Decision(Gender.FEMALE, 0.93, 34.0, 5.0, 4)
    return replace(Track(12, Box(10, 10, 50, 60), decision, True, True, 0.0, 2.0), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (track(), "female  30–39  #12"),
        (track(decision=Decision(Gender.UNDECIDED, 0.55)), "undecided  #12"),
        (track(decision=Decision(Gender.UNDECIDED, 0.55), is_looking=True), "looking…  #12"),
        (track(decision=Decision(Gender.FEMALE, 0.93, 6.0)), "female  child 3–9  #12"),
        (track(decision=Decision(Gender.UNDECIDED, 0.7, 1.0)), "child 0–2  #12"),
        (track(is_staff=True), "staff  #12"),
        (track(confirmed=False), ""),
    ],
)
def test_labels(shown: Track, text: str) -> None:
    assert label_text(shown) == text


def test_labels_keep_off_each_other_and_inside_the_picture() -> None:
    area = QRectF(0, 0, 400, 300)
    taken: list[QRectF] = []
    for top in (2, 4, 6, 120, 280):
        plate = place_label(QRectF(390, top, 40, 40), 120, 20, area, taken)
        assert area.contains(plate)
        assert not any(plate.intersects(other) for other in taken)
        taken.append(plate)


def test_a_label_keeps_off_another_persons_face_where_it_can() -> None:
    area = QRectF(0, 0, 400, 300)
    person, above, below = QRectF(100, 120, 60, 60), QRectF(110, 80, 50, 35), QRectF(100, 185, 60, 60)
    assert not place_label(person, 120, 20, area, [], [above]).intersects(above)
    free = place_label(person, 120, 20, area, [], [above, below])
    assert person.contains(QRectF(free.left(), free.top(), 1, free.height()))  # on its own face rather than on theirs
    crowd = [QRectF(0, 0, 400, 300)]
    assert place_label(person, 120, 20, area, [], crowd) == place_label(person, 120, 20, area, [])


def test_the_picture_and_the_recording_have_the_same_colours() -> None:
    assert {g: c.name().lower() for g, c in BOX_COLOURS.items()} == {g: c.lower() for g, c in PALETTE.items()}


def test_genders_differ_in_shape_as_well(qtbot: QtBot) -> None:
    from desktop_app.ui.widgets.marks import paint_mark

    shapes = set()
    for gender in Gender:
        image = QImage(24, 24, QImage.Format.Format_RGB32)
        image.fill(0)
        painter = QPainter(image)
        paint_mark(painter, gender, QRectF(2, 2, 20, 20), "#ffffff")
        painter.end()
        shapes.add(bytes(image.constBits()))
    assert len(shapes) == 3


def test_a_displayed_picture_owns_its_pixels_and_keeps_its_colours(qtbot: QtBot) -> None:
    # An odd width: without the row stride the picture would come out slanted.
    bgr = np.zeros((30, 37, 3), np.uint8)
    bgr[:, :10] = (255, 0, 0)
    bgr[:, 27:] = (0, 0, 255)
    shown = make_display_frame(FrameResult(Frame(bgr, 0.0, 0), ()), 37, 30)
    bgr[:] = 0
    for y in (0, 15, 29):
        assert shown.image.pixelColor(2, y).getRgb()[:3] == (0, 0, 255)
        assert shown.image.pixelColor(35, y).getRgb()[:3] == (255, 0, 0)


def test_a_4k_picture_is_brought_to_the_size_of_the_window(qtbot: QtBot) -> None:
    frame = Frame(np.zeros((2160, 3840, 3), np.uint8), 0.0, 0)
    shown = make_display_frame(FrameResult(frame, ()), 1000, 800)
    assert (shown.image.width(), shown.image.height()) == (1000, 562)
    assert fit_size(100, 50, 10, 10) == (10, 5)


def test_the_newest_picture_wins(qtbot: QtBot) -> None:
    feeder = DisplayFeeder()
    feeder.start()
    try:
        for i in range(200):
            feeder.offer(FrameResult(Frame(np.zeros((40, 60, 3), np.uint8), float(i), i), ()))
        seen: list[int] = []

        def look() -> bool:
            frame = feeder.take()
            if frame is not None:
                seen.append(frame.result.frame.index)
            return bool(seen) and seen[-1] == 199

        qtbot.waitUntil(look, timeout=PATIENCE_MS)
        assert len(seen) < 100
    finally:
        feeder.stop()
    feeder.stop()
    assert not feeder.isRunning()


def test_painting_twenty_people_leaves_a_mark_for_each(qtbot: QtBot) -> None:
    image = QImage(640, 360, QImage.Format.Format_RGB32)
    image.fill(0)
    tracks = [track(track_id=i + 1, box=Box(30 * i, 100, 30 * i + 24, 130)) for i in range(20)]
    painter = QPainter(image)
    PeoplePainter().paint(painter, tracks, 1.0, QRectF(0, 0, 640, 360))
    painter.end()
    assert all(image.pixelColor(30 * i + 12, 130).lightness() > 60 for i in range(20))


def test_the_curve_is_a_staircase() -> None:
    from desktop_app.ui.figures.plots import clock_text, step_points

    times, levels = step_points(np.array([0.0, 1.0, 2.0, 3.0]), np.array([0, 0, 2, 2]))
    assert times.tolist() == [0.0, 2.0, 2.0, 3.0]
    assert levels.tolist() == [0.0, 0.0, 2.0, 2.0]
    assert clock_text(75, 100) == "1:15"
    assert clock_text(7260, 9000) == "2:01 h"


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("rtsp://cam.local/1", True),
        ("https://example.org/a b", False),
        ("example.org/live.m3u8", True),
        ("hello", False),
        ("ftp://example.org/x", False),
        ("", False),
        ("udp://@:1234", True),
        ("rtmps://live.example.org/a", True),
        ("http://:80", False),
    ],
)
def test_addresses(text: str, good: bool) -> None:
    assert looks_like_address(with_scheme(text)) is good


def test_what_can_be_dropped(tmp_path: Path) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(tmp_path / "Ä b.mp4"))])
    assert dropped_source(mime) == str(tmp_path / "Ä b.mp4")
    mime = QMimeData()
    mime.setUrls([QUrl("https://example.org/live.m3u8")])
    assert dropped_source(mime) == "https://example.org/live.m3u8"
    mime = QMimeData()
    mime.setText("rtsp://cam.local/1")
    assert dropped_source(mime) == "rtsp://cam.local/1"
    mime = QMimeData()
    mime.setText("good morning")
    assert dropped_source(mime) == ""


def test_names_of_sources() -> None:
    assert short_name("demo") == "Demo clip"
    assert short_name("rtsp://me:secret@cam.local/1") == "cam.local/1"
    assert short_name("camera:0") == "Camera 0"
    assert short_name("/films/lobby.mp4") == "lobby.mp4"
    assert media_time(3725) == "1:02:05"


def test_a_second_start_hands_its_file_to_the_first(qtbot: QtBot) -> None:
    name = f"headcount-test-{id(qtbot)}"
    assert not hand_over(["x.mp4"], name)
    server = InstanceServer(name)
    assert server.listening
    asked: list[list[str]] = []
    server.asked.connect(asked.append)
    code = (
        "import sys; from PySide6.QtCore import QCoreApplication; app = QCoreApplication([]);"
        "from desktop_app.ui.window.single_instance import hand_over;"
        "sys.exit(0 if hand_over(['a.mp4', 'ü.mp4'], sys.argv[1]) else 9)"
    )
    second = subprocess.Popen([sys.executable, "-c", code, name], cwd=REPOSITORY)
    qtbot.waitUntil(lambda: second.poll() is not None, timeout=PATIENCE_MS)
    assert second.returncode == 0
    assert asked == [["a.mp4", "ü.mp4"]]
    server.close()


def test_arguments_that_are_files_become_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.mp4").touch()
    monkeypatch.chdir(tmp_path)
    assert sources_of(["--x", "a.mp4", "rtsp://cam/1", ""]) == [str(tmp_path / "a.mp4"), "rtsp://cam/1"]


@pytest.mark.allow_error_log
@pytest.mark.parametrize(("kept", "words"), [(True, "kept in the log"), (False, "goes on")])
def test_an_uncaught_exception_becomes_a_sentence_and_a_report(kept: bool, words: str) -> None:
    told: list[tuple[str, str]] = []
    guard = CrashGuard(lambda: kept, lambda *said: told.append(said))
    guard.install()
    try:
        thread = threading.Thread(target=lambda: 1 / 0)
        thread.start()
        thread.join()
    finally:
        guard.remove()
    assert sys.excepthook is sys.__excepthook__ or sys.excepthook is not guard.caught
    (said,) = told
    assert said[0] == "The program made a mistake of its own."
    assert words in said[1]
    assert "ZeroDivisionError" in report_path().read_text(encoding="utf-8")


def test_the_log_rotates_and_diagnostics_hold_no_address() -> None:
    root = logging.getLogger()
    level, before = root.level, list(root.handlers)
    try:
        path = diagnostics.start_log()
        assert path is not None
        logging.getLogger("x").warning("cannot read rtsp://me:secret@cam.local/1 today")
        settings = Settings().with_recent_source("rtsp://cam.local/1")
        text = diagnostics.diagnostics_text(settings)
        assert "today" in text
        assert "cam.local" not in text
        assert "secret" not in text
        assert "Headcount: " in text
        assert path.is_file()
        waiting = SpillFile.create(default_folder())
        waiting.let_go()
        assert diagnostics.delete_all_data() == []
        assert not path.exists()
        assert not waiting.path.exists(), "it would be taken in at the next start"
    finally:
        for handler in list(root.handlers):
            if handler not in before:
                root.removeHandler(handler)
                handler.close()
        root.setLevel(level)


def test_enter_deletes_nothing_and_opens_no_folder(qtbot: QtBot) -> None:
    from desktop_app.ui.window.about import AboutDialog, DeleteDataDialog

    delete = DeleteDataDialog()
    about = AboutDialog()
    for dialog in (delete, about):
        qtbot.addWidget(dialog)
        dialog.show()
        qtbot.waitExposed(dialog)
    (tick,) = delete.findChildren(QCheckBox)
    tick.click()
    qtbot.keyClick(tick, Qt.Key.Key_Return)
    assert not delete.isVisible()
    assert delete.result() == QDialog.DialogCode.Rejected
    assert [b.text() for b in about.findChildren(QPushButton) if b.isDefault()] == ["Close"]


def test_a_disk_that_takes_no_log_fills_no_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging, "raiseExceptions", True)
    handler = diagnostics._LogFile(tmp_path / "gone" / "headcount.log", delay=True)
    record = logging.LogRecord("x", logging.WARNING, __file__, 1, "the disk is full", (), None)
    handler.handle(record)
    assert capsys.readouterr().err == ""
    handler.close()
    handler = diagnostics._LogFile(tmp_path / "headcount.log")
    handler.setFormatter(logging.Formatter("%(nothing)s"))
    handler.handle(record)
    assert "KeyError" in capsys.readouterr().err, "a mistake of ours is seen"
    handler.close()


def test_a_native_crash_is_told_at_the_next_start(caplog: pytest.LogCaptureFixture) -> None:
    crash = """
import faulthandler
from desktop_app.ui.window.diagnostics import log_dir, native_crashes
log_dir().mkdir(parents=True)
native_crashes.start()
def painting_the_picture():
    faulthandler._sigsegv()
painting_the_picture()
"""
    assert subprocess.run([sys.executable, "-c", crash], cwd=REPOSITORY, check=False).returncode != 0
    watch = diagnostics.NativeCrashWatch()
    with caplog.at_level(logging.WARNING):
        watch.start()
        watch.stop()
        assert "painting_the_picture" in caplog.text
        caplog.clear()
        watch.start()
        watch.stop()
        assert caplog.text == ""


def test_every_qt_class_is_made_before_the_charts_are_loaded(qtbot: QtBot) -> None:
    made = []
    parent = QObject()
    classes = QtClasses(lambda: made.append("all"), parent)
    classes.start()
    qtbot.waitUntil(lambda: made == ["all"], timeout=PATIENCE_MS)
    left = QtClasses(lambda: made.append("too late"), parent)
    left.start()
    left.stop()
    qtbot.wait(50)
    assert made == ["all"]


def test_every_icon_and_both_style_sheets_are_there(qtbot: QtBot) -> None:
    from desktop_app.ui.widgets.icons import app_icon, tinted_pixmap
    from desktop_app.ui.window.actions import COMMANDS

    for command in COMMANDS.values():
        if command.icon:
            image = tinted_pixmap(command.icon, "#ff0000", 24).toImage()
            assert any(image.pixelColor(x, y).alpha() for x in range(24) for y in range(24)), command.icon
    assert not app_icon().isNull()
    for theme in (DARK, LIGHT):
        assert theme.accent in style_sheet(theme)


STYLED_AMONG_GARBAGE = """
import gc
from PySide6.QtWidgets import QApplication, QLabel, QVBoxLayout, QWidget
from desktop_app.ui.widgets.theme import ThemeManager
class Label(QLabel):
    def changeEvent(self, event):
        if gc.isenabled():
            gc.collect()  # as any new object may have it do
        super().changeEvent(event)
def window():
    top = QWidget()
    layout = QVBoxLayout(top)
    top.labels = [Label("x") for _ in range(5)]
    for label in top.labels:
        layout.addWidget(label)
        label.top = top
    top.show()
    app.processEvents()
    return top
app = QApplication([])
gc.disable()
kept = window()
for _ in range(3):
    garbage = [window() for _ in range(10)]
    del garbage
    gc.enable()
    ThemeManager(app, "light")
    gc.disable()
"""


@pytest.mark.slow
def test_a_style_is_put_on_while_windows_that_nobody_holds_wait_to_be_collected() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", STYLED_AMONG_GARBAGE],
        cwd=REPOSITORY,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        check=False,
        timeout=2 * PATIENCE_S,
    )
    assert ended.returncode == 0, ended.stderr


def test_text_can_be_read_on_both_themes() -> None:
    """Contrast of at least 4.5 to 1, as WCAG 2.1 asks for text."""

    def luminance(colour: str) -> float:
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    def contrast(a: str, b: str) -> float:
        high, low = sorted((luminance(a), luminance(b)), reverse=True)
        return (high + 0.05) / (low + 0.05)

    for t in (DARK, LIGHT):
        pairs = [(t.text, t.surface), (t.text, t.window), (t.muted, t.surface), (t.muted, t.window)]
        pairs += [(t.on_accent, t.accent), (t.text, t.danger_back), (t.text, t.good_back), (t.text, t.warning_back)]
        pairs += [(t.warning, t.window)]
        for fore, back in pairs:
            assert contrast(fore, back) >= 4.5, (t.name, fore, back)


def test_a_point_is_found_in_the_smallest_box(qtbot: QtBot) -> None:
    from desktop_app.ui.picture.video_view import VideoView

    view = VideoView()
    qtbot.addWidget(view)
    view.resize(640, 360)
    tracks = (track(track_id=1, box=Box(0, 0, 400, 300)), track(track_id=2, box=Box(100, 100, 150, 150)))
    frame = Frame(np.zeros((360, 640, 3), np.uint8), 0.0, 0)
    view.show_frame(make_display_frame(FrameResult(frame, tracks), 640, 360))
    found = view.person_at(QPointF(120, 120))
    assert found is not None
    assert found.track_id == 2
    assert view.person_at(QPointF(600, 350)) is None


def test_a_models_card_is_told_in_words(tmp_path: Path) -> None:
    from desktop_app.ui.models.model_words import card_html

    card = {
        "name": "Mine <b>",
        "file": "m.tflite",
        "input": {"width": 64, "height": 64, "colour": "rgb"},
        "outputs": {"gender": "g", "age": "a"},
        "figures": [{"what": "gender accuracy", "value": "0.91", "command": "measure it", "data": "test rows"}],
        "fails_for": ["faces below 20 pixels"],
    }
    (tmp_path / "model.json").write_text(json.dumps(card), encoding="utf-8")
    html = card_html(tmp_path)
    for part in ("Mine &lt;b&gt;", "gender accuracy", "0.91", "measure it", "faces below 20 pixels", "apparent gender"):
        assert part in html
    assert "model.json" in card_html(tmp_path / "nowhere")


SMALL_SCREEN = (910, 480)
"""1366x768 at 150 %, less a task bar, in logical pixels."""


def test_what_the_program_runs_on_is_named_with_version_and_licence() -> None:
    from desktop_app.ui.window.about import licences

    def plain(text: str) -> str:
        return text.lower().replace("_", "-")

    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = project["dependencies"] + project["optional-dependencies"]["web"]
    names = {plain(re.split(r"[<>=]", text)[0]) for text in asked}
    assert {plain(name) for name in diagnostics.PACKAGES} == names
    known_as = {
        "pyside6-essentials": "qt and pyside6",
        "opencv-python-headless": "opencv",
        "ai-edge-litert": "litert",
    }
    told = {plain(name) for name, licence, what in licences() if licence and what}
    assert {known_as.get(name, name) for name in names} <= told


def test_every_dialog_fits_a_small_screen(qtbot: QtBot) -> None:
    from PySide6.QtWidgets import QWidget

    from desktop_app.ui.models.model_chooser import ModelChooser
    from desktop_app.ui.picture.missed_dialog import MissedDialog
    from desktop_app.ui.results.dialogs import AboutCountDialog, join_dialog
    from desktop_app.ui.sessions.kept_counts import KeptCount
    from desktop_app.ui.window.about import AboutDialog, DeleteDataDialog, ShortcutsDialog
    from desktop_app.ui.window.actions import Actions

    parent = QWidget()
    qtbot.addWidget(parent)
    tasks: list[object] = []
    dialogs: list[QDialog] = [
        AboutDialog(),
        ShortcutsDialog(Actions(parent, LIGHT)),
        DeleteDataDialog(),
        ModelChooser(diagnostics.data_dir() / "models", "headcount", LIGHT, tasks.append),
        MissedDialog(),
        AboutCountDialog("Fair", "Hall 3", ""),
        join_dialog(KeptCount("a", "Fair", 0.0, 1, 1, 0, 0), (), LIGHT),
    ]
    for dialog in dialogs:
        qtbot.addWidget(dialog)
        dialog.show()
        dialog.resize(1, 1)
        qtbot.wait(20)
        assert dialog.width() <= SMALL_SCREEN[0], type(dialog).__name__
        assert dialog.height() <= SMALL_SCREEN[1], type(dialog).__name__
        dialog.close()
    for task in tasks:
        task.wait(PATIENCE_MS)  # type: ignore[attr-defined]


def test_a_dialog_is_never_larger_than_its_screen(qtbot: QtBot) -> None:
    from PySide6.QtWidgets import QDialog

    from desktop_app.ui.widgets.sizes import resize_to_fit

    dialog = QDialog()
    qtbot.addWidget(dialog)
    room = dialog.screen().availableGeometry()
    resize_to_fit(dialog, 50_000, 50_000)
    assert dialog.width() < room.width()
    assert dialog.height() < room.height()
    resize_to_fit(dialog, 300, 200)
    assert (dialog.width(), dialog.height()) == (300, 200)
