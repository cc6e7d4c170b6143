"""What an operator gives the window to count from: file dialogs, an address, something dropped."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from desktop_app.sources.schemes import LISTENING_SCHEMES, URL_SCHEMES
from desktop_app.ui.widgets.theme import repolish

VIDEO_TYPES = (
    "mp4",
    "m4v",
    "mov",
    "mkv",
    "webm",
    "avi",
    "wmv",
    "flv",
    "mpg",
    "mpeg",
    "ts",
    "3gp",
    "gif",
    "264",
    "h264",
)
PICTURE_TYPES = ("jpg", "jpeg", "png", "bmp", "tif", "tiff", "webp")


def _patterns(types: Sequence[str]) -> str:
    return " ".join(f"*.{t}" for t in types)


def file_filter() -> str:
    """Return the filter of the file dialog."""
    return ";;".join(
        (
            f"Videos and pictures ({_patterns(VIDEO_TYPES + PICTURE_TYPES)})",
            f"Videos ({_patterns(VIDEO_TYPES)})",
            f"Pictures ({_patterns(PICTURE_TYPES)})",
            "All files (*)",
        )
    )


def ask_file(parent: QWidget, folder: str) -> str:
    """Let the operator pick a file; "" if they cancel."""
    path, _ = QFileDialog.getOpenFileName(parent, "Count the people in a video or picture", folder, file_filter())
    return path


def ask_folder(parent: QWidget, folder: str) -> str:
    """Let the operator pick a folder of pictures; "" if they cancel."""
    return QFileDialog.getExistingDirectory(parent, "Count the people in a folder of pictures", folder)


def looks_like_address(text: str) -> bool:
    """Return whether a text is an address that could be opened."""
    url = QUrl(text.strip(), QUrl.ParsingMode.StrictMode)
    scheme = url.scheme().lower()
    where = bool(url.host()) or (scheme in LISTENING_SCHEMES and url.port() > 0)
    return url.isValid() and scheme in URL_SCHEMES and where


def with_scheme(text: str) -> str:
    """Return the address as typed, completed to https where no scheme was typed ("example.org/cam")."""
    text = text.strip()
    if text and "://" not in text and "." in text.split("/", 1)[0] and " " not in text:
        return f"https://{text}"
    return text


class AddressDialog(QDialog):
    """Asks for the address of a stream, a network camera or a web page with a video."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Open an address")
        self.setMinimumWidth(520)
        self._edit = QLineEdit()
        self._edit.setPlaceholderText("rtsp://camera.local/stream1")
        self._edit.setAccessibleName("Address")
        self._edit.setClearButtonEnabled(True)
        self._edit.textChanged.connect(self._check)
        intro = QLabel("Address of a network camera, a stream or a web page with a video")
        intro.setProperty("role", "title")
        self._hint = QLabel(
            "rtsp:// for network cameras, http:// or https:// for streams, files and the pages of video sites. "
            "A password in the address is used once and not kept."
        )
        self._hint.setWordWrap(True)
        self._hint.setProperty("role", "muted")
        buttons = QDialogButtonBox()
        self._open = buttons.addButton("Open", QDialogButtonBox.ButtonRole.AcceptRole)
        self._open.setProperty("primary", "true")
        buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(10)
        for widget in (intro, self._edit, self._hint):
            layout.addWidget(widget)
        layout.addSpacing(4)
        layout.addWidget(buttons)
        self._paste_address()
        self._check()

    def _paste_address(self) -> None:
        clip = QApplication.clipboard().text().strip()
        if len(clip) < 2000 and looks_like_address(clip):
            self._edit.setText(clip)
            self._edit.selectAll()

    @property
    def address(self) -> str:
        return with_scheme(self._edit.text())

    def _check(self) -> None:
        good = looks_like_address(self.address)
        self._open.setEnabled(good)
        self._edit.setProperty("invalid", "true" if self._edit.text().strip() and not good else "false")
        repolish(self._edit)


def dropped_files(mime: QMimeData) -> list[Path]:
    """Return the files and folders of what is dragged onto the window."""
    return [Path(url.toLocalFile()) for url in mime.urls() if url.isLocalFile()]


def dropped_source(mime: QMimeData) -> str:
    """Return the source text of what is dragged onto the window: a file, a folder or an address; "" for anything else.

    Of several files the first is taken.
    """
    for url in mime.urls():
        if url.isLocalFile():
            return str(Path(url.toLocalFile()))
        if url.scheme().lower() in URL_SCHEMES:
            return url.toString(QUrl.ComponentFormattingOption.FullyEncoded)
    text = mime.text().strip() if mime.hasText() else ""
    return text if looks_like_address(text) else ""
