"""The tab of results: the counts by day, and of the chosen one the report as it prints and its corrections."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from desktop_app.errors import HeadcountError
from desktop_app.session.manager import SessionManager
from desktop_app.session.session import Session
from desktop_app.ui.results.changes import Changes
from desktop_app.ui.results.chosen import ChosenCount, ShownCount
from desktop_app.ui.results.comparing import Comparing
from desktop_app.ui.results.count_side import CountSide
from desktop_app.ui.results.following import Following
from desktop_app.ui.results.hand_on import HandOn
from desktop_app.ui.results.header import Header
from desktop_app.ui.results.pages import ResultPages
from desktop_app.ui.results.tab_commands import add_shortcuts, fill_more
from desktop_app.ui.sessions.kept_counts import CountStore, KeptCount, KeptCounts
from desktop_app.ui.widgets.banner import Banner
from desktop_app.ui.widgets.tasks import Tasks
from desktop_app.ui.widgets.texts import tr
from desktop_app.ui.widgets.theme import Theme

SETTLE_MS = 120
"""Walking through the list with the arrow keys reads only where it rests."""


class ResultsTab(QWidget):
    """Reads the store on threads of its own.

    `status(sentence)` tells what was done. `undo_changed()` when `undo_name` or `redo_name` may be another.
    `decided(Session)` when the operator has changed what counts in it.
    `check_asked(Session)` when the operator wants to check this count by eye, `recount_asked(Session)` to count its
    file again. `hide_below_chosen(int)` when reports are to hide other small numbers.
    """

    status = Signal(str)
    undo_changed = Signal()
    decided = Signal(object)
    check_asked = Signal(object)
    recount_asked = Signal(object)
    hide_below_chosen = Signal(int)

    def __init__(self, theme: Theme, store: CountStore | None, parent: QWidget | None = None) -> None:
        """Without a store it shows what `use_manager` has in memory."""
        super().__init__(parent)
        self._theme = theme
        self._store = store
        self._kept: KeptCounts | None = None
        self._asked_for = ""
        self._tasks = Tasks(self._failed, self)
        self.banner = Banner(theme)
        self.side = CountSide(theme, self._tasks, lambda: self.kept, keeps=store is not None)
        self.search, self.list = self.side.search, self.side.list
        self.header = Header(theme)
        self.pages = ResultPages(theme)
        self.report, self.people, self.choices = self.pages.report, self.pages.people, self.pages.choices
        self.minutes = self.choices.minutes
        self.chosen = ChosenCount(self._tasks, self.report.pixels_a_point, self)
        self.hand_on = HandOn(self, self.chosen, self._tasks, self.header, self.banner)
        self.changes = Changes(
            self,
            lambda: self.kept,
            lambda: self.session,
            self.list,
            self._tasks,
            self.banner,
            lambda: self._theme,
            self.undo,
        )
        self.comparing = Comparing(self, lambda: self.kept, self.list, self._choices, self.banner, lambda: self._theme)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLE_MS)
        self._settle.timeout.connect(self._read_chosen)
        self.following = Following(lambda: self.session, lambda: self.kept.under_way, self)
        self._lay_out()
        self._connect()
        self.header.show_count(None)

    # --- building ------------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(10, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.banner)
        column.addWidget(self.header)
        column.addWidget(self.pages, 1)
        splitter = QSplitter()
        splitter.addWidget(self.side)
        splitter.addWidget(right)
        splitter.setSizes([280, 760])
        splitter.setStretchFactor(1, 1)
        splitter.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 8, 10, 8)
        layout.addWidget(splitter)

    def _connect(self) -> None:
        self.search.textChanged.connect(self._searched)
        self.list.selectionModel().currentChanged.connect(self._picked)
        self.choices.minutes_chosen.connect(self._minutes_chosen)
        self.choices.hide_below_chosen.connect(self._hide_below_chosen)
        self.report.size_wanted.connect(self.chosen.draw)
        self.following.changed.connect(self._show_figures)
        self.following.began.connect(self.refresh)
        self.following.report_wanted.connect(self._make_again)
        self.chosen.was_read.connect(self._was_read)
        self.chosen.was_drawn.connect(self._show_pages)
        self.people.decided.connect(self._decided)
        self.people.refused.connect(self._refused)
        self.people.reload_wanted.connect(self._reload_people)
        self.people.offer.clicked.connect(self._read_long)
        self.report.offer.clicked.connect(self._prepare_long)
        self.changes.renamed.connect(self._renamed)
        self.changes.joined.connect(self._joined)
        self.changes.deleted.connect(self._deleted)
        self.changes.restored.connect(self._restored)
        more = self.header.more.menu()
        self.actions_ = fill_more(more, self.changes, self.hand_on, self.comparing, self.recount, self.check)
        add_shortcuts(self, self.changes, self.hand_on, self.side)

    # --- for the window ------------------------------------------------------------------------------------------

    def use_manager(self, manager: SessionManager) -> None:
        """Show and correct the count under way through the manager that runs it."""
        self._kept = KeptCounts(manager, self._store)

    @property
    def kept(self) -> KeptCounts:
        if self._kept is None:
            if self._store is None:
                raise RuntimeError("without a store the tab needs a manager")
            self._kept = KeptCounts(SessionManager.for_kept(self._store), self._store)
        return self._kept

    def refresh(self) -> None:
        """Read the list of counts again, and the chosen one where it has changed."""
        self._tasks.begin("list", self.kept.all, self._listed)

    @Slot()
    def new_day(self) -> None:
        """Call the days of the list by their names of today."""
        if self.isVisible():  # else the list is read when it is shown
            self.refresh()

    def show_session(self, session_id: str) -> None:
        """Choose a count; "" is the newest."""
        self.search.clear()
        self._asked_for = session_id
        if self.list.counts.shows(session_id):
            self.list.choose(session_id)
        else:
            if not session_id:
                self.list.setCurrentIndex(self.list.counts.index(-1))
            self.refresh()

    @property
    def busy(self) -> bool:
        """Whether something is being read or written, or is about to be."""
        is_about_to = self._settle.isActive() or self.following.busy
        return is_about_to or self._tasks.busy or self.comparing.busy or self.side.busy

    @property
    def session(self) -> Session | None:
        """The count that is shown and can be corrected, None while it is being read."""
        return self.people.session

    @property
    def undo_name(self) -> str:
        """What `undo` would take back, "" for nothing."""
        if self.changes.last_deleted is not None:
            return tr("delete")
        return self.session.undo_stack.undo_name if self.session is not None else ""

    @property
    def redo_name(self) -> str:
        return self.session.undo_stack.redo_name if self.session is not None else ""

    def undo(self) -> str:
        """Take back the last thing done to the chosen count, whenever that was; return its name, "" for none."""
        if self.changes.last_deleted is not None:
            self.changes.restore()
            return tr("delete")
        return self._stepped(self.people.undo())

    def redo(self) -> str:
        """Do again what was taken back last; return its name, "" for none."""
        return self._stepped(self.people.redo())

    def _stepped(self, name: str) -> str:
        if name:
            self.refresh()
        return name

    @Slot(str)
    def was_checked(self, session_id: str) -> None:
        """Make the report of a count again, because a check was kept with it."""
        if self.session is not None and self.session.id == session_id:
            self.following.report_soon()

    def check(self) -> None:
        """Ask for the check by eye of the chosen count."""
        if self.session is not None:
            self.check_asked.emit(self.session)

    def recount(self) -> None:
        """Ask for counting the file of the chosen count again."""
        if self.session is not None:
            self.recount_asked.emit(self.session)
        elif self.list.chosen is not None and not self._tasks.busy:
            words = tr("The people of this long count have to be read first.")
            self.banner.show_message("info", words, tr("People and corrections offers that."), seconds=8)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.list.setFocus(Qt.FocusReason.TabFocusReason)  # arrow keys and shortcuts work at once
        self.following.start()

    def hideEvent(self, event: QHideEvent) -> None:
        self.following.pause()
        super().hideEvent(event)

    def apply_theme(self, theme: Theme) -> None:
        """Draw in another theme."""
        self._theme = theme
        self.banner.apply_theme(theme)
        self.side.apply_theme(theme)
        self.header.apply_theme(theme)

    def shut_down(self, seconds: float = 2.0) -> bool:
        """Wait for what is being read; return False where it would not end in time."""
        self._settle.stop()
        self.following.stop()
        self.side.stop()
        self.chosen.cancel()
        return self.comparing.shut_down(seconds) and self._tasks.shut_down(seconds)

    # --- the list ------------------------------------------------------------------------------------------------

    def _listed(self, counts: Sequence[KeptCount]) -> None:
        before = self.list.chosen
        wanted, self._asked_for = self._asked_for or (before.id if before is not None else ""), ""
        self.side.show_counts(counts)
        self._choose_again(wanted, before)

    def _choose_again(self, wanted: str, before: KeptCount | None) -> None:
        """Choose a count after the rows were made anew; one that is shown is not read again, it may be in work."""
        self.list.choose(wanted)
        now = self.list.chosen
        if now is None:
            self._settle.stop()
            self._show_none()
        elif self.session is not None and self.session.id == now.id:
            self._settle.stop()
            self.header.show_count(now)
            self.header.show_figures(self.session.counts())
            if now != before:
                self.following.report_soon()

    @Slot(str)
    def _searched(self, text: str) -> None:
        before = self.list.chosen
        self.side.narrow(text)
        self._choose_again(before.id if before is not None else self.chosen.wanted, before)

    @Slot()
    def _picked(self) -> None:
        count = self.list.chosen
        if count is not None:
            self.header.show_count(count)
            self._settle.start()

    # --- the chosen count ----------------------------------------------------------------------------------------

    def _show_none(self) -> None:
        self.chosen.forget()
        self.header.show_count(None)
        self.people.show_session(None)
        self.pages.show_note(tr("No count is chosen."))
        self.undo_changed.emit()

    @Slot()
    def _read_chosen(self) -> None:
        count = self.list.chosen
        if count is None:
            return
        if self.session is None or self.session.id != count.id:
            self.people.show_session(None)
            self.undo_changed.emit()
            if self.kept.is_long(count):
                self._offer_long(count)
                return
            self.pages.show_note(tr("Preparing the report…"))
        self.chosen.load(self.kept, count.id)

    def _offer_long(self, count: KeptCount) -> None:
        """A long count is not read unasked: its figures are there at once, its report takes minutes."""
        self.chosen.forget()
        words = tr("A long count: its report can take a minute. You can go on meanwhile.")
        self.pages.show_note(words, tr("Prepare the report"))
        self.people.offer.setVisible(True)

    @Slot()
    def _prepare_long(self) -> None:
        count = self.list.chosen
        if count is not None:
            self.pages.show_note(tr("Preparing the report of a long count. This can take a minute…"))
            self.chosen.load_long(self.kept, count)

    @Slot()
    def _read_long(self) -> None:
        count = self.list.chosen
        if count is not None:
            self.people.offer.setVisible(False)
            self.pages.show_note(tr("Reading the people of a long count. This takes a few minutes…"))
            self.chosen.load(self.kept, count.id, is_long=True)

    @Slot(object)
    def _was_read(self, shown: ShownCount) -> None:
        self.header.show_figures(shown.read.report.counts)
        self._show_pages(shown)
        if shown.read.session is not None:
            self.people.show_session(shown.read.session, list(shown.read.people))
        self.undo_changed.emit()

    @Slot(object)
    def _show_pages(self, shown: ShownCount) -> None:
        from desktop_app.ui.results.exporting import report_words

        self.report.show_pages(shown.pictures, shown.pixels_a_point, report_words(shown.read.report))

    @Slot()
    def _make_again(self) -> None:
        count = self.list.chosen
        if self.session is not None:
            self.chosen.make_again(self.session)
        elif self.chosen.read is not None and count is not None and self.kept.is_long(count):
            self._prepare_long()

    @Slot(int)
    def _minutes_chosen(self, minutes: int) -> None:
        self.chosen.minutes = minutes
        self._make_again()

    @Slot(int)
    def _hide_below_chosen(self, below: int) -> None:
        self.show_hide_below(below)
        self.hide_below_chosen.emit(below)

    def show_hide_below(self, below: int) -> None:
        """Hide figures of fewer people than that in every report from now on; 0 hides nothing."""
        self.choices.show_hide_below(below)
        if below != self.chosen.hide_below:
            self.chosen.hide_below = below
            self._make_again()

    def _choices(self) -> tuple[int, int]:
        return self.chosen.minutes, self.chosen.hide_below

    # --- changes -------------------------------------------------------------------------------------------------

    @Slot(str)
    def _decided(self, name: str) -> None:
        self._show_change()
        self.status.emit(tr("Done: {name}.", name=name))

    def _show_change(self) -> None:
        self._show_figures()
        self.following.note()
        self.changes.forget_deleted()
        self.following.report_soon()
        self.undo_changed.emit()
        self.decided.emit(self.session)

    @Slot()
    def _show_figures(self) -> None:
        """Show the totals as they are now, beside the report as in the list."""
        if self.session is not None:
            counts = self.session.counts()
            self.header.show_figures(counts)
            self.list.counts.show_figures(self.session.id, counts)

    @Slot(object)
    def _refused(self, error: HeadcountError) -> None:
        self.banner.show_message("warning", error.message, error.remedy, seconds=10)

    @Slot()
    def _reload_people(self) -> None:
        if self.session is not None:
            self._tasks.begin("people", self.session.people, self.people.show_people)

    @Slot(str)
    def _renamed(self, words: str) -> None:
        self._decided(words)
        self.refresh()

    @Slot(object)
    def _joined(self, session: Session) -> None:
        if session is self.session:
            self.people.show_people(session.people())
            self._show_change()  # the tab's own message says it, with Undo
        self.refresh()

    @Slot(str)
    def _deleted(self, _session_id: str) -> None:
        self._show_none()
        self.refresh()

    @Slot(str)
    def _restored(self, session_id: str) -> None:
        self._asked_for = session_id
        self.undo_changed.emit()
        self.refresh()

    def _failed(self, error: HeadcountError) -> None:
        if self.chosen.read is None and not self._tasks.is_busy("report"):
            self.pages.show_note(tr("There is no report to show."))
        self.banner.show_message("warning", error.message, error.remedy)
