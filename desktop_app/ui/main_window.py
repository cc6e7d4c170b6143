"""The window itself: it lays out the parts and ties the commands to them."""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QByteArray, QPointF, Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QCloseEvent, QDesktopServices, QDragEnterEvent, QDropEvent, QGuiApplication, QShowEvent
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QHBoxLayout,
    QMainWindow,
    QMenu,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from desktop_app.domain.types import CountEvent, Counts
from desktop_app.errors import HeadcountError, OutputError
from desktop_app.runtime.state import EngineState
from desktop_app.settings import Settings, save_settings, without_password
from desktop_app.ui.actions import MENUS, Actions
from desktop_app.ui.banner import Banner
from desktop_app.ui.cameras import CameraWatcher
from desktop_app.ui.controller import Controller
from desktop_app.ui.first_start import StartPage
from desktop_app.ui.icons import app_icon
from desktop_app.ui.opening import AddressDialog, ask_file, ask_folder, dropped_source
from desktop_app.ui.presenter import Presenter, Widgets
from desktop_app.ui.recovery import Keeper, Recovered, forget_recovery, read_recovery, report_path
from desktop_app.ui.saving import Saver
from desktop_app.ui.session import Services
from desktop_app.ui.side_panel import SidePanel
from desktop_app.ui.source_bar import DEMO, CameraChoice, SourceBar, short_name
from desktop_app.ui.status_line import StatusLine
from desktop_app.ui.theme import Theme, ThemeManager
from desktop_app.ui.totals import KioskView, summary
from desktop_app.ui.transport import Transport
from desktop_app.ui.video_view import VideoView

_LOG = logging.getLogger(__name__)

SHUT_DOWN_S = 3.0


class MainWindow(QMainWindow):
    """The program's window.

    `ready` is emitted once the charts are loaded and the models are being loaded. After `close`, `clean_exit`
    tells whether every thread ended; where one hangs in a driver the caller ends the process itself.
    """

    ready = Signal()

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
        self._save = save
        self._themes = themes
        self._closing = False
        self._kiosk: KioskView | None = None
        theme = themes.theme
        self.setWindowTitle("Headcount")
        self.setWindowIcon(app_icon())
        self.setMinimumSize(760, 480)
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
        self.keeper = Keeper(self._count_to_keep, lambda: self.controller.active)
        self._lay_out()
        self._make_menus()
        widgets = Widgets(self.view, self.side, self.banner, self.status, self.transport)
        self.presenter = Presenter(self.controller, widgets, self._show_start_page, self._choose_other, self)
        self.watcher = CameraWatcher(services.list_cameras)
        self._connect()
        self._apply_settings(first=True)
        self._show_state(EngineState.IDLE)

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
        body.addWidget(self.side)
        self.side.setFixedWidth(330)
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

    def _connect(self) -> None:
        handlers: dict[str, Callable[..., object]] = {
            "open_file": self._open_file,
            "open_folder": self._open_folder,
            "open_url": self._open_url,
            "open_demo": lambda: self.open_source(DEMO),
            "refresh": self.watcher.look_now,
            "snapshot": self.saver.snapshot,
            "record": self._record,
            "open_saved": self.saver.open_folder,
            "settings": self.show_settings,
            "quit": self.close,
            "start": self._start,
            "pause": self._pause,
            "step": self.controller.step,
            "stop": self.controller.stop,
            "reset": self._reset,
            "undo": self._undo,
            "copy_totals": self._copy_totals,
            "add_line": lambda: self._draw("line"),
            "add_zone": lambda: self._draw("zone"),
            "labels": self._show_labels,
            "places": self._show_places,
            "panel": self.side.setVisible,
            "kiosk": self._toggle_kiosk,
            "full_screen": self._full_screen,
            "shortcuts": self._show_shortcuts,
            "diagnostics": self._copy_diagnostics,
            "show_log": self._show_log,
            "first_start": lambda: self._show_start_page(True),
            "delete_data": self._delete_data,
            "about": self._show_about,
        }
        for key, action in self.actions_.items():
            handler = handlers[key]
            if action.isCheckable():
                action.triggered.connect(handler)
            else:
                action.triggered.connect(lambda _checked=False, call=handler: call())
        self.bar.source_chosen.connect(self.open_source)
        self.bar.camera_mode_chosen.connect(self._camera_mode)
        self.start_page.chosen.connect(self.open_source)
        self.transport.seek_requested.connect(self.controller.seek)
        self.transport.speed_chosen.connect(self._speed)
        self.transport.loop_chosen.connect(self._loop)
        self.view.full_screen_requested.connect(self.actions_["full_screen"].trigger)
        self.view.person_clicked.connect(self._person_menu)
        self.view.editor.places_changed.connect(self._places_changed)
        self.view.editor.mode_changed.connect(self._drawing)
        self.side.places.problem.connect(lambda text: self.banner.show_message("warning", text, seconds=6))
        self.saver.told.connect(self._tell)
        self.saver.recording_changed.connect(self._recording_changed)
        self.controller.state_changed.connect(lambda state, _message: self._show_state(state))
        self.controller.opened.connect(lambda _info: self._show_state(self.controller.state))
        self.watcher.found.connect(self._cameras_found)
        self._themes.changed.connect(self._apply_theme)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self.watcher.isRunning() and not self._closing:
            # Everything slow begins once the window has been painted.
            QTimer.singleShot(0, self._after_first_paint)

    def _after_first_paint(self) -> None:
        if self._closing or self.watcher.isRunning():
            return
        self.watcher.start()
        self.side.add_plots()
        self.controller.warm_up()
        self.saver.recover()
        self.keeper.start()
        self.ready.emit()

    # --- settings ------------------------------------------------------------------------------------------------

    def _apply_settings(self, first: bool = False) -> None:
        s = self.settings
        self.controller.settings = s
        if first:
            self.view.editor.load(s.places)
            self.side.places.refresh()
            if s.ui.geometry:
                self.restoreGeometry(QByteArray(base64.b64decode(s.ui.geometry)))
            else:
                screen = QGuiApplication.primaryScreen().availableGeometry()
                self.resize(min(1440, round(screen.width() * 0.92)), min(900, round(screen.height() * 0.9)))
            self.bar.set_current(s.source.last)
        self.bar.set_recent(s.source.recent)
        self.bar.set_camera_mode(s.source.width, s.source.height, s.source.fps)
        self.transport.set_choices(s.source.speed, s.source.loop)
        self.view.show_boxes = s.ui.show_labels
        self.actions_["labels"].setChecked(s.ui.show_labels)
        self.actions_["places"].setChecked(self.view.editor.visible)
        self.actions_["panel"].setChecked(not self.side.isHidden())
        self.saver.settings = s
        detector = {"yunet": "YuNet", "haar": "Haar"}.get(s.detector.kind, s.detector.kind)
        self.status.show_parts(detector, s.count.model, s.count.returns_minutes)
        self._themes.choose(s.ui.theme)

    def change_settings(self, settings: Settings) -> None:
        """Take over and keep other settings; a problem with keeping them is told, not fatal."""
        self.settings = settings
        self._apply_settings()
        try:
            self._save(settings)
        except OutputError as error:
            self.banner.show_message("warning", error.message, error.remedy)

    def _apply_theme(self, theme: Theme) -> None:
        self.actions_.apply_theme(theme)
        for part in (self.bar, self.banner, self.view, self.transport, self.side, self.start_page, self._kiosk):
            if part is not None:
                part.apply_theme(theme)

    def show_settings(self) -> None:
        """Let the operator change the settings; those of a running count apply from its next start."""
        from desktop_app.ui.settings_dialog import SettingsDialog

        dialog = SettingsDialog(self.settings, self)
        if dialog.exec() != QDialog.DialogCode.Accepted:
            return
        new, old = dialog.settings(), self.settings
        self.change_settings(new)
        if self.controller.active and (new.detector, new.count) != (old.detector, old.count):
            self.banner.show_message(
                "info",
                "The new settings apply from the next start.",
                "",
                (("Start again now", self._start),),
            )

    # --- sources -------------------------------------------------------------------------------------------------

    def open_source(self, text: str) -> None:
        """Begin to count from a source: "demo", "camera:NAME", a path or an address."""
        if not text:
            return
        self.start_page.stop_preview()
        self.bar.set_current(text)
        self.change_settings(self._with_recent(text))
        self.controller.start(text)

    def _with_recent(self, text: str) -> Settings:
        settings = self.settings
        if text == DEMO:
            return replace(
                settings, source=replace(settings.source, last=DEMO), ui=replace(settings.ui, first_start_done=True)
            )
        settings = settings.with_recent_source(text)
        return replace(settings, ui=replace(settings.ui, first_start_done=True))

    def _start(self) -> None:
        source = self.bar.current or self.controller.source_text
        if source:
            self.open_source(source)
        else:
            self._choose_other()

    def _choose_other(self) -> None:
        self._show_start_page(True)
        self.bar.sources.setFocus()

    def _folder_of_last(self) -> str:
        last = self.settings.source.last
        if last and "://" not in last and Path(last).exists():
            return str(Path(last).parent)
        return ""

    def _open_file(self) -> None:
        self.open_source(ask_file(self, self._folder_of_last()))

    def _open_folder(self) -> None:
        self.open_source(ask_folder(self, self._folder_of_last()))

    def _open_url(self) -> None:
        dialog = AddressDialog(self)
        if dialog.exec() == QDialog.DialogCode.Accepted:
            self.open_source(dialog.address)

    def _cameras_found(self, cameras: list[CameraChoice]) -> None:
        self.bar.set_cameras(cameras)
        self.start_page.set_cameras(cameras)
        if not self.bar.current and cameras:
            self.bar.set_current(cameras[0].source)

    def _camera_mode(self, width: int, height: int, fps: float) -> None:
        s = self.settings
        self.change_settings(replace(s, source=replace(s.source, width=width, height=height, fps=fps)))
        if self.controller.active and self.bar.is_camera(self.controller.source_text):
            self.controller.start(self.controller.source_text)

    def _speed(self, factor: float) -> None:
        self.controller.set_speed(factor)
        s = self.settings
        self.change_settings(replace(s, source=replace(s.source, speed=factor)))

    def _loop(self, loop: bool) -> None:
        self.controller.set_loop(loop)
        s = self.settings
        self.change_settings(replace(s, source=replace(s.source, loop=loop)))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if dropped_source(event.mimeData()):
            event.acceptProposedAction()
            self.view.set_note("Drop to count from it")

    def dragLeaveEvent(self, event: object) -> None:
        self.view.set_note("Paused" if self.controller.state is EngineState.PAUSED else "")

    def dropEvent(self, event: QDropEvent) -> None:
        source = dropped_source(event.mimeData())
        if source:
            event.acceptProposedAction()
            self.open_source(source)

    # --- the count -----------------------------------------------------------------------------------------------

    def _pause(self, paused: bool) -> None:
        self.controller.pause(paused)

    def _reset(self) -> None:
        people = self.controller.counts.people
        self.controller.reset()
        self.presenter.show_figures()
        if people:
            word = "person" if people == 1 else "people"
            self.banner.show_message(
                "info",
                f"The count starts again from zero. {people:,} {word} put aside.",
                "",
                (("Undo", self._undo),),
                12,
            )
        self._enable_undo()

    def _undo(self) -> None:
        if self.controller.can_undo_reset:
            self.controller.undo_reset()
            self.banner.dismiss()
            self.presenter.show_figures()
        elif self.view.editor.can_undo or self.view.editor.drawing:
            self.view.editor.undo()
        self._enable_undo()

    def _enable_undo(self) -> None:
        editor = self.view.editor
        self.actions_["undo"].setEnabled(self.controller.can_undo_reset or editor.can_undo or editor.drawing)

    def _copy_totals(self) -> None:
        QGuiApplication.clipboard().setText(summary(self.controller.counts))
        self.banner.show_message("good", "The totals are copied.", seconds=3)

    def _show_state(self, state: EngineState) -> None:
        active = self.controller.active
        info = self.controller.info
        a = self.actions_
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
        self._enable_undo()

    def _show_start_page(self, start: bool) -> None:
        self.pages.setCurrentIndex(0 if start else 1)

    # --- lines, zones, persons -----------------------------------------------------------------------------------

    def _draw(self, kind: str) -> None:
        if self.view.frame is None:
            self.banner.show_message(
                "info", "Start a count first: lines and zones are drawn on the picture.", seconds=6
            )
            return
        self._show_start_page(False)
        self.view.editor.start(kind)
        self.view.setFocus()

    def _drawing(self, mode: str) -> None:
        self.view.setCursor(Qt.CursorShape.CrossCursor if mode else Qt.CursorShape.ArrowCursor)
        if mode:
            text = (
                "Click where the line starts, then where it ends. The arrow shows which way is in."
                if mode == "line"
                else "Click the corners of the zone; click the first one again, or press Enter, to close it."
            )
            self.banner.show_message("info", text, "Esc cancels.", (("Cancel", lambda: self.view.editor.start("")),))
        elif self.banner.kind == "info":
            self.banner.dismiss()
        self._enable_undo()

    def _places_changed(self) -> None:
        self.change_settings(replace(self.settings, places=self.view.editor.places))
        self.controller.set_places(self.view.editor.places)
        self._enable_undo()

    def _person_menu(self, track_id: int, at: QPointF) -> None:
        menu = QMenu(self)
        title = menu.addAction(self.presenter.person_words(track_id))
        title.setEnabled(False)
        menu.addSeparator()
        staff = menu.addAction(self.actions_icon("staff"), "Mark as staff: do not count")
        staff.triggered.connect(lambda: self._mark_staff(track_id))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(at.toPoint())

    def actions_icon(self, name: str):
        from desktop_app.ui.icons import action_icon

        return action_icon(name, self._themes.theme)

    def _mark_staff(self, track_id: int) -> None:
        self.controller.mark_staff(track_id)
        self.banner.show_message(
            "good", f"Person {track_id} is staff until the end of this count and is not counted.", seconds=5
        )

    def _show_labels(self, shown: bool) -> None:
        self.view.show_boxes = shown
        self.view.update()
        self.change_settings(replace(self.settings, ui=replace(self.settings.ui, show_labels=shown)))

    def _show_places(self, shown: bool) -> None:
        self.view.editor.visible = shown
        self.view.update()

    # --- saving --------------------------------------------------------------------------------------------------

    def _record(self, wanted: bool) -> None:
        if wanted:
            self.saver.start_recording()
        else:
            self.saver.stop_recording()
        self._recording_changed(self.saver.recording)

    def _tell(self, kind: str, title: str, detail: str, actions: object, seconds: float) -> None:
        self.banner.show_message(kind, title, detail, actions, seconds)  # type: ignore[arg-type]

    def _recording_changed(self, recording: bool) -> None:
        self.actions_["record"].setChecked(recording)
        self.view.set_recording(recording)

    # --- views ---------------------------------------------------------------------------------------------------

    def _full_screen(self, wanted: bool) -> None:
        for part in (self.menuBar(), self.bar, self.status):
            part.setVisible(not wanted)
        if wanted:
            self.showFullScreen()
        else:
            self.showNormal()

    def keyPressEvent(self, event) -> None:
        if event.key() == Qt.Key.Key_Escape and self.isFullScreen():
            self.actions_["full_screen"].trigger()
            return
        super().keyPressEvent(event)

    def _toggle_kiosk(self) -> None:
        if self._kiosk is None:
            self._kiosk = KioskView(self._themes.theme)
            self._kiosk.setWindowIcon(app_icon())
            self.presenter.kiosk = self._kiosk
        if self._kiosk.isVisible():
            self._kiosk.close()
            return
        counts = self.controller.counts
        self._kiosk.show_counts(counts, self.controller.state.is_final and counts.people > 0)
        self._kiosk.showFullScreen()

    # --- help ----------------------------------------------------------------------------------------------------

    def _show_shortcuts(self) -> None:
        from desktop_app.ui.about import ShortcutsDialog

        ShortcutsDialog(self.actions_, self).exec()

    def _show_about(self) -> None:
        from desktop_app.ui.about import AboutDialog

        AboutDialog(self).exec()

    def _copy_diagnostics(self) -> None:
        from desktop_app.ui.diagnostics import diagnostics_text

        QGuiApplication.clipboard().setText(diagnostics_text(self.settings, self.controller))
        self.banner.show_message("good", "The diagnostics are copied. Paste them into your message.", seconds=5)

    def _show_log(self) -> None:
        from desktop_app.ui.diagnostics import log_dir

        QDesktopServices.openUrl(QUrl.fromLocalFile(str(log_dir())))

    def _delete_data(self) -> None:
        from desktop_app.ui.about import DeleteDataDialog

        if DeleteDataDialog(self).exec() == QDialog.DialogCode.Accepted:
            from desktop_app.ui.diagnostics import delete_all_data

            left = delete_all_data()
            self._save = lambda _settings: None
            self.settings = Settings()
            if left:
                self.banner.show_message("warning", "Some files could not be deleted.", ", ".join(map(str, left)))
            else:
                self.banner.show_message("good", "All data of this program is deleted.", "It starts afresh next time.")

    def _count_to_keep(self) -> tuple[Counts, tuple[CountEvent, ...], str]:
        return self.controller.counts, self.controller.events, short_name(self.controller.source_text)

    def offer_recovered(self) -> None:
        """Offer the count that a crash or a power cut ended."""
        found = read_recovery()
        if found is None:
            return
        people = found.counts.people
        word = "person" if people == 1 else "people"
        self.banner.show_message(
            "info",
            f"The last count ended unexpectedly: {people:,} {word} in {found.source or 'the last source'}.",
            "It was kept up to moments before. Take it back, and the next count goes on from it.",
            (("Take it back", lambda: self._take_back(found)), ("Forget it", self._forget_recovered)),
        )

    def _take_back(self, found: Recovered) -> None:
        self.controller.take_back(found.counts)
        self.presenter.show_figures()
        self._forget_recovered()
        self._enable_undo()

    def _forget_recovered(self) -> None:
        forget_recovery()
        self.banner.dismiss()

    def show_crash(self, sentence: str, detail: str) -> None:
        """Tell of an error that nobody expected."""
        self.banner.show_message("error", sentence, detail, (("Show the report", self._show_report),))

    def _show_report(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(report_path())))

    # --- ending --------------------------------------------------------------------------------------------------

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
            self._save(settings)
        except HeadcountError as error:
            _LOG.warning("at the end: %s", error)

    def _shut_down(self) -> bool:
        self.hide()
        self.keeper.stop()
        if self._kiosk is not None:
            self._kiosk.close()
        self.saver.stop_recording()
        done = self.controller.shut_down(SHUT_DOWN_S)
        self.presenter.shut_down()
        done = self.start_page.shut_down(1.0) and done
        done = self.watcher.stop() and done
        done = self.saver.shut_down(2.0) and done
        if not done:
            _LOG.warning("a thread did not end in time; the process is ended without it")
        QApplication.processEvents()
        return done
