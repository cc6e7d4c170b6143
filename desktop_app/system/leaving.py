"""The end of the program, also where a thread hangs in a driver or in the network.

Python's own end unloads what such a thread stands in, and the process dies with `terminate called without an active
exception` instead of its exit code. `leave` ends the program; a script that uses Headcount as a library ends in its own
way, and what it left running is stopped and waited for first.
"""

from __future__ import annotations

import atexit
import logging
import os
import sys
import threading
import time
from typing import NoReturn, Protocol
from weakref import WeakSet

PATIENCE_S = 1.5
_SCRIPT_PATIENCE_S = 5.0
"""Nobody has closed a window and waits for it to go."""
_OWN_THREADS = ("headcount-", "source-")


class Run(Protocol):
    """What goes on in threads until it is stopped."""

    def request_stop(self) -> None: ...


_runs: WeakSet[Run] = WeakSet()


def stop_at_exit(run: Run) -> None:
    """Have a run stopped where Python ends while it goes on. Does not keep it alive."""
    _runs.add(run)


if hasattr(os, "register_at_fork"):
    # A forked process has none of the threads, and their locks may be held for ever in it.
    os.register_at_fork(after_in_child=_runs.clear)


@atexit.register
def _end_runs() -> None:
    for run in list(_runs):
        run.request_stop()
    wait_for_threads(_SCRIPT_PATIENCE_S, _OWN_THREADS)


def leave(code: int, patience_s: float = PATIENCE_S) -> NoReturn:
    """End the process with `code`; threads that still run are waited for `patience_s` seconds and then left behind."""
    if wait_for_threads(patience_s):
        sys.exit(code)
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            continue  # closed, or none in a windowed program
    os._exit(code)


def wait_for_threads(patience_s: float = PATIENCE_S, names: tuple[str, ...] = ("",)) -> bool:
    """Wait until no daemon thread whose name begins with one of `names` runs; return False where the time ran out."""
    deadline = time.monotonic() + patience_s
    for thread in _others(names):
        thread.join(max(0.0, deadline - time.monotonic()))
    return not _others(names)


def _others(names: tuple[str, ...]) -> list[threading.Thread]:
    own = threading.current_thread()
    # A dummy stands for a thread that Python did not start (Qt's): it says that it lives even when it has ended.
    return [
        thread
        for thread in threading.enumerate()
        if thread is not own
        and thread.daemon
        and thread.is_alive()
        and thread.name.startswith(names)
        and not isinstance(thread, threading._DummyThread)
    ]
