"""Counting a kept count again: what it was counted from, the count in a child process, and the words for the rest."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from desktop_app.batch.batch import count_in_child
from desktop_app.batch.work import FileCount, FileJob, Progress
from desktop_app.domain.events import DoorStarted
from desktop_app.domain.person_facts import PersonRecord
from desktop_app.domain.totals import Totals
from desktop_app.domain.types import Gender
from desktop_app.reports.recount import Pair, Recount, check_source, compare_counts, what_was_counted
from desktop_app.session.session import Session
from desktop_app.settings import Settings
from desktop_app.system.child import MOST_MEMORY_BYTES
from desktop_app.system.child_worker import ChildStoppedError, ChildWorker
from desktop_app.ui.sources.names import DEMO, short_name
from desktop_app.ui.widgets.texts import people_words, tr


@dataclass(frozen=True, slots=True)
class Recountable:
    """A kept count that can be counted again, where its file is there."""

    session_id: str
    name: str
    place: str
    started: DoorStarted
    people: tuple[PersonRecord, ...]
    source: str

    @property
    def is_there(self) -> bool:
        """Whether the file is where it was."""
        return self.source == DEMO or Path(self.source).exists()

    @property
    def title(self) -> str:
        """What the count is called: its name, or that of its file."""
        return self.name or short_name(self.source)

    def moved_to(self, path: str) -> Recountable:
        return replace(self, source=path)


def recountable(session: Session) -> Recountable:
    """Return what a session was counted from. Raises HeadcountError for one that no file gives again."""
    started, people = what_was_counted(session.log.all_entries())
    if started.source == DEMO or Path(started.source).exists():
        check_source(started.source, started)
    elif started.clock == "live":
        check_source(started.source, started)  # says that a live count cannot be counted again
    return Recountable(session.id, session.name, session.place, started, tuple(people), started.source)


class RecountWork:
    """One count of a file in a child process. `progress` may be read on any thread, `stop` called from any."""

    def __init__(self, what: Recountable, settings: Settings) -> None:
        began = what.started.began_utc if what.started.clock != "opened" else None
        name = tr("{name}, counted again", name=what.title)
        self._what = what
        self._job = FileJob(what.source, name, what.place, settings.at_source(what.source), None, began)
        self._worker = ChildWorker("recount", MOST_MEMORY_BYTES)
        self.progress = Progress(0.0, None, 0)

    def run(self) -> Recounted | None:
        """Count and compare; None after `stop`. Raises HeadcountError."""
        try:
            count = count_in_child(self._worker, self._job, self._hear)
        except ChildStoppedError:
            return None
        finally:
            self._worker.close()
        return Recounted(count, compare_counts(self._what.people, Totals(count.entries).people()))

    def stop(self) -> None:
        self._worker.stop()

    def _hear(self, message: object) -> None:
        if isinstance(message, Progress):
            self.progress = message


@dataclass(frozen=True, slots=True)
class Recounted:
    """What counting again gave."""

    count: FileCount
    recount: Recount


def totals_rows(recount: Recount) -> list[tuple[str, ...]]:
    """Return a row a figure: its name, then, now, the difference, and a cell that stays empty.

    All are the program's own, uncorrected.
    """
    rows: list[tuple[str, ...]] = []
    kinds = (
        (tr("People"), None),
        (tr("Appear female"), Gender.FEMALE),
        (tr("Appear male"), Gender.MALE),
        (tr("Undecided"), Gender.UNDECIDED),
    )
    for words, gender in kinds:
        before, now = (
            sum(p is not None and gender in (None, p.auto_gender) for p in people)
            for people in ([pair.before for pair in recount.pairs], [pair.now for pair in recount.pairs])
        )
        change = now - before
        rows.append((words, f"{before:,}", f"{now:,}", f"{change:+,}" if change else "0", ""))
    return rows


def change_words(change: str) -> str:
    """Return what became of a person, from `Pair.change`."""
    return {
        "": tr("the same"),
        "gender": tr("another gender"),
        "age": tr("another age"),
        "only before": tr("only then"),
        "only now": tr("only now"),
    }[change]


def person_row(pair: Pair) -> tuple[str, ...]:
    """Return the cells of one person: when, what changed, then, corrected to, now."""
    return (
        f"{int(pair.counted_s) // 60}:{int(pair.counted_s) % 60:02d}",
        change_words(pair.change),
        _label(pair.before),
        pair.corrected_to,
        _label(pair.now),
    )


def _label(person: PersonRecord | None) -> str:
    if person is None:
        return "–"
    number = tr("No. {number}", number=person.number) if person.number else tr("by hand")
    return ", ".join(part for part in (number, person.auto_gender.value, person.auto_age_band or "") if part)


def summary_words(recount: Recount) -> str:
    """Return in one line how many people changed and how."""
    if all(not pair.change for pair in recount.pairs):
        return tr("Nothing changed: the same {people}.", people=people_words(len(recount.pairs)))
    numbers = [(change, recount.number(change)) for change in ("", "gender", "age", "only before", "only now")]
    return " · ".join(f"{change_words(change)}: {number:,}" for change, number in numbers).capitalize()
