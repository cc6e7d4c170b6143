"""The totals alone, on a screen that visitors can read from afar."""

from __future__ import annotations

from dataclasses import dataclass, field

from PySide6.QtCore import QRectF, QSize, Qt, QTimer
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QGuiApplication,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QScreen,
)
from PySide6.QtWidgets import QWidget

from desktop_app.domain.types import Counts, Gender
from desktop_app.settings import KioskSettings
from desktop_app.ui.figures.totals import MainFigure, gender_caption, gender_figures, main_figure, summary
from desktop_app.ui.widgets.marks import paint_mark
from desktop_app.ui.widgets.texts import tr
from desktop_app.ui.widgets.theme import Theme

HINT_S = 3.0
NEARLY_FULL = 0.9
"""From this share of the capacity on the number is shown in the colour of a warning."""


@dataclass(frozen=True, slots=True)
class KioskState:
    """What the large totals show. `kind` is that of the strip's pill and chooses the colour of the state."""

    counts: Counts = field(default_factory=Counts)
    main: MainFigure | None = None
    inside: int | None = None
    """How many are inside by the lines, None where no line says so: what a capacity is compared with."""
    kind: str = "idle"
    state: str = ""
    final: bool = False


def screen_named(name: str) -> QScreen | None:
    """Return the screen with this name, None where it is not plugged in."""
    return next((s for s in QGuiApplication.screens() if s.name() == name), None)


def fill_words(inside: int, capacity: int) -> str:
    """Return how full it is: "12 of 80", and that it is full."""
    if inside >= capacity:
        return tr("full: {inside} of {capacity}", inside=f"{inside:,}", capacity=f"{capacity:,}")
    return tr("{inside} of {capacity}", inside=f"{inside:,}", capacity=f"{capacity:,}")


class KioskView(QWidget):
    """As large as the screen allows. Escape, F10 or a double click leaves it, which is said when the mouse moves."""

    def __init__(self, theme: Theme, settings: KioskSettings | None = None) -> None:
        super().__init__(None, Qt.WindowType.Window)
        self.setWindowTitle(tr("Headcount: totals"))
        self.setAccessibleName(tr("Totals in large figures"))
        self.setMinimumSize(480, 300)
        self.setMouseTracking(True)
        self._theme = theme
        self.settings = settings or KioskSettings()
        self._shown = KioskState()
        self._hint = QTimer(self)
        self._hint.setSingleShot(True)
        self._hint.setInterval(round(HINT_S * 1000))
        self._hint.timeout.connect(self._hide_hint)

    def sizeHint(self) -> QSize:
        return QSize(960, 600)

    def apply_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def apply_settings(self, settings: KioskSettings) -> None:
        """Show other things from now on."""
        self.settings = settings
        self.update()

    def show_on_screen(self) -> None:
        """Fill the chosen screen, or the one that the window manager chooses where that is not plugged in."""
        screen = screen_named(self.settings.screen)
        if screen is not None:
            self.setScreen(screen)
            self.setGeometry(screen.geometry())
        self.showFullScreen()

    def show_state(self, shown: KioskState) -> None:
        """Show other figures or another state."""
        if shown == self._shown:
            return
        self._shown = shown
        self.setAccessibleDescription(f"{shown.state}. {summary(shown.counts)}".removeprefix(". "))
        if self.isVisible():
            self.update()

    @property
    def hint_shown(self) -> bool:
        """Whether it is said how to leave."""
        return self._hint.isActive()

    def _hide_hint(self) -> None:
        self.setCursor(Qt.CursorShape.BlankCursor)
        self.update()

    # --- leaving -------------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Escape, Qt.Key.Key_F10):
            self.close()
        elif event.key() == Qt.Key.Key_F11:
            self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)
        else:
            super().keyPressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.unsetCursor()
        self._hint.start()
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.close()

    # --- painting ------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme, shown, s = self._theme, self._shown, self.settings
        painter.fillRect(self.rect(), QColor(theme.window))
        width, height = float(self.width()), float(self.height())
        pad = min(width, height) * 0.04
        band = height * 0.075
        self._state(painter, QRectF(pad, height - band - pad * 0.4, width - 2 * pad, band))
        top = pad * 0.5
        if s.title:
            self._words(painter, QRectF(pad, top, width - 2 * pad, height * 0.1), s.title, theme.text, bold=True)
            top += height * 0.1
        bottom = height - band - pad
        main = shown.main or main_figure("people", shown.counts, {})
        small = not s.total_only
        number_height = (bottom - top) * (0.62 if small else 0.96)
        caption = " ".join(w for w in (main.words, main.beside, tr("· final") if shown.final else "") if w)
        colour = theme.text
        if s.capacity:
            inside = main.number if shown.inside is None else shown.inside
            caption = f"{caption} · {fill_words(inside, s.capacity)}"
            full = inside / s.capacity
            colour = theme.danger if full >= 1 else theme.warning if full >= NEARLY_FULL else theme.good
        self._figure(painter, QRectF(pad, top, width - 2 * pad, number_height), f"{main.number:,}", caption, colour)
        if small:
            rest = QRectF(pad, top + number_height, width - 2 * pad, bottom - top - number_height)
            self._small_figures(painter, rest)
        if self.hint_shown:
            self._paint_hint(painter)
        painter.end()

    def _small_figures(self, painter: QPainter, area: QRectF) -> None:
        counts, genders = self._shown.counts, gender_figures(self._shown.counts)
        cells: list[tuple[str, str, Gender | None]] = [(f"{counts.in_view:,}", tr("in view now"), None)]
        if self.settings.show_gender:
            cells = [(f"{n:,}", gender_caption(g, counts), g) for g, n in genders.items()] + cells
        cell_width = area.width() / len(cells)
        for index, (number, caption, gender) in enumerate(cells):
            cell = QRectF(area.left() + index * cell_width, area.top(), cell_width, area.height())
            colour = self._theme.text if gender is None else self._theme.gender(gender)
            self._figure(painter, cell, number, caption, colour, gender)

    def _figure(
        self,
        painter: QPainter,
        cell: QRectF,
        number: str,
        caption: str,
        colour: str,
        gender: Gender | None = None,
    ) -> None:
        font = QFont(self.font())
        font.setWeight(QFont.Weight.Bold)
        font.setPixelSize(max(12, int(cell.height() * 0.7)))
        too_wide = QFontMetricsF(font).horizontalAdvance(number) / max(1.0, cell.width() * 0.96)
        if too_wide > 1:
            font.setPixelSize(max(12, int(font.pixelSize() / too_wide)))
        painter.setFont(font)
        painter.setPen(QColor(colour))
        upper = QRectF(cell.left(), cell.top(), cell.width(), cell.height() * 0.78)
        painter.drawText(upper, Qt.AlignmentFlag.AlignCenter, number)
        small = QFont(self.font())
        small.setPixelSize(max(12, int(min(cell.height() * 0.12, cell.width() * 0.085))))
        wide = QFontMetricsF(small).horizontalAdvance(caption) / max(1.0, cell.width() * 0.9)
        if wide > 1:
            small.setPixelSize(max(9, int(small.pixelSize() / wide)))
        painter.setFont(small)
        metrics = QFontMetricsF(small)
        painter.setPen(QColor(self._theme.muted))
        lower = QRectF(cell.left(), cell.top() + cell.height() * 0.8, cell.width(), cell.height() * 0.2)
        mark = metrics.capHeight() * 1.1
        if gender is not None:
            lower.translate(mark * 0.85, 0)
        painter.drawText(lower, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, caption)
        if gender is not None:
            left = lower.center().x() - metrics.horizontalAdvance(caption) / 2 - mark * 1.7
            spot = QRectF(left, lower.top() + (metrics.height() - mark) / 2, mark, mark)
            paint_mark(painter, gender, spot, self._theme.gender(gender))

    def _state(self, painter: QPainter, area: QRectF) -> None:
        """Write at the foot what the program is doing: an old number must not look like a live one."""
        theme = self._theme
        colours = {"good": theme.good, "bad": theme.danger, "paused": theme.warning, "busy": theme.accent}
        self._words(painter, area, self._shown.state, colours.get(self._shown.kind, theme.muted), bold=False)

    def _words(self, painter: QPainter, area: QRectF, text: str, colour: str, *, bold: bool) -> None:
        font = QFont(self.font())
        font.setBold(bold)
        font.setPixelSize(max(12, int(area.height() * 0.55)))
        wide = QFontMetricsF(font).horizontalAdvance(text) / max(1.0, area.width())
        if wide > 1:
            font.setPixelSize(max(10, int(font.pixelSize() / wide)))
        painter.setFont(font)
        painter.setPen(QColor(colour))
        text = QFontMetricsF(font).elidedText(text, Qt.TextElideMode.ElideRight, area.width())
        painter.drawText(area, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_hint(self, painter: QPainter) -> None:
        text = tr("Esc leaves the large totals")
        font = QFont(self.font())
        font.setPixelSize(max(14, self.height() // 45))
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        width, height = metrics.horizontalAdvance(text) + 36, metrics.height() + 16
        plate = QRectF((self.width() - width) / 2, 16, width, height)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(12, 16, 20, 225))
        painter.drawRoundedRect(plate, height / 2, height / 2)
        painter.setPen(QColor("#ffffff"))
        painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, text)
