"""Checks that a frozen program works: python smoke_test.py PROGRAM [--truth FILE]

Needs nothing but Python's own library. The program says its version, lists its models, refuses a file that is not there
in one plain sentence, and counts the demo clip twice: as the clip's truth says, and the same both times. Exits with 1
and a sentence where one of these fails.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PEOPLE_OFF, GENDER_OFF = 1, 2
"""How far the count of the demo clip's ten entries, and the labels of either gender, may be from the truth."""


def run(command: list[str], expected: int = 0) -> str:
    """Run `command` and return what it printed. Raises SystemExit if it ends with another code, or hangs."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL, check=False)
    if done.returncode != expected:
        raise SystemExit(f"{command[1:]} ended with {done.returncode}, not {expected}:\n{done.stdout}{done.stderr}")
    if "Traceback" in done.stderr:
        raise SystemExit(f"{command[1:]} printed a traceback:\n{done.stderr}")
    return done.stdout + done.stderr


def check_totals(totals: dict[str, int], truth: dict[str, int]) -> None:
    """Raises SystemExit where the totals of the demo clip are not what its truth says."""
    if abs(totals["people"] - truth["appearances"]) > PEOPLE_OFF:
        raise SystemExit(f"the demo clip shows {truth['appearances']} entries, and the count is {totals}")
    for gender in ("female", "male"):
        true = truth[f"appearances_{gender}"]
        # "Undecided" is no wrong label: it may stand for either.
        if totals[gender] > true + GENDER_OFF or totals[gender] + totals["undecided"] < true - GENDER_OFF:
            raise SystemExit(f"the demo clip shows {true} {gender}, and the count is {totals}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--truth", type=Path, default=ROOT / "resources" / "demo" / "demo.truth.json")
    arguments = parser.parse_args()
    program = arguments.program
    truth = json.loads(arguments.truth.read_text(encoding="utf-8"))

    start = time.perf_counter()
    version = run([program, "--version"]).strip()
    print(f"{version}: answers in {time.perf_counter() - start:.2f} s")
    if "headcount" not in run([program, "models"]).lower():
        raise SystemExit("the program does not list its own model")
    refused = run([program, "count", "no-such-file.mp4"], expected=3)
    if "no-such-file.mp4" not in refused:
        raise SystemExit(f"a missing file is refused without naming it: {refused}")

    results = []
    with tempfile.TemporaryDirectory() as folder:
        for number in (1, 2):
            out = Path(folder) / f"{number}.json"
            start = time.perf_counter()
            run([program, "count", "demo", "--quiet", "--json", str(out)])
            seconds = time.perf_counter() - start
            results.append(json.loads(out.read_text(encoding="utf-8")))
    first, second = results
    if first["totals"] != second["totals"] or first["people"] != second["people"]:
        raise SystemExit("two counts of the same file differ")
    check_totals(first["totals"], truth)
    print(f"demo clip: {first['totals']} in {seconds:.1f} s, the same twice; truth: {truth['appearances']} entries")


if __name__ == "__main__":
    main()
