"""Fuzzes one target, or each for a while: `python -m tests.fuzz.run [--seconds S] [TARGET...]`.

Uses atheris (libFuzzer). Each target runs in a process of its own, so that a crash of one is told and the next one
runs. What makes a target fail is left in the folder `out/fuzz/TARGET`; run it again with `--input FILE TARGET`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def fuzz(name: str, seconds: int, folder: Path) -> None:
    """Fuzz one target in this process. Does not return."""
    import atheris

    with atheris.instrument_imports(include=["desktop_app"]):
        from tests.fuzz.targets import TARGETS
    target = TARGETS[name]
    seeds = folder / "seeds"
    seeds.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds):
        (seeds / str(number)).write_bytes(seed)
    options = [
        f"-max_total_time={seconds}",
        "-timeout=20",
        "-rss_limit_mb=4096",
        "-max_len=16384",
        "-print_final_stats=1",
    ]
    atheris.Setup([name, *options, f"-artifact_prefix={folder}/", str(seeds)], target.run)
    atheris.Fuzz()


def main() -> int:
    """Run the targets; return 1 where one of them failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="a name of tests/fuzz/targets.py; all by default")
    parser.add_argument("--seconds", type=int, default=60, help="for how long each is fuzzed (default: %(default)s)")
    parser.add_argument("--input", type=Path, help="run this one input through the targets instead")
    parser.add_argument("--out", type=Path, default=REPOSITORY / "out" / "fuzz")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.here:  # before anything of ours is imported, or it would not be instrumented
        fuzz(args.targets[0], args.seconds, args.out / args.targets[0])
    from tests.fuzz.targets import TARGETS

    names = args.targets or list(TARGETS)
    if args.input is not None:
        for name in names:
            TARGETS[name].run(args.input.read_bytes())
        return 0
    failed: list[str] = []
    for name in names:
        command = [
            sys.executable,
            "-m",
            "tests.fuzz.run",
            "--here",
            "--seconds",
            str(args.seconds),
            "--out",
            str(args.out),
        ]
        done = subprocess.run([*command, name], cwd=REPOSITORY, capture_output=True, text=True, errors="replace")
        runs = next((line.split()[-1] for line in done.stderr.splitlines() if "number_of_executed_units" in line), "?")
        print(f"{name:<12} {runs:>10} runs  {'held' if done.returncode == 0 else 'FAILED'}", flush=True)
        if done.returncode != 0:
            failed.append(name)
            print(done.stdout[-3000:], done.stderr[-3000:], sep="\n", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
