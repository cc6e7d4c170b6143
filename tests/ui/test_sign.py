"""The sign for the door: what is asked, shown, saved and remembered."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pypdfium2 as pdfium
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QLineEdit
from pytestqt.qtbot import QtBot

from desktop_app.settings import KeepSettings, ReportSettings, Settings
from desktop_app.ui.setup.sign_dialog import SignDialog
from desktop_app.ui.window.main_window import MainWindow
from tests.patience import PATIENCE_MS
from tests.ui.conftest import WindowMaker
from tests.ui.fakes import FakeServices

WAIT = PATIENCE_MS


def opened(window: MainWindow, qtbot: QtBot) -> SignDialog:
    window.actions_["sign"].trigger()
    sign = window.commands.settings.sign
    assert sign is not None
    qtbot.waitUntil(lambda: not sign.busy, timeout=WAIT)
    return sign


def test_a_sign_is_filled_in_shown_and_saved(
    make_window: WindowMaker, services: FakeServices, saved: list[Settings], qtbot: QtBot, tmp_path: Path
) -> None:
    sign = opened(make_window(services, replace(Settings(), keep=KeepSettings(30))), qtbot)
    assert not sign.save.isEnabled()
    assert not sign.print_.isEnabled()
    assert "Fill in who counts" in sign.missing.text()
    empty = sign.preview.image
    assert not empty.isNull(), "the page is there before anything is filled in"
    sign.by.setText("Town library")
    sign.contact.setText("privacy@library.example")
    sign.purpose.setText("to plan opening hours")
    qtbot.waitUntil(lambda: not sign.busy, timeout=WAIT)
    assert sign.preview.image != empty
    assert sign.save.isEnabled()
    sign.saver.ask_where = lambda *_: tmp_path / "sign.pdf"
    sign.save.click()
    qtbot.waitUntil(lambda: not sign.busy, timeout=WAIT)
    document = pdfium.PdfDocument(tmp_path / "sign.pdf")
    try:
        text = document[0].get_textpage().get_text_bounded()
    finally:
        document.close()
    for part in ("Town library", "privacy@library.example", "to plan opening hours", "after 30 days"):
        assert part in text
    assert "Saved: sign.pdf" in sign.banner.text
    sign.reject()
    assert saved[-1].reports == ReportSettings(
        by="Town library", contact="privacy@library.example", purpose="to plan opening hours"
    )


def test_what_was_filled_in_is_there_the_next_time(
    make_window: WindowMaker, services: FakeServices, saved: list[Settings], qtbot: QtBot
) -> None:
    filled = ReportSettings(hide_below=5, by="Town library", contact="desk", page="https://library.example/counting")
    window = make_window(services, replace(Settings(), reports=filled))
    sign = opened(window, qtbot)
    assert sign.sign() is not None
    assert sign.page.text() == "https://library.example/counting"
    sign.contact.setText("front desk")
    sign.close()
    assert saved[-1].reports == replace(filled, contact="front desk")
    assert window.commands.settings.sign is None


def test_the_keyboard_reaches_every_field_and_everything_has_a_name(
    make_window: WindowMaker, services: FakeServices, qtbot: QtBot
) -> None:
    sign = opened(make_window(services), qtbot)
    for edit in sign.findChildren(QLineEdit):
        assert edit.accessibleName()
        assert edit.toolTip()
    for button in sign.findChildren(QAbstractButton):
        assert button.accessibleName() or button.text(), button
    sign.by.setFocus()
    for edit in (sign.contact, sign.purpose, sign.page):
        qtbot.keyClick(sign.focusWidget(), Qt.Key.Key_Tab)
        assert sign.focusWidget() is edit


def test_set_up_offers_it(window: MainWindow) -> None:
    buttons = [b for b in window.parts.setup.findChildren(QAbstractButton) if "door sign" in b.text()]
    assert len(buttons) == 1


@pytest.mark.parametrize("value", [4, -1, True, 1000])
def test_a_strange_limit_of_small_numbers_is_refused(value: int) -> None:
    from desktop_app.errors import SettingsError

    with pytest.raises(SettingsError):
        ReportSettings(hide_below=value)
