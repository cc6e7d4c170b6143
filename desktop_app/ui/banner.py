"""A strip above the picture that says in plain words what happened and offers what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from desktop_app.ui.icons import action_icon, tinted_pixmap
from desktop_app.ui.theme import Theme, repolish

Action = tuple[str, Callable[[], object]]

_ICONS = {"error": "warning", "warning": "warning", "good": "check", "info": "info"}


class Banner(QFrame):
    """One message at a time, of a kind: "error", "warning", "good" or "info".

    Nothing modal: the count goes on under it. `closed` is emitted when the operator or the clock takes it away.
    """

    closed = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("banner")
        self._theme = theme
        self._kind = "info"
        self._icon = QLabel()
        self._title = QLabel()
        self._title.setWordWrap(True)
        self._title.setProperty("role", "title")
        self._title.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._detail = QLabel()
        self._detail.setWordWrap(True)
        self._detail.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        for label in (self._title, self._detail):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._buttons: list[QPushButton] = []
        self._close = QToolButton()
        self._close.setProperty("flat", "true")
        self._close.setToolTip("Dismiss")
        self._close.setAccessibleName("Dismiss this message")
        self._close.clicked.connect(self.dismiss)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.dismiss)
        words = QVBoxLayout()
        words.setSpacing(1)
        words.addWidget(self._title)
        words.addWidget(self._detail)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(12, 8, 8, 8)
        self._row.setSpacing(10)
        self._row.addWidget(self._icon)
        self._row.addLayout(words, 1)
        self._row.addWidget(self._close)
        self.setVisible(False)

    @property
    def text(self) -> str:
        """The message as shown, empty where none is."""
        if self.isHidden():
            return ""
        return f"{self._title.text()} {self._detail.text()}".strip()

    @property
    def kind(self) -> str:
        return "" if self.isHidden() else self._kind

    @property
    def buttons(self) -> tuple[QPushButton, ...]:
        return tuple(self._buttons)

    def show_message(
        self, kind: str, title: str, detail: str = "", actions: Sequence[Action] = (), seconds: float = 0.0
    ) -> None:
        """Show a message in place of the present one; it goes by itself after `seconds`, where that is above 0."""
        self._timer.stop()
        self._kind = kind
        self.setProperty("kind", kind)
        repolish(self)
        self._title.setText(title)
        self._detail.setText(detail)
        self._detail.setVisible(bool(detail))
        for button in self._buttons:
            self._row.removeWidget(button)
            button.deleteLater()
        self._buttons = []
        for place, (text, call) in enumerate(actions):
            button = QPushButton(text)
            button.clicked.connect(lambda _checked=False, c=call: c())
            self._row.insertWidget(2 + place, button)
            self._buttons.append(button)
        self.apply_theme(self._theme)
        self.setAccessibleName(f"{title} {detail}".strip())
        self.setVisible(True)
        if seconds > 0:
            self._timer.start(round(seconds * 1000))

    def dismiss(self) -> None:
        """Take the message away."""
        self._timer.stop()
        if not self.isHidden():
            self.setVisible(False)
            self.closed.emit()

    def apply_theme(self, theme: Theme) -> None:
        self._theme = theme
        colours = {"error": theme.danger, "warning": theme.warning, "good": theme.good}
        colour = colours.get(self._kind, theme.accent)
        self._icon.setPixmap(tinted_pixmap(_ICONS.get(self._kind, "info"), colour, 20, self.devicePixelRatioF()))
        self._close.setIcon(action_icon("close", theme))
