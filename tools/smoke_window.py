"""Starts the window with the demo clip and waits for a counted frame on it: python tools/smoke_window.py PROGRAM...

PROGRAM is the command that starts Headcount, for example `.venv/bin/headcount` or `python main.py`. Works on Linux,
Windows and macOS, with a screen or without (QT_QPA_PLATFORM=offscreen). The settings and the log of the person who
runs it are not touched. Exits with 1 where the program ends early, logs an error or shows nothing within 120 s.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LIMIT_S = 120.0
READY = "first counted frame on the screen"


def lines_of_the_log(home: Path) -> list[str]:
    return [
        line for log in home.rglob("*.log") for line in log.read_text(encoding="utf-8", errors="replace").splitlines()
    ]


def end(program: subprocess.Popen[bytes]) -> None:
    program.terminate()
    try:
        program.wait(10)
    except subprocess.TimeoutExpired:
        program.kill()
        program.wait()


def main(command: list[str]) -> int:
    if not command:
        print(__doc__, file=sys.stderr)
        return 2
    # Windows keeps a log open for a moment after its program has ended, so what cannot be deleted stays behind.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        environment = {
            **os.environ,
            "HEADCOUNT_CONFIG_DIR": str(home / "config"),
            "HEADCOUNT_DATA_DIR": str(home / "data"),
            "TMPDIR": folder,  # where a second start looks for the first
        }
        began = time.monotonic()
        with (home / "output.txt").open("wb") as output:
            program = subprocess.Popen([*command, "window", "demo"], env=environment, stdout=output, stderr=output)
        seen: list[str] = []
        try:
            while time.monotonic() - began < LIMIT_S:
                ended = program.poll()
                seen = lines_of_the_log(home)
                if any(" ERROR " in line or " CRITICAL " in line for line in seen):
                    break
                if any(READY in line for line in seen):
                    print(f"a counted frame is on the screen after {time.monotonic() - began:.1f} s")
                    return 0
                if ended is not None:
                    print(f"the program ended with {ended}", file=sys.stderr)
                    break
                time.sleep(0.2)
        finally:
            end(program)
        print("no counted frame was shown; the program wrote:", file=sys.stderr)
        print((home / "output.txt").read_text(encoding="utf-8", errors="replace"), file=sys.stderr)
        print("\n".join(seen), file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
