"""A child that is used again: it answers, tells, fails, crashes, hangs and is stopped, and the next task goes on."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from desktop_app.system.child import ChildCrashError
from desktop_app.system.child_worker import ChildStoppedError, ChildWorker, Tell
from tests.patience import PATIENCE_S

pytestmark = pytest.mark.slow


def own_process(tell: Tell) -> int:
    return os.getpid()


def count_to(tell: Tell, number: int) -> str:
    for n in range(number):
        tell(n)
    return "done"


def fail(tell: Tell, error: Exception) -> None:
    raise error


def end_with(tell: Tell, number: int) -> None:
    os.kill(os.getpid(), number)


def sleep(tell: Tell, seconds: float) -> None:
    tell("asleep")
    time.sleep(seconds)


def take_memory(tell: Tell, size: int) -> int:
    return len(bytearray(size))


def priority(tell: Tell) -> int:
    return os.nice(0)


@pytest.fixture
def worker() -> Iterator[ChildWorker]:
    made = ChildWorker("test", 2 * 2**30)
    yield made
    made.close()


def test_one_child_does_task_after_task_and_tells_how_it_goes(worker: ChildWorker) -> None:
    told: list[object] = []
    first = worker.run(own_process, limit_s=PATIENCE_S)
    assert worker.run(count_to, 3, limit_s=PATIENCE_S, on_message=told.append) == "done"
    assert told == [0, 1, 2]
    assert worker.run(own_process, limit_s=PATIENCE_S) == first != os.getpid()
    assert worker.run(priority, limit_s=PATIENCE_S) > os.nice(0), "it gives way to the count"


def test_what_the_function_raises_is_raised_and_the_child_stays(worker: ChildWorker) -> None:
    first = worker.run(own_process, limit_s=PATIENCE_S)
    for error in (ValueError("bad"), OSError(5, "gone"), EOFError()):
        with pytest.raises(type(error)):
            worker.run(fail, error, limit_s=PATIENCE_S)
    with pytest.raises(MemoryError):
        worker.run(take_memory, 8 * 2**30, limit_s=PATIENCE_S)
    assert worker.run(own_process, limit_s=PATIENCE_S) == first


def test_a_child_that_ends_is_told_and_the_next_task_gets_another(worker: ChildWorker) -> None:
    with pytest.raises(ChildCrashError, match="SIGSEGV"):
        worker.run(end_with, signal.SIGSEGV, limit_s=PATIENCE_S)
    with pytest.raises(ChildCrashError, match=r"longer than 0 s"):
        worker.run(sleep, 60.0, limit_s=0.4)
    assert worker.run(count_to, 1, limit_s=PATIENCE_S) == "done"


def test_a_task_under_way_is_stopped_at_once(worker: ChildWorker) -> None:
    begun = threading.Event()
    stopper = threading.Thread(target=lambda: (begun.wait(PATIENCE_S), worker.stop()))
    stopper.start()
    with pytest.raises(ChildStoppedError):
        worker.run(sleep, 600.0, limit_s=600, on_message=lambda _: begun.set())
    stopper.join()
    with pytest.raises(ChildStoppedError):
        worker.run(own_process, limit_s=PATIENCE_S)
    worker.begin()
    assert worker.run(count_to, 1, limit_s=PATIENCE_S) == "done"
