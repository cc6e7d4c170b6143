"""One model's labels on the window's picture, and a comparison in words."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop_app.domain.types import Decision, Gender, Track
from desktop_app.ui.picture.display import DisplayFrame
from desktop_app.ui.picture.overlay import PeoplePainter, box_rect
from desktop_app.ui.widgets.texts import people_words, tr
from desktop_app.ui.widgets.theme import GENDER_WORDS
from desktop_app.vision.compare_votes import ComparedPerson, ComparisonSnapshot, ModelFigures

_BACK = QColor("#0b0e11")
_DIFFERENT = QColor("#ff4fd8")
"""Magenta is neither gender's colour, and stands out for the colour-blind as well by its brightness."""


class ModelPicture(QWidget):
    """The window's picture again, with the answers of one model; a dashed ring marks those the models differ on."""

    def __init__(self, index: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumSize(280, 180)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._index = index
        self._frame: DisplayFrame | None = None
        self._people: dict[int, ComparedPerson] = {}
        self._painter = PeoplePainter()
        self.note = ""

    def show_frame(self, frame: DisplayFrame | None, people: dict[int, ComparedPerson]) -> None:
        self._frame, self._people = frame, people
        self.update()

    def tracks(self) -> list[Track]:
        """Return the people in view with this model's answers; somebody it was not asked about is Undecided."""
        if self._frame is None:
            return []
        return [
            replace(t, decision=p.decisions[self._index] if (p := self._people.get(t.track_id)) else Decision())
            if t.confirmed
            else t
            for t in self._frame.result.tracks
        ]

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), _BACK)
        frame = self._frame
        if frame is None or self.note:
            painter.setPen(QColor("#9aa8b5"))
            words = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect().adjusted(16, 0, -16, 0), words, self.note)
            painter.end()
            return
        size = frame.result.frame
        scale = min(self.width() / size.width, self.height() / size.height)
        width, height = size.width * scale, size.height * scale
        area = QRectF((self.width() - width) / 2, (self.height() - height) / 2, width, height)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(area, frame.image)
        painter.setClipRect(area)
        tracks = self.tracks()
        self._painter.set_height(area.height() * 1.25)
        self._painter.paint(painter, tracks, scale, area)
        self._ring(painter, tracks, scale, area.topLeft())
        painter.end()

    def _ring(self, painter: QPainter, tracks: list[Track], scale: float, origin: QPointF) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(_DIFFERENT, 3, Qt.PenStyle.DashLine))
        for track in tracks:
            person = self._people.get(track.track_id)
            if track.confirmed and person is not None and person.disagree:
                painter.drawRoundedRect(box_rect(track, scale, origin).adjusted(-6, -6, 6, 6), 8, 8)


def answer_words(decision: Decision) -> str:
    """Return a model's answer as text: "appears female 97%, about 34"."""
    text = GENDER_WORDS[decision.gender]
    if decision.gender is not Gender.UNDECIDED:
        text += f" {decision.percent}%"
    return text if decision.age_years is None else f"{text}, about {decision.age_years:.0f}"


def figures_words(figures: ModelFigures) -> str:
    """Return a model's figures as text: "0.42 ms a face, 128 faces"."""
    if not figures.faces:
        return "no face yet"
    text = f"{figures.ms_a_face:.2f} ms a face, {figures.faces:,} {'face' if figures.faces == 1 else 'faces'}"
    return text + (f", {figures.left_out:,} left out" if figures.left_out else "")


def verdict_words(snapshot: ComparisonSnapshot) -> str:
    """Return in one sentence how far two models agree."""
    if not snapshot.people:
        return tr("Nobody has been compared yet.")
    decided = [p for p in snapshot.people if p.all_decided]
    if not decided:
        return tr("{people}, on none of whom both decide.", people=people_words(len(snapshot.people)))
    differ = len(snapshot.disagreements)
    same = len(decided) - differ
    return tr(
        "Both decide on {decided} of {people}: they agree on {same} and differ on {differ}.",
        decided=len(decided),
        people=people_words(len(snapshot.people)),
        same=same,
        differ=differ,
    )


def table_of(snapshot: ComparisonSnapshot) -> tuple[list[str], list[list[str | int | float | None]]]:
    """Return the head and the rows of a table, one row a person and three columns a model."""
    head = ["person", "disagree"]
    head += [f"{m.name} {field}".strip() for m in snapshot.models for field in ("gender", "probability", "age")]
    rows: list[list[str | int | float | None]] = []
    for person in snapshot.people:
        row: list[str | int | float | None] = [person.track_id, int(person.disagree)]
        for d in person.decisions:
            row += [d.gender.value, round(d.probability, 3), None if d.age_years is None else round(d.age_years, 1)]
        rows.append(row)
    return head, rows
