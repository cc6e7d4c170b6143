"""The end of the program, also where a thread hangs in a driver or in the network.

Python's own end unloads what such a thread stands in, and the process dies with `terminate called without an active
exception` instead of its exit code.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from typing import NoReturn

PATIENCE_S = 1.5


def leave(code: int, patience_s: float = PATIENCE_S) -> NoReturn:
    """End the process with `code`; threads that still run are waited for `patience_s` seconds and then left behind."""
    deadline = time.monotonic() + patience_s
    for thread in _others():
        thread.join(max(0.0, deadline - time.monotonic()))
    if not _others():
        sys.exit(code)
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            continue  # closed, or none in a windowed program
    os._exit(code)


def _others() -> list[threading.Thread]:
    own = threading.current_thread()
    # A dummy stands for a thread that Python did not start (Qt's): it says that it lives even when it has ended.
    return [
        thread
        for thread in threading.enumerate()
        if thread is not own and thread.daemon and thread.is_alive() and not isinstance(thread, threading._DummyThread)
    ]
