"""A count of a film whose process is killed goes on where it stopped, and comes to what one go comes to."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import pytest

from desktop_app.factory import ProgramServices
from desktop_app.resources import demo_clip
from desktop_app.session.door import Door
from desktop_app.session.manager import SessionManager
from desktop_app.settings import Settings
from desktop_app.store import Store
from tests.patience import PATIENCE_S, eventually

CHILD = """
import sys
import time
from pathlib import Path
from desktop_app.domain.events import Counted
from tests.session.test_going_on import door_in, manager_in

class Teller:
    people = 0

    def append(self, entries):
        self.people += sum(isinstance(entry.event, Counted) for entry in entries)
        if self.people >= 2:
            print("counted", flush=True)
            time.sleep(600)  # the store writes on a thread of its own, and then comes the kill

with manager_in(Path(sys.argv[1])) as manager:
    manager.open().log.add_sink(Teller())
    manager.start(door_in(Path(sys.argv[1]).parent))
    manager.wait(600)
"""
SECONDS = 10
"""Of the demo clip: four people come, the last of them towards the end."""


def door_in(folder: Path) -> Door:
    return Door(str(folder / "hall.mp4"), Settings())


def make_clip(path: Path) -> None:
    """Write the beginning of the demo clip in a quarter of its size."""
    capture = cv2.VideoCapture(str(demo_clip()))
    fps = capture.get(cv2.CAP_PROP_FPS)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), fps, (640, 360))
    for _ in range(round(SECONDS * fps)):
        read, image = capture.read()
        assert read
        writer.write(cv2.resize(image, (640, 360), interpolation=cv2.INTER_AREA))
    writer.release()
    capture.release()


@contextmanager
def manager_in(folder: Path) -> Iterator[SessionManager]:
    store = Store.open(folder)
    manager = SessionManager(ProgramServices(), store)
    try:
        yield manager
    finally:
        assert manager.shut_down(PATIENCE_S)
        assert store.close(PATIENCE_S)


def counted(manager: SessionManager) -> list[float]:
    """Wait for the end, and return when each person was counted, in seconds of the film."""
    assert manager.wait(600)
    assert manager.current is not None
    return [person.counted_s for person in manager.current.people() if person.counts]


@pytest.mark.slow
def test_a_film_that_was_cut_off_by_a_kill_comes_to_the_same_count(tmp_path: Path) -> None:
    make_clip(tmp_path / "hall.mp4")
    door = door_in(tmp_path)
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(tmp_path / "killed")], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    try:
        assert child.stdout.readline() == "counted\n"
        store = Store.open(tmp_path / "killed", read_only=True)
        assert eventually(lambda: any(info.people >= 2 for info in store.unclosed()))
        store.close()
    finally:
        child.kill()
        child.wait()
        child.stdout.close()
    with manager_in(tmp_path / "killed") as manager:
        (cut_off,) = Store.open(tmp_path / "killed", read_only=True).unclosed()
        assert 0 < cut_off.people <= 3
        manager.go_on_with(manager.load(cut_off.id))
        manager.start(door)
        found = counted(manager)
    with manager_in(tmp_path / "whole") as manager:
        manager.start(door)
        whole = counted(manager)
    assert len(whole) > cut_off.people
    assert found == pytest.approx(whole, abs=0.5)
