"""The work of `headcount count`: one session a source, with its progress bar and its annotated video."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from desktop_app import factory
from desktop_app.cli.checks import STDOUT
from desktop_app.cli.kept import NOT_WRITTEN, zone_from
from desktop_app.cli.observers import AnnotatedVideo, Progress, Series, say
from desktop_app.cli.output import SourceReport
from desktop_app.domain.events import DoorStarted
from desktop_app.domain.totals import Totals
from desktop_app.domain.types import FrameResult
from desktop_app.engine.state import EngineOptions, EngineState
from desktop_app.errors import HeadcountError, SourceError
from desktop_app.recording.recorder import recover_recordings
from desktop_app.reports.agenda_file import read_agenda, what_to_tell
from desktop_app.reports.report import build_report
from desktop_app.reports.times import local
from desktop_app.session.door import Door, RunObserver
from desktop_app.session.door_run import DoorRun
from desktop_app.session.headless import RunSummary, summary_of
from desktop_app.session.manager import SessionManager
from desktop_app.session.session import Session
from desktop_app.settings import Settings, without_password
from desktop_app.sources.base import SourceInfo
from desktop_app.store.files import default_folder
from desktop_app.store.held_database import HeldError
from desktop_app.store.second_process import SecondProcessStore
from desktop_app.store.store import Store

_LOOK_UP_S = 0.1
"""How often the main thread looks whether somebody asked to stop."""

_STOP_LIMIT_S = 2.0
STORE_LIMIT_S = 10.0


class SourceCounter:
    """Counts sources one after the other and keeps each as a session, unless `--forget` was given."""

    def __init__(self, args: argparse.Namespace, settings: Settings, began_utc: float | None) -> None:
        self._args = args
        self._settings = settings
        self._began_utc = began_utc
        self._store = None if args.forget else open_store()
        self._watchers: list[RunObserver] = []
        self._manager = SessionManager(factory.ProgramServices(), self._store, [_Fan(self._watchers)])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._manager.shut_down(_STOP_LIMIT_S)
        if self._store is not None and not self._store.close(STORE_LIMIT_S):
            say(f"headcount: {NOT_WRITTEN}")

    def count_all(self, sources: Sequence[str], should_stop: Callable[[], bool]) -> tuple[list[SourceReport], int]:
        """Count each source; return the reports and the exit code of the first problem, 0 if there was none.

        A source that fails is said and the next one is counted all the same; a model that cannot be loaded is raised.
        """
        if self._args.annotated:
            for recovery in recover_recordings(Path(self._args.annotated).parent):
                say(f"headcount: {recovery.message}")
        # A model that is missing or damaged is said before the first source, not once for each.
        self._manager.load_models(self._settings)
        reports: list[SourceReport] = []
        problem = 0
        for text in sources:
            if should_stop():
                break
            report, failure = self._count_one(text, should_stop)
            reports.append(report)
            if failure is not None and problem == 0:
                problem = failure.exit_code
        return reports, problem

    def _count_one(self, text: str, should_stop: Callable[[], bool]) -> tuple[SourceReport, HeadcountError | None]:
        args, settings, name = self._args, self._settings, without_password(text)
        progress = Progress(Path(name).name or name, args.limit, args.quiet)
        series, video = Series(args.every, args.quiet), AnnotatedVideo(args.annotated, settings)
        self._watchers[:] = [progress, series, video]
        session = self._manager.open(args.session or Path(name).name, args.place)
        options = EngineOptions(limit_s=args.limit, every_picture=bool(args.annotated))
        run = self._manager.start(Door(text, settings, began_utc=self._began_utc), options)
        try:
            while not run.wait(_LOOK_UP_S):
                if should_stop():
                    run.stop()
                    run.wait(_STOP_LIMIT_S)
                    break
        finally:
            progress.close()
            video.close()
        self._note(session)
        summary = _summary(run)
        if summary.error is not None:
            say(f"headcount: {name}: {summary.error}" if name.strip() else f"headcount: {summary.error}")
        # What was not seen is in the table; it makes the count incomplete as an error does.
        incomplete = SourceError(" ".join(summary.omissions)) if summary.omissions else None
        problem = summary.error or video.error or incomplete
        return SourceReport(name, summary, tuple(series.points), *run.names), problem

    def _note(self, session: Session) -> None:
        """Keep the agenda with the count, on the day on which it began, and note the files that were asked for."""
        args = self._args
        started = next((e.event for e in session.log.entries() if isinstance(e.event, DoorStarted)), None)
        if started is None:
            return
        for what, target in (("annotated video", args.annotated), ("table", args.csv), ("table", args.json)):
            if target and target != STDOUT:
                session.note_file(what, str(Path(target).absolute()))
        if args.agenda:
            zone = zone_from(None)
            agenda = read_agenda(args.agenda, local(started.began_utc, zone).date(), zone)
            session.set_agenda(agenda.items)
            report = session.log.read(lambda totals: build_report(session.id, totals.entries()))
            for sentence in (*agenda.notes, *what_to_tell(agenda.items, report.start_utc, report.end_utc, zone)):
                say(f"headcount: {sentence}")


KEPT_LATER = (
    "Another Headcount is open. What is counted here is kept, too, and is in the list of counts once that one was "
    "closed and Headcount is started again. Until then “last” is an earlier count."
)


def open_store() -> Store | SecondProcessStore:
    """Open the store for a count, or a file that its holder takes in later. Raises StoreError."""

    def tell(problem: str) -> None:
        if problem:
            say(f"headcount: {problem}")

    try:
        return Store.open(default_folder(), tell)
    except HeldError:
        # The window works with the store: it takes this count in when it starts the next time.
        tell(KEPT_LATER)
        return SecondProcessStore(default_folder(), tell)


def _summary(run: DoorRun) -> RunSummary:
    totals = run.log.read(lambda t: Totals(t.entries()))
    if run.engine is not None:
        return summary_of(run.engine, totals)
    error = run.error
    if error is not None and not isinstance(error, HeadcountError):
        raise error
    return RunSummary(None, 0, 0.0, totals, interrupted=run.stopping, error=error)


class _Fan(RunObserver):
    """Passes everything on to the watchers of the moment."""

    def __init__(self, watchers: Sequence[RunObserver]) -> None:
        self._watchers = watchers

    def on_state(self, run: DoorRun, state: EngineState, message: str) -> None:
        for watcher in self._watchers:
            watcher.on_state(run, state, message)

    def on_notice(self, run: DoorRun, sentence: str) -> None:
        for watcher in self._watchers:
            watcher.on_notice(run, sentence)

    def on_info(self, run: DoorRun, info: SourceInfo) -> None:
        for watcher in self._watchers:
            watcher.on_info(run, info)

    def on_result(self, run: DoorRun, result: FrameResult) -> None:
        for watcher in self._watchers:
            watcher.on_result(run, result)
