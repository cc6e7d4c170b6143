"""The program as a process of its own: killed and started again, started twice, ended by its window."""

from __future__ import annotations

import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop_app.store import Store
from desktop_app.store.files import default_folder
from desktop_app.ui.window.diagnostics import NATIVE_CRASH_NAME, log_dir
from tests.patience import PATIENCE_S, eventually

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).resolve().parents[2]
LONG_S = 2 * PATIENCE_S

# Tells on its standard output what the window is doing, one JSON object a line, and closes it when asked to.
PROGRAM = """
import json, os, sys
from PySide6.QtCore import QTimer
from PySide6.QtGui import QFileOpenEvent
from desktop_app import app as program
from desktop_app.ui.window import first_instance
first_instance.PATIENCE_S = float(os.environ["TEST_PATIENCE"])  # on a busy machine a start takes long and hangs not
application = program.make_application(["headcount"])
def tell():
    from desktop_app.ui.window.main_window import MainWindow
    for window in application.topLevelWidgets():
        if isinstance(window, MainWindow):
            print(json.dumps({"state": window.controller.state.value, "frames": window.controller.stats.frames,
                "source": window.controller.source_text, "banner": window.banner.text,
                "people": window.controller.counts.people, "recent": window.settings.source.recent,
                "said": " | ".join([window.banner.text, *(m.title for m in window.banner._queue)]),
                "many": window.commands.batch.dialog.isVisible() if window.commands.batch.dialog else False,
                "rec": window.saver.recording}), flush=True)
            wanted = os.environ.get("TEST_RECORD")
            if wanted and window.controller.stats.frames > 3 and not window.saver.recording:
                window.actions_["record"].trigger()
            window.confirm_close = lambda: True
            for path in filter(None, os.environ.pop("TEST_OPEN", "").split(os.pathsep)):
                application.postEvent(application, QFileOpenEvent(path))
            if os.path.exists(os.environ["TEST_CLOSE"]):
                window.close()
timer = QTimer(); timer.timeout.connect(tell); timer.start(100)
code = program.main(sys.argv[1:])
print(json.dumps({"code": code}), flush=True)
sys.exit(code)
"""

NOTHING_YET = {"state": "", "frames": 0, "people": 0, "code": None, "rec": False, "many": False}


class Program:
    """One start of the program; `wait_for` reads what it tells until a condition holds."""

    def __init__(self, folder: Path, *arguments: str, record: bool = False, opened: str = "") -> None:
        self.close_file = folder / "close"
        env = {**os.environ, "TEST_CLOSE": str(self.close_file), "TEST_PATIENCE": str(PATIENCE_S)}
        env["XDG_VIDEOS_DIR"] = str(folder)
        env["TEST_OPEN"] = opened
        if record:
            env["TEST_RECORD"] = "1"
        self._errors = (folder / "errors.txt").open("a", encoding="utf-8")
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *arguments],
            cwd=REPOSITORY,
            env=env,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        self.told: dict[str, object] = {}
        # Read all the time: a program whose pipe is full stands still.
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, name="test-reader")
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put("")  # it has ended

    def wait_for(self, condition: str) -> dict[str, object]:
        """Return the first thing told for which the expression `condition` holds, with its keys as names."""
        deadline = time.monotonic() + LONG_S
        while time.monotonic() < deadline:
            line = self._lines.get(timeout=LONG_S)
            assert line, f"the program ended before {condition}; last told: {self.told}; {self._end()}"
            self.told = json.loads(line)
            if eval(condition, {}, {**NOTHING_YET, **self.told}):
                return self.told
        raise AssertionError(f"{condition} never came; last told: {self.told}")

    def _end(self) -> str:
        code = self.process.wait(LONG_S)
        said = "\n".join(path.read_text(errors="replace") for path in (Path(self._errors.name), _crash_log()))
        return f"exit status {code}\n{said}"

    def end(self) -> int:
        self.close_file.touch()
        self.wait_for("code is not None")
        return self.process.wait(LONG_S)

    def dispose(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(LONG_S)
        self._reader.join(LONG_S)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._errors.close()


def _crash_log() -> Path:
    path = log_dir() / NATIVE_CRASH_NAME
    return path if path.exists() else Path(os.devnull)


@pytest.fixture
def started() -> Iterator[list[Program]]:
    programs: list[Program] = []
    yield programs
    for program in programs:
        program.dispose()


def test_the_program_opens_what_it_is_given_and_ends_with_its_window(
    tmp_path: Path, tiny_clip: Path, started: list[Program]
) -> None:
    first = Program(tmp_path, str(tiny_clip))
    started.append(first)
    told = first.wait_for("state == 'finished'")
    assert told["frames"] == 25
    assert str(tiny_clip) in told["recent"]  # type: ignore[operator]
    assert first.end() == 0


def test_a_file_that_the_system_asks_to_open_with_an_event_is_opened(
    tmp_path: Path, tiny_clip: Path, started: list[Program]
) -> None:
    """As macOS does, for “Open with” and for a file that is dropped onto the icon."""
    program = Program(tmp_path, opened=str(tiny_clip))
    started.append(program)
    told = program.wait_for("state == 'finished'")
    assert told["source"] == str(tiny_clip)
    assert program.end() == 0


@pytest.mark.parametrize("by_event", [False, True], ids=["arguments", "events"])
def test_several_files_go_to_the_list_of_files_to_count(
    tmp_path: Path, tiny_clip: Path, started: list[Program], by_event: bool
) -> None:
    """As a file manager hands them over when several are chosen."""
    other = tmp_path / "other.mp4"
    shutil.copyfile(tiny_clip, other)
    files = [str(tiny_clip), str(other)]
    program = Program(tmp_path, opened=os.pathsep.join(files)) if by_event else Program(tmp_path, *files)
    started.append(program)
    told = program.wait_for("many")
    assert told["state"] == "idle"
    assert program.end() == 0


def test_a_second_start_brings_its_file_to_the_first(tmp_path: Path, tiny_clip: Path, started: list[Program]) -> None:
    first = Program(tmp_path)
    started.append(first)
    first.wait_for("state == 'idle'")
    second = Program(tmp_path, str(tiny_clip))
    started.append(second)
    first.wait_for("state == 'finished'")
    assert first.told["source"] == str(tiny_clip)
    assert second.process.wait(LONG_S) == 0
    assert first.end() == 0


def test_of_two_starts_at_the_same_moment_one_opens_a_window(
    tmp_path: Path, tiny_clip: Path, started: list[Program]
) -> None:
    programs = [Program(tmp_path, str(tiny_clip)) for _ in range(2)]
    started.extend(programs)
    assert eventually(lambda: any(p.process.poll() is not None for p in programs), LONG_S)
    ended = [p for p in programs if p.process.poll() is not None]
    assert [p.process.returncode for p in ended] == [0]
    (first,) = (p for p in programs if p not in ended)
    first.wait_for("state == 'finished'")
    assert first.end() == 0


def people_on_disk() -> int:
    store = Store.open(default_folder(), read_only=True)
    try:
        return sum(info.people for info in store.sessions())
    finally:
        store.close()


@pytest.mark.skipif(sys.platform == "win32", reason="a process cannot be killed by signal there")
def test_killed_and_started_again_nothing_is_damaged(tmp_path: Path, started: list[Program]) -> None:
    from desktop_app.resources import demo_clip
    from desktop_app.settings import load_settings

    first = Program(tmp_path, str(demo_clip()), record=True)
    started.append(first)
    first.wait_for("rec and frames > 40 and people > 0")
    people = int(first.wait_for("people > 0")["people"])  # type: ignore[call-overload]
    assert eventually(lambda: people_on_disk() >= people)
    first.process.send_signal(signal.SIGKILL)
    first.process.wait(LONG_S)
    loaded = load_settings()
    assert loaded.notice == ""
    assert loaded.settings.source.last == str(demo_clip())
    second = Program(tmp_path)
    started.append(second)
    second.wait_for("'The count of' in said and 'was cut off' in said and 'recording' in said")
    assert second.end() == 0
    store = Store.open(default_folder())
    try:
        assert [info.people >= people for info in store.unclosed()] == [True], "the offer was not answered"
    finally:
        store.close(PATIENCE_S)
    left = [p.name for p in (tmp_path / "Headcount").iterdir() if "recording" in p.name]
    assert left == []
