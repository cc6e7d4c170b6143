"""What a face costs with each network, as a multiple of mini-Xception's cost.

    python -m benchmarks.networks [MODEL_FOLDER ...] [--batch 8] [--rounds 40]

LiteRT on one thread, random crops, processor time of the calling thread, the models taking turns: the median over the
rounds, so that other work on the machine hardly matters. The time includes bringing the crops to the network's input.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from desktop_app.resources import models_dir
from desktop_app.vision.attributes.classifier import load_classifier

BASELINE = "mini_xception"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", type=Path, help="model folders (default: those of the program)")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=40)
    options = parser.parse_args(arguments)
    folders = options.models or sorted(path.parent for path in models_dir().glob("*/model.json"))
    baseline = models_dir() / BASELINE
    models = {folder.name: load_classifier(folder) for folder in (baseline, *folders)}
    spent: dict[str, list[float]] = {name: [] for name in models}
    rng = np.random.default_rng(0)
    for _ in range(options.rounds):
        for name, model in models.items():
            crops = rng.integers(0, 256, (options.batch, *model.spec.shape), dtype=np.uint8)
            started = time.thread_time()
            model.predict(crops)
            spent[name].append((time.thread_time() - started) / options.batch)
    unit = float(np.median(spent[BASELINE]))
    print(f"{'network':20s} {'ms a face':>10s} {'times ' + BASELINE:>22s}   (batches of {options.batch})")
    for name, times in spent.items():
        middle = float(np.median(times))
        print(f"{name:20s} {1000 * middle:10.3f} {middle / unit:21.2f}x")
    return 0


if __name__ == "__main__":
    sys.exit(main())
