"""Looks at one door before a count: its picture, and in plain words whether it sees well."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QVBoxLayout, QWidget

from desktop_app.domain.sight import FAIR, GOOD, POOR, UNKNOWN, Finding
from desktop_app.errors import HeadcountError
from desktop_app.ui.picture.display import DisplayFrame
from desktop_app.ui.sources.preview import Preview
from desktop_app.ui.sources.sight_panel import SightPanel
from desktop_app.ui.widgets.texts import tr
from desktop_app.ui.widgets.theme import Theme

SHUT_DOWN_S = 1.0


def verdict(findings: Sequence[Finding]) -> tuple[str, str]:
    """Return (level, sentence) of what the findings come to: the worst of them, or that nobody was seen yet."""
    levels = {finding.level for finding in findings}
    if not findings or levels == {UNKNOWN}:
        return UNKNOWN, tr("The picture is there. Walk past once to see whether faces are seen well.")
    if POOR in levels:
        return POOR, tr("This door does not see well yet.")
    if FAIR in levels:
        return FAIR, tr("This door sees well enough; it could be better.")
    return GOOD, tr("This door sees well.")


class DoorTest(QDialog):
    """Opens the source at once. `preview` must belong to nobody else; it ends with the dialog."""

    def __init__(self, name: str, source: str, preview: Preview, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Test: {door}", door=name))
        self.setMinimumSize(560, 480)
        self.ended = True
        """Whether every thread of the preview has ended, once the dialog is closed."""
        self._preview = preview
        self._verdict = QLabel(tr("Opening {door}…", door=name))
        self._verdict.setProperty("role", "title")
        self._verdict.setWordWrap(True)
        self._remedy = QLabel()
        self._remedy.setWordWrap(True)
        self._remedy.setVisible(False)
        self.sight = SightPanel(theme)
        self.sight.begin()
        self.sight.view.set_note(tr("Opening {door}…", door=name), busy=True)
        buttons = QDialogButtonBox()
        close = buttons.addButton(QDialogButtonBox.StandardButton.Close)
        close.setDefault(True)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(10)
        layout.addWidget(self._verdict)
        layout.addWidget(self._remedy)
        layout.addWidget(self.sight, 1)
        layout.addWidget(buttons)
        self.sight.view.box_changed.connect(preview.set_box)
        preview.frame_ready.connect(self._picture)
        preview.findings.connect(self._findings)
        preview.failed.connect(self._failed)
        self.finished.connect(lambda _result: self._end())
        preview.start(source)

    @property
    def text(self) -> str:
        """The verdict as it is shown."""
        return self._verdict.text()

    @Slot(object)
    def _picture(self, frame: DisplayFrame) -> None:
        self.sight.view.set_note("")
        self.sight.view.show_frame(frame)

    @Slot(object)
    def _findings(self, findings: Sequence[Finding]) -> None:
        if self.sight.view.frame is not None:
            self._verdict.setText(verdict(findings)[1])
            self.sight.show_findings(findings)

    @Slot(object)
    def _failed(self, error: Exception) -> None:
        known = isinstance(error, HeadcountError)
        self._verdict.setText(error.message if isinstance(error, HeadcountError) else tr("It could not be opened."))
        self._remedy.setText(error.remedy if isinstance(error, HeadcountError) else "")
        self._remedy.setVisible(known and bool(self._remedy.text()))
        self._preview.stop()
        self.sight.view.set_note(tr("No picture"))
        self.sight.view.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def _end(self) -> None:
        self.ended = self._preview.shut_down(SHUT_DOWN_S)

    def closeEvent(self, event: QCloseEvent) -> None:
        super().closeEvent(event)
        self._end()
