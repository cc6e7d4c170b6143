"""What the operator opens, and how it plays."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QDialog, QWidget

from desktop_app.settings import SecretStore, Settings
from desktop_app.ui.sessions.controller import Controller
from desktop_app.ui.sessions.current_settings import CurrentSettings
from desktop_app.ui.sources.began_dialog import BeganDialog
from desktop_app.ui.sources.first_start import StartPage
from desktop_app.ui.sources.names import DEMO
from desktop_app.ui.sources.opening import AddressDialog, ask_file, ask_folder
from desktop_app.ui.sources.source_bar import CameraChoice, SourceBar
from desktop_app.ui.widgets.banner import Banner
from desktop_app.ui.widgets.texts import tr

LONGEST_SOURCE = 4000


class SourceCommands(QObject):
    """`show_page(start)` shows the start page (True) or the picture; `new_count()` counts from zero."""

    def __init__(
        self,
        window: QWidget,
        controller: Controller,
        settings: CurrentSettings,
        bar: SourceBar,
        start_page: StartPage,
        banner: Banner,
        show_page: Callable[[bool], None],
        new_count: Callable[[], object],
    ) -> None:
        super().__init__(window)
        self._window = window
        self._controller = controller
        self._settings = settings
        self._bar = bar
        self._start_page = start_page
        self._banner = banner
        self._show_page = show_page
        self._new_count = new_count

    @Slot(str)
    def open_source(self, text: str) -> None:
        """Begin to count from a source: "demo", "camera:NAME", a path or an address."""
        if not text:
            return
        if len(text) > LONGEST_SOURCE:
            self._banner.show_message(
                "error",
                tr("This address has {number} letters.", number=f"{len(text):,}"),
                tr("Copy it again: it is longer than any address."),
            )
            return
        self._start_page.stop_preview()
        self._bar.set_current(text)
        self._controller.start(text)

    @Slot()
    def set_began(self) -> None:
        """Ask when the recording shown began, and count it again with that time."""
        run = self._controller.run
        if run is None or run.info is None or run.info.is_live:
            self._banner.show_message(
                "info", tr("Only a video file has a beginning of its own."), tr("Open one first."), seconds=6
            )
            return
        dialog = BeganDialog(run.door.name, run.recording_start, self._window)
        if dialog.exec() == QDialog.DialogCode.Accepted:
            self._controller.start(run.door.source, dialog.utc)

    @Slot()
    def open_demo(self) -> None:
        """Count from the demo clip."""
        self.open_source(DEMO)

    @Slot()
    def opened(self) -> None:
        """Remember what could be opened; what could not is not offered again."""
        text = self._controller.source_text
        # On a thread, because a keyring may ask its owner to unlock it.
        threading.Thread(target=SecretStore().remember, args=(text,), name="headcount-secrets", daemon=True).start()
        self._settings.change(_with_recent(self._settings.value, text))

    @Slot()
    def start(self) -> None:
        """Count from the chosen source, or ask for one."""
        source = self._bar.current or self._controller.source_text
        if source:
            self.open_source(source)
        else:
            self.choose_other()
            self._banner.show_message(
                "info", tr("Choose what to count from first: a camera, a file or the demo clip."), seconds=8
            )

    def choose_other(self) -> None:
        """Show the start page with the keyboard on the list of sources."""
        self._show_page(True)
        self._bar.sources.setFocus()

    def _folder_of_last(self) -> str:
        last = self._settings.value.source.last
        if last and "://" not in last and Path(last).exists():
            return str(Path(last).parent)
        return ""

    def open_file(self) -> None:
        """Let the operator pick a video or picture and count from it."""
        self.open_source(ask_file(self._window, self._folder_of_last()))

    def open_folder(self) -> None:
        """Let the operator pick a folder of pictures and count the people in it."""
        self.open_source(ask_folder(self._window, self._folder_of_last()))

    def open_url(self) -> None:
        """Ask for an address and count from it."""
        dialog = AddressDialog(self._window)
        address = dialog.address if dialog.exec() == QDialog.DialogCode.Accepted else ""
        dialog.deleteLater()
        self.open_source(address)

    @Slot(object)
    def cameras_found(self, cameras: list[CameraChoice]) -> None:
        """Offer the cameras there are now; the first one is chosen where nothing is."""
        self._bar.set_cameras(cameras)
        self._start_page.set_cameras(cameras)
        if not self._bar.current and cameras:
            self._bar.set_current(cameras[0].source)

    @Slot(int, int, float)
    def camera_mode(self, width: int, height: int, fps: float) -> None:
        """Ask cameras for another picture size from now on; a running camera is opened again and its count goes on."""
        s = self._settings.value
        self._settings.change(replace(s, source=replace(s.source, width=width, height=height, fps=fps)))
        if self._controller.active and self._bar.is_camera(self._controller.source_text):
            self._controller.open_again()

    @Slot(float)
    def seek(self, time_s: float) -> None:
        """Go to a place of a file, in seconds; going back is told, since it shows people who are counted already."""
        back = time_s < self._controller.stats.position_s - 0.5
        self._controller.seek(time_s)
        if back and self._controller.counts.people:
            self._banner.show_message(
                "info",
                tr("You went back: whoever is seen there again is counted again."),
                "",
                ((tr("New count"), self._new_count),),
                12,
            )

    @Slot(float)
    def speed(self, factor: float) -> None:
        """Play files at another speed; 0 is as fast as possible."""
        self._controller.set_speed(factor)
        s = self._settings.value
        self._settings.change(replace(s, source=replace(s.source, speed=factor)))

    @Slot(bool)
    def loop(self, loop: bool) -> None:
        """Play files over and over, or once."""
        self._controller.set_loop(loop)
        s = self._settings.value
        self._settings.change(replace(s, source=replace(s.source, loop=loop)))


def _with_recent(settings: Settings, text: str) -> Settings:
    if text == DEMO:
        return replace(settings, source=replace(settings.source, last=DEMO))
    return settings.with_recent_source(text)
