"""Small pages of the Help menu: About, the shortcuts, and deleting all data."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QTabWidget,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from desktop_app import __version__
from desktop_app.errors import HeadcountError
from desktop_app.resources import resource_path
from desktop_app.settings import data_dir, default_path
from desktop_app.ui.widgets.icons import app_icon
from desktop_app.ui.window.actions import MENUS, Actions, plain_text, shortcut_text
from desktop_app.ui.window.diagnostics import versions

_LICENCES = (
    ("Headcount", "see the Licences page", "the program and its own network"),
    ("Qt and PySide6", "LGPL-3.0", "the window; shared libraries that you may replace"),
    ("OpenCV", "Apache-2.0", "pictures, Haar cascades; contains FFmpeg (LGPL-2.1) as shared libraries"),
    ("YuNet", "MIT", "finding faces; Wu and others, 2023"),
    ("LiteRT", "Apache-2.0", "runs the network"),
    ("NumPy", "BSD-3-Clause", "arithmetic"),
    ("pyqtgraph", "MIT", "charts"),
    ("yt-dlp", "Unlicense", "videos of web pages"),
    ("cv2-enumerate-cameras", "MIT", "names of cameras"),
    ("platformdirs", "MIT", "where settings belong"),
    ("tqdm", "MPL-2.0 and MIT", "progress on the command line"),
)


class AboutDialog(QDialog):
    """Version, what it is, what it is not, and whose work it stands on."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("About Headcount")
        self.setMinimumSize(480, 360)
        self.resize(600, 480)
        icon = QLabel()
        icon.setPixmap(app_icon().pixmap(QSize(64, 64)))
        name = QLabel("Headcount")
        name.setProperty("role", "heading")
        version = QLabel(f"Version {__version__}")
        version.setProperty("role", "muted")
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(name)
        words.addWidget(version)
        words.addStretch(1)
        head = QHBoxLayout()
        head.setSpacing(14)
        head.addWidget(icon)
        head.addLayout(words, 1)
        tabs = QTabWidget()
        tabs.addTab(
            _text(
                "<p>Headcount counts the people who pass a camera, by apparent gender and age, on one computer.</p>"
                "<p>Gender and age are estimates of how someone appears, in sum over many people. They say nothing "
                "about who a person is, and no decision about anyone may rest on them. The program never estimates "
                "race or mood.</p>"
                "<p>No picture is kept or sent, unless you ask for a snapshot or a recording. No description of a face "
                "is ever written.</p>"
                "<p>Where you count, tell people about it as the law of your country asks.</p>"
            ),
            "About",
        )
        tabs.addTab(_text(_versions_html()), "Versions")
        tabs.addTab(_text(_licences_html()), "Licences")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        folder = _licence_folder()
        if folder is not None:
            show = buttons.addButton("Show licence texts", QDialogButtonBox.ButtonRole.ActionRole)
            show.clicked.connect(lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 14)
        layout.setSpacing(12)
        layout.addLayout(head)
        layout.addWidget(tabs, 1)
        layout.addWidget(buttons)


def _text(html: str) -> QTextBrowser:
    browser = QTextBrowser()
    browser.setOpenExternalLinks(True)
    browser.setHtml(html)
    browser.setStyleSheet("border: none; background: transparent; padding: 8px;")
    return browser


def _versions_html() -> str:
    rows = "".join(f"<tr><td style='padding: 2px 18px 2px 0'>{n}</td><td>{v}</td></tr>" for n, v in versions())
    return f"<table>{rows}</table>"


def _licences_html() -> str:
    rows = "".join(
        f"<tr><td style='padding: 3px 14px 3px 0'><b>{n}</b></td><td style='padding-right: 14px'>{licence}</td>"
        f"<td>{what}</td></tr>"
        for n, licence, what in _LICENCES
    )
    return (
        f"<table>{rows}</table><p>Our network was trained on FairFace (Kärkkäinen and Joo, 2021; CC BY 4.0).</p>"
        "<p>The full texts lie in the program's folder of licences.</p>"
    )


def _licence_folder() -> Path | None:
    try:
        return resource_path("licences")
    except HeadcountError:
        return None


class ShortcutsDialog(QDialog):
    """Every command that has a shortcut, by menu."""

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keyboard shortcuts")
        self.setMinimumSize(460, 360)
        self.resize(540, 600)
        body = QWidget()
        grid = QGridLayout(body)
        grid.setContentsMargins(4, 0, 12, 0)
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(5)
        grid.setColumnStretch(1, 1)
        row = 0
        for title, keys in MENUS:
            heading = QLabel(title.replace("&", ""))
            heading.setProperty("role", "title")
            heading.setContentsMargins(0, 10 if row else 0, 0, 2)
            grid.addWidget(heading, row, 0, 1, 2)
            row += 1
            for key in keys:
                if key == "-" or not shortcut_text(actions[key]):
                    continue
                row = _shortcut_row(grid, row, shortcut_text(actions[key]), plain_text(actions[key]))
        heading = QLabel("On the picture")
        heading.setProperty("role", "title")
        heading.setContentsMargins(0, 10, 0, 2)
        grid.addWidget(heading, row, 0, 1, 2)
        for gesture, words in (
            ("Click", "On a person: what is known, correct it, mark as staff"),
            ("Drag", "A corner of a line or zone: move it"),
            ("Del", "Delete the chosen line or zone"),
            ("Esc", "Stop drawing; leave the full screen"),
            ("Double click", "Full screen, on and off"),
        ):
            row = _shortcut_row(grid, row + 1, gesture, words)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(body)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 14, 14)
        layout.addWidget(scroll, 1)
        layout.addWidget(buttons)


def _shortcut_row(grid: QGridLayout, row: int, keys: str, words: str) -> int:
    label = QLabel(keys)
    label.setProperty("role", "muted")
    label.setMinimumWidth(130)
    grid.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop)
    text = QLabel(words)
    text.setWordWrap(True)
    grid.addWidget(text, row, 1)
    return row + 1


class DeleteDataDialog(QDialog):
    """Says what will be deleted and what stays, and asks for a tick first."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Delete all my data")
        self.setMinimumWidth(480)
        words = QLabel(
            "<p><b>This deletes what Headcount keeps of its own:</b> settings, recent sources, lines and zones, logs, "
            "kept counts and models you added.</p>"
            f"<p>{default_path().parent}<br>{data_dir()}</p>"
            "<p>Snapshots and recordings are yours and stay. It cannot be undone.</p>"
        )
        words.setWordWrap(True)
        words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        sure = QCheckBox("Yes, delete all of it")
        buttons = QDialogButtonBox()
        delete = buttons.addButton("Delete", QDialogButtonBox.ButtonRole.AcceptRole)
        delete.setEnabled(False)
        cancel = buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        cancel.setDefault(True)
        sure.toggled.connect(delete.setEnabled)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 16, 20, 14)
        layout.setSpacing(12)
        for widget in (words, sure, buttons):
            layout.addWidget(widget)
