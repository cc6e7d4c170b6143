"""Counts many files over the cores of this computer, each in a child process; one that fails never stops the others."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from desktop_app.batch.job_table import JobKey, JobResult, JobTable, model_key, settings_key
from desktop_app.batch.work import FileCount, FileJob, Progress, count_file
from desktop_app.domain.events import Entry
from desktop_app.errors import HeadcountError, SourceError
from desktop_app.settings import Settings
from desktop_app.sources.containers import exists, missing_file
from desktop_app.sources.opening import SourceForm, understand
from desktop_app.sources.video_file import VIDEO_SUFFIXES
from desktop_app.store.second_process import SecondProcessStore
from desktop_app.system.child import MOST_MEMORY_BYTES, ChildCrashError
from desktop_app.system.child_worker import ChildStoppedError, ChildWorker
from desktop_app.system.cpu_threads import usable_cores

_LOG = logging.getLogger(__name__)

LONGEST_SILENCE_S = 180.0
"""A file of which nothing was decoded for so long has hung its child."""
LONGEST_START_S = 300.0
"""So long a child may take to its first frame: it loads the models first, on a computer that is busy with others."""
_LONGEST_S = 30 * 86_400.0


@dataclass(slots=True)
class BatchFile:
    """One file of a batch. `error` says why it could not be counted; `was_known` that its result is an earlier one."""

    path: Path
    key: JobKey | None = None
    result: JobResult | None = None
    error: HeadcountError | None = None
    was_known: bool = False

    @property
    def is_done(self) -> bool:
        return self.result is not None or self.error is not None


class BatchObserver:
    """Is told how a batch goes, on the thread that called `run`. Override what is wanted."""

    def on_look(self, file: BatchFile) -> None:
        """A file is read to find out whether it was counted before."""

    def on_start(self, file: BatchFile, worker: int) -> None:
        """A worker, from 0 on, begins with a file."""

    def on_progress(self, file: BatchFile, worker: int, progress: Progress) -> None:
        """A file has come so far."""

    def on_done(self, file: BatchFile, worker: int) -> None:
        """A file has a result or an error; `worker` is -1 where it was known before."""


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """How a batch counts. `again` counts what is known once more."""

    settings: Settings = field(default_factory=Settings)
    place: str = ""
    limit_s: float | None = None
    workers: int = 0
    again: bool = False


@dataclass(frozen=True, slots=True)
class _Told:
    worker: int
    file: BatchFile
    what: Progress | FileCount | HeadcountError | None


def find_files(paths: Sequence[Path]) -> list[Path]:
    """Return the video files among `paths` and in the folders among them, by name.

    In a folder hidden files and what is no video by its name are passed over. What is named is taken as it is, also if
    it is gone: its row then says so, and the others are counted. Raises SourceError where nothing is left.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.suffix.lower() in VIDEO_SUFFIXES and p.is_file())
            found.update(
                (p, None) for p in inside if not any(part.startswith(".") for part in p.relative_to(path).parts)
            )
        else:
            found[path] = None
    if not found:
        raise SourceError("There is no video in this folder.", "Name a folder with video files.")
    return list(found)


def missing(paths: Iterable[Path]) -> list[BatchFile]:
    """Return those of the files that are not there, each with its error."""
    return [BatchFile(path, error=missing_file(path)) for path in paths if not exists(path)]


class KeptSession(Protocol):
    """What is asked of a kept count."""

    @property
    def id(self) -> str: ...


class SessionList(Protocol):
    """A store that lists what it keeps."""

    def sessions(self) -> Sequence[KeptSession]: ...


def still_kept(store: SessionList | SecondProcessStore | None) -> Callable[[str], bool]:
    """Return what says whether a session is still in a store. Beside another process nobody can know: then it is."""
    if store is None or isinstance(store, SecondProcessStore):
        return lambda _: True
    ids = {info.id for info in store.sessions()}
    return ids.__contains__


def count_in_child(worker: ChildWorker, job: FileJob, on_message: Callable[[object], object]) -> FileCount:
    """Count one file in a child process, which tells `Progress` on the way.

    Raises HeadcountError whatever becomes of the child, but for ChildStoppedError after `worker.stop`.
    """
    try:
        return worker.run(count_file, job, limit_s=_LONGEST_S, on_message=on_message)
    except (HeadcountError, ChildStoppedError):
        raise
    except ChildCrashError as error:
        remedy = "The file may be damaged: convert it first."
        raise SourceError(f"Reading it ended the process ({error}).", remedy) from error
    except Exception as error:
        _LOG.error("an unexpected exception while %s was counted", job.path, exc_info=error)
        raise HeadcountError(f"The program made a mistake of its own ({error!r}).", "Its log says where.") from error


class Batch:
    """Counts files. What is done is noted in `table` at once, so that a batch that was killed goes on after it."""

    def __init__(
        self,
        table: JobTable,
        options: BatchOptions,
        keep: Callable[[Sequence[Entry]], object] | None,
        is_there: Callable[[str], bool] = lambda _: True,
    ) -> None:
        """`keep` is given the entries of each counted file; without it nothing is kept but the figures.

        `is_there` says whether a session is still kept: a file whose count was deleted is counted again.
        Raises ModelError where the model is missing.
        """
        self._is_there = is_there
        self._handed_on: set[str] = set()
        self._table = table
        self._options = options
        self._keep = keep
        self._keys = (settings_key(options.settings, options.limit_s), model_key(options.settings.count.model))
        self._waiting: deque[BatchFile] = deque()
        self._told: queue.Queue[_Told] = queue.Queue()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._is_all_seen = threading.Event()
        self._silent_until: dict[int, float] = {}

    def run(
        self, paths: Sequence[Path], observer: BatchObserver, should_stop: Callable[[], bool] = lambda: False
    ) -> list[BatchFile]:
        """Count all files and return them in their order; those not reached after a stop have neither result nor error.

        Raises sqlite3.Error where the table of jobs cannot be written.
        """
        files = [BatchFile(path) for path in paths]
        if self._keep is not None:
            for entries in self._table.waiting():  # what an earlier run counted and could not hand on any more
                self._keep(entries)
                self._handed_on.update(entry.session for entry in entries)
        unseen, twins = deque(files), list[tuple[BatchFile, BatchFile]]()
        number = min(self._options.workers or usable_cores(), len(files))
        workers = [ChildWorker(f"batch-{i}", MOST_MEMORY_BYTES) for i in range(number)]
        threads = [
            threading.Thread(target=self._work, args=(i, worker), name=f"headcount-batch-{i}", daemon=True)
            for i, worker in enumerate(workers)
        ]
        for thread in threads:
            thread.start()
        try:
            first: dict[JobKey, BatchFile] = {}
            while unseen or any(thread.is_alive() for thread in threads) or not self._told.empty():
                if unseen and not self._stopping.is_set():
                    # A large file takes a while to be known again; the first ones are being counted meanwhile.
                    self._look_up_next(unseen, first, twins, observer)
                else:
                    unseen.clear()
                    self._is_all_seen.set()
                self._listen(observer, wait=not unseen)
                if should_stop():
                    self._stop(workers)
                self._give_up_silent_ones(workers)
        finally:
            self._stop(workers)
            for thread in threads:
                thread.join(10.0)
            for worker in workers:
                worker.close()
        for file, other in twins:  # the same file under another name
            file.result, file.error, file.was_known = other.result, other.error, other.result is not None
            if file.is_done:
                observer.on_done(file, -1)
        return files

    def _look_up_next(
        self,
        unseen: deque[BatchFile],
        first: dict[JobKey, BatchFile],
        twins: list[tuple[BatchFile, BatchFile]],
        observer: BatchObserver,
    ) -> None:
        """Look the next file up and let it wait for a worker, unless its result is known or will be."""
        file = unseen.popleft()
        observer.on_look(file)
        self._look_up(file)
        if file.is_done:
            observer.on_done(file, -1)
        elif file.key in first:
            twins.append((file, first[file.key]))
        elif file.key is not None:
            first[file.key] = file
            with self._lock:
                self._waiting.append(file)

    def _listen(self, observer: BatchObserver, *, wait: bool) -> None:
        """Take in what the workers have told."""
        try:
            self._take(self._told.get(timeout=0.1 if wait else 0.0), observer)
            while True:
                self._take(self._told.get_nowait(), observer)
        except queue.Empty:
            return

    def _give_up_silent_ones(self, workers: Sequence[ChildWorker]) -> None:
        now = time.monotonic()
        for i, until in list(self._silent_until.items()):
            if now > until:
                self._silent_until[i] = now + LONGEST_SILENCE_S
                workers[i].stop()

    def _look_up(self, file: BatchFile) -> None:
        """Fill in what is known of a file: its key, and an earlier result. A file that is no video gets an error."""
        try:
            if not exists(file.path):
                raise missing_file(file.path)
            if understand(str(file.path)).form is not SourceForm.VIDEO_FILE:
                raise SourceError("It is not a video file.", "Count pictures and streams with “headcount count”.")
            file.key = JobKey(self._table.sha256_of(file.path), *self._keys)
        except OSError as error:
            file.error = SourceError(f"It cannot be read ({error.strerror or error}).")
        except HeadcountError as error:
            file.error = error
        if file.key is not None and not self._options.again:
            known = self._table.find(file.key)
            if known is not None and (self._keep is None or self._is_kept(known.session)):
                file.result, file.was_known = known, True

    def _is_kept(self, session: str) -> bool:
        return bool(session) and (session in self._handed_on or self._is_there(session))

    def _stop(self, workers: Sequence[ChildWorker]) -> None:
        self._stopping.set()
        for worker in workers:
            worker.stop()

    def _take(self, told: _Told, observer: BatchObserver) -> None:
        file, what = told.file, told.what
        if what is None:
            observer.on_start(file, told.worker)
        elif isinstance(what, Progress):
            observer.on_progress(file, told.worker, what)
        else:
            if isinstance(what, HeadcountError):
                file.error = what
            else:
                assert file.key is not None
                file.result = _result(what, is_kept=self._keep is not None)
                self._table.put(file.key, file.result, what.entries if self._keep is not None else ())
                if self._keep is not None:
                    self._keep(what.entries)
            observer.on_done(file, told.worker)

    def _work(self, number: int, worker: ChildWorker) -> None:
        """Count one waiting file after the other; the body of a worker's thread."""
        while not self._stopping.is_set():
            is_last = self._is_all_seen.is_set()
            with self._lock:
                file = self._waiting.popleft() if self._waiting else None
            if file is None:
                if is_last:
                    return
                self._is_all_seen.wait(0.05)
                continue
            self._tell(number, file, None)
            outcome = self._count(number, worker, file)
            if self._stopping.is_set() and isinstance(outcome, HeadcountError):
                return  # it was cut off, and is counted the next time
            self._tell(number, file, outcome)

    def _count(self, number: int, worker: ChildWorker, file: BatchFile) -> FileCount | HeadcountError:
        options = self._options
        worker.begin()
        if self._stopping.is_set():  # meanwhile
            worker.stop()
        try:
            return count_in_child(
                worker,
                FileJob(str(file.path), file.path.stem, options.place, options.settings, options.limit_s),
                lambda message: self._hear(number, file, message),
            )
        except HeadcountError as error:
            return error
        except ChildStoppedError:
            return SourceError("Nothing more could be read of it, and it did not end.", "The file may be damaged.")
        finally:
            self._silent_until.pop(number, None)

    def _hear(self, number: int, file: BatchFile, message: object) -> None:
        self._silent_until[number] = time.monotonic() + LONGEST_SILENCE_S
        if isinstance(message, Progress):
            self._told.put(_Told(number, file, message))

    def _tell(self, number: int, file: BatchFile, what: Progress | FileCount | HeadcountError | None) -> None:
        self._silent_until[number] = time.monotonic() + LONGEST_START_S
        self._told.put(_Told(number, file, what))


def _result(count: FileCount, *, is_kept: bool) -> JobResult:
    c = count.counts
    return JobResult(
        count.session if is_kept else "",
        c.people,
        c.female,
        c.male,
        c.undecided,
        round(count.seconds, 3),
        " ".join(count.omissions),
    )
