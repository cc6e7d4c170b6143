"""The window itself: it lays out the parts and ties the commands to them."""

from __future__ import annotations

import base64
import logging
import threading
from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QByteArray, QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QGuiApplication,
    QKeyEvent,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QDialog,
    QHBoxLayout,
    QMainWindow,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from desktop_app.domain.types import CountEvent, Counts
from desktop_app.engine.state import EngineState
from desktop_app.errors import HeadcountError, OutputError
from desktop_app.settings import Settings, save_settings, without_password
from desktop_app.ui.figures.side_panel import SidePanel
from desktop_app.ui.figures.totals import KioskView
from desktop_app.ui.models.model_commands import ModelCommands
from desktop_app.ui.picture.saving import Saver
from desktop_app.ui.picture.transport import Transport
from desktop_app.ui.picture.video_view import VideoView
from desktop_app.ui.places.place_commands import PlaceCommands
from desktop_app.ui.sessions.controller import Controller
from desktop_app.ui.sessions.count_commands import CountCommands
from desktop_app.ui.sessions.recovery import Keeper
from desktop_app.ui.sessions.session import Services
from desktop_app.ui.sources.cameras import CameraWatcher
from desktop_app.ui.sources.first_start import StartPage
from desktop_app.ui.sources.opening import dropped_source
from desktop_app.ui.sources.source_bar import SourceBar, short_name
from desktop_app.ui.sources.source_commands import SourceCommands
from desktop_app.ui.widgets.banner import Banner
from desktop_app.ui.widgets.icons import app_icon
from desktop_app.ui.widgets.qt_classes import QtClasses
from desktop_app.ui.widgets.theme import Theme, ThemeManager
from desktop_app.ui.window.actions import MENUS, Actions
from desktop_app.ui.window.help_commands import HelpCommands
from desktop_app.ui.window.presenter import Presenter, Widgets
from desktop_app.ui.window.status_line import StatusLine
from desktop_app.ui.window.wiring import wire

_LOG = logging.getLogger(__name__)

SHUT_DOWN_S = 3.0


class MainWindow(QMainWindow):
    """The program's window.

    `ready` is emitted once the charts are loaded and the models are being loaded. After `close`, `clean_exit`
    tells whether every thread ended; where one hangs in a driver the caller ends the process itself.
    """

    ready = Signal()
    _charts_loaded = Signal()

    def __init__(
        self,
        services: Services,
        settings: Settings,
        themes: ThemeManager,
        save: Callable[[Settings], None] = save_settings,
    ) -> None:
        super().__init__()
        self.settings = settings
        self.clean_exit = True
        self.save = save
        self.themes = themes
        self._closing = False
        self._kiosk: KioskView | None = None
        theme = themes.theme
        self.setWindowTitle("Headcount")
        self.setWindowIcon(app_icon())
        self.setMinimumSize(960, 560)
        self.setAcceptDrops(True)
        self.actions_ = Actions(self, theme)
        self.controller = Controller(services, settings, self)
        self.bar = SourceBar(self.actions_, theme)
        self.banner = Banner(theme)
        self.view = VideoView()
        self.transport = Transport(theme)
        self.transport.setVisible(False)
        self.side = SidePanel(self.view.editor, self.actions_, theme)
        self.status = StatusLine()
        self.start_page = StartPage(self.actions_, theme, services, settings)
        self.saver = Saver(self.controller, self)
        # The charts' library takes longer to import than a window may stand still.
        self._charts = threading.Thread(target=self._load_charts, name="headcount-charts", daemon=True)
        self._charts_loaded.connect(self._add_charts)
        self._classes = QtClasses(self._charts.start, self)
        self.keeper = Keeper(self._count_to_keep, lambda: self.controller.active)
        self.sources = SourceCommands(self)
        self.count = CountCommands(self)
        self.place_commands = PlaceCommands(self)
        self.help = HelpCommands(self)
        self.models = ModelCommands(self)
        self._lay_out()
        self._make_menus()
        widgets = Widgets(self.view, self.side, self.banner, self.status, self.transport)
        self.presenter = Presenter(
            self.controller, widgets, self.show_start_page, self.sources.choose_other, self.setWindowTitle, self
        )
        self.watcher = CameraWatcher(services.list_cameras)
        wire(self)
        self._apply_settings(first=True)
        self.show_state(EngineState.IDLE)

    # --- building ------------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        picture = QWidget()
        column = QVBoxLayout(picture)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.view, 1)
        column.addWidget(self.transport)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.start_page)
        self.pages.addWidget(picture)
        left = QVBoxLayout()
        left.setSpacing(8)
        left.addWidget(self.banner)
        left.addWidget(self.pages, 1)
        body = QHBoxLayout()
        body.setContentsMargins(10, 8, 10, 2)
        body.setSpacing(10)
        body.addLayout(left, 1)
        self.side_scroll = QScrollArea()
        self.side_scroll.setWidgetResizable(True)
        self.side_scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.side_scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.side_scroll.setWidget(self.side)
        self.side_scroll.setFixedWidth(330)
        body.addWidget(self.side_scroll)
        whole = QWidget()
        rows = QVBoxLayout(whole)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addWidget(self.bar)
        rows.addLayout(body, 1)
        rows.addWidget(self.status)
        self.setCentralWidget(whole)

    def _make_menus(self) -> None:
        for title, keys in MENUS:
            menu = self.menuBar().addMenu(title)
            menu.setToolTipsVisible(True)
            for key in keys:
                if key == "-":
                    menu.addSeparator()
                else:
                    menu.addAction(self.actions_[key])

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self.watcher.isRunning() and not self._closing:
            # Everything slow begins once the window has been painted.
            QTimer.singleShot(0, self._after_first_paint)

    def _after_first_paint(self) -> None:
        if self._closing or self.watcher.isRunning():
            return
        self.watcher.start()
        self._classes.start()
        self.controller.warm_up()
        self.saver.recover()
        self.keeper.start()

    def _load_charts(self) -> None:
        import desktop_app.ui.figures.plots  # noqa: F401 - only to have it loaded

        self._charts_loaded.emit()

    def _add_charts(self) -> None:
        if not self._closing:
            self.side.add_plots()
            self.presenter.show_figures()
            self.ready.emit()

    # --- settings ------------------------------------------------------------------------------------------------

    def _apply_settings(self, first: bool = False) -> None:
        s = self.settings
        self.controller.settings = s
        if first:
            self.view.editor.load(s.places)
            self.side.places.refresh()
            if not (s.ui.geometry and self._restore_geometry(s.ui.geometry)):
                screen = QGuiApplication.primaryScreen().availableGeometry()
                self.resize(min(1440, round(screen.width() * 0.92)), min(900, round(screen.height() * 0.9)))
            self.bar.set_current(s.source.last)
        self.bar.set_recent(s.source.recent)
        self.bar.set_camera_mode(s.source.width, s.source.height, s.source.fps)
        self.transport.set_choices(s.source.speed, s.source.loop)
        self.view.show_boxes = s.ui.show_labels
        self.actions_["labels"].setChecked(s.ui.show_labels)
        self.actions_["loop"].setChecked(s.source.loop)
        self.actions_["places"].setChecked(self.view.editor.visible)
        self.actions_["panel"].setChecked(not self.side_scroll.isHidden())
        self.saver.settings = s
        detector = {"yunet": "YuNet", "haar": "Haar"}.get(s.detector.kind, s.detector.kind)
        self.status.show_parts(detector, s.count.model, s.count.returns_minutes)
        self.themes.choose(s.ui.theme)

    def _restore_geometry(self, text: str) -> bool:
        try:
            return self.restoreGeometry(QByteArray(base64.b64decode(text, validate=True)))
        except ValueError:
            return False

    def change_settings(self, settings: Settings) -> None:
        """Take over and keep other settings; a problem with keeping them is told, not fatal."""
        self.settings = settings
        self._apply_settings()
        try:
            self.save(settings)
        except OutputError as error:
            self.banner.show_message("warning", error.message, error.remedy)

    def apply_theme(self, theme: Theme) -> None:
        """Draw every part in another theme."""
        self.actions_.apply_theme(theme)
        for part in (self.bar, self.banner, self.view, self.transport, self.side, self.start_page, self._kiosk):
            if part is not None:
                part.apply_theme(theme)

    def show_settings(self) -> None:
        """Let the operator change the settings; those of a running count apply from its next start."""
        from desktop_app.ui.window.settings_dialog import SettingsDialog

        dialog = SettingsDialog(self.settings, self)
        if dialog.exec() != QDialog.DialogCode.Accepted:
            return
        new, old = dialog.settings(), self.settings
        model = new.count.model
        # Another model is tried first; until then the present one stays in use.
        new = replace(new, count=replace(new.count, model=old.count.model))
        self.change_settings(new)
        self.models.use_after_trying(model)
        if self.controller.active and (new.detector, new.count) != (old.detector, old.count):
            self.banner.show_message(
                "info",
                "The new settings apply from the next start.",
                "",
                (("Start again now", self.sources.start),),
            )

    # --- sources -------------------------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if dropped_source(event.mimeData()):
            event.acceptProposedAction()
            self.view.set_note("Drop to count from it")

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.presenter.show_note()

    def dropEvent(self, event: QDropEvent) -> None:
        source = dropped_source(event.mimeData())
        if source:
            event.acceptProposedAction()
            self.sources.open_source(source)

    # --- the count -----------------------------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        # Space pauses, but whoever has gone to a button with the Tab key presses the button with it.
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_Space
            and isinstance(watched, QAbstractButton)
        ):
            event.accept()
            return True
        return super().eventFilter(watched, event)

    def show_state(self, state: EngineState) -> None:
        """Let those commands be chosen that make sense in a state."""
        active = self.controller.active
        info = self.controller.info
        a = self.actions_
        if state is EngineState.OPENING:
            self.saver.forget()
        self.bar.show_running(active)
        a["start"].setEnabled(not active)
        a["stop"].setEnabled(active)
        a["pause"].setEnabled(active and state is not EngineState.RECONNECTING)
        a["pause"].setChecked(state is EngineState.PAUSED)
        a["step"].setEnabled(state is EngineState.PAUSED)
        picture = active and info is not None
        for key in ("snapshot", "add_line", "add_zone"):
            a[key].setEnabled(picture or self.view.frame is not None)
        a["record"].setEnabled(picture or self.saver.recording)
        if state.is_final:
            self.saver.stop_recording()
        self.count.enable_undo()

    def show_start_page(self, start: bool) -> None:
        """Show the page to choose a source on, or the picture."""
        self.pages.setCurrentIndex(0 if start else 1)

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

    def tell(self, kind: str, title: str, detail: str, actions: object, seconds: float) -> None:
        """Show a message in the banner."""
        self.banner.show_message(kind, title, detail, actions, seconds)  # type: ignore[arg-type]

    def recording_changed(self, recording: bool) -> None:
        """Show whether a recording runs."""
        self.actions_["record"].setChecked(recording)
        self.view.set_recording(recording)

    # --- views ---------------------------------------------------------------------------------------------------

    def full_screen(self, wanted: bool) -> None:
        """Use the whole screen for the picture and the figures, or come back from it."""
        for part in (self.menuBar(), self.bar, self.status):
            part.setVisible(not wanted)
        if wanted:
            self.showFullScreen()
        else:
            self.showNormal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.isFullScreen():
            self.actions_["full_screen"].trigger()
            return
        super().keyPressEvent(event)

    def toggle_kiosk(self) -> None:
        """Show the totals alone, as large as the screen, or close that."""
        if self._kiosk is None:
            self._kiosk = KioskView(self.themes.theme)
            self._kiosk.setWindowIcon(app_icon())
            self.presenter.kiosk = self._kiosk
        if self._kiosk.isVisible():
            self._kiosk.close()
            return
        counts = self.controller.counts
        self._kiosk.show_counts(counts, self.controller.state.is_final and counts.people > 0)
        self._kiosk.showFullScreen()

    # --- ending --------------------------------------------------------------------------------------------------

    def _count_to_keep(self) -> tuple[Counts, tuple[CountEvent, ...], str]:
        return self.controller.counts, self.controller.events, short_name(self.controller.source_text)

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self._closing:
            self._closing = True
            self._keep_geometry()
            self.clean_exit = self._shut_down()
        event.accept()
        super().closeEvent(event)

    def _keep_geometry(self) -> None:
        geometry = base64.b64encode(self.saveGeometry().data()).decode("ascii")
        settings = replace(self.settings, ui=replace(self.settings.ui, geometry=geometry))
        if settings.source.last:
            settings = replace(settings, source=replace(settings.source, last=without_password(settings.source.last)))
        try:
            self.save(settings)
        except HeadcountError as error:
            _LOG.warning("at the end: %s", error)

    def _shut_down(self) -> bool:
        self.hide()
        if (application := QApplication.instance()) is not None:
            application.removeEventFilter(self)
        self.keeper.stop()
        if self._kiosk is not None:
            self._kiosk.close()
        self.saver.stop_recording()
        done = self.controller.shut_down(SHUT_DOWN_S)
        self.presenter.shut_down()
        self._classes.stop()
        if self._charts.is_alive():
            self._charts.join(SHUT_DOWN_S)
        done = self.place_commands.shut_down() and done
        done = self.models.shut_down() and done
        done = self.start_page.shut_down(1.0) and done
        done = self.watcher.stop() and done
        done = self.saver.shut_down(2.0) and done
        if not done:
            _LOG.warning("a thread did not end in time; the process is ended without it")
        QApplication.processEvents()
        return done
