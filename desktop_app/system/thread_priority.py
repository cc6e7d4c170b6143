"""Work that must never hold up the count: a thread of the lowest priority."""

from __future__ import annotations

import ctypes
import logging
import os
import sys
import threading

log = logging.getLogger(__name__)

NICENESS = 15
_WINDOWS_LOWEST = -2  # THREAD_PRIORITY_LOWEST
_MACOS_UTILITY = 0x11  # QOS_CLASS_UTILITY


def lower_thread_priority() -> bool:
    """Let the calling thread run only when nothing else wants to; return False where the system would not do it."""
    platform: str = sys.platform
    try:
        if platform.startswith("linux"):
            # On Linux niceness belongs to the thread, whatever POSIX says.
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
            return True
        if platform == "win32":
            kernel = getattr(ctypes, "windll").kernel32  # noqa: B009 - there is none elsewhere
            return bool(kernel.SetThreadPriority(kernel.GetCurrentThread(), _WINDOWS_LOWEST))
        if platform == "darwin":
            return bool(ctypes.CDLL(None).pthread_set_qos_class_self_np(_MACOS_UTILITY, 0) == 0)
    except (OSError, AttributeError) as error:
        log.info("the priority of %s stays as it is: %s", threading.current_thread().name, error)
    return False
