"""Adding, changing, testing and removing the doors that are kept. Each change is one step of undo."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QDialog, QWidget

from desktop_app.errors import SettingsError
from desktop_app.session.undo import Step
from desktop_app.settings import DoorSettings, SecretStore, check_doors
from desktop_app.system.redaction import without_secrets
from desktop_app.ui.doors.door_dialog import DoorDialog
from desktop_app.ui.doors.door_test import DoorTest
from desktop_app.ui.picture.size_frame import smallest_face
from desktop_app.ui.sessions.controller import Controller
from desktop_app.ui.sessions.current_settings import CurrentSettings
from desktop_app.ui.sessions.told_door import DoorPlan, ToldDoor
from desktop_app.ui.sources.names import DEMO
from desktop_app.ui.sources.preview import Preview
from desktop_app.ui.sources.source_choice import SourceChoice
from desktop_app.ui.sources.start_form import LONGEST_NAME
from desktop_app.ui.widgets.banner import Banner
from desktop_app.ui.widgets.texts import tr
from desktop_app.ui.widgets.theme import ThemeManager


class DoorCommands(QObject):
    """`first_source()` is the source chosen before there are any doors, `show_count()` comes to the running picture.

    `free_source()` lets go of a camera that is only looked at. `enable_undo()` follows each change.
    """

    def __init__(
        self,
        window: QWidget,
        controller: Controller,
        settings: CurrentSettings,
        choice: SourceChoice,
        banner: Banner,
        themes: ThemeManager,
        first_source: Callable[[], str],
        free_source: Callable[[], object],
        show_count: Callable[[], object],
        enable_undo: Callable[[], object],
    ) -> None:
        super().__init__(window)
        self._window = window
        self._controller = controller
        self._settings = settings
        self._choice = choice
        self._banner = banner
        self._themes = themes
        self._first_source = first_source
        self._free_source = free_source
        self._show_count = show_count
        self._enable_undo = enable_undo
        self._full: dict[str, str] = {}
        """What was entered with a password, by what is kept of it: a keyring may be slow, or refuse."""
        self._ended = True

    # --- reading -------------------------------------------------------------------------------------------------

    @property
    def doors(self) -> tuple[DoorSettings, ...]:
        return self._settings.value.doors

    def plans(self) -> list[DoorPlan]:
        """Return the doors that are ticked, as the next count begins at them."""
        return [DoorPlan(self.full(door.source), door.name) for door in self.doors if door.counts]

    def full(self, source: str) -> str:
        """Return a source with the password that was entered with it."""
        return self._full.get(source, source)

    # --- changing ------------------------------------------------------------------------------------------------

    @Slot()
    def add(self) -> None:
        """Ask for a further door, which joins a count under way at once.

        What is counted from, or else the source chosen so far, becomes the first door, where there are none yet.
        """
        doors = self.doors or self._first_doors()
        taken = [d.name for d in doors] + [told.name for told in self._controller.doors]
        found = self._ask(tr("Add another door") if doors else tr("Add a door"), doors, self._free_name(taken), "")
        if found is None:
            return
        joins = self._controller.takes_doors and self._told_active(found.source) is None
        self._put((*doors, found), tr("add {door}", door=found.name), found.source if joins else "")
        if joins:
            self._say_joined(found.name)
        elif self._controller.active:
            kept = tr("{door} is kept. It is counted at from the next start.", door=found.name)
            self._banner.show_message("info", kept, seconds=8)

    def _first_doors(self) -> tuple[DoorSettings, ...]:
        """Return what is counted from, or else the source that is chosen, as the first doors to keep.

        Those of a count under way have the names that its log has for them.
        """
        if self._controller.active:
            runs = [told.run.door for told in self._controller.doors if told.run.door.source != DEMO]
            found = ((door.name[:LONGEST_NAME], door.source, door.settings.source) for door in runs)
        else:
            name, chosen = self._controller.plan.place or tr("Main door"), self._first_source()
            found = ((name, source, self._settings.value.source) for source in (chosen,) if source)
        return tuple(
            DoorSettings(name, self._kept(s), turn=hangs.turn, mirror=hangs.mirror) for name, s, hangs in found
        )

    @Slot(str)
    def change(self, source: str) -> None:
        """Ask for another name or source of a door."""
        old = self._settings.value.door_at(source)
        if old is None:
            return
        others = tuple(d for d in self.doors if d is not old)
        found = self._ask(tr("Change {door}", door=old.name), others, old.name, self.full(old.source))
        if found is not None:
            self._replace(old, replace(old, name=found.name, source=found.source))

    def rename(self, source: str, name: str) -> None:
        """Give a door another name."""
        old = self._settings.value.door_at(source)
        if old is not None and name and name != old.name:
            self._try(lambda: self._replace(old, replace(old, name=name)))

    def set_source(self, source: str, new: str) -> bool:
        """Give a door another source; return whether that could be done."""
        old = self._settings.value.door_at(source)
        return old is not None and self._try(lambda: self._replace(old, replace(old, source=self._kept(new))))

    @Slot(str, int, bool)
    def turn(self, source: str, turn: int, mirror: bool) -> None:
        """Say how the picture of a door is turned: `turn` in degrees clockwise, then left and right exchanged."""
        old = self._settings.value.door_at(source)
        if old is None:
            return
        self._replace(old, replace(old, turn=turn, mirror=mirror))
        told = self.told(source)
        if told is not None and told.active:
            words = tr("{door}: the picture is turned so from the next start.", door=old.name)
            self._banner.show_message("info", words, seconds=8)

    @Slot(str, bool)
    def tick(self, source: str, counts: bool) -> None:
        """Say whether the next count includes a door."""
        doors = tuple(replace(d, counts=counts) if d.source == source else d for d in self.doors)
        self._settings.change(replace(self._settings.value, doors=doors))

    @Slot(str)
    def remove(self, source: str) -> None:
        """Take a door from the list; its lines and zones stay with its source."""
        old = self._settings.value.door_at(source)
        if old is not None:
            self._put(tuple(d for d in self.doors if d is not old), tr("remove {door}", door=old.name))
            undo = ((tr("Undo"), self._undo),)
            self._banner.show_message("info", tr("{door} is removed.", door=old.name), "", undo, 8)

    def _undo(self) -> None:
        self._controller.undo()
        self._banner.clear()
        self._enable_undo()

    def _replace(self, old: DoorSettings, new: DoorSettings) -> None:
        if new != old:
            doors = tuple(new if d is old else d for d in self.doors)
            self._put(doors, tr("change {door}", door=old.name))

    def _put(self, after: Sequence[DoorSettings], step: str, joins: str = "") -> None:
        """Keep these doors as one step of undo. Raises SettingsError.

        The door with the source `joins` is counted at in the count under way, and no longer where that is undone.
        """
        before, wanted = self.doors, tuple(after)
        check_doors(wanted)
        session = self._controller.session

        def put(doors: tuple[DoorSettings, ...]) -> None:
            self._settings.change(replace(self._settings.value, doors=doors))

        def do() -> None:
            put(wanted)
            if joins and self._controller.session is session and self._controller.takes_doors:
                self._join(joins)

        def undo() -> None:
            put(before)
            told = self._told_active(joins) if joins and self._controller.session is session else None
            if told is not None:
                self._controller.leave_door(told.run, for_good=True)

        do()
        self._controller.undo_stack.push(Step(step, undo, do))
        self._enable_undo()

    def _try(self, change: Callable[[], object]) -> bool:
        try:
            change()
        except SettingsError as error:
            self._banner.show_message("warning", error.message, error.remedy, seconds=8)
            return False
        return True

    def _kept(self, source: str) -> str:
        kept = without_secrets(source)
        if kept != source:
            self._full[kept] = source
            SecretStore().remember_meanwhile(source)
        return kept

    @staticmethod
    def _free_name(names: Sequence[str]) -> str:
        taken = {name.casefold() for name in names}
        words = [tr("Main door"), tr("Side door"), *(tr("Door {number}", number=n) for n in range(3, 12))]
        return next((name for name in words if name.casefold() not in taken), "")

    def _ask(self, title: str, others: Sequence[DoorSettings], name: str, source: str) -> DoorSettings | None:
        """Return what the operator enters, None where they cancel."""

        def check(new_name: str, new_source: str) -> None:
            check_doors((*others, DoorSettings(new_name, without_secrets(new_source))))

        dialog = DoorDialog(title, self._choice.same_offers(), check, self._test, self._window)
        dialog.fill(name, source)
        accepted = dialog.exec() == QDialog.DialogCode.Accepted
        found = DoorSettings(dialog.name, self._kept(dialog.source)) if accepted else None
        dialog.deleteLater()
        return found

    # --- while they are counted at -------------------------------------------------------------------------------

    def _join(self, source: str) -> None:
        door = self._settings.value.door_at(source)
        if door is not None and self._told_active(source) is None:
            self._controller.add_door(DoorPlan(self.full(source), door.name))

    def _say_joined(self, name: str) -> None:
        words = tr("{door} is counted at, too, from now on.", door=name)
        before = tr("Whoever passed there before is not in this count.")
        self._banner.show_message("good", words, before, ((tr("Undo"), self._undo),), 8)

    def _told_active(self, source: str) -> ToldDoor | None:
        told = self.told(source)
        return told if told is not None and told.active else None

    def is_counted(self, source: str) -> bool | None:
        """Whether a door is counted at in the count under way; None where none is, or it takes no further door."""
        if not source or not self._controller.takes_doors:
            return None
        return self._told_active(source) is not None

    @property
    def goes_on_without(self) -> bool:
        """Whether the count goes on where one door is left."""
        return sum(door.active for door in self._controller.doors) > 1

    @Slot(str)
    def join_or_leave(self, source: str) -> None:
        """Count at a door of the list from now on, or no longer; the other doors go on."""
        told, door = self._told_active(source), self._settings.value.door_at(source)
        if told is not None and self.goes_on_without:
            self._controller.leave_door(told.run)
            again = ((tr("Count here again"), lambda: self._again(source)),)
            words = tr("{door} is counted at no longer.", door=told.name)
            self._banner.show_message("info", words, tr("Whom it counted stays in the count."), again, 8)
        elif told is None and door is not None and self._controller.takes_doors:
            self._join(source)
            self._banner.show_message("good", tr("{door} is counted at, too, from now on.", door=door.name), seconds=8)

    def _again(self, source: str) -> None:
        self._banner.clear()
        if self._controller.takes_doors:
            self._join(source)

    def show_number(self, number: int) -> None:
        """Show the picture of the first, second, ... door of the count, if there is one."""
        doors = self._controller.doors
        if number <= len(doors):
            self._controller.show_door(doors[number - 1])

    def show_next(self) -> None:
        """Show the picture of the next door, after the last that of the first."""
        doors, shown = self._controller.doors, self._controller.door
        if shown in doors:
            self.show_number((doors.index(shown) + 1) % len(doors) + 1)

    # --- testing -------------------------------------------------------------------------------------------------

    def told(self, source: str) -> ToldDoor | None:
        """Return the door of the count shown that has this source."""
        return next((d for d in self._controller.doors if without_secrets(d.run.door.source) == source), None)

    @Slot(str)
    def test(self, source: str) -> None:
        """Show whether a door sees well; where it is being counted at, its picture is there already."""
        door = self._settings.value.door_at(source)
        self._test(door.name if door is not None else tr("this door"), self.full(source))

    def _test(self, name: str, source: str) -> None:
        told = self.told(without_secrets(source))
        if told is not None and told.active:
            self._controller.show_door(told)
            self._show_count()
            return
        self._free_source()
        controller = self._controller
        preview = Preview(controller.services, self._settings.value, controller.bridge, self)
        parent = self._window.window()
        dialog = DoorTest(name, source, preview, self._themes.theme, parent)
        dialog.sight.view.show_size_frame(smallest_face(self._settings.value))
        dialog.exec()
        self._ended = dialog.ended and self._ended
        dialog.deleteLater()
        preview.deleteLater()

    def shut_down(self) -> bool:
        """Return whether everything that was begun here has ended."""
        return self._ended
