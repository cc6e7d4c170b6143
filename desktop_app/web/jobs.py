"""What people send to be counted: waiting, under way, done; several at once, each with progress; gone again soon."""

from __future__ import annotations

import logging
import os
import secrets
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from pathlib import Path

from desktop_app.domain.totals import Totals
from desktop_app.errors import HeadcountError
from desktop_app.reports.recount import compare_counts
from desktop_app.system.child import ChildCrashError
from desktop_app.system.child_worker import ChildStoppedError, ChildWorker
from desktop_app.web.child_work import Fetching, Progress, count_video, look_at_address, look_at_picture
from desktop_app.web.job import Before, ItemDone, Job, JobItem, JobState
from desktop_app.web.kinds import ItemKind
from desktop_app.web.problems import Problem
from desktop_app.web.results import PictureResult, VideoResult
from desktop_app.web.settings import WebSettings
from desktop_app.web.upload_folder import UploadFolder, is_full

log = logging.getLogger(__name__)

_RESERVE_BYTES = 20_000_000


class Jobs:
    """Takes jobs, works through them in child processes and keeps their results for a while, in memory only.

    Thread-safe; every method returns at once. An item that ends the child, takes too long or too much memory fails
    with a sentence, and the next one gets another child.
    """

    def __init__(self, settings: WebSettings, folder: UploadFolder) -> None:
        self._settings = settings
        self._folder = folder
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._waiting: deque[JobItem] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._running: dict[str, ChildWorker] = {}
        self._threads: list[threading.Thread] = []
        self.on_ended: Callable[[JobItem], object] = lambda _item: None
        """Is told each item that has come to its end, on the thread that ended it."""

    # ---- asked from anywhere

    @property
    def has_room(self) -> bool:
        """Whether the disk, or the memory that stands for one, has room for the largest upload. Waits for the disk."""
        try:
            return self._folder.free_bytes() >= self._settings.most_upload_bytes + _RESERVE_BYTES
        except OSError:  # the disk is gone
            return False

    def new_folder(self) -> Path:
        """Make a folder for the files of the next job; `submit` takes it over, else remove it with `drop_folder`.

        Raises Problem 507 where the disk would be too full after it, or cannot be written to.
        """
        try:
            if self.has_room:
                return self._folder.make()
        except OSError as error:
            log.warning("the folder for uploads cannot be written to: %s", error)
        raise Problem(507, "There is no room for an upload at the moment.", "Try again in a few minutes.")

    def drop_folder(self, folder: Path | None) -> None:
        self._folder.remove(folder)

    def submit(
        self,
        items: Sequence[tuple[ItemKind, str, str]],
        models: Sequence[str],
        folder: Path | None = None,
        on_done: ItemDone | None = None,
        before: Before | None = None,
    ) -> Job:
        """Take items of (kind, name to show, path or address) and return their job.

        `on_done` is called with each item that is done, on the worker's thread, before its state says so. `before` is
        what a recount is compared with. Raises Problem 503 where too many wait already; the folder is then removed.
        """
        job_id = secrets.token_urlsafe(16)
        made = tuple(
            JobItem(
                n,
                name,
                kind,
                target,
                job_id,
                tuple(models),
                _folder_of(kind, n, target, folder),
                before=before,
                on_done=on_done,
            )
            for n, (kind, name, target) in enumerate(items)
        )
        job = Job(job_id, made, tuple(models), folder)
        with self._changed:
            self._expire()
            is_full = self._closed or len(self._waiting) + len(made) > self._settings.most_waiting
            if not is_full:
                self._jobs[job.id] = job
                self._waiting += made
                self._start_threads()
                self._changed.notify_all()
        if is_full:
            self._folder.remove(folder)
            raise Problem(
                503, "Too much is waiting to be counted.", "Try again in a minute.", headers={"retry-after": "30"}
            )
        return job

    def get(self, job_id: str) -> Job:
        """Return a job. Raises Problem 404 for one that there is not, or no longer."""
        with self._changed:
            self._expire()
            job = self._jobs.get(job_id)
        if job is None or job.is_forgotten:
            raise Problem(404, "This result is no longer here.", "Results are kept for a few minutes; send it again.")
        return job

    def item(self, job_id: str, number: int) -> JobItem:
        """Return one item of a job. Raises Problem 404."""
        job = self.get(job_id)
        if not 0 <= number < len(job.items):
            raise Problem(404, "There is no such item in this job.")
        return job.items[number]

    def cancel(self, job_id: str, number: int | None = None) -> None:
        """Stop a job or one item of it; what is done stays done. Idempotent. Raises Problem 404."""
        job = self.get(job_id)
        with self._changed:
            for item in job.items:
                if (number is None or item.number == number) and not item.state.is_final:
                    item.set(JobState.CANCELLED, "Cancelled.")
                    worker = self._running.get(_key(item))
                    if worker is not None:
                        worker.stop()
            left = [i for i in self._waiting if i.state.is_final]
            self._waiting = deque(i for i in self._waiting if not i.state.is_final)
        for item in left:
            self._folder.remove(item.folder)
            self.on_ended(item)
        self._end_if_over(job)

    def forget(self, job_id: str) -> None:
        """Cancel a job and drop its results at once. Raises Problem 404."""
        job = self.get(job_id)
        self.cancel(job_id)
        job.is_forgotten = True
        self._end_if_over(job)

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @property
    def running(self) -> int:
        return len(self._running)

    def close(self, timeout_s: float = 5.0) -> None:
        """End the children and remove every file. Idempotent."""
        with self._changed:
            self._closed = True
            for item in self._waiting:
                item.set(JobState.CANCELLED, "The server was stopped.")
            self._waiting.clear()
            for worker in self._running.values():
                worker.stop()
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(timeout_s)
        self._jobs.clear()
        self._folder.close()

    # ---- the workers

    def _start_threads(self) -> None:
        while len(self._threads) < self._settings.workers:
            name = f"headcount-web-job-{len(self._threads) + 1}"
            thread = threading.Thread(target=self._work, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def _work(self) -> None:
        worker = ChildWorker("upload", self._settings.memory_bytes)
        try:
            while (item := self._next(worker)) is not None:
                try:
                    self._do(item, worker)
                except Exception:
                    log.exception("an unexpected exception in a job")
                    item.set(JobState.FAILED, "The program made a mistake of its own. Its log says where.")
                finally:
                    self._folder.remove(item.folder)
                    with self._changed:
                        self._running.pop(_key(item), None)
                        job = self._jobs.get(item.job)
                    self.on_ended(item)
                    if job is not None:
                        self._end_if_over(job)
        finally:
            worker.close()

    def _next(self, worker: ChildWorker) -> JobItem | None:
        """Wait for the next item; a child that has had nothing to do for a while is let go."""
        with self._changed:
            while not self._waiting:
                if self._closed:
                    return None
                if not self._changed.wait(60.0):
                    self._expire()
                    worker.close()
            item = self._waiting.popleft()
            item.set(JobState.RUNNING)
            self._running[_key(item)] = worker
            worker.begin()
            return item

    def _do(self, item: JobItem, worker: ChildWorker) -> None:
        settings = self._settings

        def note(progress: object) -> None:
            if isinstance(progress, Progress) and not item.state.is_final:
                item.progress, item.people = progress.share, progress.people
                item.changed += 1

        result: PictureResult | VideoResult
        try:
            if item.kind is ItemKind.PICTURE:
                limit_s, longest_s = settings.picture_limit_s, settings.most_video_s
                result = worker.run(
                    look_at_picture, item.target, item.name, item.models, longest_s, limit_s=limit_s, on_message=note
                )
            elif item.kind is ItemKind.ADDRESS:
                limit_s, longest_s = settings.job_limit_s, settings.most_video_s
                bounds = Fetching(settings.most_upload_bytes, settings.allow_private)
                result = worker.run(
                    look_at_address, item.target, str(item.folder), item.models, longest_s, bounds,
                    limit_s=limit_s, on_message=note,
                )  # fmt: skip
            else:
                limit_s = settings.job_limit_s
                is_own = item.kind is ItemKind.RECOUNT
                most_s = None if is_own else settings.most_video_s
                began_utc = item.before.began_utc if item.before is not None else None
                result = worker.run(
                    count_video, item.target, item.name, item.models, most_s, is_own, began_utc,
                    limit_s=limit_s, on_message=note,
                )  # fmt: skip
        except ChildStoppedError:
            return  # `cancel` has said so already
        except HeadcountError as error:
            item.set(JobState.FAILED, _without_folder(str(error), item))
            return
        except (ChildCrashError, MemoryError) as error:
            log.warning("an upload ended its child process: %s", error)
            sentence = f"“{item.name}” could not be read: {str(error) or 'it needs too much memory'}."
            item.set(JobState.FAILED, f"{sentence} Save it in another format or smaller and try again.")
            return
        except OSError as error:
            if not is_full(error):
                raise
            item.set(JobState.FAILED, f"There is no room for “{item.name}” on the server's disk. Try again later.")
            return
        if item.state.is_final:
            return
        item.result = result
        if item.before is not None and isinstance(result, VideoResult):
            item.comparison = compare_counts(item.before.people, Totals(result.entries).people())
        if item.on_done is not None:
            try:
                item.on_done(item)
            except HeadcountError as error:
                item.set(JobState.FAILED, str(error))
                return
        item.progress = 1.0
        item.set(JobState.DONE)

    def _end_if_over(self, job: Job) -> None:
        with self._changed:
            if not job.state.is_final or any(_key(i) in self._running for i in job.items):
                return  # its files are in use; whoever ends the last item comes here again
            if job.ended_at is None:
                job.ended_at = time.monotonic()
            if job.is_forgotten:
                self._jobs.pop(job.id, None)
        self._folder.remove(job.folder)

    def _expire(self) -> None:
        """Drop results that are too old, then the oldest until the rest fits into memory. The lock is held."""
        now, keep_s = time.monotonic(), self._settings.keep_results_s
        for job in list(self._jobs.values()):
            if job.ended_at is not None and now - job.ended_at > keep_s:
                del self._jobs[job.id]
        sizes = {j.id: sum(i.result.size for i in j.items if i.result) for j in self._jobs.values()}
        for job in list(self._jobs.values()):
            if sum(sizes.values()) <= self._settings.most_kept_bytes:
                break
            if job.ended_at is not None:
                sizes.pop(job.id)
                del self._jobs[job.id]


def _without_folder(sentence: str, item: JobItem) -> str:
    """Return a sentence without the folder in which the item's file lies: it is of no use to the sender."""
    return sentence if item.folder is None else sentence.replace(f"{item.folder}{os.sep}", "")


def _folder_of(kind: ItemKind, number: int, target: str, folder: Path | None) -> Path | None:
    """Return the folder of one item of a job whose files lie in `folder`; None for the operator's own file."""
    if kind is ItemKind.RECOUNT:
        return None
    return folder and folder / f"address-{number}" if kind is ItemKind.ADDRESS else Path(target).parent


def _key(item: JobItem) -> str:
    return f"{item.job}/{item.number}"
