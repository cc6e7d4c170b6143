"""Whether memory stays flat: a scene of five faces is repeated through the whole pipeline.

    python -m benchmarks.soak [--frames 100000] [--shared FOLDER]

Prints the resident memory in MB every tenth of the way (Linux only: it is read from /proc), and the people counted.
Each round of the scene ends with a cut, so people keep coming and going and the lists of the count keep growing.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from benchmarks.footage import Scene, portraits
from desktop_app.domain.events import Counted, Merged
from desktop_app.domain.types import Frame
from desktop_app.factory import build_pipeline

ROUND = 300


def resident_mb() -> float:
    status = Path("/proc/self/status").read_text("ascii")
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))
    return int(kilobytes) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=100_000)
    parser.add_argument("--shared", type=Path, default=Path(__file__).resolve().parents[2] / "shared")
    options = parser.parse_args()
    scene = Scene(portraits(options.shared, 5), width=640, height=360)
    pictures = [scene.frame(i)[0] for i in range(ROUND)]
    held = sum(p.nbytes for p in pictures) / 1e6
    print(f"{held:.0f} MB of the figures below are the scene itself")
    pipeline = build_pipeline()
    people = 0
    started = time.perf_counter()
    for i in range(options.frames):
        events = pipeline.process(Frame(pictures[i % ROUND], i / scene.fps, i)).events
        people += sum(isinstance(event, Counted) for event in events)
        people -= sum(isinstance(event, Merged) for event in events)
        if (i + 1) % max(1, options.frames // 10) == 0:
            print(f"{i + 1:>8} frames {resident_mb():>7.0f} MB {people:>6} people", flush=True)
    print(f"{options.frames / (time.perf_counter() - started):.0f} frames per second")


if __name__ == "__main__":
    main()
