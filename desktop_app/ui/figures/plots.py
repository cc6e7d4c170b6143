"""The live curve of the running totals and the chart of age bands. Imported after the window is on the screen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from desktop_app.domain.curve import Curve
from desktop_app.domain.types import AGE_BANDS, Counts, Gender
from desktop_app.ui.widgets.texts import tr
from desktop_app.ui.widgets.theme import GENDER_WORDS, Theme

_ORDER = (Gender.FEMALE, Gender.MALE, Gender.UNDECIDED)
# The curves differ in their stroke as well as in their colour, and the one below is the widest: of two that are equal
# both can be seen.
_STROKES = {
    Gender.FEMALE: (Qt.PenStyle.SolidLine, 4.4),
    Gender.MALE: (Qt.PenStyle.DashLine, 2.6),
    Gender.UNDECIDED: (Qt.PenStyle.DotLine, 1.8),
}
_NUMBER_PX = 24.0
"""How high the number on a bar is, with the space around it."""


def clock_text(seconds: float, whole_s: float) -> str:
    """Return a time on the axis as m:ss, or h:mm for a span of hours."""
    seconds = max(0.0, seconds)
    if whole_s >= 7200:
        minutes = round(seconds / 60)
        return f"{minutes // 60}:{minutes % 60:02d} h"
    total = round(seconds)
    return f"{total // 60}:{total % 60:02d}"


class _ClockAxis(pg.AxisItem):  # type: ignore[misc]
    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        return [clock_text(v, self.range[1] - self.range[0]) for v in values]


class _WholeAxis(pg.AxisItem):  # type: ignore[misc]
    """Ticks at whole numbers only: there is no half person."""

    def tickSpacing(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, float]]:
        spacing = [(max(1.0, round(s)), o) for s, o in super().tickSpacing(minVal, maxVal, size)]
        return spacing[:1] or [(1.0, 0.0)]

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        return [f"{round(v):,}" for v in values]


def _plot(left: pg.AxisItem, bottom: pg.AxisItem | None) -> pg.PlotWidget:
    axes = {"left": left}
    if bottom is not None:
        axes["bottom"] = bottom
    plot = pg.PlotWidget(axisItems=axes)
    plot.setMenuEnabled(False)
    plot.hideButtons()
    plot.setMouseEnabled(x=False, y=False)
    plot.setFrameShape(QFrame.Shape.NoFrame)
    plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    plot.viewport().setFocusPolicy(Qt.FocusPolicy.NoFocus)
    for axis in axes.values():
        axis.enableAutoSIPrefix(False)  # people are not counted in thousandths
    plot.getPlotItem().setContentsMargins(0, 2, 6, 0)
    plot.setMinimumHeight(84)
    return plot


class CurveView(QWidget):
    """The running totals over time, one curve a gender."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(tr("People counted so far, over time"))
        self._plot = _plot(_WholeAxis("left"), _ClockAxis("bottom"))
        self._plot.setLabel("left", tr("People"))
        self._plot.setLabel("bottom", tr("Time since the start"))
        self._curves = {g: self._plot.plot([], []) for g in _ORDER}
        self._length = -1
        self._last: tuple[float, ...] | None = None
        self._drawn: Curve | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._plot, 1)
        self.apply_theme(theme)
        self._plot.setXRange(0, 30, padding=0)
        self._plot.setYRange(0, 5, padding=0.02)

    def show_curve(self, curve: Curve, until_s: float) -> None:
        """Draw the running totals up to now; the same again costs nothing. Times in seconds since the count began."""
        size = len(curve)
        levels = tuple(int(v[-1]) if size else 0 for v in (curve.female, curve.male, curve.undecided))
        end = max(until_s, float(curve.time_s[-1]) if size else 0.0)
        last = (round(end, 1), *levels)
        if size == self._length and last == self._last and curve is self._drawn:
            return
        self._length, self._last, self._drawn = size, last, curve
        start = float(curve.time_s[0]) if size else 0.0
        begin = 0.0 if start < 60 else start
        for gender, values in zip(_ORDER, (curve.female, curve.male, curve.undecided), strict=True):
            times = np.concatenate(([begin], curve.time_s, [end]))
            steps = np.concatenate(([0], values, values[-1:] if size else [0]))
            self._curves[gender].setData(*step_points(times, steps))
        words = (f"{GENDER_WORDS[g]} {number:,}" for g, number in zip(_ORDER, levels, strict=True))
        self.setAccessibleDescription(", ".join(words))
        self._plot.setXRange(begin, max(begin + 10.0, end), padding=0)
        self._plot.setYRange(0, max(*levels, 4) * 1.08, padding=0)

    def clear(self) -> None:
        """Show no curve."""
        self._length, self._last, self._drawn = -1, None, None
        for curve in self._curves.values():
            curve.setData([], [])
        self._plot.setXRange(0, 30, padding=0)
        self._plot.setYRange(0, 5, padding=0.02)

    def apply_theme(self, theme: Theme) -> None:
        _apply_plot_theme(self._plot, theme)
        for gender, curve in self._curves.items():
            style, width = _STROKES[gender]
            curve.setPen(pg.mkPen(theme.gender(gender), width=width, style=style))


def step_points(time_s: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the corners of a staircase through the points, without the points inside a horizontal stretch."""
    if len(time_s) < 2:
        return np.asarray(time_s, float), np.asarray(values, float)
    rises = np.flatnonzero(np.diff(values)) + 1
    times = np.concatenate(([time_s[0]], np.repeat(time_s[rises], 2), [time_s[-1]]))
    levels = np.concatenate(([values[0]], np.column_stack((values[rises - 1], values[rises])).ravel(), [values[-1]]))
    return times.astype(float), levels.astype(float)


class AgePanel(QFrame):
    """How many of the counted people fall into each age band."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.setAccessibleName(tr("Apparent age"))
        bottom = pg.AxisItem("bottom")
        bottom.setTicks([[(i, band.split("-")[0]) for i, band in enumerate(AGE_BANDS)]])
        self._plot = _plot(_WholeAxis("left"), bottom)
        # Each bar has its number written on it.
        self._plot.hideAxis("left")
        self._bars = pg.BarGraphItem(x=list(range(len(AGE_BANDS))), height=[0] * len(AGE_BANDS), width=0.72)
        self._plot.addItem(self._bars)
        self._texts = [pg.TextItem("", anchor=(0.5, 1.0)) for _ in AGE_BANDS]
        for text in self._texts:
            self._plot.addItem(text, ignoreBounds=True)
        self._shown: tuple[int, ...] | None = None
        self._highest = 0
        self._plot.getViewBox().sigResized.connect(lambda _box: self._leave_room())
        self._unknown = QLabel()
        self._unknown.setProperty("role", "muted")
        self._plot.setLabel("bottom", tr("Years, from"))
        title = QLabel(tr("People by apparent age"))
        self.setToolTip("People counted by age band: " + ", ".join(b.replace("-", "–") for b in AGE_BANDS) + " years")
        title.setProperty("role", "title")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 10, 6)
        layout.setSpacing(2)
        layout.addWidget(title)
        layout.addWidget(self._plot, 1)
        layout.addWidget(self._unknown)
        self._unknown.setVisible(False)
        self.apply_theme(theme)
        self.show_counts(Counts())

    def show_counts(self, counts: Counts) -> None:
        """Draw the age bands of the totals."""
        key = (*counts.age_bands, counts.age_unknown)
        if key == self._shown:
            return
        self._shown = key
        self._highest = max(max(counts.age_bands), 4)
        self._bars.setOpts(height=list(counts.age_bands))
        for index, (text, number) in enumerate(zip(self._texts, counts.age_bands, strict=True)):
            text.setText(f"{number:,}" if number else "")
            text.setPos(index, number)
        self._plot.setXRange(-0.6, len(AGE_BANDS) - 0.4, padding=0)
        self._leave_room()
        self._unknown.setText(tr("{number} without an age", number=f"{counts.age_unknown:,}"))
        self._unknown.setVisible(counts.age_unknown > 0)
        described = ", ".join(f"{b}: {n}" for b, n in zip(AGE_BANDS, counts.age_bands, strict=True) if n)
        self.setAccessibleDescription(described or "nobody counted yet")

    def _leave_room(self) -> None:
        """Have the highest bar leave room for the number on it, however low the card is."""
        height = max(float(self._plot.getViewBox().height()), 2.0 * _NUMBER_PX)
        self._plot.setYRange(0, self._highest * height / (height - _NUMBER_PX), padding=0)

    def apply_theme(self, theme: Theme) -> None:
        _apply_plot_theme(self._plot, theme)
        self._bars.setOpts(brush=pg.mkBrush(theme.accent), pen=pg.mkPen(None))
        for text in self._texts:
            text.setColor(theme.text)


def _apply_plot_theme(plot: pg.PlotWidget, theme: Theme) -> None:
    plot.setBackground(theme.surface)
    for name in ("left", "bottom"):
        axis = plot.getAxis(name)
        axis.setPen(pg.mkPen(theme.border))
        axis.setTextPen(pg.mkPen(theme.muted))
        font = plot.font()
        font.setPixelSize(10)
        axis.setTickFont(font)
        axis.setStyle(tickLength=-4, tickTextOffset=4)
        axis.setLabel(axis.labelText, color=theme.muted, **{"font-size": "10px"})
    plot.getAxis("left").setWidth(44)
    plot.getPlotItem().showGrid(x=False, y=True, alpha=0.12)
