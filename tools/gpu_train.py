"""Train the shipped networks on one GPU within a few minutes: teachers, soft labels, students.

    python -m tools.gpu.pack out/training/faces/fairface-KEY --negatives negatives.npy --out .gpu
    python -m tools.gpu_train .gpu --out trained            # needs PyTorch with CUDA, numpy and OpenCV
    headcount-train convert trained/lite2.npz --network efficientnet_lite2 --out out/training/runs/lite2

The schedule is `tools/gpu/schedule.toml`. The best weights so far are written every minute and the run ends by itself
(`--seconds`). It is rehearsed without a card by `--device cpu --batch 0.05 --epochs 0.02` on faces packed with
`--limit 200`.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path

from desktop_app.errors import HeadcountError, SettingsError
from tools.gpu import schedule

HERE = Path(__file__).parent


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="+", help="folders with what tools.gpu.pack wrote")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--schedule", type=Path, default=HERE / "gpu" / "schedule.toml")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--seconds", type=float, default=1e9, help="when the whole run has to be over")
    parser.add_argument("--epochs", type=float, default=1.0, help="factor on all numbers of epochs")
    parser.add_argument("--batch", type=float, default=1.0, help="factor on the pictures of a batch")
    parser.add_argument("--time", type=float, default=1.0, help="factor on the seconds of each stage")
    parser.add_argument("--folds", type=int, default=schedule.FOLDS, help="only so many teachers")
    parser.add_argument("--benchmark", action="store_true", help="let cuDNN try its kernels: 40 s for each network")
    options = parser.parse_args(arguments)
    try:
        train(options)
    except HeadcountError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def train(options: argparse.Namespace) -> None:
    """Run the schedule. Raises HeadcountError before anything is loaded where it cannot be run."""
    chosen = schedule.read(options.schedule)
    if importlib.util.find_spec("torch") is None:
        raise SettingsError("PyTorch is not installed.", "Install it: pip install torch")
    from tools.gpu.run import Run

    run = Run(options, chosen)
    run.students(*run.teach())
    run.say("done")


if __name__ == "__main__":
    sys.exit(main())
