"""Asks when a recording began, for files whose own clock is wrong or missing."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QDateTime
from PySide6.QtWidgets import QDateTimeEdit, QDialog, QDialogButtonBox, QLabel, QVBoxLayout, QWidget

from desktop_app.session.services import RecordingStart
from desktop_app.ui.widgets.texts import tr


def known_from(clock: str) -> str:
    """Return in words how the beginning of a recording is known."""
    return {
        "operator": tr("You said so before."),
        "container": tr("The video file says so."),
        "file time": tr("This is when the file was last written; the file itself does not say when it began."),
    }.get(clock, tr("The file does not say when it began."))


class BeganDialog(QDialog):
    """Shows what is known of the beginning and lets it be changed; `utc` is the answer in seconds since 1970."""

    def __init__(self, name: str, known: RecordingStart | None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("When the recording began"))
        self.setMinimumWidth(440)
        title = QLabel(tr("When did {name} begin?", name=name))
        title.setProperty("role", "title")
        moment = datetime.fromtimestamp(known.utc) if known is not None else datetime.now()
        self._edit = QDateTimeEdit(QDateTime.fromSecsSinceEpoch(int(moment.timestamp())))
        self._edit.setDisplayFormat("yyyy-MM-dd  HH:mm:ss")
        self._edit.setCalendarPopup(True)
        self._edit.setAccessibleName(tr("Beginning of the recording"))
        said = QLabel(known_from(known.clock if known is not None else ""))
        said.setWordWrap(True)
        said.setProperty("role", "muted")
        again = QLabel(tr("The file is counted again from its start with this time; the count so far is kept."))
        again.setWordWrap(True)
        buttons = QDialogButtonBox()
        count = buttons.addButton(tr("Count with this time"), QDialogButtonBox.ButtonRole.AcceptRole)
        count.setProperty("primary", "true")
        buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(10)
        for widget in (title, self._edit, said, again, buttons):
            layout.addWidget(widget)

    @property
    def utc(self) -> float:
        return float(self._edit.dateTime().toSecsSinceEpoch())

    def set_utc(self, utc: float) -> None:
        """Show another moment, in seconds since 1970."""
        self._edit.setDateTime(QDateTime.fromSecsSinceEpoch(int(utc)))
