"""Showing a saved file or its folder where the computer has a program for it, and where it has none."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from desktop_app.ui.widgets.banner import Banner
from desktop_app.ui.widgets.desktop import environment_of_others, open_path
from desktop_app.ui.widgets.file_saver import FileSaver
from desktop_app.ui.widgets.tasks import Tasks
from desktop_app.ui.widgets.theme import LIGHT
from tests.patience import PATIENCE_MS

on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems have no xdg-open")


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "reports" / "fair.pdf"
    path.parent.mkdir()
    path.write_bytes(b"%PDF")
    return path


def xdg_open(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Put a program of this name at the front of the path."""
    program = folder / "bin" / "xdg-open"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)


@on_linux
def test_a_missing_viewer_is_told_with_what_to_do(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    xdg_open(tmp_path, monkeypatch, "exit 3")
    banner = Banner(LIGHT)
    qtbot.addWidget(banner)
    saver = FileSaver(banner, Tasks(lambda _error: None, banner), banner)
    saver.say_saved(saved)
    show_file, _show_folder = banner.buttons
    show_file.click()
    qtbot.waitUntil(lambda: "no program that opens fair.pdf" in banner.text, timeout=PATIENCE_MS)
    assert str(saved.parent) in banner.text
    assert "PDF" in banner.text
    saver.say_saved(saved)
    banner.buttons[1].click()
    qtbot.waitUntil(lambda: "no program that shows folders" in banner.text, timeout=PATIENCE_MS)
    assert "Install a file manager" in banner.text


@on_linux
def test_a_viewer_that_is_there_gets_the_path_and_nothing_is_told(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    xdg_open(tmp_path, monkeypatch, f'printf %s "$1" > "{tmp_path}/half"; mv "{tmp_path}/half" "{tmp_path}/shown"')
    owner, told = QObject(), list[str]()
    open_path(owner, saved, lambda title, _detail: told.append(title))
    qtbot.waitUntil(lambda: not owner.children() and (tmp_path / "shown").exists(), timeout=PATIENCE_MS)
    assert (tmp_path / "shown").read_text(encoding="utf-8") == str(saved)
    assert told == []


@on_linux
def test_an_opener_that_cannot_be_started_is_told(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    xdg_open(tmp_path, monkeypatch, "")
    (tmp_path / "bin" / "xdg-open").write_bytes(b"\0 no program")
    told: list[str] = []
    open_path(QObject(), saved, lambda title, _detail: told.append(title))
    assert told == ["This computer has no program that opens fair.pdf."]


def test_where_qt_itself_finds_no_program_that_is_told(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("desktop_app.ui.widgets.desktop.shutil.which", lambda _name: None)
    asked: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: bool(asked.append(url)))
    told: list[str] = []
    open_path(QObject(), saved, lambda title, _detail: told.append(title))
    assert [Path(url.toLocalFile()) for url in asked] == [saved]
    assert told == ["This computer has no program that opens fair.pdf."]


def test_a_file_that_was_moved_meanwhile_is_told(saved: Path) -> None:
    saved.unlink()
    told: list[str] = []
    open_path(QObject(), saved, lambda title, detail: told.append(f"{title} {detail}"))
    assert told == [f"fair.pdf is not there any more. It was in {saved.parent}."]


def test_a_dialog_without_a_place_for_messages_opens_a_small_window(tmp_path: Path, qtbot: QtBot) -> None:
    banner = Banner(LIGHT)
    qtbot.addWidget(banner)
    open_path(banner, tmp_path / "gone")
    box = banner.findChild(QMessageBox)
    assert box is not None
    assert "gone is not there any more." in box.text()
    box.close()


def test_a_viewer_does_not_load_the_libraries_of_the_frozen_program() -> None:
    own = {
        "HOME": "/home/ada",
        "LD_LIBRARY_PATH": "/usr/lib/headcount/lib:/opt/lib",
        "LD_LIBRARY_PATH_ORIG": "/opt/lib",
        "QT_PLUGIN_PATH": "/usr/lib/headcount/lib/PySide6/Qt/plugins",
    }
    assert environment_of_others(own, "/usr/lib/headcount/lib") == {"HOME": "/home/ada", "LD_LIBRARY_PATH": "/opt/lib"}
    del own["LD_LIBRARY_PATH_ORIG"]
    assert environment_of_others(own, "/usr/lib/headcount/lib") == {"HOME": "/home/ada"}
    assert environment_of_others(own, None) == own
