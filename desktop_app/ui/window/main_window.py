"""The window itself: it makes the parts and the commands, and ties them together."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QEvent, Qt, QTimer, Signal, Slot
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QKeyEvent,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QApplication, QDialog, QMainWindow

from desktop_app.engine.state import EngineState
from desktop_app.errors import HeadcountError, OutputError
from desktop_app.session.door_run import DoorRun
from desktop_app.session.services import Services
from desktop_app.settings import Settings, save_settings, without_password
from desktop_app.sources.base import SourceInfo
from desktop_app.ui.kiosk.kiosk_commands import KioskCommands
from desktop_app.ui.sessions.controller import Controller
from desktop_app.ui.sessions.current_settings import CurrentSettings
from desktop_app.ui.sessions.kept_counts import CountStore
from desktop_app.ui.sessions.told_door import ToldDoor
from desktop_app.ui.sources.cameras import CameraWatcher
from desktop_app.ui.sources.opening import dropped_files, dropped_source
from desktop_app.ui.widgets.icons import app_icon
from desktop_app.ui.widgets.qt_classes import QtClasses
from desktop_app.ui.widgets.texts import tr
from desktop_app.ui.widgets.theme import Theme, ThemeManager
from desktop_app.ui.window.actions import Actions, connect_actions
from desktop_app.ui.window.commands import Commands, Handler
from desktop_app.ui.window.enabling import enable_for
from desktop_app.ui.window.figures_presenter import FiguresPresenter, FigureWidgets
from desktop_app.ui.window.geometry import SMALLEST, geometry_text, place_window
from desktop_app.ui.window.keys import belongs_to_focus, press_by_enter
from desktop_app.ui.window.parts import Parts
from desktop_app.ui.window.presenter import Presenter, Widgets

_LOG = logging.getLogger(__name__)

SHUT_DOWN_S = 3.0


class MainWindow(QMainWindow):
    """The program's window.

    `ready` is emitted once the charts are loaded and the models are being loaded, `closing` when it is certain that the
    window closes, before anything is ended. After `close`, `clean_exit`
    tells whether every thread ended; where one hangs in a driver the caller ends the process itself.
    """

    ready = Signal()
    closing = Signal()
    _charts_loaded = Signal()

    def __init__(
        self,
        services: Services,
        settings: Settings,
        themes: ThemeManager,
        save: Callable[[Settings], None] = save_settings,
        store: CountStore | None = None,
    ) -> None:
        """`store` keeps the counts; without one they live as long as the program."""
        super().__init__()
        self.clean_exit = True
        self.themes = themes
        self.store = store
        self._closing = False
        self.setWindowTitle("Headcount")
        self.setWindowIcon(app_icon())
        self.setMinimumSize(SMALLEST)
        self.setAcceptDrops(True)
        self.current_settings = CurrentSettings(settings, save, self)
        self.controller = Controller(services, settings, store, self)
        self.actions_ = Actions(self, themes.theme)
        self.parts = Parts(self.actions_, themes.theme, services, settings, self.controller.bridge, store)
        self.choice, self.banner, self.view = self.parts.choice, self.parts.banner, self.parts.view
        self.transport, self.side, self.status = self.parts.transport, self.parts.side, self.parts.status
        self.start_page, self.pages = self.parts.start_page, self.parts.count.pages
        self.strip, self.tabs = self.parts.strip, self.parts.tabs
        self.setCentralWidget(self.parts.central)
        self.parts.fill_menus(self.menuBar())
        self.view.editor.undo_stack = self.controller.undo_stack
        # The charts' library takes longer to import than a window may stand still.
        self._charts = threading.Thread(target=self._load_charts, name="headcount-charts", daemon=True)
        self._charts_loaded.connect(self._add_charts)
        self._classes = QtClasses(self._charts.start, self)
        self.commands = Commands(self, self.controller, self.current_settings, self.parts, themes, store)
        self.sources, self.count, self.sessions = self.commands.sources, self.commands.count, self.commands.sessions
        self.models, self.help, self.saver = self.commands.models, self.commands.help, self.commands.saver
        self.confirm_close: Callable[[], bool] = self.commands.confirm_close
        self.presenter = self._present()
        self.kiosk = KioskCommands(self.current_settings, themes, self.presenter.show_figures, self)
        self.presenter.figures.show_elsewhere = self.kiosk.show_state
        self.watcher = CameraWatcher(services.list_cameras)
        connect_actions(self.actions_, {**self.commands.handlers(), **self._own_handlers()})
        self.commands.connect_parts()
        self._connect()
        self._first_settings()
        self.show_state(EngineState.IDLE)

    # --- building ------------------------------------------------------------------------------------------------

    def _present(self) -> Presenter:
        parts, count = self.parts, self.parts.count
        written = FigureWidgets(
            parts.view,
            parts.side,
            parts.strip,
            parts.status,
            parts.transport,
            count.recent,
            parts.start_page.form,
            parts.setup.doors,
        )
        figures = FiguresPresenter(
            self.controller,
            written,
            lambda: self.settings.ui.main_number,
            lambda: self.commands.planned_stop.utc,
            lambda: count.shows_start,
            self.setWindowTitle,
            self,
        )
        widgets = Widgets(parts.view, parts.banner, parts.status, parts.transport)
        return Presenter(
            self.controller,
            widgets,
            figures,
            parts.show_page,
            self.sources.choose_other,
            self.commands.see_result,
            self.count.enable_undo,
            self,
        )

    def _own_handlers(self) -> dict[str, Handler]:
        return {
            "refresh": self.watcher.look_now,
            "record": self.record,
            "settings": self.show_settings,
            "quit": self.close,
            "show_count": partial(self.parts.show_tab, "count"),
            "show_results": partial(self.parts.show_tab, "results"),
            "show_setup": partial(self.parts.show_tab, "setup"),
            "labels": self.show_labels,
            "kiosk": self.kiosk.toggle,
            "full_screen": self.full_screen,
        }

    def _connect(self) -> None:
        self.view.full_screen_requested.connect(self.actions_["full_screen"].trigger)
        self.saver.recording_changed.connect(self.recording_changed)
        self.controller.state_changed.connect(self.show_state)
        self.controller.opened.connect(self._opened)
        self.controller.door_changed.connect(self._door_changed)
        self.controller.door_shown.connect(self._door_shown)
        self.watcher.found.connect(self.sources.cameras_found)
        self.strip.renamed.connect(self.count.rename)
        self.themes.changed.connect(self.apply_theme)
        self.current_settings.changed.connect(self._apply_settings)
        self.current_settings.not_saved.connect(self._not_saved)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self.watcher.isRunning() and not self._closing:
            # Everything slow begins once the window has been painted.
            QTimer.singleShot(0, self._after_first_paint)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.parts.count.fit(event.size().width(), event.size().height())

    @Slot()
    def _after_first_paint(self) -> None:
        if self._closing or self.watcher.isRunning():
            return
        self.watcher.start()
        self._classes.start()
        self.controller.warm_up()
        self.saver.recover()
        self.sessions.offer_cut_off()
        self.sources.offer_last()
        if self.parts.count.shows_start:
            self.start_page.begin_here()

    def _load_charts(self) -> None:
        import desktop_app.ui.figures.plots  # noqa: F401 - only to have it loaded

        self._charts_loaded.emit()

    @Slot()
    def _add_charts(self) -> None:
        if not self._closing:
            self.side.add_plots()
            self.presenter.show_figures()
            self.ready.emit()

    # --- settings ------------------------------------------------------------------------------------------------

    @property
    def settings(self) -> Settings:
        return self.current_settings.value

    def change_settings(self, settings: Settings) -> None:
        """Take over and keep other settings; a problem with keeping them is told, not fatal."""
        self.current_settings.change(settings)

    def _first_settings(self) -> None:
        s = self.settings
        self.view.editor.load(s.places)
        place_window(self, s.ui.geometry)
        self.choice.set_current(s.source.last)
        self._apply_settings(s)

    @Slot(object)
    def _apply_settings(self, s: Settings) -> None:
        self.controller.settings = s
        self.start_page.apply_settings(s)
        self.choice.set_recent(s.source.recent)
        self.choice.set_camera_mode(s.source.width, s.source.height, s.source.fps)
        self.transport.set_choices(s.source.speed, s.source.loop)
        self.view.show_boxes = s.ui.show_labels
        self.actions_["labels"].setChecked(s.ui.show_labels)
        self.actions_["loop"].setChecked(s.source.loop)
        self.actions_["places"].setChecked(self.view.editor.visible)
        self.actions_["panel"].setChecked(not self.parts.count.side_scroll.isHidden())
        self.saver.settings = s
        self.parts.setup.show_settings(s)
        self.parts.setup.doors.show_doors(s.doors)
        self.parts.results.show_hide_below(s.reports.hide_below)
        detector = {"yunet": "YuNet", "haar": "Haar"}.get(s.detector.kind, s.detector.kind)
        self.status.show_parts(detector, s.count.model, s.count.returns_minutes)
        self.themes.choose(s.ui.theme)

    @Slot(object)
    def _not_saved(self, error: OutputError) -> None:
        self.banner.show_message("warning", error.message, error.remedy)

    @Slot(object)
    def apply_theme(self, theme: Theme) -> None:
        """Draw every part in another theme."""
        self.parts.apply_theme(theme)

    def show_settings(self) -> None:
        """Come to the tab on which the settings are."""
        self.parts.show_tab("setup")

    # --- sources -------------------------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if dropped_source(event.mimeData()):
            event.acceptProposedAction()
            self.view.set_note(tr("Drop to count from it"))

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.presenter.show_note()

    def dropEvent(self, event: QDropEvent) -> None:
        files, source = dropped_files(event.mimeData()), dropped_source(event.mimeData())
        if len(files) > 1:
            event.acceptProposedAction()
            self.commands.batch.show(files)
        elif source:
            event.acceptProposedAction()
            self.sources.open_source(source)

    @Slot(object, object)
    def _opened(self, _info: SourceInfo, run: DoorRun) -> None:
        self.sources.opened(run.door.source)
        self.show_state(self.controller.state)

    @Slot(object)
    def _door_changed(self, door: ToldDoor) -> None:
        if not door.active and self.saver.records(door):
            self.saver.stop_recording()

    @Slot()
    def _door_shown(self) -> None:
        self.show_state(self.controller.state)
        self.view.set_recording(self.saver.records(self.controller.door))

    # --- the count -----------------------------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        # What has the keyboard lets the keys pass that it has no use for, so that they arrive here.
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            on_count = self.tabs.currentWidget() is self.parts.count
            if belongs_to_focus(event, self.focusWidget(), shows_picture=on_count):
                event.accept()
                return True
        return super().event(event)

    @Slot(object)
    def show_state(self, state: EngineState) -> None:
        """Let those commands be chosen that make sense in a state."""
        self.strip.show_running(self.controller.active)
        has_picture = self.view.frame is not None or self.controller.bridge.latest is not None
        enable_for(self.actions_, self.controller, has_picture, self.saver.recording)
        if state.is_final:
            self.saver.stop_recording()
        self.count.enable_undo()

    def show_labels(self, shown: bool) -> None:
        """Show or hide boxes and labels."""
        self.view.show_boxes = shown
        self.view.update()
        self.change_settings(replace(self.settings, ui=replace(self.settings.ui, show_labels=shown)))

    # --- saving --------------------------------------------------------------------------------------------------

    def record(self, wanted: bool) -> None:
        """Begin or end a recording."""
        if wanted:
            self.saver.start_recording()
        else:
            self.saver.stop_recording()
        self.recording_changed(self.saver.recording)

    @Slot(bool)
    def recording_changed(self, recording: bool) -> None:
        """Show whether a recording runs."""
        self.actions_["record"].setChecked(recording)
        self.view.set_recording(self.saver.records(self.controller.door))

    # --- views ---------------------------------------------------------------------------------------------------

    def full_screen(self, wanted: bool) -> None:
        """Use the whole screen for the picture and the figures, or come back from it."""
        for part in (self.menuBar(), self.strip, self.tabs.tabBar()):
            part.setVisible(not wanted)
        self.parts.count.show_alone(wanted)
        if wanted:
            self.showFullScreen()
        else:
            self.showNormal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.isFullScreen():
            self.actions_["full_screen"].trigger()
            return
        if not press_by_enter(event, self.focusWidget()):
            super().keyPressEvent(event)

    # --- ending --------------------------------------------------------------------------------------------------

    @Slot()
    def close_unasked(self) -> None:
        """Close although a count runs; it is kept. A question that is open is answered with no."""
        self.confirm_close = _agree
        question = QApplication.activeModalWidget()
        if isinstance(question, QDialog):
            question.reject()
        self.close()
        if not self._closing:  # the question was whether to close: Qt closes no window that is being closed
            QTimer.singleShot(50, self.close_unasked)

    def closeEvent(self, event: QCloseEvent) -> None:
        # A computer that shuts down does not wait for an answer.
        ending = application().isSavingSession()
        if not self._closing and not ending and not self.confirm_close():
            event.ignore()
            return
        if not self._closing:
            self._closing = True
            self.closing.emit()
            self.parts.setup.leave()
            self._keep_geometry()
            self.clean_exit = self._shut_down()
        event.accept()
        super().closeEvent(event)

    def _keep_geometry(self) -> None:
        settings = replace(self.settings, ui=replace(self.settings.ui, geometry=geometry_text(self)))
        if settings.source.last:
            settings = replace(settings, source=replace(settings.source, last=without_password(settings.source.last)))
        try:
            self.current_settings.save(settings)
        except HeadcountError as error:
            _LOG.warning("at the end: %s", error)

    def _shut_down(self) -> bool:
        self.hide()
        self.kiosk.close()
        self.saver.stop_recording()
        done = self.controller.shut_down(SHUT_DOWN_S)
        self.presenter.shut_down()
        self._classes.stop()
        if self._charts.is_alive():
            self._charts.join(SHUT_DOWN_S)
        done = self.commands.shut_down() and done
        done = self.start_page.shut_down(1.0) and done
        done = self.watcher.stop() and done
        if not self.commands.close_store():
            _LOG.warning("not every entry of the count was written in time; the next start takes up the rest")
        if not done:
            _LOG.warning("a thread did not end in time; the process is ended without it")
        QApplication.processEvents()
        return done


def application() -> QApplication:
    """Return the one application object; a window cannot be without it."""
    found = QApplication.instance()
    assert isinstance(found, QApplication)
    return found


def _agree() -> bool:
    return True
