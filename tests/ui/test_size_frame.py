"""The frame in the corner of the picture that shows how large the smallest face is that is counted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, QSizeF, QTimer
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QDoubleSpinBox
from pytestqt.qtbot import QtBot

from desktop_app.domain.types import Frame, FrameResult
from desktop_app.settings import DoorSettings, Settings
from desktop_app.ui.doors.door_test import DoorTest
from desktop_app.ui.picture.display import make_display_frame
from desktop_app.ui.picture.size_frame import SizeFrame, place_words, smallest_face
from desktop_app.ui.picture.video_view import VideoView
from desktop_app.ui.window.main_window import MainWindow
from tests.patience import PATIENCE_MS
from tests.ui.conftest import WindowMaker
from tests.ui.fakes import FakeServices


def wanted(side_px: float = 11.0) -> Settings:
    usual = Settings()
    return replace(
        usual, count=replace(usual.count, min_face_px=side_px), ui=replace(usual.ui, show_smallest_face=True)
    )


def view_of(qtbot: QtBot, picture: tuple[int, int], size: tuple[int, int], tone: int) -> VideoView:
    """Return a view of `size` (width, height) that shows an even picture of so many pixels."""
    view = VideoView()
    qtbot.addWidget(view)
    view.setMinimumSize(1, 1)
    view.resize(*size)
    frame = Frame(np.full((picture[1], picture[0], 3), tone, np.uint8), 0.0, 0)
    view.show_frame(make_display_frame(FrameResult(frame, ()), *size))
    return view


def painted(view: VideoView) -> NDArray[np.int64]:
    """Return what the view shows, height x width x BGR."""
    image = view.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    return np.array(image.constBits(), np.int64).reshape(image.height(), image.width(), 4)[..., :3]


def inside(line: NDArray[np.int64], centre: float, tone: int) -> int:
    """Return how many pixels around `centre` have the tone of the picture, up to the frame on either side."""
    differs = np.abs(line - tone).max(axis=1) > 60
    middle = int(centre)
    after = int(np.argmax(differs[middle:]))
    before = int(np.argmax(differs[middle::-1]))
    return after + before - 1


@pytest.mark.parametrize("tone", [0, 120, 255])
@pytest.mark.parametrize(
    ("picture", "size", "side_px"),
    [
        ((1280, 720), (1280, 720), 40.0),
        ((1280, 720), (640, 360), 40.0),  # a small window
        ((320, 180), (640, 360), 11.0),  # a small picture
        ((360, 640), (640, 360), 60.0),  # turned upright: bars at both sides
        ((640, 480), (400, 600), 30.0),  # bars above and below
    ],
)
def test_the_square_is_as_large_as_so_many_pixels_of_the_picture(
    qtbot: QtBot, picture: tuple[int, int], size: tuple[int, int], side_px: float, tone: int
) -> None:
    view = view_of(qtbot, picture, size, tone)
    view.show_size_frame(SizeFrame(side_px, "so large"))
    scale = min(size[0] / picture[0], size[1] / picture[1])
    square = SizeFrame(side_px, "").rect(scale, view.picture_rect())
    assert view.picture_rect().contains(square)
    pixels = painted(view)
    across = inside(pixels[int(square.center().y())], square.center().x(), tone)
    down = inside(pixels[:, int(square.center().x())], square.center().y(), tone)
    assert across == pytest.approx(side_px * scale, abs=1.5)
    assert down == pytest.approx(side_px * scale, abs=1.5)


@pytest.mark.parametrize("tone", [0, 60, 120, 180, 255])
def test_it_stands_out_from_light_and_dark_pictures(qtbot: QtBot, tone: int) -> None:
    view = view_of(qtbot, (640, 360), (640, 360), tone)
    view.show_size_frame(SizeFrame(11.0, "smallest face counted: 11 px"))
    square = SizeFrame(11.0, "").rect(1.0, view.picture_rect())
    line = painted(view)[int(square.center().y()), int(square.right()) - 2 : int(square.right()) + 8].mean(axis=1)
    assert np.abs(line - tone).max() > 90  # in lightness: also for who does not see the colour


def test_without_a_picture_or_a_size_nothing_is_drawn(qtbot: QtBot) -> None:
    view = view_of(qtbot, (640, 360), (640, 360), 90)
    plain = painted(view)
    view.show_size_frame(SizeFrame(11.0, "words"))
    assert (painted(view) != plain).any()
    view.show_size_frame(None)
    assert (painted(view) == plain).all()
    view.clear()
    empty = painted(view)
    view.show_size_frame(SizeFrame(11.0, "words"))
    assert (painted(view) == empty).all()


def test_it_lies_above_the_name_of_the_door(qtbot: QtBot) -> None:
    view = view_of(qtbot, (320, 180), (320, 180), 90)
    view.set_caption("An entrance with a name so long that it is as wide as the whole picture")
    named = painted(view)
    view.show_size_frame(SizeFrame(20.0, "smallest face counted: 20 px"))
    changed = np.argwhere(painted(view) != named)
    assert changed.size
    caption_top = int(np.argwhere(named != 90)[:, 0].min())
    assert int(changed[:, 0].max()) < caption_top


@pytest.mark.parametrize("side", [5.0, 11.0, 90.0, 150.0, 400.0])
@pytest.mark.parametrize("width", [220.0, 320.0, 1280.0])
def test_the_words_stay_in_the_picture(side: float, width: float) -> None:
    area = QRectF(30, 20, width, 180)
    square = SizeFrame(side, "").rect(1.0, area)
    words = place_words(square, QSizeF(200, 24), area)
    assert area.contains(words)
    assert not words.intersects(square) or side > 100  # only a large one holds them


def test_what_it_says() -> None:
    assert smallest_face(Settings()) is None
    assert smallest_face(wanted(11.0)) == SizeFrame(11.0, "smallest face counted: 11 px")
    assert smallest_face(wanted(20.0), wanted(20.0)) == SizeFrame(20.0, "smallest face counted: 20 px")
    later = smallest_face(wanted(20.0), wanted(11.0))
    assert later == SizeFrame(20.0, "smallest face counted from the next start: 20 px")


def shown(window: MainWindow) -> tuple[SizeFrame | None, SizeFrame | None]:
    """Return the frame on the live picture, and that on the start page's."""
    return window.view._size_frame, window.start_page.sight.view._size_frame


def field(window: MainWindow) -> QDoubleSpinBox:
    page = window.parts.setup.advanced
    return next(box for box in page.findChildren(QDoubleSpinBox) if box.accessibleName() == "Smallest face counted")


def test_the_menu_shows_and_hides_it_and_that_is_kept(window: MainWindow, saved: list[Settings]) -> None:
    action = window.actions_["smallest_face"]
    assert not action.isChecked()
    assert shown(window) == (None, None)
    action.trigger()
    frame = SizeFrame(11.0, "smallest face counted: 11 px")
    assert shown(window) == (frame, frame)
    assert saved[-1].ui.show_smallest_face
    action.trigger()
    assert shown(window) == (None, None)
    assert not saved[-1].ui.show_smallest_face


def test_a_window_begins_as_the_last_one_ended(make_window: WindowMaker, services: FakeServices) -> None:
    window = make_window(services, wanted(25.0))
    assert window.actions_["smallest_face"].isChecked()
    assert shown(window)[0] == SizeFrame(25.0, "smallest face counted: 25 px")


def test_the_test_of_a_door_shows_it_too(make_window: WindowMaker, services: FakeServices) -> None:
    services.sources["camera:Side"] = services.sources["endless"]
    window = make_window(services, replace(wanted(), doors=(DoorSettings("Side door", "camera:Side"),)))
    seen: list[SizeFrame | None] = []

    def look() -> None:
        dialog = QApplication.activeModalWidget()
        if isinstance(dialog, DoorTest):
            seen.append(dialog.sight.view._size_frame)
            dialog.reject()
        else:
            QTimer.singleShot(20, look)

    QTimer.singleShot(20, look)
    window.commands.doors.test("camera:Side")
    assert seen == [SizeFrame(11.0, "smallest face counted: 11 px")]


def test_the_button_beside_the_setting_leads_to_the_picture(
    window: MainWindow, services: FakeServices, qtbot: QtBot
) -> None:
    window.sources.open_source("endless")
    qtbot.waitUntil(lambda: window.view.frame is not None, timeout=PATIENCE_MS)
    window.show_settings()
    window.parts.setup.show_page("advanced")
    field(window).setValue(20.0)
    window.parts.setup.advanced.see_size.click()  # before the form has told of the change by itself
    assert window.tabs.currentWidget() is window.parts.count
    assert window.settings.count.min_face_px == 20.0
    assert window.actions_["smallest_face"].isChecked()
    # The count under way goes on with 11 pixels, and the frame does not pretend otherwise.
    assert shown(window)[0] == SizeFrame(20.0, "smallest face counted from the next start: 20 px")
    window.controller.stop()
    now = SizeFrame(20.0, "smallest face counted: 20 px")
    qtbot.waitUntil(lambda: shown(window)[0] == now, timeout=PATIENCE_MS)
    window.actions_["undo"].trigger()
    assert window.settings.count.min_face_px == 11.0
    assert shown(window)[0] == SizeFrame(11.0, "smallest face counted: 11 px")


def test_the_button_says_where_there_is_no_picture_yet(window: MainWindow) -> None:
    window.show_settings()
    window.parts.setup.advanced.see_size.click()
    assert window.tabs.currentWidget() is window.parts.count
    assert "no picture yet" in window.banner.text
