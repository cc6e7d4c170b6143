"""The line at the foot of the Count tab: speed, delay and what is in use, for those who want to know."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from desktop_app.ui.widgets.texts import tr
from desktop_app.ui.widgets.theme import repolish

_SLOW_DELAY_S = 0.5


class StatusLine(QWidget):
    """Plain figures with an explanation each; a figure that shows a problem turns to the warning colour."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("status")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.source_fps = self._label("Frames a second that the source delivers")
        self.processed_fps = self._label("Frames a second that are looked at and counted")
        self.delay = self._label("Time from the arrival of a frame to its count")
        self.dropped = self._label("Frames of a live source passed over to stay up to date; a file never loses any")
        self.returns = self._label(
            "People who come back are recognised: a description of each face is held in memory only and expires"
        )
        self.returns.setProperty("alert", "true")
        self.detector = self._label("What finds the faces; change it under Set up, Advanced")
        self.model = self._label("The network that estimates gender and age; change it under Set up, Advanced")
        self._technical = (
            self.source_fps,
            self.processed_fps,
            self.delay,
            self.dropped,
            self.detector,
            self.model,
        )
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 3, 12, 5)
        layout.setSpacing(18)
        layout.addWidget(self.returns)
        layout.addStretch(1)
        for label in self._technical:
            layout.addWidget(label)
        self._shows_technical = True
        self._chosen = self._used = ("", "")
        """The names of the detector and of the model: those of the settings, and those of the count under way."""
        self._texts: dict[QLabel, tuple[str, bool]] = {}

    def _label(self, tip: str) -> QLabel:
        label = QLabel("", self)
        label.setTextFormat(Qt.TextFormat.PlainText)  # a name is never rich text
        label.setToolTip(tip)
        label.setVisible(False)
        return label

    def show_technical(self, shown: bool) -> None:
        """Show or hide the figures for experts. That people are recognised again is always said."""
        self._shows_technical = shown
        for label in (*self._technical, self.returns):
            text, alert = self._texts.get(label, ("", False))
            self._put(label, text, alert)

    def show_figures(
        self, source_fps: float, processed_fps: float, delay_s: float, dropped: int, is_live: bool
    ) -> None:
        """Show the figures of a running count. `delay_s` in seconds; for a file, which has none, it is left out."""
        self._put(self.source_fps, tr("source {fps} fps", fps=f"{source_fps:.0f}") if source_fps > 0 else "")
        self._put(self.processed_fps, tr("counted {fps} fps", fps=f"{processed_fps:.0f}"))
        delay = tr("delay {ms} ms", ms=f"{delay_s * 1000:.0f}") if is_live else ""
        self._put(self.delay, delay, delay_s > _SLOW_DELAY_S)
        self._put(self.dropped, tr("dropped {number}", number=f"{dropped:,}") if is_live else "")

    def clear_figures(self) -> None:
        for label in (self.source_fps, self.processed_fps, self.delay, self.dropped):
            self._put(label, "")

    def show_parts(self, detector: str, model: str, returns_minutes: float) -> None:
        """Show what finds and classifies the faces, and whether people who come back are recognised."""
        self._chosen = (detector, model)
        self._show_names()
        minutes = tr("● recognising returns, {minutes} min", minutes=f"{returns_minutes:g}")
        self._put(self.returns, minutes if returns_minutes > 0 else "", True)

    def show_used(self, detector: str, model: str) -> None:
        """Show what finds and classifies the faces of the count under way, "" where there is none.

        It keeps its model when another is chosen, and takes a faster one by itself where it cannot keep up.
        """
        if (detector, model) != self._used:
            self._used = (detector, model)
            self._show_names()

    def _show_names(self) -> None:
        detector, model = (used or chosen for used, chosen in zip(self._used, self._chosen, strict=True))
        self._put(self.detector, tr("detector {name}", name=detector) if detector else "")
        self._put(self.model, tr("model {name}", name=model) if model else "")

    def _put(self, label: QLabel, text: str, alert: bool = False) -> None:
        self._texts[label] = (text, alert)
        if label.text() != text:
            label.setText(text)
        label.setVisible(bool(text) and (self._shows_technical or label is self.returns))
        self.setVisible(any(not label.isHidden() for label in (*self._technical, self.returns)))
        wanted = "true" if alert else "false"
        if label.property("alert") != wanted:
            label.setProperty("alert", wanted)
            repolish(label)
