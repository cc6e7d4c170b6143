"""How fast the networks of a schedule train on this machine's card, before minutes on it are spent.

    python -m tools.gpu.pace .gpu [--schedule tools/gpu/schedule.toml] [--steps 40]

For each student and each size of its crops: how long it takes to begin, milliseconds a step, how much of them making
the batch takes where it is made by itself, and faces a second.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from tools.gpu import packed, schedule
from tools.gpu.faces import Faces
from tools.gpu.networks import build
from tools.gpu.schedule import Plan
from tools.gpu.stage import Replayed, Stage, Targets


def milliseconds(work: Callable[[], object], times: int) -> float:
    """What a call takes until the card is done."""
    torch.cuda.synchronize()
    began = time.perf_counter()
    for _ in range(times):
        work()
    torch.cuda.synchronize()
    return (time.perf_counter() - began) / times * 1000


def measure(plan: Plan, side: int, faces: Faces, steps: int) -> None:
    device = faces.pictures.device
    network = build(plan.network, drop_path=plan.drop_path).to(device, memory_format=torch.channels_last).train()
    rows = torch.randperm(len(faces), device=device)[: plan.positives]
    stage = Stage(plan, network, faces, faces.negatives, rows, Targets.labels(faces, 0.0))
    began = time.perf_counter()
    step = stage.step_of(side, rows)
    torch.cuda.synchronize()
    ready = time.perf_counter() - began
    whole = milliseconds(lambda: step(rows), steps)
    making = Replayed(lambda chosen: stage.batch(chosen, side)["x"], rows)
    batch = milliseconds(lambda: making(rows), steps)
    first = making(rows).clone()
    again = making(rows)
    print(
        f"{plan.name}, {side} px x {plan.batch_size}: ready after {ready:.1f} s; a step {whole:.1f} ms, of which the "
        f"batch {batch:.1f} ms; {plan.batch_size / whole * 1000:.0f} faces/s; the same faces again differ by "
        f"{float((first - again).abs().mean()):.2f}",
        flush=True,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="+", help="folders with what tools.gpu.pack wrote")
    parser.add_argument("--schedule", type=Path, default=Path(__file__).parent / "schedule.toml")
    parser.add_argument("--steps", type=int, default=40)
    options = parser.parse_args(arguments)
    began = time.perf_counter()
    chosen = schedule.read(options.schedule)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    faces = Faces.on(torch.device("cuda"), packed.read(options.data), chosen.weights)
    print(f"{len(faces)} faces after {time.perf_counter() - began:.1f} s on {torch.cuda.get_device_name()}", flush=True)
    for plan in chosen.students:
        for side in sorted({plan.side_at(0.0), plan.side}):
            measure(plan, side, faces, options.steps)
    return 0


if __name__ == "__main__":
    sys.exit(main())
