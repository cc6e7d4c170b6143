"""How many CPU threads each library may use, decided in one place."""

from __future__ import annotations

import os
from dataclasses import dataclass

import cv2


@dataclass(frozen=True, slots=True)
class ThreadPolicy:
    """Threads for OpenCV's parallel loops (resizing, Haar) and for each network in LiteRT, at least 1 each."""

    opencv: int
    litert: int


_most_cores = 2**16


def share_cores(number: int) -> None:
    """Let this process take no more than so many cores: the others belong to processes that work beside it."""
    global _most_cores
    _most_cores = max(1, number)


def usable_cores() -> int:
    """Return the number of cores this process may run on, at least 1."""
    # A container or taskset may allow fewer cores than the machine has; Windows and macOS know no affinity here.
    affinity = getattr(os, "sched_getaffinity", None)
    return max(1, min(_most_cores, len(affinity(0)) if affinity else os.cpu_count() or 1))


def choose_threads(cores: int) -> ThreadPolicy:
    """Return the policy for a number of cores.

    Haar gains nearly in proportion up to about four threads, after which small pictures no longer split well.
    YuNet at 640 pixels and a batch of a few 96-pixel faces take milliseconds: shared between two threads they cost
    about a tenth more processor time, which on fewer than four cores decoding and the window need.
    From four cores on, one is left to these.
    """
    opencv = cores if cores < 4 else min(cores - 1, 4)
    return ThreadPolicy(opencv=max(1, opencv), litert=1 if cores < 4 else 2)


def apply_thread_policy(policy: ThreadPolicy | None = None) -> ThreadPolicy:
    """Set OpenCV's number of threads for the process and return the policy; the caller passes `litert` on."""
    policy = policy or choose_threads(usable_cores())
    cv2.setNumThreads(policy.opencv)
    return policy
