"""How soon the window is there: the frozen program beside the same program from the source tree, in one run.

    python benchmarks/start_frozen.py [--program dist/headcount/headcount] [--rounds 5]

Starts both in turn under a virtual screen and measures the seconds from the start of the process until its window is
visible to the X server, and until `headcount --version` has answered. Prints one table with medians and the range. The
first round of each is left out: it reads the files from the disk. Needs Xvfb and xdotool (Linux only).
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
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
DISPLAY = ":93"
LIMIT_S = 60.0


def environment(home: Path) -> dict[str, str]:
    """Return the environment of a user who has never started the program, on the virtual screen."""
    folders = {f"XDG_{name}_HOME": str(home / name.lower()) for name in ("CONFIG", "DATA", "STATE", "CACHE")}
    (home / "tmp").mkdir(exist_ok=True)
    return {**os.environ, **folders, "DISPLAY": DISPLAY, "TMPDIR": str(home / "tmp"), "QT_QPA_PLATFORM": "xcb"}


def until_visible(command: list[str], home: Path) -> float:
    """Return the seconds until the window of `command` is on the screen. Raises SystemExit if it never is."""
    env = environment(home)
    start = time.perf_counter()
    program = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while time.perf_counter() - start < LIMIT_S:
            look = ["xdotool", "search", "--onlyvisible", "--name", "Headcount"]
            if subprocess.run(look, env=env, capture_output=True, check=False).stdout.strip():
                return time.perf_counter() - start
            if program.poll() is not None:
                raise SystemExit(f"{command[0]} ended with {program.returncode} before its window was there")
            time.sleep(0.01)
        raise SystemExit(f"no window of {command[0]} within {LIMIT_S:.0f} s")
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
    start = time.perf_counter()
    subprocess.run([*command, "--version"], check=True, capture_output=True)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default=str(REPOSITORY / "dist" / "headcount" / "headcount"))
    parser.add_argument("--rounds", type=int, default=5)
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
            for name, command in commands.items():
                with tempfile.TemporaryDirectory() as home:
                    window = until_visible(command, Path(home))
                answer = until_answered(command)
                if turn:
                    measured.setdefault((name, "window visible"), []).append(window)
                    measured.setdefault((name, "--version answered"), []).append(answer)
    finally:
        server.terminate()
        server.wait()
    print(f"{'':22}{'frozen':>24}{'source':>24}{'ratio':>8}")
    for what in ("window visible", "--version answered"):
        cells, medians = [], []
        for name in commands:
            values = measured[name, what]
            medians.append(statistics.median(values))
            cells.append(f"{medians[-1]:.2f} s ({min(values):.2f}-{max(values):.2f})")
        print(f"{what:22}{cells[0]:>24}{cells[1]:>24}{medians[0] / medians[1]:>8.2f}")


if __name__ == "__main__":
    main()
