"""Train the shipped networks on one GPU within a few minutes: teachers, soft labels, students.

    python -m tools.gpu.pack out/training/faces/fairface-KEY --negatives negatives.npy --out .gpu
    PYTHONPATH=. python tools/gpu_train.py .gpu --out trained     # needs PyTorch with CUDA, numpy and OpenCV
    headcount-train convert trained/lite2.npz --network efficientnet_lite2 --out out/training/runs/lite2

The schedule is `tools/gpu/schedule.toml`. The best weights so far are written every minute and the run ends by itself
(`--seconds`). `--epochs 0.05` shortens every stage, `--device cpu` rehearses it without a card.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gpu import faces as packed
from gpu.measure import account, answers, robustness
from gpu.networks import EfficientNetLite, load_start
from gpu.stage import Stage, Targets
from torch import Tensor

HERE = Path(__file__).parent


class Run:
    """The whole schedule. Everything that is found goes into `log`, which is written as often as the weights."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.began = time.monotonic()
        self.options = options
        self.schedule = tomllib.loads(options.schedule.read_text(encoding="utf-8"))
        self.device = torch.device(options.device)
        self.out: Path = options.out
        self.out.mkdir(parents=True, exist_ok=True)
        self.log: dict[str, Any] = {"stages": []}
        torch.manual_seed(7)
        torch.backends.cudnn.benchmark = bool(options.benchmark)
        torch.backends.cuda.matmul.allow_tf32 = True
        torch.backends.cudnn.allow_tf32 = True
        self.faces, self.negatives = packed.load(options.data, self.device, self.schedule["weights"])
        self.starts = {
            path.stem.removeprefix("weights-"): dict(np.load(path))
            for folder in options.data for path in folder.glob("weights-*.npz")
        }  # fmt: skip
        self.say(f"{len(self.faces)} faces, {len(self.negatives)} of none, weights {sorted(self.starts)}")

    def say(self, text: str) -> None:
        print(f"{time.monotonic() - self.began:6.1f} s  {text}", flush=True)

    def left(self) -> float:
        return float(self.options.seconds) - (time.monotonic() - self.began)

    def write_log(self) -> None:
        (self.out / "log.json").write_text(json.dumps(self.log, indent=1), encoding="utf-8")

    def network(self, plan: dict[str, Any]) -> EfficientNetLite:
        common = self.schedule["common"]
        made = EfficientNetLite(plan["network"], drop_path=common["drop_path"], dropout=common["dropout"])
        load_start(made, self.starts[plan["start"]])
        placed: EfficientNetLite = made.to(self.device, memory_format=torch.channels_last)
        return placed

    def stage(self, name: str, network: EfficientNetLite, plan: dict[str, Any], rows: Tensor, targets: Targets,
              seconds: float) -> EfficientNetLite:  # fmt: skip
        """Train one network; return it with its averaged weights."""
        options = {**self.schedule["common"], **plan}
        options["epochs"] = max(0.01, options["epochs"] * self.options.epochs)
        stage = Stage(name, network, self.faces, self.negatives[: self.kept_negatives()], rows, targets, options)
        stage.compile = self.options.compile
        result = stage.run(seconds, self.say, lambda averaged: self.save(name, averaged))
        found = self.measured(result, plan["side"])
        self.log["stages"].append({"name": name, **stage.summary(), "val": found})
        self.say(f"{name}: {found}")
        self.save(name, result)
        return result

    def kept_negatives(self) -> int:
        """How many pictures of no face are learned from; the rest measure the answer."""
        return len(self.negatives) - len(self.negatives) // 10

    def measured(self, network: EfficientNetLite, side: int) -> dict[str, Any]:
        val = (self.faces.fold < 0).nonzero()[:, 0]
        found = account(answers(network, self.faces, val, side), self.faces, val)
        return {k: round(v, 4) if isinstance(v, float) else v for k, v in found.items()}

    def save(self, name: str, network: EfficientNetLite) -> None:
        """Write the weights, all but the averages of BatchNorm as float16, and the log."""
        state = {k: v.detach().cpu() for k, v in network.state_dict().items() if not k.endswith("num_batches_tracked")}
        arrays = {k: (v if "running_" in k else v.half()).numpy() for k, v in state.items()}
        file = "teacher" if name.startswith("teacher") else name  # of the teachers only the last one is kept
        part = self.out / f"{file}.part.npz"
        np.savez(part, **arrays)
        part.rename(self.out / f"{file}.npz")
        self.write_log()

    def teach(self) -> Targets:
        """Train the teachers; return what the students are to learn."""
        faces, plan = self.faces, self.schedule["teacher"]
        hard = Targets.labels(faces, self.schedule["common"]["label_smoothing"])
        network = self.network(plan)
        start = {k: v.clone() for k, v in network.state_dict().items()}
        val = (faces.fold < 0).nonzero()[:, 0]
        unseen_g, unseen_a = torch.zeros_like(faces.gender), torch.zeros_like(faces.age)
        all_g, all_a = torch.zeros_like(faces.gender), torch.zeros_like(faces.age)
        folds = sorted({int(f) for f in faces.fold.tolist() if f >= 0})
        for fold in folds[: self.options.folds]:
            network.load_state_dict(start)
            rows = ((faces.fold >= 0) & (faces.fold != fold)).nonzero()[:, 0]
            share = {**plan, "mixup": plan["mixup"][fold]}
            teacher = self.stage(f"teacher{fold}", network, share, rows, hard, plan["seconds"] * self.options.time)
            held = (faces.fold == fold).nonzero()[:, 0]
            everything = torch.arange(len(faces), device=self.device)
            said = answers(teacher, faces, everything, plan["side"], mirrored=True)
            all_g += said["gender"] / len(folds)
            all_a += said["age"] / len(folds)
            unseen_g[held], unseen_a[held] = said["gender"][held], said["age"][held]
            found = account({k: v[held] for k, v in said.items()}, faces, held)
            self.log["stages"][-1]["out_of_fold"] = found
            self.say(f"teacher{fold} on faces it never saw: {found}")
        ensemble = account({"gender": all_g[val], "age": all_a[val]}, faces, val)
        self.log["ensemble_val"] = ensemble
        self.say(f"ensemble on val: {ensemble}")
        training = faces.fold >= 0
        wrong = (unseen_g * faces.gender).sum(1)
        contradicted = training & (wrong <= 1 - self.schedule["cleaning"]["contradicted"])
        contradicted &= unseen_g.sum(1) > 0.5
        self.log["contradicted"] = [int(r) for r in self.faces.row[contradicted.cpu().numpy()]]
        self.say(f"labels contradicted: {int(contradicted.sum())} of {int(training.sum())}")
        said = {"gender": unseen_g, "age": unseen_a, "gender_all": all_g, "age_all": all_a}
        arrays = {name: values.cpu().half().numpy() for name, values in said.items()}
        np.savez_compressed(self.out / "soft.npz", rows=faces.row, **arrays)
        soft = Targets((unseen_g + all_g) / 2, (unseen_a + all_a) / 2)
        soft.gender[~training], soft.age[~training] = hard.gender[~training], hard.age[~training]
        hard.gender[contradicted] = soft.gender[contradicted]
        return Targets.mixed(hard, soft, self.schedule["student"][0]["soft"])

    def students(self, targets: Targets) -> None:
        faces = self.faces
        rows = (faces.fold >= 0).nonzero()[:, 0]
        plans = self.schedule["student"]
        for number, plan in enumerate(plans):
            later = sum(p["seconds"] for p in plans[number:]) * self.options.time
            seconds = min(plan["seconds"] * self.options.time * 2, (self.left() - 12 * (len(plans) - number))
                          * plan["seconds"] * self.options.time / later)  # fmt: skip
            network = self.network(plan)
            result = self.stage(plan["name"], network, plan, rows, targets, seconds)
            self.log["stages"][-1]["robustness"] = robustness(result, faces, self.negatives[self.kept_negatives() :],
                                                              plan["side"])  # fmt: skip
            self.say(f"{plan['name']}: {self.log['stages'][-1]['robustness']}")
            self.write_log()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="+", help="folders with what tools.gpu.pack wrote")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--schedule", type=Path, default=HERE / "gpu" / "schedule.toml")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--seconds", type=float, default=1e9, help="when the whole run has to be over")
    parser.add_argument("--epochs", type=float, default=1.0, help="factor on all numbers of epochs")
    parser.add_argument("--time", type=float, default=1.0, help="factor on the seconds of each stage")
    parser.add_argument("--folds", type=int, default=99, help="only so many teachers")
    parser.add_argument("--benchmark", action="store_true", help="let cuDNN try its kernels: 40 s for each network")
    parser.add_argument("--compile", action="store_true", help="let torch.compile make faster steps")
    options = parser.parse_args()
    run = Run(options)
    run.students(run.teach())
    run.say("done")
    return 0


if __name__ == "__main__":
    sys.exit(main())
