"""A child process that is used again and again: for work on foreign files where starting one each time costs too much.

Like `run_in_child` it is no sandbox; it keeps a crash, a hang and a run for all memory away from the program.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

from desktop_app.system.child import ChildCrashError, how_it_ended, limit_memory

T = TypeVar("T")

Tell = Callable[[object], None]
"""Sends a message from the child to the program while it works."""

USED_UP_AFTER = 500
"""So many tasks, then the child makes way for a new one: what native code leaks does not add up."""

_NICENESS = 10
_LONGEST_WAIT_S = 3600.0


class ChildStoppedError(Exception):
    """`stop` was called."""


class ChildWorker:
    """One child at a time, started when first needed and again after a crash. `run` belongs to one thread at a time.

    The child has a lower priority than the program, so that nothing it does slows a count.
    """

    def __init__(self, name: str, memory_bytes: int) -> None:
        self._name = name
        self._memory_bytes = memory_bytes
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None
        self._tasks = 0
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    def begin(self) -> None:
        """Let the next `run` go ahead although `stop` was called before."""
        self._stopped.clear()

    def stop(self) -> None:
        """Make a `run` under way raise ChildStoppedError, from any thread; the child is ended."""
        self._stopped.set()
        with self._lock:
            if self._process is not None and self._process.is_alive():
                self._process.kill()

    def run(
        self,
        function: Callable[..., T],
        *arguments: Any,
        limit_s: float,
        on_message: Callable[[object], object] = lambda _: None,
    ) -> T:
        """Return `function(tell, *arguments)`, computed in the child; function and values travel by pickle.

        `on_message` gets whatever the function passes to `tell`. Raises what the function raises, ChildCrashError where
        the child ends without an answer or takes longer than `limit_s` seconds, and ChildStoppedError after `stop`.
        """
        pipe = self._started()
        self._tasks += 1
        is_idle = False
        deadline = time.monotonic() + limit_s
        try:
            pipe.send((function, arguments))
            while True:
                # No system waits for weeks at once.
                if not pipe.poll(min(max(0.0, deadline - time.monotonic()), _LONGEST_WAIT_S)):
                    if time.monotonic() < deadline:
                        continue
                    raise ChildCrashError(f"it took longer than {limit_s:.0f} s")
                kind, value = pipe.recv()
                if self._stopped.is_set():
                    raise ChildStoppedError
                if kind == "message":
                    on_message(value)
                elif kind == "error":
                    is_idle = True
                    raise value
                else:
                    is_idle = True
                    result: T = value
                    return result
        except (EOFError, OSError):
            if is_idle:
                raise  # the function's own
            raise self._ended() from None
        finally:
            if not is_idle or self._tasks >= USED_UP_AFTER:
                self.close()

    def _ended(self) -> Exception:
        if self._stopped.is_set():
            return ChildStoppedError()
        code = None
        if self._process is not None:
            self._process.join(5.0)
            code = self._process.exitcode
        return ChildCrashError(how_it_ended(code))

    def close(self) -> None:
        """End the child. Idempotent; the next `run` starts another."""
        with self._lock:
            process, self._process = self._process, None
            pipe, self._pipe = self._pipe, None
        if pipe is not None:
            pipe.close()
        if process is not None:
            process.kill()
            process.join(5.0)
            process.close()

    def _started(self) -> Connection:
        if self._stopped.is_set():
            raise ChildStoppedError
        if self._pipe is not None and self._process is not None and self._process.is_alive():
            return self._pipe
        self.close()
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(
            target=_serve, args=(theirs, self._memory_bytes), name=f"headcount-{self._name}", daemon=True
        )
        process.start()
        theirs.close()
        with self._lock:
            self._process, self._pipe, self._tasks = process, ours, 0
        return ours


def _serve(pipe: Connection, memory_bytes: int) -> None:
    limit_memory(memory_bytes)
    # Ctrl-C goes to the whole group; the program decides when the child ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 2)

    def send(kind: str, value: object) -> None:
        try:
            pipe.send((kind, value))
        except OSError:  # the program has gone
            os._exit(1)

    def tell(message: object) -> None:
        send("message", message)

    while True:
        try:
            function, arguments = pipe.recv()
        except (EOFError, OSError):
            os._exit(0)
        answer: tuple[str, Any]
        try:
            answer = ("result", function(tell, *arguments))
        except Exception as error:  # noqa: BLE001 - handed to the parent, which raises it
            answer = ("error", error)
        try:
            send(*answer)
        except Exception:  # noqa: BLE001 - an answer that cannot be pickled
            send("error", RuntimeError(str(answer[1])))
