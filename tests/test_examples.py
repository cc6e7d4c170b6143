"""The programs of `examples/`, each run as a user would run it, on the first seconds of the demo clip."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from desktop_app.resources import demo_clip

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = sorted(path.name for path in (ROOT / "examples").glob("*.py"))


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first 6 seconds of the demo clip at half its size."""
    path = tmp_path_factory.mktemp("clip") / "start.mp4"
    source = cv2.VideoCapture(str(demo_clip()))
    fps = source.get(cv2.CAP_PROP_FPS)
    size = (640, 360)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), fps, size)
    for _ in range(round(6 * fps)):
        writer.write(cv2.resize(source.read()[1], size, interpolation=cv2.INTER_AREA))
    writer.release()
    source.release()
    return path


def run(name: str, clip: Path) -> str:
    command = [sys.executable, str(ROOT / "examples" / name), str(clip)]
    # Like an environment in which Headcount is installed.
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment, cwd=clip.parent, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_example_is_run_here() -> None:
    assert EXAMPLES == ["count_file.py", "own_detector.py", "own_model.py", "own_sink.py"]


def test_counting_a_file(clip: Path) -> None:
    lines = run("count_file.py", clip).splitlines()
    people = int(lines[0].split()[0])
    assert people >= 1
    assert sum(int(part.split()[0]) for part in lines[1].split(", ")) == people
    assert len([line for line in lines if line.startswith("  person ")]) == people


def test_a_detector_of_ones_own(clip: Path) -> None:
    name, _, people = run("own_detector.py", clip).strip().partition(": ")
    assert name == "Haar alt tree"
    assert int(people.split()[0]) >= 1


def test_a_sink_of_ones_own(clip: Path) -> None:
    *events, total = [json.loads(line) for line in run("own_sink.py", clip).splitlines()]
    merged = sum(event["kind"] == "merged" for event in events)
    assert total["people"] == sum(event["kind"] == "counted" for event in events) - merged >= 1
    assert {event["kind"] for event in events} >= {"counted", "left"}
    assert all(0 <= event["time_s"] <= 6.1 for event in events)


def test_a_model_of_ones_own(clip: Path) -> None:
    name, _, counts = run("own_model.py", clip).strip().partition(": ")
    assert name == "mini-Xception, mirror average"
    assert sum(int(part.split()[0]) for part in counts.split(", ")) >= 1
