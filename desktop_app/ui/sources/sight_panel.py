"""Does the camera see well? Its picture, and what is to be said of the faces on it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from desktop_app.domain.sight import FAIR, GOOD, POOR, Finding
from desktop_app.ui.picture.video_view import VideoView
from desktop_app.ui.widgets.icons import tinted_pixmap
from desktop_app.ui.widgets.texts import tr
from desktop_app.ui.widgets.theme import Theme

_ICONS = {GOOD: "check", FAIR: "info", POOR: "warning"}
_WORDS = {GOOD: lambda: tr("good"), FAIR: lambda: tr("fair"), POOR: lambda: tr("poor")}


class SightPanel(QWidget):
    """`view` is the picture; `show_findings` fills the lines below it."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._findings: tuple[Finding, ...] = ()
        self.view = VideoView()
        self.view.setMinimumSize(220, 124)
        self.view.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        self.view.setAccessibleName(tr("Preview of the camera"))
        self.view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._intro = QLabel(
            tr(
                "Choose a camera to see its picture. Walk past it once: this line then says whether faces are large, "
                "light and sharp enough."
            )
        )
        self._intro.setWordWrap(True)
        self._intro.setProperty("role", "muted")
        self._intro.setAlignment(Qt.AlignmentFlag.AlignTop)
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(3)
        grid.setColumnStretch(1, 1)
        self._lines: list[tuple[QLabel, QLabel]] = []
        for row in range(3):
            icon, text = QLabel(), QLabel()
            icon.setFixedWidth(20)
            text.setWordWrap(True)
            grid.addWidget(icon, row, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(text, row, 1)
            self._lines.append((icon, text))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.view, 1)
        layout.addLayout(grid)
        layout.addWidget(self._intro)
        self.end()

    def begin(self) -> None:
        """A camera was chosen: its picture is on its way."""
        self._intro.setVisible(False)
        self.show_findings(())

    def end(self) -> None:
        """No camera is shown."""
        self._intro.setVisible(True)
        self.view.set_note(tr("No picture yet"))
        self.show_findings(())

    @property
    def text(self) -> str:
        """What is said, one line a finding."""
        return "\n".join(text.text() for _, text in self._lines if text.text())

    def show_findings(self, findings: Sequence[Finding]) -> None:
        self._findings = tuple(findings)
        colours = {GOOD: self._theme.good, FAIR: self._theme.warning, POOR: self._theme.danger}
        for index, (icon, text) in enumerate(self._lines):
            finding = self._findings[index] if index < len(self._findings) else None
            icon.setVisible(finding is not None)
            text.setVisible(finding is not None)
            text.setText(tr(finding.text) if finding is not None else "")
            if finding is None:
                continue
            level = _WORDS[finding.level]() if finding.level in _WORDS else tr("not known")
            text.setAccessibleName(f"{level}: {text.text()}")
            icon.setPixmap(
                tinted_pixmap(
                    _ICONS.get(finding.level, "search"),
                    colours.get(finding.level, self._theme.muted),
                    18,
                    self.devicePixelRatioF(),
                )
            )

    def apply_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.show_findings(self._findings)
