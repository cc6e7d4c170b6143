"""Runs one function in a process of its own, for what may end a process: native code that reads foreign files.

The child has the rights of the user. It is no sandbox; it keeps a crash, a hang and a run for all memory away from the
program.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, TypeVar

T = TypeVar("T")

LIMIT_S = 120.0
MOST_MEMORY_BYTES = 16 * 2**30


class ChildCrashError(Exception):
    """The child ended without an answer; the text says how: "it ended with SIGFPE", "it took longer than 120 s"."""


def run_in_child(function: Callable[..., T], *arguments: Any, limit_s: float = LIMIT_S) -> T:
    """Return `function(*arguments)`, computed in a child process; function and values travel by pickle.

    Raises what the function raises, and ChildCrashError where the child ends without an answer or takes longer than
    `limit_s` seconds.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_serve, args=(theirs, function, arguments), name="headcount-child", daemon=True)
    process.start()
    theirs.close()
    try:
        if not ours.poll(limit_s):
            raise ChildCrashError(f"it took longer than {limit_s:.0f} s")
        answer = ours.recv()
    except (EOFError, OSError):
        process.join(5.0)
        raise ChildCrashError(how_it_ended(process.exitcode)) from None
    finally:
        ours.close()
        if process.is_alive():
            process.join(1.0)
        if process.is_alive():
            process.kill()
        process.join(5.0)
    failed, value = answer
    if failed:
        raise value
    result: T = value
    return result


def _serve(connection: Connection, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    limit_memory()
    # What native code says of its own end is for nobody; a thread pool that hangs must not keep the process.
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 2)
    try:
        answer: tuple[bool, Any] = (False, function(*arguments))
    except Exception as error:  # noqa: BLE001 - handed to the parent, which raises it
        answer = (True, error)
    try:
        connection.send(answer)
    except Exception:  # noqa: BLE001 - an answer that cannot be pickled
        connection.send((True, RuntimeError(str(answer[1]))))
    connection.close()
    os._exit(0)


def limit_memory(most_bytes: int = MOST_MEMORY_BYTES) -> None:
    """Bound the memory of this process, and keep it from leaving a core file. Where the system cannot, it does not."""
    try:
        resource: Any = importlib.import_module("resource")
    except ImportError:  # Windows
        return
    for name, most in (("RLIMIT_CORE", 0), ("RLIMIT_AS", most_bytes)):
        if name == "RLIMIT_AS" and sys.platform == "darwin":
            continue  # macOS counts what is only reserved
        try:
            _, hard = resource.getrlimit(getattr(resource, name))
            most = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(getattr(resource, name), (most, hard))
        except (OSError, ValueError):
            continue


def how_it_ended(code: int | None) -> str:
    """Say in words what the exit code of a child means."""
    if code is not None and code < 0:
        try:
            return f"it ended with {signal.Signals(-code).name}"
        except ValueError:
            return f"it ended with signal {-code}"
    return f"it ended with code {code}"
