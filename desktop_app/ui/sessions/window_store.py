"""Opens the store for the window; beside another process that holds it, the window's counts are taken in later."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from desktop_app.domain.events import Entry
from desktop_app.domain.log_digest import LogEntry
from desktop_app.domain.person_facts import PersonRecord
from desktop_app.errors import HeadcountError, StoreError
from desktop_app.settings import load_settings
from desktop_app.store.files import default_folder
from desktop_app.store.held_database import HeldError
from desktop_app.store.second_process import SecondProcessStore
from desktop_app.store.session_list import SessionInfo
from desktop_app.store.store import Store
from desktop_app.store.summaries import SessionSummary
from desktop_app.ui.sessions.kept_counts import CountStore
from desktop_app.ui.widgets.texts import tr

_LOG = logging.getLogger(__name__)


class BesideStore(SecondProcessStore):
    """Writes as a second process does and reads what the other process has stored so far."""

    def __init__(self, folder: Path, on_problem: Callable[[str], None] | None = None) -> None:
        super().__init__(folder, on_problem)
        self._stored = Store.open(folder, read_only=True)

    @property
    def problem(self) -> str:
        return tr(
            "Another Headcount is counting on this computer. What is counted here is kept, too, and is in the list of "
            "counts after the next start."
        )

    def entries(self, session_id: str) -> Iterator[Entry]:
        return self._stored.entries(session_id)

    def sessions(self) -> Sequence[SessionInfo]:
        return self._stored.sessions()

    def totals(self, session_id: str, *, may_be_behind: bool = False) -> SessionSummary:
        return self._stored.totals(session_id, may_be_behind=may_be_behind)

    def log_of(self, session_ids: Iterable[str]) -> Iterator[LogEntry]:
        return self._stored.log_of(session_ids)

    def people_of(self, session_ids: Iterable[str]) -> Iterator[PersonRecord]:
        return self._stored.people_of(session_ids)

    def delete(self, session_id: str) -> bool:
        """Raises StoreError: the file belongs to the other process."""
        return self._stored.delete(session_id)

    def restore(self, session_id: str) -> bool:
        """Raises StoreError: the file belongs to the other process."""
        return self._stored.restore(session_id)

    @property
    def needs_copy(self) -> bool:
        """False: the file belongs to the other process."""
        return False

    def restore_newest_copy(self) -> int:
        """Return 0: the file belongs to the other process."""
        return 0

    def unclosed(self) -> Sequence[SessionInfo]:
        """Return nothing: what is not closed may be what the other process counts."""
        return ()


def open_window_store(on_problem: Callable[[str], None]) -> tuple[CountStore | None, str]:
    """Return where counts are kept and what is to be said about it, "" for nothing.

    None where they cannot be kept at all, as in a file of a newer version; counting works all the same. `on_problem` is
    told later problems and "" when all is well again, on any thread.
    """
    folder = default_folder()
    try:
        own = Store.open(folder, on_problem)
        own.keep_people(load_settings().settings.keep.people_days)
        store: CountStore = own
    except HeldError:
        try:
            store = BesideStore(folder, on_problem)
        except StoreError as error:
            return None, _not_kept(error)
    except HeadcountError as error:
        return None, _not_kept(error)
    return store, store.problem


def _not_kept(error: HeadcountError) -> str:
    _LOG.warning("counts are not kept: %s", error)
    # Whoever counts on all day must not learn at the end that nothing was kept.
    return " ".join(part for part in (error.message, error.remedy, tr("Until then no count is kept.")) if part)
