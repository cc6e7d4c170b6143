"""How the window behaves while it counts: event loop blocks, picture delay, start times, memory.

    python benchmarks/gui.py [--seconds 20] [--clip FILE] [--frames 3000]

Prints one table. The event loop's block is how late a 4 ms heartbeat of the GUI thread comes, while counting from a
live 720p source of 30 frames a second and, beside it, in the same window at rest, which shows what the machine itself
adds. The GUI thread's own work is its processor time between two heartbeats: how long it would stand still on a machine
with nothing else to do. The delay runs from the arrival of a frame to the end of its painting. Start times are those of
the real program in a process of its own, from the spawn on: the second of two starts, as for a user's every start but
the first. Memory is the resident set while counting and its growth over `--frames` frames, a first fifth left out.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from desktop_app.factory import OnConnection
    from desktop_app.settings import Settings
    from desktop_app.sources.base import FrameSource

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

if not os.environ.get("DISPLAY") and sys.platform.startswith("linux"):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

HEARTBEAT_MS = 4


def resident_mb() -> float:
    """Return the resident memory of this process in MB; where the system does not tell, the largest so far."""
    try:
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass  # no such file on Windows and macOS
    if sys.platform == "win32":
        return float("nan")
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024) if sys.platform == "darwin" else peak / 1024


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` of the values lie, nan for none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def default_clip() -> Path:
    from desktop_app.resources import demo_clip

    return demo_clip()


def child(source: str, started_at: float) -> None:
    """The real program: notes when its window is on the screen and when the first frame was counted, then closes."""
    from PySide6.QtCore import QTimer

    from desktop_app import app as program

    application = program.make_application([sys.argv[0]])
    told: dict[str, float] = {}

    def look() -> None:
        from desktop_app.ui.window.main_window import MainWindow

        for window in application.topLevelWidgets():
            if not isinstance(window, MainWindow):
                continue
            handle = window.windowHandle()
            if "window_s" not in told and handle is not None and handle.isExposed():
                told["window_s"] = time.time() - started_at
                told["window_cpu_s"] = time.process_time()
            if "counted_s" not in told and window.controller.stats.frames > 0:
                told["counted_s"] = time.time() - started_at
                told["counted_cpu_s"] = time.process_time()
            if "shown_s" not in told and window.view.frame is not None:
                told["shown_s"] = time.time() - started_at
            if "shown_s" in told or time.time() - started_at > 60:
                timer.stop()
                window.confirm_close = lambda: True
                window.close()

    timer = QTimer()
    timer.timeout.connect(look)
    timer.start(5)
    program.main([source])
    print(json.dumps(told))


def start_times(source: Path) -> dict[str, float]:
    """Start the program twice in processes of their own and return the second one's times in seconds."""
    told: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, "HEADCOUNT_CONFIG_DIR": f"{folder}/config", "HEADCOUNT_DATA_DIR": f"{folder}/data"}
        for _ in range(2):
            command = [sys.executable, __file__, "--child", str(source), "--started", repr(time.time())]
            answer = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=True)
            told = json.loads(answer.stdout.strip().splitlines()[-1])
    return told


def live_source(clip: Path, fps: float) -> FrameSource:
    """Return a camera that shows a clip over and over at `fps`, each frame stamped on arrival."""
    from dataclasses import replace

    from desktop_app.domain.types import Frame
    from desktop_app.sources.base import SourceInfo, SourceKind
    from desktop_app.sources.video_file import VideoFileSource

    class Live:
        def __init__(self) -> None:
            self._file = VideoFileSource(clip)
            self._index = 0
            self._due = 0.0
            self._closed = False

        @property
        def info(self) -> SourceInfo:
            return replace(self._file.info, kind=SourceKind.CAMERA, is_live=True, seekable=False, duration_s=None)

        def open(self) -> None:
            self._file.open()
            self._due = time.perf_counter()

        def read(self) -> Frame | None:
            frame = self._file.read()
            if frame is None and not self._closed:
                self._file.seek(0.0)
                frame = self._file.read()
            if frame is None or self._closed:
                return None
            self._due = max(self._due + 1 / fps, time.perf_counter() - 0.1)
            time.sleep(max(0.0, self._due - time.perf_counter()))
            self._index += 1
            return Frame(frame.image_bgr, self._index / fps, self._index - 1, time.perf_counter())

        def seek(self, time_s: float) -> None:
            """A camera cannot seek."""

        def close(self) -> None:
            self._closed = True
            self._file.close()

    return Live()


def window_figures(clip: Path, seconds: float, frames: int) -> dict[str, float]:
    """Run the window in this process and return its figures."""
    from PySide6.QtCore import QElapsedTimer, QEventLoop, Qt, QTimer

    from desktop_app.app import make_application
    from desktop_app.settings import Settings
    from desktop_app.ui.sessions.services import LazyServices
    from desktop_app.ui.widgets.theme import ThemeManager
    from desktop_app.ui.window.main_window import MainWindow

    class Services(LazyServices):
        def open_source(self, text: str, settings: Settings, on_connection: OnConnection) -> FrameSource:
            if text == "camera:benchmark":
                return live_source(clip, 30.0)
            return super().open_source(text, settings, on_connection)

    application = make_application([sys.argv[0]])
    window = MainWindow(Services(), Settings(), ThemeManager(application, "dark"), save=lambda _settings: None)
    window.confirm_close = lambda: True
    window.resize(1280, 720)
    window.show()
    late: list[float] = []
    work: list[float] = []
    clock = QElapsedTimer()
    clock.start()
    last = [clock.nsecsElapsed()]
    worked = [time.thread_time_ns()]

    def beat() -> None:
        now = clock.nsecsElapsed()
        late.append((now - last[0]) / 1e6 - HEARTBEAT_MS)
        last[0] = now
        used = time.thread_time_ns()
        work.append((used - worked[0]) / 1e6)
        worked[0] = used

    heart = QTimer()
    heart.setTimerType(Qt.TimerType.PreciseTimer)
    heart.timeout.connect(beat)

    def wait(milliseconds: int) -> None:
        # A real event loop: QTest's waiting sleeps in between, which would be measured as the window's.
        loop = QEventLoop()
        QTimer.singleShot(milliseconds, loop.quit)
        loop.exec()

    # Loading is over before anything is measured.
    wait(4000)
    figures: dict[str, float] = {}

    def measure(prefix: str, wait_ms: int) -> None:
        late.clear()
        work.clear()
        worked[0] = time.thread_time_ns()
        last[0] = clock.nsecsElapsed()
        heart.start(HEARTBEAT_MS)
        wait(wait_ms)
        heart.stop()
        for name, values in ((prefix, late), (f"{prefix}_work", work)):
            figures[f"{name}_p50"] = percentile(values, 0.5)
            figures[f"{name}_p99"] = percentile(values, 0.99)
            figures[f"{name}_max"] = max(values, default=float("nan"))

    measure("idle", 5000)
    window.sources.open_source("camera:benchmark")
    wait(3000)
    window.view.delays_s = []
    measure("busy", round(seconds * 1000))
    delays = [d * 1000 for d in window.view.delays_s]
    figures["delay_p50"] = percentile(delays, 0.5)
    figures["delay_p95"] = percentile(delays, 0.95)
    figures["painted_fps"] = len(delays) / seconds
    figures["counted_fps"] = window.controller.stats.processed_fps
    figures["dropped"] = float(window.controller.stats.dropped_frames)
    figures["memory_mb"] = resident_mb()
    window.view.delays_s = None
    begin = window.controller.stats.frames
    settled = 0.0
    while (done := window.controller.stats.frames - begin) < frames:
        wait(200)
        if not settled and done >= frames / 5:
            settled = resident_mb()
    figures["growth_mb"] = resident_mb() - settled if frames else float("nan")
    window.close()
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20.0, help="how long to measure while counting")
    parser.add_argument("--clip", type=Path, help="what to count; the demo clip if not given")
    parser.add_argument("--frames", type=int, default=3000, help="over how many frames the memory is watched")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--started", type=float, default=0.0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child, options.started)
        return
    clip = options.clip or default_clip()
    start = start_times(clip)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HEADCOUNT_CONFIG_DIR"] = f"{folder}/config"
        os.environ["HEADCOUNT_DATA_DIR"] = f"{folder}/data"
        f = window_figures(clip, options.seconds, options.frames)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    cpu = f"{start['window_cpu_s']:.2f} / {start['counted_cpu_s']:.2f} s"
    rows = [
        ("start to window visible", f"{start['window_s']:.2f} s", "1.5 s"),
        ("start to first counted frame", f"{start['counted_s']:.2f} s", "2.5 s"),
        ("processor time until then, window / first count", cpu, "-"),
        ("start to first picture", f"{start['shown_s']:.2f} s", "-"),
        ("event loop late, at rest, p50 / p99 / max", _three(f, "idle"), "-"),
        ("event loop late, counting, p50 / p99 / max", _three(f, "busy"), "p99 16 ms"),
        ("GUI thread's own work at a time, p50 / p99 / max", _three(f, "busy_work"), "-"),
        ("capture to screen, p50", f"{f['delay_p50']:.0f} ms", "-"),
        ("capture to screen, p95", f"{f['delay_p95']:.0f} ms", "100 ms"),
        ("pictures painted / frames counted a second", f"{f['painted_fps']:.1f} / {f['counted_fps']:.1f}", "-"),
        ("frames of the live source dropped", f"{f['dropped']:.0f}", "-"),
        ("resident memory while counting", f"{f['memory_mb']:.0f} MB", "350 MB"),
        (f"its growth over {options.frames} frames", f"{f['growth_mb']:+.1f} MB", "flat"),
    ]
    where = os.environ.get("QT_QPA_PLATFORM", "on a screen")
    print(f"{clip.name}, {os.cpu_count()} cores, load of the machine {load:.1f}, {where}")
    print(f"{'figure':<50} {'measured':>24}   aim")
    for name, value, aim in rows:
        print(f"{name:<50} {value:>24}   {aim}")


def _three(figures: dict[str, float], prefix: str) -> str:
    return " / ".join(f"{figures[f'{prefix}_{part}']:.1f}" for part in ("p50", "p99", "max")) + " ms"


if __name__ == "__main__":
    main()
