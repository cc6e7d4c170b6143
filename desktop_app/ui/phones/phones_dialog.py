"""Shows the address of the live count as a code to scan and as text, with a switch."""

from __future__ import annotations

import segno
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QImage, QPixmap
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from desktop_app.ui.widgets.texts import tr

CODE_SIDE = 264
_QUIET_MODULES = 4
"""A white edge that readers need (ISO/IEC 18004)."""


def qr_picture(text: str, side: int) -> QImage:
    """Return a QR code of a text, black on white, about `side` pixels wide: every module a whole number of pixels."""
    matrix = segno.make(text, micro=False, error="m").matrix
    modules = len(matrix) + 2 * _QUIET_MODULES
    image = QImage(modules, modules, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.white)
    for y, row in enumerate(matrix):
        for x, is_dark in enumerate(row):
            if is_dark:
                image.setPixel(x + _QUIET_MODULES, y + _QUIET_MODULES, 0xFF000000)
    factor = max(1, round(side / modules))
    return image.scaled(modules * factor, modules * factor)


class PhonesDialog(QDialog):
    """Signals: `switched(bool)` when the operator wants it on or off."""

    switched = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Show on phones"))
        self.setMinimumWidth(460)
        self._address = ""
        self._is_on = False
        title = QLabel(tr("The live count on phones"))
        title.setProperty("role", "heading")
        about = QLabel(
            tr(
                "Phones and tablets in the same network see the totals, the hours and the places, as they change. They "
                "never see a picture, and can change nothing."
            )
        )
        about.setWordWrap(True)
        self.code = QLabel()
        self.code.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.code.setAccessibleName(tr("QR code with the address"))
        self.code.setToolTip(tr("Point a phone’s camera at it"))
        self.address = QLabel()
        self.address.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.address.setWordWrap(True)
        self.address.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.said = QLabel()
        self.said.setWordWrap(True)
        self.said.setProperty("role", "muted")
        self.switch = QPushButton()
        self.switch.setProperty("primary", "true")
        self.switch.setDefault(True)
        self.switch.clicked.connect(self._switch)
        self.copy = QPushButton(tr("Copy the address"))
        self.copy.setToolTip(tr("Copy an address that lets whoever opens it see the live count"))
        self.copy.clicked.connect(self._copy)
        close = QPushButton(tr("Close"))
        close.setToolTip(tr("Close this; the count stays visible on phones until you stop showing it"))
        close.clicked.connect(self.close)
        buttons = QHBoxLayout()
        buttons.addWidget(self.switch)
        buttons.addWidget(self.copy)
        buttons.addStretch(1)
        buttons.addWidget(close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(12)
        for widget in (title, about, self.code, self.address, self.said):
            layout.addWidget(widget)
        layout.addStretch(1)
        layout.addLayout(buttons)
        self.show_off()

    def show_off(self, sentence: str = "") -> None:
        """Show that nothing is shown on phones; `sentence` says why, where it did not work."""
        self._set(False, "", sentence or tr("Nothing is shown on phones at the moment."))
        self.switch.setText(tr("Show on phones"))

    def show_busy(self, sentence: str) -> None:
        self.said.setText(sentence)
        self.switch.setEnabled(False)

    def show_on(self, address: str, shown: str, is_reachable: bool) -> None:
        """Show where the count is seen: `address` signs a phone in by itself, `shown` is what the eye reads."""
        if is_reachable:
            sentence = tr(
                "Scan the code. Whoever has it sees the figures until you stop showing them or close Headcount; the "
                "next time it is another one."
            )
        else:
            sentence = tr(
                "This computer is in no network, so no phone can reach it. Connect it to your Wi-Fi and try again."
            )
        self._set(True, address, sentence)
        self.code.setPixmap(QPixmap.fromImage(qr_picture(address, CODE_SIDE)))
        self.address.setText(shown)
        self.switch.setText(tr("Stop showing"))

    def _set(self, is_on: bool, address: str, sentence: str) -> None:
        self._is_on, self._address = is_on, address
        self.switch.setEnabled(True)
        for widget in (self.code, self.address, self.copy):
            widget.setVisible(is_on)
        self.said.setText(sentence)

    def _switch(self) -> None:
        self.switched.emit(not self._is_on)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._address)
        self.said.setText(tr("Copied. Whoever opens this address sees the live count."))
