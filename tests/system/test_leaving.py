"""A script that uses Headcount as a library ends with its own exit code, whatever it left running."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S

ROOT = Path(__file__).resolve().parents[2]

SCRIPT = """
import threading, time
import cv2
import numpy as np
from desktop_app.engine.engine import Engine
from desktop_app.session.headless import run_headless
from tests.engine.fakes import CountingPipeline, ListSource

def work_for(seconds):
    # The thread goes in and out of OpenCV, where Python's end would kill it and with it the process.
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        cv2.blur(np.zeros((60, 60, 3), np.uint8), (5, 5))

class Busy(ListSource):
    def read(self):
        work_for(0.01)
        return super().read()

    def close(self):
        super().close()
        work_for(1.0)

"""
WAYS = {
    "the reader is still closing when the result is there": "print(run_headless(Busy(12), CountingPipeline()).frames)",
    "a count that nobody stopped": """
engine = Engine(Busy(10_000_000, fps=1e6, live=True), CountingPipeline())
engine.start()
time.sleep(0.3)
print(12)
""",
    "the script fails": """
engine = Engine(Busy(12), CountingPipeline())
engine.start()
engine.wait()
print(engine.stats.frames, flush=True)
raise SystemExit(3)
""",
}


@pytest.mark.parametrize("way", WAYS)
def test_a_script_that_ends_while_a_thread_is_in_a_library_keeps_its_exit_code(way: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT + WAYS[way]],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=PATIENCE_S,
    )
    assert (done.returncode, done.stdout, done.stderr) == (3 if "fails" in way else 0, "12\n", "")


FORKS = """
import os, sys, threading
from desktop_app.system import leaving

class Run:
    def __init__(self):
        self.lock = threading.Lock()

    def request_stop(self):
        with self.lock:
            print("asked")

run = Run()
leaving.stop_at_exit(run)
with run.lock:  # as of a thread that is at work; the forked process has the lock and no such thread
    child = os.fork()
    if child == 0:
        sys.exit(7)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system forks no processes")
def test_a_forked_process_does_not_wait_for_the_runs_of_the_first_one() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORKS], capture_output=True, text=True, check=False, cwd=ROOT, timeout=PATIENCE_S
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "7\nasked\n", "")
