"""Lines and zones drawn with the mouse on the picture. Each change is one step of the program's undo."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFont, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPen, QPolygonF

from desktop_app.session.undo import Step, UndoStack
from desktop_app.settings import PlaceSettings
from desktop_app.ui.places.place_painting import (
    LINE_COLOUR,
    PLACE_COLOURS,
    USUAL_HEAD,
    ZONE_COLOUR,
    Point,
    paint_arrow,
    paint_ghost,
    paint_plate,
    share_at,
    spot_of,
)
from desktop_app.ui.widgets.texts import tr

_GRAB = 9.0
_SHORTEST = 0.01
MAX_PLACES = 32
MAX_CORNERS = 64

Place = PlaceSettings


def free_name(kind: str, taken: Sequence[str]) -> str:
    """Return the first of "Line 1", "Line 2", ... that is not taken."""
    word = kind.capitalize()
    number = 1
    while f"{word} {number}" in taken:
        number += 1
    return f"{word} {number}"


class PlaceEditor(QObject):
    """Keeps the places, paints them and turns mouse and keys into changes of them.

    `changed` is emitted whenever a repaint is due, `places_changed` when the places themselves are other ones,
    `mode_changed` with "", "line" or "zone". Every change of the places is a step on `undo_stack`; such steps belong to
    no session and outlive it. A place belongs to the source on whose picture it was drawn: `use` says which one is
    shown, and `reloaded` tells that others are. `drawn(index)` tells of a new place, whose name may be asked for.
    """

    changed = Signal()
    places_changed = Signal()
    mode_changed = Signal(str)
    drawn = Signal(int)
    reloaded = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._places: tuple[Place, ...] = ()
        self._elsewhere: tuple[Place, ...] = ()
        self.source = ""
        self._adopted_by = ""
        self.head_share = 0.0
        """The height of a head in the picture as a share of the picture's, 0 where none was seen yet."""
        self.undo_stack = UndoStack()
        self._mode = ""
        self._draft: list[Point] = []
        self._cursor: Point | None = None
        self._grabbed: tuple[int, int] | None = None
        self._before: tuple[Place, ...] = ()
        self.selected: int | None = None
        self.visible = True
        self.figures: dict[str, str] = {}

    # --- the places ----------------------------------------------------------------------------------------------

    @property
    def places(self) -> tuple[Place, ...]:
        return self._places

    @property
    def drawing(self) -> bool:
        """Whether a new place is being drawn."""
        return bool(self._mode)

    @property
    def has_points(self) -> bool:
        """Whether a place is being drawn that has a point to take back."""
        return bool(self._draft)

    @property
    def all_places(self) -> tuple[Place, ...]:
        """The places of every source."""
        return (*self._elsewhere, *self._places)

    def load(self, places: Sequence[Place]) -> None:
        """Take over saved places of every source; this is no step of undo."""
        self._elsewhere, self._places = tuple(places), ()
        self.use(self.source)

    def use(self, source: str) -> None:
        """Show the places of this source. Those of no source, as earlier versions kept them, become its own."""
        everything = self.all_places
        if any(p.source == "" for p in everything):
            self._adopted_by = source
        self.source = source
        mine = [p for p in everything if p.source in ("", source)]
        self._places = tuple(replace(p, source=source) for p in mine)
        self._elsewhere = tuple(p for p in everything if p.source not in ("", source))
        self.selected = None
        self._grabbed = None
        self.changed.emit()
        self.reloaded.emit()

    def set_places(self, places: Sequence[Place], step: str) -> None:
        """Replace the places as one step of undo, called for example "move Line 1"."""
        before, after = self._places, tuple(places)
        if after == before:
            return
        self._push(step, before, after)
        self._put(after)

    def _push(self, step: str, before: tuple[Place, ...], after: tuple[Place, ...]) -> None:
        source = self.source
        undo, redo = (lambda: self._put_at(source, after, before)), (lambda: self._put_at(source, before, after))
        self.undo_stack.push(Step(step, undo, redo))

    def _put_at(self, source: str, gone: tuple[Place, ...], back: tuple[Place, ...]) -> None:
        """Put the places of a source back, whether or not it is the one that is shown.

        What was drawn before there was a source belongs to the one that has taken it over since, beside its own.
        """
        source = source or self._adopted_by
        names = {p.name for p in (*gone, *back)}
        there = (p for p in self.all_places if p.source == source and p.name not in names)
        places = (*there, *(replace(p, source=source) for p in back))
        if source == self.source:
            self._put(places)
            return
        self._elsewhere = (*(p for p in self._elsewhere if p.source != source), *places)
        self.places_changed.emit()

    def _taken(self, beside: int | None = None) -> list[str]:
        """Return the names that a place, other than that of index `beside`, has here already.

        What is drawn before there is a source may come to any of them, so the names of all are taken.
        """
        here = [p.name for i, p in enumerate(self._places) if i != beside]
        return here if self.source else [*here, *(p.name for p in self._elsewhere)]

    def _put(self, places: tuple[Place, ...]) -> None:
        self._places = places
        if self.selected is not None and self.selected >= len(places):
            self.selected = None
        self._grabbed = None
        self.changed.emit()
        self.places_changed.emit()

    def take_point_back(self) -> None:
        """Take back the last point of the place being drawn."""
        if self._draft:
            self._draft.pop()
            self.changed.emit()

    def rename(self, index: int, name: str) -> None:
        """Give a place another name; an empty or taken one is refused with ValueError."""
        name = name.strip()
        if not name:
            raise ValueError("a name is needed")
        if name in self._taken(index):
            raise ValueError(f"there is already a place named {name}")
        if len(name) > 60:
            raise ValueError("a name has at most 60 letters")
        old = self._places[index].name
        self._replace(index, replace(self._places[index], name=name), tr("rename {name}", name=old))

    def flip(self, index: int) -> None:
        """Turn a line round, so that in becomes out."""
        place = self._places[index]
        turned = replace(place, points=tuple(reversed(place.points)))
        self._replace(index, turned, tr("exchange in and out, {name}", name=place.name))

    def set_staff(self, index: int, is_staff: bool) -> None:
        """Say whether people in a zone are staff and not counted."""
        place = self._places[index]
        step = tr("staff zone, {name}", name=place.name) if is_staff else tr("no staff zone, {name}", name=place.name)
        self._replace(index, replace(place, kind="staff" if is_staff else "zone"), step)

    def remove(self, index: int) -> None:
        """Delete a place."""
        name = self._places[index].name
        self.set_places([p for i, p in enumerate(self._places) if i != index], tr("delete {name}", name=name))

    def _replace(self, index: int, place: Place, step: str) -> None:
        self.set_places([place if i == index else p for i, p in enumerate(self._places)], step)

    # --- drawing -------------------------------------------------------------------------------------------------

    def start(self, mode: str) -> None:
        """Begin to draw a "line" or a "zone"; "" ends drawing without a new place."""
        self._mode = mode
        self._draft.clear()
        self._cursor = None
        self.mode_changed.emit(mode)
        self.changed.emit()

    def _finish(self) -> None:
        points, kind = tuple(self._draft), self._mode
        if kind == "line" and math.dist(points[0], points[1]) < _SHORTEST:
            self._draft.pop()
            return
        name = free_name(kind, self._taken())
        place = Place(name, kind, points, self.source)
        self.start("")
        self.set_places([*self._places, place], tr("draw {name}", name=name))
        self.selected = len(self._places) - 1
        self.changed.emit()
        self.drawn.emit(self.selected)

    def press(self, event: QMouseEvent, area: QRectF) -> bool:
        """Take a mouse press; return whether it was meant for a place."""
        if area.isEmpty() or event.button() != Qt.MouseButton.LeftButton:
            return self.drawing
        point = share_at(event.position(), area)
        if self._mode:
            if self._mode == "zone" and len(self._draft) >= 3 and self._near(self._draft[0], event.position(), area):
                self._finish()
                return True
            if len(self._draft) < MAX_CORNERS:
                self._draft.append(point)
            if self._mode == "line" and len(self._draft) == 2:
                self._finish()
            self.changed.emit()
            return True
        self._grabbed = self._handle_at(event.position(), area)
        if self._grabbed:
            self._before = self._places
            self.selected = self._grabbed[0]
            self.changed.emit()
        return self._grabbed is not None

    def move(self, event: QMouseEvent, area: QRectF) -> bool:
        """Take a mouse move; return whether a place used it."""
        if area.isEmpty():
            return False
        point = share_at(event.position(), area)
        if self._mode:
            self._cursor = point
            self.changed.emit()
            return True
        if self._grabbed:
            index, corner = self._grabbed
            place = self._places[index]
            points = tuple(point if i == corner else p for i, p in enumerate(place.points))
            if place.kind == "line" and math.dist(points[0], points[1]) < _SHORTEST:
                return True
            moved = replace(place, points=points)
            self._places = tuple(moved if i == index else p for i, p in enumerate(self._places))
            self.changed.emit()
            return True
        return False

    def release(self, _event: QMouseEvent, _area: QRectF) -> bool:
        """Take a mouse release; a corner dragged elsewhere becomes one change that can be undone."""
        if not self._grabbed:
            return False
        name = self._places[self._grabbed[0]].name
        self._grabbed = None
        if self._places != self._before:
            self._push(tr("move {name}", name=name), self._before, self._places)
            self.places_changed.emit()
        return True

    def double_click(self, _event: QMouseEvent, _area: QRectF) -> bool:
        """Take a double click: it closes a zone."""
        if self._mode == "zone" and len(self._draft) >= 3:
            self._finish()
            return True
        return self.drawing

    def key(self, event: QKeyEvent) -> bool:
        """Take a key press; return whether it was meant for a place."""
        if event.key() == Qt.Key.Key_Escape and self._mode:
            self.start("")
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._mode == "zone" and len(self._draft) >= 3:
            self._finish()
        elif event.key() == Qt.Key.Key_Backspace and self._draft:
            self.take_point_back()
        elif event.key() == Qt.Key.Key_Delete and self.selected is not None:
            self.remove(self.selected)
        else:
            return False
        return True

    def _near(self, point: Point, position: QPointF, area: QRectF) -> bool:
        spot = spot_of(point, area)
        return math.hypot(spot.x() - position.x(), spot.y() - position.y()) <= _GRAB

    def _handle_at(self, position: QPointF, area: QRectF) -> tuple[int, int] | None:
        if not self.visible:
            return None
        for index in reversed(range(len(self._places))):
            for corner, point in enumerate(self._places[index].points):
                if self._near(point, position, area):
                    return index, corner
        return None

    # --- painting ------------------------------------------------------------------------------------------------

    def paint(self, painter: QPainter, area: QRectF) -> None:
        """Draw the places and the one being drawn; `area` is the picture in widget coordinates."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = QFont(painter.font())
        font.setPixelSize(13)
        font.setWeight(QFont.Weight.DemiBold)
        painter.setFont(font)
        if self.visible or self._mode:
            for index, place in enumerate(self._places):
                self._paint_place(painter, place, area, index == self.selected)
        if self._mode:
            self._paint_draft(painter, area)

    def _paint_place(self, painter: QPainter, place: Place, area: QRectF, chosen: bool) -> None:
        colour = PLACE_COLOURS[place.kind]
        spots = [spot_of(p, area) for p in place.points]
        path = QPainterPath(spots[0])
        for spot in spots[1:]:
            path.lineTo(spot)
        if place.kind != "line":
            path.closeSubpath()
            fill = QColor(colour)
            fill.setAlpha(46 if chosen else 28)
            painter.fillPath(path, fill)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(0, 0, 0, 120), 5))
        painter.drawPath(path)
        painter.setPen(QPen(colour, 3 if chosen else 2.2))
        painter.drawPath(path)
        if place.kind == "line":
            paint_arrow(painter, spots[0], spots[1], colour)
        painter.setPen(QPen(QColor(0, 0, 0, 160), 1.2))
        painter.setBrush(colour)
        for spot in spots:
            painter.drawEllipse(spot, 5 if chosen else 4, 5 if chosen else 4)
        figure = self.figures.get(place.name, "")
        text = f"{place.name}   {figure}" if figure else place.name
        if place.kind == "staff":
            text = f"{place.name}   staff, not counted"
        anchor = min(spots, key=lambda s: s.y())
        paint_plate(painter, text, anchor, colour, area)

    def _paint_draft(self, painter: QPainter, area: QRectF) -> None:
        colour = LINE_COLOUR if self._mode == "line" else ZONE_COLOUR
        points = [*self._draft] + ([self._cursor] if self._cursor else [])
        spots = [spot_of(p, area) for p in points]
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(colour, 2.2, Qt.PenStyle.DashLine))
        if len(spots) >= 2:
            painter.drawPolyline(QPolygonF(spots))
            if self._mode == "line":
                paint_arrow(painter, spots[0], spots[1], colour)
        painter.setPen(QPen(QColor(0, 0, 0, 160), 1.2))
        painter.setBrush(colour)
        for spot in spots[: len(self._draft)]:
            painter.drawEllipse(spot, 5, 5)
        if self._mode == "line" and spots:
            middle = QPointF(sum(s.x() for s in spots) / len(spots), sum(s.y() for s in spots) / len(spots))
            paint_ghost(painter, middle, (self.head_share or USUAL_HEAD) * area.height(), area)
