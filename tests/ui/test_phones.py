"""The live count on phones: the switch, the code, and the server behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QToolButton, QWidget
from pytestqt.qtbot import QtBot

from desktop_app.errors import HeadcountError, SourceError
from desktop_app.session.manager import SessionManager
from desktop_app.ui.phones.phone_commands import PhoneCommands
from desktop_app.ui.phones.phones_dialog import PhonesDialog, qr_picture
from tests.patience import PATIENCE_MS, PATIENCE_S
from tests.ui.fakes import FakeServices

ADDRESS = "http://192.168.1.20:8080/enter?token=hc_abcdefghijklmnopqrstuvwxyz0123456789"
SHOWN = "http://192.168.1.20:8080/live"


class FakeServer:
    def __init__(self) -> None:
        self.invitation = SimpleNamespace(address=ADDRESS, shown=SHOWN)
        self.stopped = 0

    def stop(self, timeout_s: float = 8.0) -> bool:
        self.stopped += 1
        return True


def read_code(image: QImage) -> str:
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    picture = rows[:, : image.width() * 3].reshape(image.height(), image.width(), 3).copy()
    return cv2.QRCodeDetectorAruco().detectAndDecode(picture)[0]


@pytest.fixture
def make(qtbot: QtBot) -> Iterator[Callable[..., tuple[PhoneCommands, PhonesDialog]]]:
    made: list[PhoneCommands] = []

    def make(start: object) -> tuple[PhoneCommands, PhonesDialog]:
        window = QWidget()
        qtbot.addWidget(window)
        commands = PhoneCommands(window, SessionManager(FakeServices()), start)  # type: ignore[arg-type]
        made.append(commands)
        commands.window_ = window  # type: ignore[attr-defined]  # lives as long as its commands
        commands.show()
        dialog = window.findChild(PhonesDialog)
        assert isinstance(dialog, PhonesDialog)
        return commands, dialog

    yield make
    for commands in made:
        assert commands.shut_down()


def test_the_code_is_read_by_a_camera() -> None:
    image = qr_picture(ADDRESS, 264)
    assert image.width() == image.height()
    assert abs(image.width() - 264) < 40
    assert read_code(image) == ADDRESS


def test_it_is_switched_on_and_off(make, qtbot: QtBot) -> None:
    server = FakeServer()
    commands, dialog = make(lambda manager: server)
    assert not commands.is_on
    assert not dialog.code.isVisible()
    dialog.switch.click()
    qtbot.waitUntil(lambda: commands.is_on, timeout=PATIENCE_MS)
    assert dialog.address.text() == SHOWN
    assert "token" not in dialog.address.text()
    assert read_code(dialog.code.pixmap().toImage()) == ADDRESS
    dialog.copy.click()
    assert QGuiApplication.clipboard().text() == ADDRESS
    # Closing the dialog is not switching it off.
    dialog.close()
    commands.show()
    assert commands.is_on
    assert dialog.code.isVisible()
    dialog.switch.click()
    qtbot.waitUntil(lambda: not commands.is_on, timeout=PATIENCE_MS)
    assert server.stopped == 1
    assert not dialog.code.isVisible()
    assert dialog.switch.text() == "Show on phones"


def test_what_keeps_it_from_starting_is_said(make, qtbot: QtBot) -> None:
    def refuse(manager: object) -> None:
        raise SourceError("Nothing can be served at 0.0.0.0.", "Choose another port.")

    commands, dialog = make(refuse)
    dialog.switch.click()
    qtbot.waitUntil(lambda: "Nothing can be served" in dialog.said.text(), timeout=PATIENCE_MS)
    assert not commands.is_on
    assert dialog.switch.isEnabled()


def test_a_computer_without_a_network_says_so(make, qtbot: QtBot) -> None:
    server = FakeServer()
    server.invitation.shown = "http://127.0.0.1:8080/live"
    commands, dialog = make(lambda manager: server)
    dialog.switch.click()
    qtbot.waitUntil(lambda: commands.is_on, timeout=PATIENCE_MS)
    assert "in no network" in dialog.said.text()


def test_closing_the_window_ends_the_server(make, qtbot: QtBot) -> None:
    server = FakeServer()
    commands, dialog = make(lambda manager: server)
    dialog.switch.click()
    qtbot.waitUntil(lambda: commands.is_on, timeout=PATIENCE_MS)
    assert commands.shut_down()
    assert server.stopped == 1


def test_closing_the_window_while_it_starts_ends_the_server(make) -> None:
    server = FakeServer()
    commands, dialog = make(lambda manager: server)
    dialog.switch.click()
    assert commands.shut_down()
    assert server.stopped == 1


def test_the_window_offers_it_on_the_page_for_visitors(make_window, services: FakeServices) -> None:
    window = make_window(services)
    page = window.parts.setup.pages_["visitors"][1]
    button = next(b for b in page.findChildren(QToolButton) if b.accessibleName() == "Show on phones")
    button.click()
    dialog = window.findChild(PhonesDialog)
    assert dialog is not None
    assert dialog.isVisible()
    assert "Nothing is shown on phones" in dialog.said.text()


@pytest.mark.slow
@pytest.mark.servers
def test_a_phone_sees_the_live_count(qtbot: QtBot) -> None:
    import httpx

    from desktop_app.web.background import start_in_thread

    window = QWidget()
    qtbot.addWidget(window)
    manager = SessionManager(FakeServices())
    commands = PhoneCommands(window, manager, lambda m: start_in_thread(m, host="127.0.0.1", port=0))
    commands.show()
    commands.switch(True)
    qtbot.waitUntil(lambda: commands.is_on, timeout=PATIENCE_MS)
    dialog = window.findChild(PhonesDialog)
    address = read_code(dialog.code.pixmap().toImage())
    try:
        with httpx.Client(timeout=PATIENCE_S) as phone:
            page = phone.get(address, follow_redirects=True)
            assert page.status_code == 200
            assert page.url.path == "/live"
            assert "Nothing counted yet" in page.text
            # Seeing is all that this address allows.
            assert phone.get(str(page.url.join("/"))).status_code == 303
    finally:
        assert commands.shut_down()
    with pytest.raises(httpx.ConnectError):
        httpx.get(address, timeout=PATIENCE_S)


def test_without_the_web_part_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from desktop_app.ui.phones.phone_commands import start_server

    monkeypatch.setitem(sys.modules, "desktop_app.web.background", None)
    with pytest.raises(HeadcountError, match="web part of Headcount is not installed"):
        start_server(SessionManager(FakeServices()))
