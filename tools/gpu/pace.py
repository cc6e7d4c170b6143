"""How fast the networks of a schedule train on this machine's card, before minutes on it are spent.

    python -m tools.gpu.pace .gpu [--schedule tools/gpu/schedule.toml] [--steps 20]

For each student: milliseconds of a step, how much of them making the batch takes and giving the card its orders, and
faces a second; first as it is, then compiled (`tools.gpu_train --compile`), with how long the compiling takes.
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
from tools.gpu.stage import Stage, Targets


def timed(work: Callable[[], object], times: int) -> tuple[float, float]:
    """Milliseconds a call until the card is done, and until it has its orders."""
    torch.cuda.synchronize()
    began = time.perf_counter()
    for _ in range(times):
        work()
    ordered = time.perf_counter() - began
    torch.cuda.synchronize()
    return (time.perf_counter() - began) / times * 1000, ordered / times * 1000


def measure(plan: Plan, side: int, faces: Faces, steps: int, *, compiled: bool, profile: bool) -> None:
    device = faces.pictures.device
    network = build(plan.network, drop_path=plan.drop_path).to(device, memory_format=torch.channels_last).train()
    rows = torch.randint(len(faces), (plan.positives,), device=device)
    stage = Stage(plan, network, faces, faces.negatives, rows, Targets.labels(faces, 0.0))
    if compiled:
        stage.compiled()
    step_of = torch.compile(network, dynamic=False) if compiled else network

    def step() -> None:
        stage.backward(step_of, stage.batch(rows, side))

    began = time.perf_counter()
    step()
    torch.cuda.synchronize()
    ready = time.perf_counter() - began
    for _ in range(2):
        step()
    making, _ = timed(lambda: stage.batch(rows, side), steps)
    whole, ordered = timed(step, steps)
    pace = plan.batch_size / whole * 1000
    kind = "compiled" if compiled else "as it is"
    print(
        f"{plan.name} {side} px x {plan.batch_size}, {kind}: ready after {ready:.1f} s; a step {whole:.1f} ms, of "
        f"which the batch {making:.1f} ms; orders given in {ordered:.1f} ms; {pace:.0f} faces/s",
        flush=True,
    )
    if profile:
        kinds = [torch.profiler.ProfilerActivity.CUDA, torch.profiler.ProfilerActivity.CPU]
        with torch.profiler.profile(activities=kinds) as seen:
            step()
            torch.cuda.synchronize()
        table = seen.key_averages().table(sort_by="self_cuda_time_total", row_limit=14, max_name_column_width=60)
        print("\n".join(line[:62] + line[-70:] for line in table.splitlines()), flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="+", help="folders with what tools.gpu.pack wrote")
    parser.add_argument("--schedule", type=Path, default=Path(__file__).parent / "schedule.toml")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--profile", action="store_true", help="list what the card spends its time on")
    options = parser.parse_args(arguments)
    began = time.perf_counter()
    chosen = schedule.read(options.schedule)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    faces = Faces.on(torch.device("cuda"), packed.read(options.data), chosen.weights)
    print(f"{len(faces)} faces after {time.perf_counter() - began:.1f} s on {torch.cuda.get_device_name()}", flush=True)
    for plan in chosen.students:
        small = plan.side_at(0.0)
        if small != plan.side:
            measure(plan, small, faces, options.steps, compiled=False, profile=False)
        for compiled in (False, True):
            measure(plan, plan.side, faces, options.steps, compiled=compiled, profile=options.profile)
    return 0


if __name__ == "__main__":
    sys.exit(main())
