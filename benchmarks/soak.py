"""Whether memory, threads and open files stay flat, over many frames and over many starts and stops.

    python -m benchmarks.soak [--frames 100000] [--shared FOLDER]
    python -m benchmarks.soak --starts 200

The first repeats a scene of five faces through the whole pipeline. Each round of the scene ends with a cut, so people
keep coming and going and the lists of the count keep growing. The second starts and stops the real window that often,
with its store, over a live source of 720p: each count lasts a few frames, every tenth fails and is tried again.
Prints the resident memory in MB every tenth of the way, and for the starts the threads and open files too (Linux only:
they are read from /proc).
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.footage import Scene, portraits
from desktop_app.domain.events import Counted, Merged
from desktop_app.domain.types import Frame
from desktop_app.factory import build_pipeline

if TYPE_CHECKING:
    from desktop_app.ui.window.main_window import MainWindow

ROUND = 300
PATIENCE_S = 60.0


def resident_mb() -> float:
    status = Path("/proc/self/status").read_text("ascii")
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))
    return int(kilobytes) / 1024


def threads_and_files() -> tuple[int, int]:
    """Return how many threads and open files this process has."""
    tasks, files = (sum(1 for _ in Path("/proc/self", name).iterdir()) for name in ("task", "fd"))
    return tasks, files


def start_and_stop(starts: int) -> None:
    """Start and stop the real window and print what stays behind."""
    if not os.environ.get("DISPLAY"):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from benchmarks.gui import live_source
    from desktop_app.app import make_application
    from desktop_app.errors import SourceError
    from desktop_app.resources import demo_clip
    from desktop_app.session.services import ConnectionListener
    from desktop_app.settings import Settings
    from desktop_app.sources.base import FrameSource
    from desktop_app.ui.sessions.services import LazyServices
    from desktop_app.ui.sessions.window_store import open_window_store
    from desktop_app.ui.widgets.theme import ThemeManager
    from desktop_app.ui.window.main_window import MainWindow

    failing: list[bool] = []

    class Services(LazyServices):
        def open_source(self, text: str, settings: Settings, on_connection: ConnectionListener) -> FrameSource:
            if text != "camera:benchmark":
                return super().open_source(text, settings, on_connection)
            if failing:
                failing.clear()
                raise SourceError("The camera is not there.", "Plug it in.")
            return live_source(demo_clip(), 30.0)

    application = make_application([sys.argv[0]])
    store, problem = open_window_store(lambda sentence: print(sentence, flush=True))
    assert store is not None, problem
    window = MainWindow(Services(), Settings(), ThemeManager(application, "light"), lambda _: None, store)
    window.confirm_close = lambda: True
    window.show()
    wait_until(lambda: window.side.chart is not None, "the charts")
    for number in range(1, starts + 1):
        if number % 10 == 0:
            failing.append(True)
        _count_a_few_frames(window)
        if number % max(1, starts // 10) == 0:
            threads, files = threads_and_files()
            print(f"{number:>6} starts {resident_mb():>7.0f} MB {threads:>4} threads {files:>4} open files", flush=True)
    window.close()
    print("every thread ended" if window.clean_exit else "A THREAD DID NOT END")


def _count_a_few_frames(window: MainWindow) -> None:
    window.sources.open_source("camera:benchmark")
    wait_until(lambda: window.controller.stats.frames >= 6 or window.controller.state.is_final, "a few frames")
    if window.controller.state.is_final:
        window.controller.retry()
        wait_until(lambda: window.controller.stats.frames >= 6, "a few frames at the second try")
    window.controller.stop()
    wait_until(lambda: window.controller.manager.wait(0.0), "the end of its threads")


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Let the window live until something is so. Raises SystemExit naming it if it never is."""
    from PySide6.QtWidgets import QApplication

    end = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > end:
            raise SystemExit(f"waited {PATIENCE_S:.0f} s in vain for {what}")
        QApplication.processEvents()
        time.sleep(0.002)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=100_000)
    parser.add_argument("--starts", type=int, default=0, help="starts and stops of the window, instead of frames")
    parser.add_argument("--shared", type=Path, default=Path(__file__).resolve().parents[2] / "shared")
    options = parser.parse_args()
    if options.starts:
        with tempfile.TemporaryDirectory() as folder:
            os.environ["HEADCOUNT_CONFIG_DIR"] = f"{folder}/config"
            os.environ["HEADCOUNT_DATA_DIR"] = f"{folder}/data"
            start_and_stop(options.starts)
        return
    scene = Scene(portraits(options.shared, 5), width=640, height=360)
    pictures = [scene.frame(i)[0] for i in range(ROUND)]
    held = sum(p.nbytes for p in pictures) / 1e6
    print(f"{held:.0f} MB of the figures below are the scene itself")
    pipeline = build_pipeline()
    people = 0
    started = time.perf_counter()
    for i in range(options.frames):
        events = pipeline.process(Frame(pictures[i % ROUND], i / scene.fps, i)).events
        people += sum(isinstance(event, Counted) for event in events)
        people -= sum(isinstance(event, Merged) for event in events)
        if (i + 1) % max(1, options.frames // 10) == 0:
            print(f"{i + 1:>8} frames {resident_mb():>7.0f} MB {people:>6} people", flush=True)
    print(f"{options.frames / (time.perf_counter() - started):.0f} frames per second")


if __name__ == "__main__":
    main()
