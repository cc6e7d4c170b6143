"""Every command object of the window, each made with the parts that it acts on."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QWidget

from desktop_app.ui.models.model_commands import ModelCommands
from desktop_app.ui.models.why_commands import WhyCommands
from desktop_app.ui.picture.person_commands import PersonCommands
from desktop_app.ui.picture.saving import Saver
from desktop_app.ui.places.place_commands import PlaceCommands
from desktop_app.ui.sessions.controller import Controller
from desktop_app.ui.sessions.count_commands import CountCommands
from desktop_app.ui.sessions.current_settings import CurrentSettings
from desktop_app.ui.sessions.kept_counts import CountStore
from desktop_app.ui.sessions.session_commands import SessionCommands
from desktop_app.ui.sources.source_commands import SourceCommands
from desktop_app.ui.widgets.texts import tr
from desktop_app.ui.widgets.theme import ThemeManager
from desktop_app.ui.window.help_commands import HelpCommands
from desktop_app.ui.window.parts import Parts

Handler = Callable[..., object]


class Commands(QObject):
    """None of them knows the window but as the parent of its dialogs."""

    def __init__(
        self,
        window: QWidget,
        controller: Controller,
        settings: CurrentSettings,
        parts: Parts,
        themes: ThemeManager,
        store: CountStore | None,
    ) -> None:
        super().__init__(window)
        view, banner, show_page = parts.view, parts.banner, parts.show_page
        self._controller = controller
        self._parts = parts
        self._store = store
        self.saver = Saver(controller, window)
        self.sessions = SessionCommands(window, controller, banner, store)
        self.count = CountCommands(controller, view.editor, banner, parts.actions, self.sessions.show_kept)
        self.sources = SourceCommands(
            window, controller, settings, parts.bar, parts.start_page, banner, show_page, self.count.new_count
        )
        self.places = PlaceCommands(controller, settings, view, banner, show_page, window)
        self.why = WhyCommands(window, controller, view)
        self.people = PersonCommands(window, controller, view, banner, themes, self.why.show, self.count.undo)
        self.models = ModelCommands(window, controller, settings, view, banner, themes, self.sources.start)
        self.help = HelpCommands(window, controller, settings, banner, parts.actions, self.close_store)

    def handlers(self) -> dict[str, Handler]:
        """Return what each command of the menus does, but for those of the window itself."""
        return {
            "open_file": self.sources.open_file,
            "open_folder": self.sources.open_folder,
            "open_url": self.sources.open_url,
            "open_demo": self.sources.open_demo,
            "snapshot": self.saver.snapshot,
            "open_saved": self.saver.open_folder,
            "start": self.sources.start,
            "pause": self.count.pause,
            "step": self._controller.step,
            "stop": self._controller.stop,
            "loop": self.sources.loop,
            "reset": self.count.new_count,
            "undo": self.count.undo,
            "redo": self.count.redo,
            "began": self.sources.set_began,
            "kept": self.sessions.show_kept,
            "copy_totals": self.count.copy_totals,
            "add_line": self.places.draw_line,
            "add_zone": self.places.draw_zone,
            "places": self.places.show_places,
            "panel": self._parts.show_side,
            "models": self.models.choose,
            "compare": self.models.compare,
            "shortcuts": self.help.show_shortcuts,
            "diagnostics": self.help.copy_diagnostics,
            "show_log": self.help.show_log,
            "first_start": self._parts.show_welcome,
            "delete_data": self.help.delete_data,
            "about": self.help.show_about,
        }

    def connect_parts(self) -> None:
        """Have the commands hear of what the parts tell."""
        parts, editor = self._parts, self._parts.view.editor
        parts.bar.source_chosen.connect(self.sources.open_source)
        parts.bar.camera_mode_chosen.connect(self.sources.camera_mode)
        parts.start_page.chosen.connect(self.sources.open_source)
        parts.transport.seek_requested.connect(self.sources.seek)
        parts.transport.speed_chosen.connect(self.sources.speed)
        parts.transport.loop_chosen.connect(self.sources.loop)
        parts.view.person_clicked.connect(self.people.show_menu)
        editor.places_changed.connect(self.places.places_changed)
        editor.changed.connect(self.count.enable_undo)
        editor.mode_changed.connect(self.places.drawing)
        parts.side.places.problem.connect(self.places.refused)
        parts.side.totals.before_asked.connect(self.sessions.show_kept)
        self._controller.failed.connect(self.models.count_failed)
        self.saver.told.connect(parts.banner.show_message)
        self.saver.repaired.connect(self._recording_repaired)

    @Slot(str)
    def _recording_repaired(self, text: str) -> None:
        show = (tr("Show"), self.saver.open_folder)
        self._parts.banner.show_message("info", text, "", (show,), 10.0, waits=True)

    def close_store(self) -> bool:
        """Let go of the files of the counts; False where some entries could not be written in time."""
        return self._store is None or self._store.close(2.0)

    def shut_down(self) -> bool:
        """End what the commands have begun; return False where a thread would not end in time."""
        ended = (
            self.why.shut_down(),
            self.models.shut_down(),
            self.sessions.shut_down(),
            self.saver.shut_down(2.0),
        )
        return all(ended)
