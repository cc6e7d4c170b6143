"""A strip over the picture that says in plain words what happened and offers what to do about it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QRect, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop_app.ui.widgets.icons import action_icon, tinted_pixmap
from desktop_app.ui.widgets.texts import tr
from desktop_app.ui.widgets.theme import Theme, repolish

Action = tuple[str, Callable[[], object]]

_ICONS = {"error": "warning", "warning": "warning", "good": "check", "info": "info"}


BUTTONS_BESIDE_PX = 620
"""In a narrower banner the buttons stand below the words instead of squeezing them."""


WIDEST_PX = 820
"""Longer lines are hard to read."""

MARGIN_PX = 10

RESULT = "result"
"""The subject of what leads to Results: settled once these are shown."""


@dataclass(frozen=True, slots=True)
class _Message:
    kind: str
    title: str
    detail: str
    actions: tuple[Action, ...]
    seconds: float
    waits: bool
    subject: str = ""


class Banner(QFrame):
    """One message at a time, of a kind: "error", "warning", "good" or "info".

    What must not be missed *waits*: it is shown when its turn comes, and if another message takes its place meanwhile,
    it comes back after that one, until the operator has dismissed or answered it.
    Nothing modal: the count goes on under it. It lies over what `float_over` says and moves nothing.
    `closed` is emitted when the operator or the clock takes it away.
    """

    closed = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("banner")
        self._theme = theme
        self._shown: _Message | None = None
        self._queue: deque[_Message] = deque()
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
        self._close.setToolTip(tr("Dismiss"))
        self._close.setAccessibleName(tr("Dismiss this message"))
        self._close.clicked.connect(self.dismiss)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.dismiss)
        self._words = words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._title)
        words.addWidget(self._detail)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(12, 8, 8, 8)
        self._row.setSpacing(10)
        self._beside = QHBoxLayout()
        self._below = QHBoxLayout()
        self._below.addStretch(1)
        for row in (self._beside, self._below):
            row.setSpacing(8)
        words.addLayout(self._below)
        self._row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        self._row.addLayout(words, 1)
        self._row.addLayout(self._beside)
        self._row.addWidget(self._close, 0, Qt.AlignmentFlag.AlignTop)
        self._before: QWidget | None = None
        """What had the keyboard before one of the buttons here."""
        app = QApplication.instance()
        if isinstance(app, QApplication):
            app.focusChanged.connect(self._focus_moved)
        self._area: Callable[[], QRect] | None = None
        self._at_bottom: Callable[[], bool] = lambda: False
        self.setVisible(False)

    def float_over(
        self, host: QWidget, area: Callable[[], QRect], at_bottom: Callable[[], bool] = lambda: False
    ) -> None:
        """Lie at the top of `area()`, or at its bottom, in the coordinates of `host`, which it becomes a child of."""
        self.setParent(host)
        self._area, self._at_bottom = area, at_bottom
        host.installEventFilter(self)

    def place(self) -> None:
        """Go to the top or the bottom of the area, as high as the words need."""
        if self._area is None:
            return
        area = self._area()
        width = max(200, min(WIDEST_PX, area.width() - 2 * MARGIN_PX))
        self.resize(width, self.height())
        self._row.activate()
        height = self._row.totalHeightForWidth(width) if self._row.hasHeightForWidth() else self.sizeHint().height()
        top = area.bottom() - MARGIN_PX - height if self._at_bottom() else area.top() + MARGIN_PX
        self.setGeometry(area.left() + (area.width() - width) // 2, top, width, height)
        self.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest) and not self.isHidden():
            QTimer.singleShot(0, self, self.place)  # once the layouts below have been worked out
        return super().eventFilter(watched, event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.place()

    @property
    def text(self) -> str:
        """The message as shown, empty where none is."""
        if self.isHidden():
            return ""
        return f"{self._title.text()} {self._detail.text()}".strip()

    @property
    def kind(self) -> str:
        return "" if self.isHidden() or self._shown is None else self._shown.kind

    @property
    def buttons(self) -> tuple[QPushButton, ...]:
        return tuple(self._buttons)

    def show_message(
        self,
        kind: str,
        title: str,
        detail: str = "",
        actions: Sequence[Action] = (),
        seconds: float = 0.0,
        waits: bool = False,
        subject: str = "",
    ) -> None:
        """Show a message in place of the present one; it goes by itself after `seconds`, where that is above 0.

        One that `waits` lets the present one stay, and is never lost to another. With a `subject` it takes the place of
        an earlier one on the same subject, wherever that is, and `withdraw` takes it away.
        """
        if subject:
            self.withdraw(subject)
        message = _Message(kind, title, detail, tuple(actions), seconds, waits, subject)
        if waits and not self.isHidden():
            self._queue.append(message)
            return
        if self._shown is not None and self._shown.waits:
            self._queue.appendleft(self._shown)
        self._show(message)

    def _show(self, message: _Message) -> None:
        self._timer.stop()
        self._shown = message
        self.setProperty("kind", message.kind)
        repolish(self)
        self._title.setText(message.title)
        self._detail.setText(message.detail)
        self._detail.setVisible(bool(message.detail))
        self._give_focus_back()
        for button in self._buttons:
            button.hide()
            button.deleteLater()
        self._buttons = []
        for text, call in message.actions:
            button = QPushButton(text)
            button.clicked.connect(lambda _checked=False, c=call: c())
            self._buttons.append(button)
        self._place_buttons()
        self.apply_theme(self._theme)
        self.setAccessibleName(f"{message.title} {message.detail}".strip())
        self.setVisible(True)
        self.place()
        if message.seconds > 0:
            self._timer.start(round(message.seconds * 1000))

    def _place_buttons(self) -> None:
        # A single one leaves the words room enough.
        beside = self.width() >= BUTTONS_BESIDE_PX or len(self._buttons) == 1
        for place, button in enumerate(self._buttons):
            self._beside.removeWidget(button)
            self._below.removeWidget(button)
            (self._beside if beside else self._below).insertWidget(place, button)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if (event.oldSize().width() >= BUTTONS_BESIDE_PX) != (event.size().width() >= BUTTONS_BESIDE_PX):
            self._place_buttons()

    def dismiss(self) -> None:
        """Take the message away; the next one that waits follows."""
        self._timer.stop()
        self._shown = None
        if self._queue:
            self._show(self._queue.popleft())
        elif not self.isHidden():
            self._give_focus_back()
            self.setVisible(False)
            self.closed.emit()

    def _give_focus_back(self) -> None:
        """Let nobody go on typing into whatever is next: Qt passes the keyboard on when a button that has it goes."""
        if any(button.hasFocus() for button in (*self._buttons, self._close)):
            (_if_still_shown(self._before) or self.window()).setFocus()

    @Slot(QWidget, QWidget)
    def _focus_moved(self, old: QWidget | None, new: QWidget | None) -> None:
        if new is not None and self.isAncestorOf(new) and old is not None and not self.isAncestorOf(old):
            self._before = old

    def withdraw(self, subject: str) -> None:
        """Take away what was said on a subject: it is settled."""
        self._queue = deque(m for m in self._queue if m.subject != subject)
        if self._shown is not None and self._shown.subject == subject:
            self.dismiss()

    def clear(self) -> None:
        """Take the message away, unless it is one that waits for the operator."""
        if self._shown is None or not self._shown.waits:
            self.dismiss()

    def apply_theme(self, theme: Theme) -> None:
        self._theme = theme
        colours = {"error": theme.danger, "warning": theme.warning, "good": theme.good}
        kind = self._shown.kind if self._shown else "info"
        colour = colours.get(kind, theme.accent)
        self._icon.setPixmap(tinted_pixmap(_ICONS.get(kind, "info"), colour, 20, self.devicePixelRatioF()))
        self._close.setIcon(action_icon("close", theme))


def _if_still_shown(widget: QWidget | None) -> QWidget | None:
    try:
        return widget if widget is not None and widget.isVisible() else None
    except RuntimeError:  # deleted meanwhile
        return None
