"""Makes the sign for the door: asks who counts and whom to ask, shows the page as it prints, saves and prints it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from desktop_app.errors import HeadcountError
from desktop_app.reports.door_sign import LONGEST, LONGEST_URL, DoorSign, sign_pdf
from desktop_app.settings import ReportSettings
from desktop_app.ui.results.printing import print_pdf
from desktop_app.ui.results.report_view import A4_WIDTH_POINTS, Page, to_image
from desktop_app.ui.widgets.banner import Banner
from desktop_app.ui.widgets.file_saver import PDF_KIND, FileSaver
from desktop_app.ui.widgets.tasks import Tasks
from desktop_app.ui.widgets.texts import tr
from desktop_app.ui.widgets.theme import Theme

SETTLE_MS = 250
"""So long after the last letter the page is drawn again."""
PREVIEW_WIDTH = 340
A4_HEIGHT_A_WIDTH = 297 / 210
ROOM_ABOVE_AND_BELOW = 150
"""What the rest of the dialog needs of a low screen, a message included. Logical pixels."""


class SignDialog(QDialog):
    """`entered(ReportSettings)` tells at the end what was filled in, so that it is there the next time."""

    entered = Signal(object)

    def __init__(self, filled: ReportSettings, keep_days: int, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("A sign for the door"))
        self._filled = filled
        self._keep_days = keep_days
        self.banner = Banner(theme)
        self.tasks = Tasks(self._failed, self)
        self.saver = FileSaver(self, self.tasks, self.banner)
        about = QLabel(tr("Whoever passes should know that they are counted, by whom, and whom to ask."))
        about.setWordWrap(True)
        about.setProperty("role", "muted")
        self.by = _line(filled.by, tr("for instance: Town library"), LONGEST)
        self.contact = _line(filled.contact, tr("an address or a telephone number"), LONGEST)
        self.purpose = _line(filled.purpose, tr("for instance: to plan opening hours"), LONGEST)
        self.page = _line(filled.page, tr("https://… (optional)"), LONGEST_URL)
        form = QVBoxLayout()
        form.setSpacing(4)
        for words, edit, tip in (
            (tr("&Who counts"), self.by, tr("Your organisation, as people know it")),
            (tr("Whom to &ask"), self.contact, tr("Where people get answers, and object")),
            (tr("What &for (optional)"), self.purpose, tr("A few words; the sign has them as “What for”")),
            (tr("&Page with more (optional)"), self.page, tr("The code on the sign leads there; else it has the text")),
        ):
            label = QLabel(words)
            label.setBuddy(edit)
            form.addWidget(label)
            form.addWidget(edit)
            form.addSpacing(8)
            edit.setToolTip(tip)
            edit.setAccessibleName(words.replace("&", ""))
            edit.setAccessibleDescription(tip)
            edit.textChanged.connect(self._touched)
        self.missing = QLabel()
        self.missing.setWordWrap(True)
        self.missing.setProperty("role", "muted")
        self.preview = Page()
        highest = self.screen().availableGeometry().height() - ROOM_ABOVE_AND_BELOW
        self._width = min(PREVIEW_WIDTH, round(highest / A4_HEIGHT_A_WIDTH))
        self.preview.setFixedSize(self._width, round(self._width * A4_HEIGHT_A_WIDTH))
        self.preview.setAccessibleName(tr("The sign as it prints"))
        self.save = QPushButton(tr("Save PDF…"))
        self.save.setProperty("primary", "true")
        self.save.setToolTip(tr("Save the sign as PDF, in A4"))
        self.print_ = QPushButton(tr("Print"))
        self.print_.setToolTip(tr("Print the sign"))
        close = QPushButton(tr("Close"))
        self.save.clicked.connect(self._save)
        self.print_.clicked.connect(self._print)
        close.clicked.connect(self.accept)
        buttons = QHBoxLayout()
        buttons.setSpacing(6)
        buttons.addWidget(self.save)
        buttons.addWidget(self.print_)
        buttons.addStretch(1)
        buttons.addWidget(close)
        left = QVBoxLayout()
        left.setSpacing(10)
        left.addWidget(about)
        left.addLayout(form)
        left.addWidget(self.missing)
        left.addStretch(1)
        left.addLayout(buttons)
        row = QHBoxLayout()
        row.setSpacing(18)
        row.addLayout(left, 1)
        row.addWidget(self.preview, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 14, 18, 14)
        column.addWidget(self.banner)
        column.addLayout(row)
        self.setMinimumWidth(720)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLE_MS)
        self._settle.timeout.connect(self._draw)
        self._say_missing()

    @property
    def busy(self) -> bool:
        return self._settle.isActive() or self.tasks.busy

    def filled(self) -> ReportSettings:
        """Return what was filled in."""
        texts = {name: getattr(self, name).text().strip() for name in ("by", "contact", "purpose", "page")}
        return replace(self._filled, **texts)

    def sign(self) -> DoorSign | None:
        """Return the sign, None while something is missing."""
        f = self.filled()
        try:
            return DoorSign(f.by, f.contact, f.purpose, f.page, self._keep_days)
        except ValueError:
            return None

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._draw()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._settle.start()
        return super().event(event)

    @Slot()
    def _touched(self) -> None:
        self._say_missing()
        self._settle.start()

    def _say_missing(self) -> None:
        sign = self.sign()
        self.missing.setText("" if sign is not None else tr("Fill in who counts and whom to ask."))
        for button in (self.save, self.print_):
            button.setEnabled(sign is not None)

    @Slot()
    def _draw(self) -> None:
        f = self.filled()
        sign = DoorSign(f.by or "…", f.contact or "…", f.purpose, f.page, self._keep_days)
        scale = self._width * self.devicePixelRatioF() / A4_WIDTH_POINTS

        def work() -> NDArray[np.uint8]:
            from desktop_app.reports.pdf_image import page_images

            return page_images(sign_pdf(sign), scale)[0]

        self.tasks.begin("draw", work, self._show)

    def _show(self, picture: NDArray[np.uint8]) -> None:
        self.preview.show_image(to_image(picture))

    @Slot()
    def _save(self) -> None:
        from desktop_app.reports.door_sign import write_sign
        from desktop_app.reports.export import write_whole

        sign = self.sign()
        if sign is not None:

            def write(path: Path) -> None:
                write_whole(path, lambda target: write_sign(target, sign))

            self.saver.save_as(tr("Save the sign"), "door-sign.pdf", (PDF_KIND,), write)

    @Slot()
    def _print(self) -> None:
        sign = self.sign()
        if sign is not None:
            print_pdf(sign_pdf(sign), self, self.tasks, self.banner)

    def _failed(self, error: HeadcountError) -> None:
        self.banner.show_message("warning", error.message, error.remedy)

    def done(self, result: int) -> None:
        """Hand over what was filled in, however the dialog is closed: nobody types it twice."""
        self._settle.stop()
        self.entered.emit(self.filled())
        super().done(result)


def _line(text: str, hint: str, longest: int) -> QLineEdit:
    edit = QLineEdit(text)
    edit.setPlaceholderText(hint)
    edit.setMaxLength(longest)
    return edit
