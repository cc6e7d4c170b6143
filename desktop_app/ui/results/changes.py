"""What the operator does with a kept count as a whole: name it, join it with another one, delete it."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from desktop_app.session.session import Session
from desktop_app.ui.results import dialogs
from desktop_app.ui.results.count_list import CountList
from desktop_app.ui.sessions.kept_counts import KeptCount, KeptCounts
from desktop_app.ui.widgets.banner import Banner
from desktop_app.ui.widgets.tasks import Tasks
from desktop_app.ui.widgets.texts import tr
from desktop_app.ui.widgets.theme import Theme

_DELETED = "deleted"
"""The subject of the message that offers to bring a count back."""


class Changes(QObject):
    """Each can be taken back.

    `renamed(words)` and `joined(Session)` tell of a change of the chosen count, the first with what it is called;
    `deleted(session_id)` and `restored(session_id)` of one of the list.
    """

    renamed = Signal(str)
    joined = Signal(object)
    deleted = Signal(str)
    restored = Signal(str)

    def __init__(
        self,
        window: QWidget,
        kept: Callable[[], KeptCounts],
        session: Callable[[], Session | None],
        counts: CountList,
        tasks: Tasks,
        banner: Banner,
        theme: Callable[[], Theme],
        undo: Callable[[], object],
    ) -> None:
        super().__init__(window)
        self._window = window
        self._kept = kept
        self._session = session
        self._list = counts
        self._tasks = tasks
        self._banner = banner
        self._theme = theme
        self._undo = undo
        self._deleted: list[KeptCount] = []

    @property
    def last_deleted(self) -> KeptCount | None:
        """What was deleted last and can be brought back first, None after anything else was done."""
        return self._deleted[-1] if self._deleted else None

    def forget_deleted(self) -> None:
        """Let the next undo take back something else: it was done after the deletions."""
        self._deleted.clear()
        self._banner.withdraw(_DELETED)

    def rename(self) -> None:
        """Change name, place and note of the chosen count."""
        session = self._session()
        if session is None:
            return
        dialog = dialogs.AboutCountDialog(session.name, session.place, session.note, self._window)
        if dialog.exec():
            about = (dialog.name.text().strip(), dialog.place.text().strip(), dialog.note.toPlainText().strip())
            if about != (session.name, session.place, session.note):
                session.rename(*about)
                self.renamed.emit(tr("named"))
        dialog.deleteLater()

    def agenda(self) -> None:
        """Change the agenda of the occasion, by which the report counts, too."""
        from desktop_app.reports.agenda_file import what_to_tell
        from desktop_app.reports.times import local
        from desktop_app.reports.watched import watched_spans
        from desktop_app.ui.results.agenda_dialog import AgendaDialog
        from desktop_app.ui.results.reading import local_zone

        session = self._session()
        if session is None:
            return
        zone, spans = local_zone(), watched_spans(session.log.all_entries())
        if not spans:
            self._banner.show_message("info", tr("Nothing was watched in this count."), seconds=6)
            return
        start_utc, end_utc = min(s.start_utc for s in spans), max(s.end_utc for s in spans)
        dialog = AgendaDialog(session.agenda, local(start_utc, zone).date(), zone, self._window)
        if dialog.exec() and dialog.items != session.agenda:
            session.set_agenda(dialog.items)
            self.renamed.emit(tr("agenda"))
            # Of a count that goes on it is not yet known what lies after its end.
            end_utc = math.inf if self._kept().is_under_way(session.id) else end_utc
            told = what_to_tell(dialog.items, start_utc, end_utc, zone)
            if told:
                more = f" {tr('And {number} more.', number=len(told) - 2)}" if len(told) > 2 else ""
                self._banner.show_message("info", " ".join(told[:2]) + more, seconds=15)
        dialog.deleteLater()

    def join(self) -> None:
        """Let another count, which the operator chooses, belong to the chosen one, too."""
        count, kept = self._list.chosen, self._kept()
        if self._session() is None or count is None:
            return
        others = [c for c in self._list.counts.counts if c.id != count.id and not kept.is_under_way(c.id)]
        if not others:
            self._banner.show_message("info", tr("There is no other count to join."), seconds=6)
            return
        other = dialogs.ask_other(dialogs.join_dialog(count, others, self._theme(), self._window))
        if other is not None:
            self.join_with(other.id)

    def join_with(self, other_id: str) -> None:
        """Join the chosen count with another one."""
        session = self._session()
        if session is None:
            return

        def work() -> Session:
            session.join(other_id)
            return session

        self._tasks.begin("join", work, self._was_joined)

    def _was_joined(self, session: Session) -> None:
        self._banner.show_message("good", tr("Both are one count now."), "", ((tr("Undo"), self._undo),), 12)
        self.joined.emit(session)

    def delete(self) -> None:
        """Delete the chosen count; for a week that can be taken back."""
        count, kept = self._list.chosen, self._kept()
        if count is None or self._tasks.is_busy("delete"):  # a key pressed twice means one count
            return
        if not kept.can_delete:
            words = tr("This count is only in memory: it is gone when the program is closed.")
            self._banner.show_message("info", words, seconds=8)
            return
        self._tasks.begin("delete", lambda: count if kept.delete(count.id) else None, self._was_deleted)

    def _was_deleted(self, count: KeptCount | None) -> None:
        if count is not None:
            self._deleted.append(count)
            self._offer_to_restore()
            self.deleted.emit(count.id)

    def _offer_to_restore(self) -> None:
        if self.last_deleted is not None:
            self._banner.show_message(
                "info",
                dialogs.deleted_words(self.last_deleted),
                tr("It can be brought back for a week."),
                ((tr("Undo"), self.restore),),
                subject=_DELETED,
            )

    def restore(self) -> None:
        """Bring back what was deleted last, and offer the same for what was deleted before it."""
        if self._deleted and not self._tasks.is_busy("delete"):
            count = self._deleted.pop()
            self._banner.withdraw(_DELETED)
            self._tasks.begin("delete", partial(self._kept().restore, count.id), partial(self._was_restored, count.id))

    def _was_restored(self, session_id: str, is_back: bool) -> None:
        if not is_back:
            self._banner.show_message("warning", tr("This count cannot be brought back any more."))
        else:
            self._offer_to_restore()
        self.restored.emit(session_id)
