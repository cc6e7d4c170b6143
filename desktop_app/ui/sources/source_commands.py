"""What the operator opens, and how it plays."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QDialog

from desktop_app.settings import Settings
from desktop_app.ui.sources.opening import AddressDialog, ask_file, ask_folder
from desktop_app.ui.sources.source_bar import DEMO, CameraChoice

if TYPE_CHECKING:
    from desktop_app.ui.window.main_window import MainWindow

LONGEST_SOURCE = 4000


class SourceCommands:
    """What the operator opens, and how it plays. Acts on the parts of the window."""

    def __init__(self, window: MainWindow) -> None:
        self._w = window

    def open_source(self, text: str) -> None:
        """Begin to count from a source: "demo", "camera:NAME", a path or an address."""
        if not text:
            return
        if len(text) > LONGEST_SOURCE:
            self._w.banner.show_message(
                "error", f"This address has {len(text):,} letters.", "Copy it again: it is longer than any address."
            )
            return
        self._w.start_page.stop_preview()
        self._w.bar.set_current(text)
        self._w.controller.start(text)

    def opened(self) -> None:
        """Remember what could be opened; what could not is not offered again."""
        self._w.change_settings(self._with_recent(self._w.controller.source_text))
        self._w.show_state(self._w.controller.state)

    def _with_recent(self, text: str) -> Settings:
        settings = self._w.settings
        if text == DEMO:
            return replace(
                settings, source=replace(settings.source, last=DEMO), ui=replace(settings.ui, first_start_done=True)
            )
        settings = settings.with_recent_source(text)
        return replace(settings, ui=replace(settings.ui, first_start_done=True))

    def start(self) -> None:
        """Count from the chosen source, or ask for one."""
        source = self._w.bar.current or self._w.controller.source_text
        if source:
            self.open_source(source)
        else:
            self.choose_other()
            self._w.banner.show_message(
                "info", "Choose what to count from first: a camera, a file or the demo clip.", seconds=8
            )

    def choose_other(self) -> None:
        """Show the start page with the keyboard on the list of sources."""
        self._w.show_start_page(True)
        self._w.bar.sources.setFocus()

    def _folder_of_last(self) -> str:
        last = self._w.settings.source.last
        if last and "://" not in last and Path(last).exists():
            return str(Path(last).parent)
        return ""

    def open_file(self) -> None:
        """Let the operator pick a video or picture and count from it."""
        self.open_source(ask_file(self._w, self._folder_of_last()))

    def open_folder(self) -> None:
        """Let the operator pick a folder of pictures and count the people in it."""
        self.open_source(ask_folder(self._w, self._folder_of_last()))

    def open_url(self) -> None:
        """Ask for an address and count from it."""
        dialog = AddressDialog(self._w)
        if dialog.exec() == QDialog.DialogCode.Accepted:
            self.open_source(dialog.address)

    def cameras_found(self, cameras: list[CameraChoice]) -> None:
        """Offer the cameras there are now; the first one is chosen where nothing is."""
        self._w.bar.set_cameras(cameras)
        self._w.start_page.set_cameras(cameras)
        if not self._w.bar.current and cameras:
            self._w.bar.set_current(cameras[0].source)

    def camera_mode(self, width: int, height: int, fps: float) -> None:
        """Ask cameras for another picture size from now on; a running camera is opened again."""
        s = self._w.settings
        self._w.change_settings(replace(s, source=replace(s.source, width=width, height=height, fps=fps)))
        if self._w.controller.active and self._w.bar.is_camera(self._w.controller.source_text):
            self._w.controller.start(self._w.controller.source_text)

    def seek(self, time_s: float) -> None:
        """Go to a place of a file, in seconds; going back is told, since it shows people who are counted already."""
        controller = self._w.controller
        back = time_s < controller.stats.position_s - 0.5
        controller.seek(time_s)
        if back and controller.counts.people:
            self._w.banner.show_message(
                "info",
                "You went back: whoever is seen there again is counted again.",
                "",
                (("Count from zero", self._w.count.reset),),
                12,
            )

    def speed(self, factor: float) -> None:
        """Play files at another speed; 0 is as fast as possible."""
        self._w.controller.set_speed(factor)
        s = self._w.settings
        self._w.change_settings(replace(s, source=replace(s.source, speed=factor)))

    def loop(self, loop: bool) -> None:
        """Play files over and over, or once."""
        self._w.controller.set_loop(loop)
        self._w.actions_["loop"].setChecked(loop)
        s = self._w.settings
        self._w.change_settings(replace(s, source=replace(s.source, loop=loop)))
