"""Lines and zones on the picture: drawing them, and counting at them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject, QPointF, Qt, Slot

from desktop_app.errors import SettingsError
from desktop_app.system.redaction import without_secrets
from desktop_app.ui.picture.video_view import VideoView
from desktop_app.ui.places.place_editor import MAX_PLACES
from desktop_app.ui.places.place_namer import PlaceNamer
from desktop_app.ui.sessions.controller import Controller
from desktop_app.ui.sessions.current_settings import CurrentSettings
from desktop_app.ui.widgets.banner import Banner
from desktop_app.ui.widgets.texts import tr


class PlaceCommands(QObject):
    """`show_page(start)` shows the start page (True) or the picture."""

    def __init__(
        self,
        controller: Controller,
        settings: CurrentSettings,
        view: VideoView,
        banner: Banner,
        show_page: Callable[[bool], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._controller = controller
        self._settings = settings
        self._view = view
        self._banner = banner
        self._show_page = show_page
        self._namer = PlaceNamer(view.editor, view)
        self._namer.refused.connect(self.refused)
        view.editor.drawn.connect(self._drawn)
        view.first_painted.connect(self._ask_for_line)
        controller.state_changed.connect(self._follow_source)
        controller.door_shown.connect(self._follow_source)

    @Slot()
    def _ask_for_line(self) -> None:
        """Who enters can only be told at a line: ask for one as soon as there is a picture to draw it on."""
        wanted = self._settings.value.ui.main_number == "entering"
        if wanted and not any(p.kind == "line" for p in self._view.editor.places):
            self._banner.show_message(
                "info",
                tr("Who enters is counted at a line."),
                tr("Draw it across the way that people take, as high as their heads pass."),
                ((tr("Draw the line"), self.draw_line),),
            )

    @Slot()
    def _follow_source(self) -> None:
        source = without_secrets(self._controller.source_text)
        if source and source != self._view.editor.source:
            self._view.editor.use(source)

    @Slot(int)
    def _drawn(self, index: int) -> None:
        area = self._view.picture_rect()
        points = self._view.editor.places[index].points
        x, y = (sum(p[i] for p in points) / len(points) for i in (0, 1))
        near = QPointF(area.left() + x * area.width(), area.top() + y * area.height())
        self._namer.ask(index, near)

    def draw_line(self) -> None:
        """Begin to draw a line on the picture."""
        self._draw("line")

    def draw_zone(self) -> None:
        """Begin to draw a zone on the picture."""
        self._draw("zone")

    def _draw(self, kind: str) -> None:
        if self._view.frame is None:
            self._banner.show_message(
                "info", tr("Start a count first: lines and zones are drawn on the picture."), seconds=6
            )
            return
        if len(self._view.editor.places) >= MAX_PLACES:
            self._banner.show_message(
                "info",
                tr("There are {number} lines and zones already.", number=MAX_PLACES),
                tr("Delete one to draw another."),
                seconds=6,
            )
            return
        self._show_page(False)
        self._view.editor.start(kind)
        self._view.setFocus()

    @Slot(str)
    def drawing(self, mode: str) -> None:
        """Say what to do while something is drawn; `mode` is "" once it is not."""
        self._view.setCursor(Qt.CursorShape.CrossCursor if mode else Qt.CursorShape.ArrowCursor)
        if mode:
            text = (
                tr("Click where the line starts, then where it ends. It counts heads: draw it as high as heads pass.")
                if mode == "line"
                else tr("Click the corners of the zone; click the first one again, or press Enter, to close it.")
            )
            self._banner.show_message("info", text, tr("Esc cancels."), ((tr("Cancel"), self._cancel),))
        elif self._banner.kind == "info":
            self._banner.clear()

    def _cancel(self) -> None:
        self._view.editor.start("")

    @Slot()
    def places_changed(self) -> None:
        """Keep the places and count at them."""
        settings = replace(self._settings.value, places=self._view.editor.all_places)
        self._settings.change(settings)
        try:
            self._controller.set_places(settings)
        except SettingsError as error:
            self._banner.show_message("warning", error.message, error.remedy)

    @Slot(str)
    def refused(self, sentence: str) -> None:
        """Say why a change of a place was refused."""
        self._banner.show_message("warning", sentence, seconds=6)

    def show_places(self, shown: bool) -> None:
        """Show or hide the places on the picture; they count all the same."""
        self._view.editor.visible = shown
        self._view.update()
