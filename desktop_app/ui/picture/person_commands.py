"""What the operator decides about a person in the picture."""

from __future__ import annotations

import heapq
from collections.abc import Callable

from PySide6.QtCore import QObject, QPoint, QPointF, Qt, Slot
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QDialog, QMenu, QWidget

from desktop_app.domain.person_facts import PersonRecord
from desktop_app.domain.totals import Totals
from desktop_app.domain.types import AGE_BANDS, Gender, Track
from desktop_app.errors import HeadcountError
from desktop_app.session.session import Session
from desktop_app.ui.picture.missed_dialog import MissedDialog
from desktop_app.ui.picture.people import person_words, record_words
from desktop_app.ui.picture.video_view import VideoView
from desktop_app.ui.sessions.controller import Controller
from desktop_app.ui.widgets.banner import Banner
from desktop_app.ui.widgets.icons import action_icon
from desktop_app.ui.widgets.texts import tr
from desktop_app.ui.widgets.theme import GENDER_WORDS, ThemeManager

MOST_OTHERS = 15
"""Only the newest people are offered as "the same person": who came back was counted a short while ago."""


class PersonCommands(QObject):
    """Every decision is an entry of the log and one step of undo, also after the count is over.

    `why(Track)` shows why the network says so.
    """

    def __init__(
        self,
        window: QWidget,
        controller: Controller,
        view: VideoView,
        banner: Banner,
        themes: ThemeManager,
        why: Callable[[Track], object],
        undo: Callable[[], object],
    ) -> None:
        super().__init__(window)
        self._window = window
        self._controller = controller
        self._view = view
        self._banner = banner
        self._themes = themes
        self._why = why
        self._undo = undo

    # --- the menu ------------------------------------------------------------------------------------------------

    @Slot(object, QPointF)
    def show_menu(self, track: Track, at: QPointF) -> None:
        """Show what is known of a person and what can be done."""
        menu = self.menu(track)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(at.toPoint())

    def menu(self, track: Track) -> QMenu:
        """Return the menu of a person. Its actions are named in `objectName`, for tests and screen readers."""
        record = self._record(track.person)
        menu = QMenu(self._window)
        title = menu.addAction(person_words(track, record))
        title.setEnabled(False)
        menu.addSeparator()
        if track.held_back:
            anyway = menu.addAction(tr("Count it anyway"))
            anyway.setObjectName("count anyway")
            anyway.triggered.connect(lambda _on=False: self.count_anyway(track.key))
            return menu
        if record is None:
            waiting = menu.addAction(tr("Not in this count yet: wait a moment"))
            waiting.setEnabled(False)
        else:
            self._add_corrections(menu, record)
            menu.addSeparator()
        why = menu.addAction(action_icon("why", self._themes.theme), tr("Why does it say so?"))
        why.setObjectName("why")
        why.triggered.connect(lambda _on=False: self._why(track))
        return menu

    @Slot(str, QPoint)
    def show_record_menu(self, ref: str, at: QPoint) -> None:
        """Show what can be done with somebody who may have left the picture."""
        record = self._record(ref)
        if record is None:
            return
        menu = QMenu(self._window)
        title = menu.addAction(self._words(record))
        title.setEnabled(False)
        menu.addSeparator()
        self._add_corrections(menu, record)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(at)

    def _add_corrections(self, menu: QMenu, record: PersonRecord) -> None:
        ref = record.ref
        genders = QActionGroup(menu)
        for gender in Gender:
            action = menu.addAction(GENDER_WORDS[gender].capitalize())
            action.setObjectName(f"gender {gender.value}")
            action.setCheckable(True)
            action.setChecked(record.gender is gender and not record.is_looking)
            action.setEnabled(not record.is_removed)
            genders.addAction(action)
            action.triggered.connect(lambda _on=False, gender=gender: self.set_gender(ref, gender))
        ages = menu.addMenu(tr("Age"))
        ages.setEnabled(not record.is_removed)
        bands = QActionGroup(ages)
        for band in AGE_BANDS:
            action = ages.addAction(tr("{band} years", band=band.replace("-", "–")))
            action.setObjectName(f"age {band}")
            action.setCheckable(True)
            action.setChecked(record.age_band == band)
            bands.addAction(action)
            action.triggered.connect(lambda _on=False, band=band: self.set_age_band(ref, band))
        self._add_same_as(menu, record)
        menu.addSeparator()
        staff = self._toggle(menu, "staff", tr("Staff: do not count"), record.is_staff)
        staff.setIcon(action_icon("staff", self._themes.theme))
        staff.setEnabled(not record.is_removed)
        staff.triggered.connect(lambda _on=False: self.set_staff(ref, not record.is_staff))
        removed = self._toggle(menu, "removed", tr("Not a person"), record.is_removed)
        removed.triggered.connect(lambda _on=False: self.set_removed(ref, not record.is_removed))

    def _add_same_as(self, menu: QMenu, record: PersonRecord) -> None:
        same = menu.addMenu(tr("Same person as"))
        others = self._others(record)
        same.setEnabled(bool(others) and not record.is_removed)
        for other in others:
            action = same.addAction(self._words(other))
            action.setObjectName(f"same as {other.ref}")
            action.triggered.connect(lambda _on=False, into=other.ref: self.merge(record.ref, into))
        if len(record.members) > 1:
            split = menu.addAction(tr("These are different people"))
            split.setObjectName("split")
            split.triggered.connect(lambda _on=False: self.split(record.ref))

    @staticmethod
    def _toggle(menu: QMenu, name: str, text: str, is_on: bool) -> QAction:
        action = menu.addAction(text)
        action.setObjectName(name)
        action.setCheckable(True)
        action.setChecked(is_on)
        return action

    def _others(self, record: PersonRecord) -> list[PersonRecord]:
        log = self._controller.log
        if log is None:
            return []
        found = {r.ref: r for r in log.read(Totals.records) if r.counts and r.ref != record.ref}
        return heapq.nlargest(MOST_OTHERS, found.values(), key=lambda r: r.counted_utc)

    def _words(self, record: PersonRecord) -> str:
        return record_words(record, self._controller.door_name(record.door))

    def _record(self, ref: str) -> PersonRecord | None:
        session = self._controller.session
        return session.person(ref) if session is not None and ref else None

    # --- decisions -----------------------------------------------------------------------------------------------

    def count_anyway(self, key: int) -> None:
        """Count a face that is held back because it never moves."""
        self._controller.submit(lambda pipeline: pipeline.count_anyway(key))
        self._banner.show_message("good", tr("This face counts from now on."), seconds=5)

    def set_gender(self, ref: str, gender: Gender) -> None:
        self._decide(lambda session: session.correct(ref, "gender", gender.value))

    def set_age_band(self, ref: str, band: str) -> None:
        self._decide(lambda session: session.correct(ref, "age_band", band))

    def set_staff(self, ref: str, is_staff: bool) -> None:
        """Take a person out of the count, and whoever looks like them until its end; or take that back."""
        self._decide(lambda session: session.correct(ref, "staff", "yes" if is_staff else "no"))

    def set_removed(self, ref: str, is_removed: bool) -> None:
        """Say that this is not a person, or that it is one after all."""
        self._decide(lambda session: session.correct(ref, "removed", "yes" if is_removed else "no"))

    def merge(self, ref: str, into: str) -> None:
        """Say that two people are one."""
        self._decide(lambda session: session.merge(ref, into))

    def split(self, ref: str) -> None:
        """Say that what counts as one person are several."""
        self._decide(lambda session: session.split(ref))

    def add_missed(self, gender: Gender, age_band: str = "", note: str = "") -> None:
        """Count somebody whom the program missed at the door whose picture is shown."""
        run = self._controller.run
        door = run.door.id if run is not None else ""
        self._decide(lambda session: session.add(gender, age_band, note, door))

    def add_missed_with_note(self) -> None:
        """Ask what is known of somebody whom the program missed, and count them."""
        run = self._controller.run
        dialog = MissedDialog(self._window, self._controller.door_name(run.door.id) if run is not None else "")
        accepted = dialog.exec() == QDialog.DialogCode.Accepted
        gender, age_band, note = dialog.gender, dialog.age_band, dialog.note
        dialog.deleteLater()
        if accepted:
            self.add_missed(gender, age_band, note)

    def _decide(self, decision: Callable[[Session], object]) -> None:
        session = self._controller.session
        if session is None:
            return
        try:
            decision(session)
        except HeadcountError as error:
            self._banner.show_message("warning", error.message, error.remedy, seconds=8)
            return
        self._controller.count_changed.emit()
        name = self._controller.undo_stack.undo_name
        self._banner.show_message("good", tr("Done: {name}.", name=name), "", ((tr("Undo"), self._undo),), 6)
