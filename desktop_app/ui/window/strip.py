"""The strip above the tabs: what the program is doing, for what occasion, how many so far, and Start or Stop."""

from __future__ import annotations

from PySide6.QtCore import QElapsedTimer, QSize, Qt, Signal
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from desktop_app.ui.widgets.cut_label import CutLabel
from desktop_app.ui.widgets.icons import action_icon
from desktop_app.ui.widgets.name_edit import NameEdit
from desktop_app.ui.widgets.texts import people_words, tr
from desktop_app.ui.widgets.theme import Theme, repolish, text_px
from desktop_app.ui.window.actions import Actions
from desktop_app.ui.window.state_words import Pill

LONGEST_NAME = 80
PILL_PADDING_PX = 26
"""What the style sheet leaves free beside the words of the state: padding and border, on both sides."""


class _PillLabel(CutLabel):
    """As wide as its words, or as the strip lets it be: then they end in "…"."""

    def __init__(self) -> None:
        super().__init__("", PILL_PADDING_PX)
        self.setObjectName("pill")
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)

    def sizeHint(self) -> QSize:
        words = self.fontMetrics().horizontalAdvance(self.whole)
        return QSize(words + self._padding_px + 2, super().sizeHint().height())

    def show_text(self, text: str) -> None:
        super().show_text(text)
        self.updateGeometry()


class Strip(QWidget):
    """Is shown on every tab. `renamed(text)` tells of another name for the occasion, entered by the operator."""

    renamed = Signal(str)

    def __init__(self, actions: Actions, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("bar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._theme = theme
        self._actions = actions
        self._running = False
        self._changed = QElapsedTimer()
        self.pill = _PillLabel()
        self.pill.setMinimumWidth(90)
        self.name = NameEdit()
        self.name.setObjectName("occasion")
        self.name.setMaxLength(LONGEST_NAME)
        self.name.setPlaceholderText(tr("Name of the occasion"))
        self.name.setAccessibleName(tr("Name of the occasion"))
        self.name.setToolTip(tr("What is counted here, like “Spring fair”. The report says so, too."))
        self.name.setMinimumWidth(170)
        self.name.setMaximumWidth(text_px(340))
        self.name.editingFinished.connect(self._name_entered)
        self.total = QLabel()
        self.total.setObjectName("strip_total")
        self.total.setTextFormat(Qt.TextFormat.PlainText)
        self.start = QPushButton()
        self.start.setProperty("primary", "true")
        self.start.setMinimumWidth(96)
        self.start.setIconSize(QSize(18, 18))
        self.start.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.start.clicked.connect(self._start_or_stop)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 7, 12, 7)
        row.setSpacing(12)
        row.addWidget(self.pill)
        row.addWidget(self.name, 2)
        row.addStretch(1)
        row.addWidget(self.total)
        row.addWidget(self.start)
        self._shown_name = ""
        self.show_total(0)
        self.show_state(Pill("idle", tr("Ready")))
        self.show_running(False)

    def minimumSizeHint(self) -> QSize:
        # A long state is cut off rather than making the window wider than a small screen.
        return QSize(420, super().minimumSizeHint().height())

    # --- showing -------------------------------------------------------------------------------------------------

    def show_state(self, pill: Pill) -> None:
        """Show a state; `kind` chooses its colour."""
        if self.pill.whole != pill.text:
            self.pill.show_text(pill.text)
            self.pill.setAccessibleName(tr("State: {state}", state=pill.text))
        if self.pill.property("kind") != pill.kind:
            self.pill.setProperty("kind", pill.kind)
            repolish(self.pill)

    def show_total(self, number: int, words: str = "") -> None:
        """Show the main number; `words` name what it counts, "people" by default."""
        text = tr("{number} {what}", number=f"{number:,}", what=words) if words else people_words(number)
        if self.total.text() != text:
            self.total.setText(text)
            self.total.setAccessibleName(tr("Counted so far: {total}", total=text))

    def show_name(self, name: str) -> None:
        """Show the name of the occasion, unless the operator is entering one."""
        if name == self._shown_name:
            return
        self._shown_name = name
        if not self.name.hasFocus():
            self.name.setText(name)

    def show_running(self, running: bool) -> None:
        """Turn the large button into Stop while a count runs."""
        if running != self._running:
            self._changed.start()
        self._running = running
        action = self._actions["stop" if running else "start"]
        self.start.setText(tr("Stop") if running else tr("Start"))
        self.start.setToolTip(action.toolTip())
        self.start.setAccessibleName(tr("Stop counting") if running else tr("Start counting"))
        self.apply_theme(self._theme)

    # --- what the operator does ----------------------------------------------------------------------------------

    def _name_entered(self) -> None:
        name = self.name.text().strip()
        if name != self._shown_name:
            self._shown_name = name
            self.renamed.emit(name)

    def _start_or_stop(self) -> None:
        # The second click of a double click is meant for what the button was at the first one: it must not start what
        # was just stopped.
        if self._changed.isValid() and self._changed.elapsed() < QApplication.doubleClickInterval():
            return
        self._actions["stop" if self._running else "start"].trigger()

    def apply_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.start.setIcon(action_icon("stop" if self._running else "play", theme, theme.on_accent))
