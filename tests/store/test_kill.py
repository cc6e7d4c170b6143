"""A process that is killed loses nothing that was said to be on the disk, and leaves no gap."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.endless_count import SESSION
from tests.patience import PATIENCE_S
from tests.store.conftest import OpenStore

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_killed_at_any_moment_the_file_holds_the_beginning_of_the_count(
    open_store: OpenStore, folder: Path, tmp_path: Path
) -> None:
    moments = random.Random(20261126)
    said = tmp_path / "said.txt"
    for _ in range(5):
        with said.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.endless_count", str(folder)], stdout=output, cwd=REPOSITORY
            )
            while b"f " not in said.read_bytes() and process.poll() is None:
                time.sleep(0.01)
            time.sleep(moments.uniform(0.0, 0.5))
            process.kill()
            process.wait()
        lines = [line.split() for line in said.read_text().splitlines()]
        safe = max(int(line[1]) for line in lines if line[0] == "f" and len(line) == 2)
        appended = max(int(line[1]) for line in lines if line[0] == "a" and len(line) >= 2)
        store = open_store()
        assert store.problem == ""
        stored = [entry.seq for entry in store.entries(SESSION)]
        assert stored == list(range(1, len(stored) + 1)), "a gap"
        assert safe <= len(stored) <= appended
        (info,) = store.unclosed()
        assert info.people == len(stored) - 1
        assert store.close(PATIENCE_S)
