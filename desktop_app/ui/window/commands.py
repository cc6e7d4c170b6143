"""Every command object of the window, each made with the parts that it acts on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QWidget

from desktop_app.domain.types import Gender
from desktop_app.engine.state import EngineState
from desktop_app.session.session import Session
from desktop_app.ui.batch.batch_commands import BatchCommands
from desktop_app.ui.check.check_commands import CheckCommands
from desktop_app.ui.doors.door_commands import DoorCommands
from desktop_app.ui.models.model_commands import ModelCommands
from desktop_app.ui.models.why_commands import WhyCommands
from desktop_app.ui.phones.phone_commands import PhoneCommands
from desktop_app.ui.picture.person_commands import PersonCommands
from desktop_app.ui.picture.saving import Saver
from desktop_app.ui.places.place_commands import PlaceCommands
from desktop_app.ui.recount.recount_commands import RecountCommands
from desktop_app.ui.sessions.controller import Controller
from desktop_app.ui.sessions.count_commands import CountCommands
from desktop_app.ui.sessions.current_settings import CurrentSettings
from desktop_app.ui.sessions.kept_counts import CountStore
from desktop_app.ui.sessions.planned_stop import PlannedStop
from desktop_app.ui.sessions.session_commands import SessionCommands
from desktop_app.ui.sessions.told_door import DoorPlan
from desktop_app.ui.setup.settings_commands import SettingsCommands
from desktop_app.ui.sources.names import DEMO
from desktop_app.ui.sources.source_commands import SourceCommands
from desktop_app.ui.widgets.banner import RESULT
from desktop_app.ui.widgets.texts import tr
from desktop_app.ui.widgets.theme import ThemeManager
from desktop_app.ui.window.actions import MOST_DOOR_KEYS
from desktop_app.ui.window.help_commands import HelpCommands
from desktop_app.ui.window.parts import Parts
from desktop_app.ui.window.smallest_face_commands import SmallestFaceCommands

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
        view, banner, show_page = parts.view, parts.banner, parts.bring_page
        self._controller = controller
        self._parts = parts
        self._store = store
        self.saver = Saver(controller, window)
        self.sessions = SessionCommands(window, controller, banner, store)
        self.count = CountCommands(controller, settings, view.editor, banner, parts.actions, self.sessions.show_kept)
        self.sources = SourceCommands(
            window,
            controller,
            settings,
            parts.choice,
            parts.start_page,
            banner,
            show_page,
            self.count.new_count,
            self._ticked_doors,
            store,
        )
        self.doors = DoorCommands(
            window,
            controller,
            settings,
            parts.choice,
            banner,
            themes,
            self._first_source,
            parts.start_page.stop_preview,
            partial(parts.show_tab, "count"),
            self.count.enable_undo,
        )
        parts.start_page.full_source = self.doors.full
        self.planned_stop = PlannedStop(controller, banner, self.see_result, self)
        self.places = PlaceCommands(controller, settings, view, banner, show_page, window)
        self.why = WhyCommands(window, controller, view)
        self.people = PersonCommands(window, controller, view, banner, themes, self.why.show, self.count.undo)
        self.models = ModelCommands(window, controller, settings, view, banner, themes, self.sources.start)
        self.settings = SettingsCommands(
            controller,
            settings,
            banner,
            self.models.use_after_trying,
            self.sources.start,
            self.count.enable_undo,
            lambda: themes.theme,
            window,
        )
        self.smallest_face = SmallestFaceCommands(controller, settings, parts, self)
        self.checks = CheckCommands(window, controller, banner, themes)
        self.batch = BatchCommands(window, lambda: settings.value, store, themes)
        self.recount = RecountCommands(window, lambda: settings.value, store, parts.results.banner, themes)
        self.phones = PhoneCommands(window, controller.manager)
        self.help = HelpCommands(window, controller, settings, banner, parts.actions, self.close_store)

    def handlers(self) -> dict[str, Handler]:
        """Return what each command of the menus does, but for those of the window itself."""
        return {
            "open_file": self.sources.open_file,
            "open_folder": self.sources.open_folder,
            "open_url": self.sources.open_url,
            "batch": self.batch.show,
            "open_demo": self.sources.open_demo,
            "add_door": self.doors.add,
            "next_door": self.doors.show_next,
            **{f"door_{n}": partial(self.doors.show_number, n) for n in range(1, MOST_DOOR_KEYS + 1)},
            "snapshot": self.saver.snapshot,
            "open_saved": self.saver.open_folder,
            "start": self.sources.start,
            "pause": self.count.pause,
            "step": self._controller.step,
            "stop": self._controller.stop,
            "loop": self.sources.loop,
            "reset": self.count.new_count,
            "undo": self.undo,
            "redo": self.redo,
            "began": self.sources.set_began,
            "kept": self.sessions.show_kept,
            "check": self.checks.start_live,
            "copy_totals": self.count.copy_totals,
            "add_line": self.places.draw_line,
            "add_zone": self.places.draw_zone,
            "places": self.places.show_places,
            "smallest_face": self.smallest_face.show,
            "panel": self._parts.count.show_side,
            "missed": partial(self.people.add_missed, Gender.UNDECIDED),
            "missed_female": partial(self.people.add_missed, Gender.FEMALE),
            "missed_male": partial(self.people.add_missed, Gender.MALE),
            "missed_note": self.people.add_missed_with_note,
            "wrong": self._parts.count.correct_recent,
            "recent": self._parts.count.show_recent,
            "technical": self._parts.count.show_technical,
            "models": self.models.choose,
            "compare": self.models.compare,
            "phones": self.phones.show,
            "sign": self.settings.make_sign,
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
        parts.choice.source_chosen.connect(self._source_chosen)
        parts.choice.camera_mode_chosen.connect(self.sources.camera_mode)
        parts.start_page.chosen.connect(self.sources.open_source)
        parts.start_page.start_asked.connect(self.sources.start)
        parts.start_page.again.connect(self.sources.count_again)
        parts.start_page.form.named.connect(self.count.plan)
        parts.start_page.form.main_number_chosen.connect(self.count.choose_main_number)
        parts.count.recent.gender_set.connect(self.people.set_gender)
        parts.count.recent.removed.connect(self._not_a_person)
        parts.count.recent.staff_set.connect(self._staff)
        parts.count.recent.menu_asked.connect(self.people.show_record_menu)
        self._controller.state_changed.connect(self._plan_stop)
        parts.transport.seek_requested.connect(self.sources.seek)
        parts.transport.speed_chosen.connect(self.sources.speed)
        parts.transport.loop_chosen.connect(self.sources.loop)
        parts.results.use_manager(self._controller.manager)
        parts.results.status.connect(self._told_by_results)
        parts.results.undo_changed.connect(self.count.enable_undo)
        parts.results.decided.connect(self._decided_in_results)
        parts.results.changes.deleted.connect(self._deleted_in_results)
        self._controller.ended.connect(self._counted_beside)
        parts.results.check_asked.connect(self.checks.start_for)
        parts.results.recount_asked.connect(self.recount.start_for)
        self.recount.kept.connect(self._counted_beside)
        parts.results.hide_below_chosen.connect(self.settings.hide_below)
        self.batch.counted.connect(self._counted_beside)
        self.batch.show_asked.connect(self._show_results)
        self.checks.was_kept.connect(parts.results.was_checked)
        self.sessions.asked.connect(self._show_results)
        self.count.elsewhere = self._undo_elsewhere
        parts.tabs.currentChanged.connect(self._tab_changed)
        parts.view.person_clicked.connect(self.people.show_menu)
        editor.places_changed.connect(self.places.places_changed)
        editor.changed.connect(self.count.enable_undo)
        editor.mode_changed.connect(self.places.drawing)
        parts.side.doors.problem.connect(self.places.refused)
        parts.side.doors.chosen.connect(self._controller.show_door)
        parts.setup.problem.connect(self.places.refused)
        parts.setup.entered.connect(self.settings.enter)
        parts.setup.turned.connect(self.doors.turn)
        for doors in (parts.start_page.doors, parts.setup.doors.list):
            doors.add_asked.connect(self.doors.add)
            doors.change_asked.connect(self.doors.change)
            doors.remove_asked.connect(self.doors.remove)
            doors.ticked.connect(self.doors.tick)
        parts.setup.doors.list.chosen.connect(self._door_chosen)
        parts.setup.doors.named.connect(self._door_named)
        parts.setup.doors.test_asked.connect(self._test_door)
        parts.setup.doors.count_asked.connect(self._join_or_leave)
        for changed in (self._controller.door_changed, self._controller.state_changed, self._controller.door_shown):
            changed.connect(self._offer_counting)
        parts.side.totals.before_asked.connect(self.sessions.show_kept)
        self._controller.failed.connect(self.models.count_failed)
        self.help.deleted.connect(partial(parts.start_page.show_last, None))
        self.saver.told.connect(parts.banner.show_message)
        self.saver.repaired.connect(self._recording_repaired)

    def see_result(self) -> None:
        """Show in Results what the count shown has come to."""
        session = self._controller.session
        self._show_results(session.id if session is not None else "")
        self._parts.banner.clear()

    @Slot(str)
    def _show_results(self, session_id: str) -> None:
        self._parts.show_tab("results")
        self._parts.results.show_session(session_id)

    def _undo_elsewhere(self) -> tuple[str, str] | None:
        """Return what Undo and Redo would do in Results, None while another tab is shown."""
        results = self._parts.results
        shown = self._parts.tabs.currentWidget() is results
        return (results.undo_name, results.redo_name) if shown else None

    def undo(self) -> None:
        """Take back the last step of the tab that is shown: of a kept count also one from before a restart."""
        if self._undo_elsewhere() is None:
            self.count.undo()
        else:
            self._parts.results.undo()

    def redo(self) -> None:
        """Do the step again that was taken back last."""
        if self._undo_elsewhere() is None:
            self.count.redo()
        else:
            self._parts.results.redo()

    @Slot(str)
    def _told_by_results(self, text: str) -> None:
        self._parts.banner.show_message("good", text, seconds=6)

    @Slot(object)
    def _decided_in_results(self, session: Session | None) -> None:
        if session is not None and session is self._controller.session:
            self._controller.follow_name()
            self._controller.count_changed.emit()  # the strip and the Count tab say the same

    @Slot(str)
    def _deleted_in_results(self, session_id: str) -> None:
        if self._controller.leave_deleted(session_id):
            self._parts.banner.clear()  # what it offers is of the count that is gone

    @Slot()
    def _counted_beside(self) -> None:
        if self._parts.tabs.currentWidget() is self._parts.results:
            self._parts.results.refresh()

    @Slot(int)
    def _tab_changed(self, _index: int) -> None:
        shown = self._parts.tabs.currentWidget()
        if shown is self._parts.results:
            self._parts.results.refresh()
            self._parts.banner.withdraw(RESULT)
        self.count.enable_undo()
        if shown is not self._parts.setup:
            self._parts.setup.leave()

    def _ticked_doors(self) -> Sequence[DoorPlan]:
        return self.doors.plans()

    def _first_source(self) -> str:
        """Return what the first of several doors is counted from: the camera looked at, or what was chosen."""
        parts = self._parts
        return parts.start_page.chosen_source or ("" if parts.choice.current == DEMO else parts.choice.current)

    @Slot(str)
    def _source_chosen(self, source: str) -> None:
        """Give the door looked at in Set up another source; without doors it is that of the next count."""
        kept = self._parts.setup.doors.list
        if not kept.current:
            self.sources.choose_source(source)
        elif self.doors.set_source(kept.current, source):
            kept.choose(source)
        else:
            self._parts.choice.set_current(kept.current)

    @Slot()
    def _join_or_leave(self) -> None:
        self.doors.join_or_leave(self._parts.setup.doors.list.current)

    @Slot()
    def _offer_counting(self) -> None:
        """Offer for the door looked at in Set up what can be done with it in the count under way."""
        page = self._parts.setup.doors
        page.show_counting(self.doors.is_counted(page.list.current), self.doors.goes_on_without)

    @Slot(str)
    def _door_chosen(self, source: str) -> None:
        """Show what belongs to a door in Set up: its name, its source, its lines and zones."""
        self._offer_counting()
        if not source:
            return
        self._parts.choice.set_current(source)
        self._parts.setup.doors.show_name("")
        told = self.doors.told(source)
        if told is not None:
            self._controller.show_door(told)
        elif not self._controller.active:
            self._parts.view.editor.use(source)

    @Slot(str)
    def _door_named(self, name: str) -> None:
        kept = self._parts.setup.doors.list
        if kept.current:
            self.doors.rename(kept.current, name)
            self._parts.setup.doors.show_name("")
        else:
            self.count.plan(self._controller.plan.name, name)

    @Slot()
    def _test_door(self) -> None:
        """Show whether the door looked at sees well; while it counts, its picture is there already."""
        if kept := self._parts.setup.doors.list.current:
            self.doors.test(kept)
            return
        if self._controller.active:
            self._parts.show_tab("count")
            return
        self._parts.bring_page(True)
        self._parts.start_page.choose(self._parts.choice.current)

    @Slot(str)
    def _not_a_person(self, ref: str) -> None:
        self.people.set_removed(ref, True)

    @Slot(str)
    def _staff(self, ref: str) -> None:
        self.people.set_staff(ref, True)

    @Slot(object, str)
    def _plan_stop(self, state: EngineState, _message: str) -> None:
        form = self._parts.start_page.form
        if state is EngineState.OPENING and (utc := form.stop_utc()):
            self.planned_stop.plan(utc)
            form.forget_stop()

    @Slot(str)
    def _recording_repaired(self, text: str) -> None:
        show = (tr("Show"), self.saver.open_folder)
        self._parts.banner.show_message("info", text, "", (show,), 10.0, waits=True)

    def confirm_close(self) -> bool:
        """Ask whether what is under way may end."""
        return self.sessions.confirm_close() and self.batch.may_end()

    def close_store(self) -> bool:
        """Let go of the files of the counts; False where some entries could not be written in time."""
        return self._store is None or self._store.close(2.0)

    def shut_down(self) -> bool:
        """End what the commands have begun; return False where a thread would not end in time."""
        ended = (
            self.why.shut_down(),
            self.models.shut_down(),
            self.phones.shut_down(),
            self.batch.shut_down(),
            self.recount.shut_down(),
            self.checks.shut_down(),
            self.settings.shut_down(),
            self.sessions.shut_down(),
            self._parts.results.shut_down(),
            self.sources.shut_down(),
            self.doors.shut_down(),
            self.saver.shut_down(2.0),
        )
        return all(ended)
