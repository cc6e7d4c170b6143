"""The strip under a file's picture: where in the file, how fast, once or over and over."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSlider, QStyle, QStyleOptionSlider, QToolButton, QWidget

from desktop_app.ui.widgets.icons import action_icon
from desktop_app.ui.widgets.theme import Theme

SPEEDS: tuple[tuple[str, float], ...] = (
    ("0.25×", 0.25),
    ("0.5×", 0.5),
    ("1×", 1.0),
    ("2×", 2.0),
    ("4×", 4.0),
    ("8×", 8.0),
    ("Fastest", 0.0),
)
_STEPS = 10_000


def media_time(seconds: float) -> str:
    """Return a position as m:ss or h:mm:ss."""
    total = max(0, int(seconds))
    hours, rest = divmod(total, 3600)
    minutes, secs = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{secs:02d}" if hours else f"{minutes}:{secs:02d}"


class _JumpSlider(QSlider):
    """A slider that goes where it is clicked, as in every player."""

    def mousePressEvent(self, event: QMouseEvent) -> None:
        option = QStyleOptionSlider()
        self.initStyleOption(option)
        handle = self.style().subControlRect(
            QStyle.ComplexControl.CC_Slider, option, QStyle.SubControl.SC_SliderHandle, self
        )
        if event.button() == Qt.MouseButton.LeftButton and not handle.contains(event.position().toPoint()):
            span = max(1, self.width() - handle.width())
            share = (event.position().x() - handle.width() / 2) / span
            self.setSliderDown(True)
            self.setSliderPosition(round(min(1.0, max(0.0, share)) * self.maximum()))
            event.accept()
            super().mousePressEvent(event)
            return
        super().mousePressEvent(event)


class Transport(QWidget):
    """Signals: `seek_requested(seconds)`, `speed_chosen(factor)` where 0 means as fast as possible, `loop_chosen`."""

    seek_requested = Signal(float)
    speed_chosen = Signal(float)
    loop_chosen = Signal(bool)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("transport")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._duration_s = 0.0
        self.position = QLabel("0:00")
        self.position.setMinimumWidth(42)
        self.position.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.slider = _JumpSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, _STEPS)
        self.slider.setPageStep(_STEPS // 20)
        self.slider.setSingleStep(_STEPS // 100)
        self.slider.setAccessibleName("Position in the file")
        self.slider.setToolTip(
            "Position in the file. The count goes on from there; what was counted stays, so going back counts again."
        )
        self.slider.sliderReleased.connect(self._released)
        self.slider.sliderMoved.connect(self._moved)
        self.slider.actionTriggered.connect(self._keyed)
        self.duration = QLabel("")
        self.duration.setProperty("role", "muted")
        self.speed = QComboBox()
        for text, factor in SPEEDS:
            self.speed.addItem(text, factor)
        self.speed.setCurrentIndex(2)
        self.speed.setAccessibleName("Playing speed")
        self.speed.setToolTip("Playing speed. The count is the same at every speed.")
        self.speed.activated.connect(lambda i: self.speed_chosen.emit(float(self.speed.itemData(i))))
        self.loop = QToolButton()
        self.loop.setCheckable(True)
        self.loop.setProperty("flat", "true")
        self.loop.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.loop.setAccessibleName("Repeat")
        self.allow_loop(True)
        self.loop.clicked.connect(self.loop_chosen.emit)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 4, 8, 4)
        row.setSpacing(8)
        for widget in (self.position, self.slider, self.duration, self.loop, self.speed):
            row.addWidget(widget, 1 if widget is self.slider else 0)
        self.apply_theme(theme)

    def set_source(self, duration_s: float | None, seekable: bool) -> None:
        """Fit the strip to an open file; without a known duration the slider only tells that there is none."""
        self._duration_s = duration_s or 0.0
        self.slider.setEnabled(seekable and self._duration_s > 0)
        self.slider.setValue(0)
        self.position.setText("0:00")
        self.duration.setText(media_time(self._duration_s) if self._duration_s else "unknown length")

    def allow_loop(self, allowed: bool) -> None:
        """Let a file begin again at its end, which of several doors none does: its people would count again."""
        self.loop.setEnabled(allowed)
        self.loop.setToolTip(
            "Start again at the end of the file (L)" if allowed else "At several doors each file is counted once"
        )

    def set_choices(self, speed: float, loop: bool) -> None:
        """Show the speed and the repeat in force."""
        factors = [factor for _, factor in SPEEDS]
        nearest = min(range(len(factors)), key=lambda i: (abs(factors[i] - speed), i))
        self.speed.setCurrentIndex(nearest)
        self.loop.setChecked(loop)

    def show_position(self, time_s: float) -> None:
        """Follow the count, unless the operator holds the slider."""
        if self.slider.isSliderDown():
            return
        text = media_time(time_s)
        if text != self.position.text():
            self.position.setText(text)
        if self._duration_s:
            self.slider.setValue(min(_STEPS, round(time_s / self._duration_s * _STEPS)))

    def show_end(self) -> None:
        """Show that the file was counted to its end; the last frame begins a moment before it."""
        if self._duration_s:
            self.slider.setValue(_STEPS)
            self.position.setText(media_time(self._duration_s))

    def _seconds(self) -> float:
        return self.slider.sliderPosition() / _STEPS * self._duration_s

    def _moved(self, _value: int) -> None:
        self.position.setText(media_time(self._seconds()))

    def _released(self) -> None:
        if self._duration_s:
            self.seek_requested.emit(self._seconds())

    def _keyed(self, action: int) -> None:
        if action != QSlider.SliderAction.SliderMove.value and not self.slider.isSliderDown() and self._duration_s:
            self.seek_requested.emit(self._seconds())

    def apply_theme(self, theme: Theme) -> None:
        self.loop.setIcon(action_icon("loop", theme))
