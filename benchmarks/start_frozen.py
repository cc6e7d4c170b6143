"""How soon the frozen program has its window and counts, beside the same program from the source tree, in one run.

    python -m benchmarks.start_frozen [--program dist/headcount/headcount] [--rounds 5] [--source demo]

Starts both in turn under a virtual screen with the clip on the command line, the other one first in every other round,
and measures the seconds from the start of the process until its window is visible to the X server, until the first
frame that was searched for people and counted is painted in it (the program writes that into its log, for its users'
diagnoses), and until `headcount --version` has answered. Prints one table with medians, the range, and the ratio
frozen to source. The first round is left out: it reads the files from the disk. Every start is the first of a new user.
Needs Xvfb and xdotool (Linux only).
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
DISPLAY = ":93"
LIMIT_S = 60.0
FIRST_COUNTED = "first counted frame on the screen"
ROWS = {"window visible": 1.5, "first counted frame": 2.5, "--version answered": None}
"""What is measured, and the aim in seconds."""


def environment(home: Path) -> dict[str, str]:
    """Return the environment of a user who has never started the program, on the virtual screen."""
    folders = {f"XDG_{name}_HOME": str(home / name.lower()) for name in ("CONFIG", "DATA", "STATE", "CACHE")}
    (home / "tmp").mkdir(exist_ok=True)
    return {**os.environ, **folders, "DISPLAY": DISPLAY, "TMPDIR": str(home / "tmp"), "QT_QPA_PLATFORM": "xcb"}


def first_counted(home: Path, started_at: float) -> float | None:
    """Return the seconds from `started_at` (time.time) until the log tells of a counted frame, None before."""
    for log in home.rglob("headcount.log"):
        for line in log.read_text(encoding="utf-8").splitlines():
            if FIRST_COUNTED in line:
                # "2026-01-31 12:00:00,123 INFO ...", local time
                told = " ".join(line.split()[:2]).replace(",", ".")
                return datetime.fromisoformat(told).timestamp() - started_at
    return None


def start(command: list[str], home: Path) -> dict[str, float]:
    """Return the seconds until the window of `command` is on the screen and until it shows a counted frame.

    Raises SystemExit if it does neither within `LIMIT_S`.
    """
    env = environment(home)
    look = ["xdotool", "search", "--onlyvisible", "--name", "Headcount"]
    told: dict[str, float] = {}
    started_at = time.time()
    program = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while time.time() - started_at < LIMIT_S:
            if "window visible" not in told:
                if subprocess.run(look, env=env, capture_output=True, check=False).stdout.strip():
                    told["window visible"] = time.time() - started_at
            elif (counted := first_counted(home, started_at)) is not None:
                return {**told, "first counted frame": counted}
            if program.poll() is not None:
                raise SystemExit(f"{command[0]} ended with {program.returncode} after {told or 'nothing'}")
            time.sleep(0.01 if "window visible" not in told else 0.05)
        raise SystemExit(f"{command[0]} came no further than {told or 'its start'} within {LIMIT_S:.0f} s")
    finally:
        program.terminate()
        try:
            program.wait(10)
        except subprocess.TimeoutExpired:
            program.kill()
            program.wait()


def wait_for_screen() -> None:
    env = {**os.environ, "DISPLAY": DISPLAY}
    for _ in range(100):
        if subprocess.run(["xdotool", "getdisplaygeometry"], env=env, capture_output=True, check=False).returncode == 0:
            return
        time.sleep(0.1)
    raise SystemExit("the virtual screen did not come up within 10 s")


def until_answered(command: list[str]) -> float:
    """Return the seconds that `command --version` takes."""
    began = time.perf_counter()
    subprocess.run([*command, "--version"], check=True, capture_output=True)
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default=str(REPOSITORY / "dist" / "headcount" / "headcount"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--source", default="demo", help="what to count; the demo clip if not given")
    arguments = parser.parse_args()
    for tool in ("Xvfb", "xdotool", arguments.program):
        if shutil.which(tool) is None:
            raise SystemExit(f"{tool} is not there")
    commands = {"frozen": [arguments.program], "source": [sys.executable, str(REPOSITORY / "main.py")]}
    measured: dict[tuple[str, str], list[float]] = {}
    screen = ["Xvfb", DISPLAY, "-screen", "0", "1366x820x24", "-nolisten", "tcp", "-noreset"]
    server = subprocess.Popen(screen, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for_screen()
        for turn in range(arguments.rounds + 1):
            for name in sorted(commands, reverse=turn % 2 == 1):
                with tempfile.TemporaryDirectory() as home:
                    times = start([*commands[name], arguments.source], Path(home))
                times["--version answered"] = until_answered(commands[name])
                if turn:
                    for what, seconds in times.items():
                        measured.setdefault((name, what), []).append(seconds)
    finally:
        server.terminate()
        server.wait()
    load = os.getloadavg()[0]
    print(f"{arguments.source}, {arguments.rounds} rounds, {os.cpu_count()} cores, load of the machine {load:.1f}")
    print(f"{'median (range)':22}{'frozen':>24}{'source':>24}{'ratio':>8}{'aim':>8}")
    for what, aim in ROWS.items():
        cells, medians = [], []
        for name in commands:
            values = measured[name, what]
            medians.append(statistics.median(values))
            cells.append(f"{medians[-1]:.2f} s ({min(values):.2f}-{max(values):.2f})")
        wanted = f"{aim} s" if aim else "-"
        print(f"{what:22}{cells[0]:>24}{cells[1]:>24}{medians[0] / medians[1]:>8.2f}{wanted:>8}")


if __name__ == "__main__":
    main()
