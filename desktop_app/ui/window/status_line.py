"""The line at the foot of the window: speed, delay, and what is in use."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from desktop_app.ui.widgets.theme import repolish

_SLOW_DELAY_S = 0.5


class StatusLine(QWidget):
    """Plain figures with an explanation each; a figure that shows a problem turns to the warning colour."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("status")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.state = self._label("What the program is doing")
        self.source_fps = self._label("Frames a second that the source delivers")
        self.processed_fps = self._label("Frames a second that are looked at and counted")
        self.delay = self._label("Time from the arrival of a frame to its count")
        self.dropped = self._label("Frames of a live source passed over to stay up to date; a file never loses any")
        self.returns = self._label(
            "People who come back are recognised: a description of each face is held in memory only and expires"
        )
        self.returns.setProperty("alert", "true")
        self.detector = self._label("What finds the faces; change it in Settings")
        self.model = self._label("The network that estimates gender and age; change it in Settings")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 3, 12, 5)
        layout.setSpacing(18)
        layout.addWidget(self.state)
        layout.addStretch(1)
        for label in (
            self.source_fps,
            self.processed_fps,
            self.delay,
            self.dropped,
            self.returns,
            self.detector,
            self.model,
        ):
            layout.addWidget(label)

    def _label(self, tip: str) -> QLabel:
        label = QLabel("", self)
        label.setTextFormat(Qt.TextFormat.PlainText)  # a name is never rich text
        label.setToolTip(tip)
        label.setVisible(False)
        return label

    def show_state(self, text: str) -> None:
        _put(self.state, text)

    def show_figures(
        self, source_fps: float, processed_fps: float, delay_s: float, dropped: int, is_live: bool
    ) -> None:
        """Show the figures of a running count. `delay_s` in seconds; for a file, which has none, it is left out."""
        _put(self.source_fps, f"source {source_fps:.0f} fps" if source_fps > 0 else "")
        _put(self.processed_fps, f"counted {processed_fps:.0f} fps")
        _put(self.delay, f"delay {delay_s * 1000:.0f} ms" if is_live else "", delay_s > _SLOW_DELAY_S)
        _put(self.dropped, f"dropped {dropped:,}" if is_live else "")

    def clear_figures(self) -> None:
        for label in (self.source_fps, self.processed_fps, self.delay, self.dropped):
            _put(label, "")

    def show_parts(self, detector: str, model: str, returns_minutes: float) -> None:
        """Show what finds and classifies the faces, and whether people who come back are recognised."""
        _put(self.detector, f"detector {detector}" if detector else "")
        _put(self.model, f"model {model}" if model else "")
        _put(self.returns, f"● recognising returns, {returns_minutes:g} min" if returns_minutes > 0 else "", True)


def _put(label: QLabel, text: str, alert: bool = False) -> None:
    if label.text() != text:
        label.setText(text)
    label.setVisible(bool(text))
    wanted = "true" if alert else "false"
    if label.property("alert") != wanted:
        label.setProperty("alert", wanted)
        repolish(label)
