"""What the operator opens, and how it plays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QDialog, QWidget

from desktop_app.settings import SecretStore, Settings
from desktop_app.system.redaction import without_secrets
from desktop_app.ui.sessions.controller import Controller
from desktop_app.ui.sessions.current_settings import CurrentSettings
from desktop_app.ui.sessions.told_door import DoorPlan, Plan
from desktop_app.ui.sources.began_dialog import BeganDialog
from desktop_app.ui.sources.last_count import KeptSessions, LastCount, find_last
from desktop_app.ui.sources.names import DEMO, short_name
from desktop_app.ui.sources.opening import AddressDialog, ask_file, ask_folder
from desktop_app.ui.sources.source_choice import CameraChoice, SourceChoice
from desktop_app.ui.sources.start_page import StartPage
from desktop_app.ui.widgets.background_task import BackgroundTask
from desktop_app.ui.widgets.banner import Banner
from desktop_app.ui.widgets.texts import tr

LONGEST_SOURCE = 4000
OTHER_SOURCE = "other source"
"""The subject of the offer to count from something else than the camera that is being counted."""


class SourceCommands(QObject):
    """`show_page(start)` shows the start page (True) or the picture; `new_count()` counts from zero.

    `kept_doors()` are those of the next count, where several are kept. From the `store` it reads what was counted last.
    """

    def __init__(
        self,
        window: QWidget,
        controller: Controller,
        settings: CurrentSettings,
        choice: SourceChoice,
        start_page: StartPage,
        banner: Banner,
        show_page: Callable[[bool], None],
        new_count: Callable[[], object],
        kept_doors: Callable[[], Sequence[DoorPlan]],
        store: KeptSessions | None = None,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._controller = controller
        self._settings = settings
        self._choice = choice
        self._start_page = start_page
        self._banner = banner
        self._show_page = show_page
        self._new_count = new_count
        self._kept_doors = kept_doors
        self._store = store
        self._looking: BackgroundTask | None = None

    @Slot(str)
    def open_source(self, text: str) -> None:
        """Begin to count from a source: "demo", "camera:NAME", a path or an address."""
        if text:
            self.open_doors([DoorPlan(text)])

    def open_doors(self, plans: Sequence[DoorPlan]) -> None:
        """Begin to count at these doors, in one count.

        Where a camera or stream is being counted that is only offered: what passes there is seen once, and a file
        dropped by mistake must not end it.
        """
        too_long = next((len(plan.source) for plan in plans if len(plan.source) > LONGEST_SOURCE), 0)
        if too_long:
            self._banner.show_message(
                "error",
                tr("This address has {number} letters.", number=f"{too_long:,}"),
                tr("Copy it again: it is longer than any address."),
            )
            return
        watched = [d.name for d in self._controller.doors if d.active and d.info is not None and d.info.is_live]
        if watched:
            self._banner.show_message(
                "warning",
                tr("Counting goes on: {doors}.", doors=", ".join(watched)),
                tr("To count from {source} ends that count. It is kept.", source=short_name(plans[0].source)),
                ((tr("End it and open"), partial(self._open_now, plans)),),
                seconds=30,
                subject=OTHER_SOURCE,
            )
        else:
            self._open_now(plans)

    def _open_now(self, plans: Sequence[DoorPlan]) -> None:
        self._banner.withdraw(OTHER_SOURCE)
        self._start_page.stop_preview()
        self._choice.set_current(plans[0].source)
        self._show_page(False)
        self._controller.start_doors(plans)

    @Slot(str)
    def choose_source(self, text: str) -> None:
        """Count from this source at the next start; a camera shows its picture on the start page."""
        self._choice.set_current(text)
        if not self._controller.active:
            self._start_page.choose(text)

    def offer_last(self) -> None:
        """Look on a thread for what was counted last, and offer to count the same again."""
        if self._store is not None and self._looking is None:
            self._looking = BackgroundTask("last-count", partial(find_last, self._store))
            self._looking.done.connect(self._start_page.show_last)
            self._looking.start()

    def shut_down(self, seconds: float = 2.0) -> bool:
        """Wait for what is being read; return False where it would not end in time."""
        if self._looking is None:
            return True
        self._looking.abandon()
        return self._looking.wait(round(seconds * 1000))

    @Slot(object)
    def count_again(self, last: LastCount) -> None:
        """Start the same as before: source, occasion and place."""
        self._controller.plan = Plan(last.name, last.place)
        several = len(last.doors) > 1
        self.open_doors([DoorPlan(source, name if several else "") for name, source in last.doors])

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
            again = [
                DoorPlan(d.run.door.source, d.name, dialog.utc if d.run is run else d.run.door.began_utc)
                for d in self._controller.doors
            ]
            self._controller.start_doors(again)

    @Slot()
    def open_demo(self) -> None:
        """Count from the demo clip."""
        self.open_source(DEMO)

    def opened(self, text: str) -> None:
        """Remember a source that could be opened; what could not is not offered again."""
        SecretStore().remember_meanwhile(text)
        self._settings.change(_with_recent(self._settings.value, text))

    @Slot()
    def start(self) -> None:
        """Count at the doors that are ticked, or from the chosen source, or ask for one."""
        plans = self._next_plans()
        if plans:
            self.open_doors(plans)
        else:
            self.choose_other()
            self._banner.show_message(
                "info", tr("Choose what to count from first: a camera, a file or the demo clip."), seconds=8
            )

    def _next_plans(self) -> Sequence[DoorPlan]:
        ticked = self._kept_doors()
        chosen = without_secrets(self._choice.current)
        shown = [DoorPlan(d.run.door.source, d.name) for d in self._controller.doors]
        if shown and self._start_page.isHidden():
            # The count on the screen is begun again, unless something else was chosen meanwhile.
            kept = {without_secrets(plan.source) for plan in ticked}
            sources = {without_secrets(plan.source) for plan in shown}
            if ticked and sources <= kept and (not chosen or chosen in kept):
                return ticked
            if len(shown) > 1 and (not chosen or chosen in sources):
                return shown
        elif ticked:
            return ticked
        source = self._choice.current or self._controller.source_text
        return [DoorPlan(source)] if source else []

    def choose_other(self) -> None:
        """Show the start page with the keyboard on it."""
        self._show_page(True)
        self._start_page.begin_here()

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
        self._choice.set_cameras(cameras)
        self._start_page.set_cameras(cameras)
        if not self._choice.current and cameras:
            self._choice.set_current(cameras[0].source)

    @Slot(int, int, float)
    def camera_mode(self, width: int, height: int, fps: float) -> None:
        """Ask cameras for another picture size from now on; a running camera is opened again and its count goes on."""
        s = self._settings.value
        self._settings.change(replace(s, source=replace(s.source, width=width, height=height, fps=fps)))
        if self._controller.active:
            self._controller.open_again(self._choice.is_camera)

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
