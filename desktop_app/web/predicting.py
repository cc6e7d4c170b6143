"""Answers single pictures at once, in child processes that stay warm: as many at a time as there are cores."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import LifoQueue

from desktop_app.system.child import ChildCrashError
from desktop_app.system.child_worker import ChildStoppedError, ChildWorker
from desktop_app.system.cpu_threads import usable_cores
from desktop_app.web import schemas
from desktop_app.web.child_work import NamedPicture, predict
from desktop_app.web.metrics import Metrics
from desktop_app.web.problems import Problem
from desktop_app.web.settings import WebSettings

log = logging.getLogger(__name__)

MOST_CHILDREN = 4
MOST_WAITING = 32
"""Requests that may wait for their turn."""


class Predictor:
    """A few children, each with a thread that talks to it. `predict` belongs to the server's event loop.

    The child that was used last is used again, so that a second one is started only where requests come at once.
    """

    def __init__(self, settings: WebSettings, metrics: Metrics) -> None:
        self._limit_s = settings.picture_limit_s
        number = min(MOST_CHILDREN, usable_cores())
        self._workers = [ChildWorker("predict", settings.memory_bytes) for _ in range(number)]
        self._idle: LifoQueue[ChildWorker] = LifoQueue()
        for worker in self._workers:
            self._idle.put(worker)
        self._metrics = metrics
        self._turns = ThreadPoolExecutor(number, "ThreadPoolExecutor-predict")
        self._places = threading.BoundedSemaphore(MOST_WAITING)
        self._closed = False

    async def predict(self, pictures: Sequence[NamedPicture], models: Sequence[str]) -> list[schemas.PictureAnswer]:
        """Return the answers to pictures, in their order. Raises Problem 503 where too many wait, HeadcountError."""
        if self._closed or not self._places.acquire(blocking=False):
            raise _busy()
        work = self._turns.submit(self._ask, list(pictures), tuple(models))
        work.add_done_callback(lambda _: self._places.release())
        answers = await asyncio.wrap_future(work)
        self._metrics.pictures.inc(len(pictures))
        return answers

    def _ask(self, pictures: list[NamedPicture], models: tuple[str, ...]) -> list[schemas.PictureAnswer]:
        if self._closed:
            raise _busy()
        worker = self._idle.get()  # there are as many as threads
        try:
            return worker.run(predict, pictures, models, limit_s=self._limit_s)
        except ChildStoppedError:
            raise _busy() from None
        except (ChildCrashError, MemoryError) as error:
            log.warning("a picture ended its child process: %s", error)
            raise Problem(
                422,
                "These pictures could not be looked at.",
                "Send them one by one to find the one that is damaged, or send fewer.",
            ) from None
        finally:
            self._idle.put(worker)

    def close(self) -> None:
        """End the children. Idempotent."""
        self._closed = True
        for worker in self._workers:
            worker.stop()
        self._turns.shutdown()
        for worker in self._workers:
            worker.close()


def _busy() -> Problem:
    return Problem(503, "Too many pictures are waiting.", "Try again in a few seconds.", headers={"retry-after": "5"})
