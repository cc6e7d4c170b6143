"""Checks that a frozen program works: python smoke_test.py PROGRAM [--truth FILE]

Needs nothing but Python's own library. The program says its version, lists its models, refuses a file that is not there
in one plain sentence, counts the demo clip twice: as the clip's truth says, and the same both times, and compares two
of its models on that clip: both judge everybody counted. Exits with 1 and a sentence where one of these fails.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

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
        # "Undecided" is not a wrong label: the person may be either.
        if totals[gender] > true + GENDER_OFF or totals[gender] + totals["undecided"] < true - GENDER_OFF:
            raise SystemExit(f"the demo clip shows {true} {gender}, and the count is {totals}")


def model_names(listing: str) -> list[str]:
    """Return the names in the first of the two columns that `headcount models` prints, above a sentence."""
    return re.findall(r"^(\S+) {2,}\S", listing, re.MULTILINE)


def check_comparison(report: dict[str, Any], names: Sequence[str], people: int) -> None:
    """Raises SystemExit where a report of `headcount compare` has not every model's answer on each of `people`."""
    if [model["model"] for model in report["models"]] != list(names) or not report["complete"]:
        raise SystemExit(f"{names} were to be compared, and the report is on {report['models']}")
    if len(report["people"]) != people:
        raise SystemExit(f"the count has {people} people, and the comparison {len(report['people'])}")
    for model in report["models"]:
        # A model that fails on the way judges no further faces, and leaves everybody undecided.
        if not model["faces"] or sum(model["totals"].values()) != people or model["totals"]["undecided"] == people:
            raise SystemExit(f"{model['model']} did not judge the people of the demo clip: {model}")


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
    models = model_names(run([program, "models"]))
    if "headcount" not in models or len(models) < 2:
        raise SystemExit(f"the program does not list its own models, only {models}")
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
        compared = ["headcount", next(name for name in models if name != "headcount")]
        out = Path(folder) / "compared.json"
        run([program, "compare", "demo", "--models", ",".join(compared), "--quiet", "--json", str(out)])
        comparison = json.loads(out.read_text(encoding="utf-8"))
    first, second = results
    if first["totals"] != second["totals"] or first["people"] != second["people"]:
        raise SystemExit("two counts of the same file differ")
    check_totals(first["totals"], truth)
    print(f"demo clip: {first['totals']} in {seconds:.1f} s, the same twice; truth: {truth['appearances']} entries")
    check_comparison(comparison, compared, first["totals"]["people"])
    judged = ", ".join(f"{model['model']} {model['totals']}" for model in comparison["models"])
    print(f"two models on the demo clip: {judged}")


if __name__ == "__main__":
    main()
