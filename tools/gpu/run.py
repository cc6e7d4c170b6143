"""The whole schedule on one GPU: teachers, soft labels, students. `tools/gpu_train.py` starts it."""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from desktop_app.errors import SettingsError
from desktop_app.training import starts
from tools.gpu import packed
from tools.gpu.faces import Faces
from tools.gpu.layers import Network
from tools.gpu.measure import account_of, answers, robustness
from tools.gpu.networks import build, load_start
from tools.gpu.schedule import Plan, Schedule
from tools.gpu.stage import Stage, Targets

RESERVE_S = 12.0
"""What measuring and writing takes after each student."""


class Run:
    """The whole schedule. Everything that is found goes into `log`, which is written as often as the weights."""

    def __init__(self, options: argparse.Namespace, schedule: Schedule) -> None:
        self.began = time.monotonic()
        self.options = options
        self.schedule = schedule
        self.device = torch.device(options.device)
        if self.device.type == "cuda" and not torch.cuda.is_available():
            raise SettingsError("There is no GPU that PyTorch can use here.", "Rehearse with --device cpu.")
        self.out: Path = options.out
        self.out.mkdir(parents=True, exist_ok=True)
        self.log: dict[str, Any] = {"stages": []}
        torch.manual_seed(7)
        torch.backends.cudnn.benchmark = bool(options.benchmark)
        torch.backends.cuda.matmul.allow_tf32 = True
        torch.backends.cudnn.allow_tf32 = True
        packed_faces = packed.read(options.data)
        self.seen: dict[str, Any] = packed_faces.seen()
        self.faces = Faces.on(self.device, packed_faces, schedule.weights)
        none = self.faces.negatives
        # A tenth of the pictures of no face is not learned from and measures the answer.
        self.learned, self.held = none[: len(none) - len(none) // 10], none[len(none) - len(none) // 10 :]
        self.starts = read_starts(options.data, schedule)
        self.say(f"{len(self.faces)} faces, {len(none)} of none, weights {sorted(self.starts)}")

    def now(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self.began

    def say(self, text: str) -> None:
        print(f"{self.now():6.1f} s  {text}", flush=True)

    def left(self) -> float:
        return float(self.options.seconds) - self.now()

    def write_log(self) -> None:
        (self.out / "log.json").write_text(json.dumps(_finite(self.log), indent=1, allow_nan=False), encoding="utf-8")

    def network(self, plan: Plan) -> Network:
        made = build(plan.network, drop_path=plan.drop_path, dropout=plan.dropout)
        if plan.start:
            load_start(made, self.starts[plan.start])
        placed: Network = made.to(self.device, memory_format=torch.channels_last)
        return placed

    def stage(self, network: Network, plan: Plan, rows: Tensor, targets: Targets, seconds: float) -> Network:
        """Train one network; return it with its averaged weights."""
        plan = plan.shortened(self.options.epochs, self.options.batch)
        stage = Stage(plan, network, self.faces, self.learned, rows, targets)
        result = stage.run(seconds, self.say, lambda averaged: self.keep(plan, averaged))
        found = self.measured(result, plan)
        self.log["stages"].append({"name": plan.name, **stage.summary(), "val": found})
        self.say(f"{plan.name}: {found}")
        self.save(plan.name, result)
        return result

    def keep(self, plan: Plan, averaged: Network) -> None:
        """Write the weights so far, and say what they are worth."""
        self.save(plan.name, averaged)
        found = self.measured(averaged, plan)
        self.log.setdefault("curve", []).append({"name": plan.name, "seconds": self.now(), "gender": found["gender"]})
        self.say(f"{plan.name} so far: gender {found['gender']:.4f}, age {found['age exact']:.4f}")

    def measured(self, network: Network, plan: Plan) -> dict[str, Any]:
        val = self.faces.val
        found = account_of(answers(network, self.faces, val, plan.side, plan.crop), self.faces, val)
        return {k: round(v, 4) if isinstance(v, float) else v for k, v in found.items()}

    def save(self, name: str, network: Network) -> None:
        """Write the weights, all but the averages of BatchNorm as float16, what they have seen, and the log."""
        state = {k: v.detach().cpu() for k, v in network.state_dict().items() if not k.endswith("num_batches_tracked")}
        arrays = {k: (v if "running_" in k else v.half()).numpy() for k, v in state.items()}
        file = "teacher" if name.startswith("teacher") else name  # of the teachers only the last one is kept
        part = self.out / f"{file}.part.npz"
        np.savez(part, **arrays, **self.seen)
        part.rename(self.out / f"{file}.npz")
        self.write_log()

    def seconds_for(self, plan: Plan, later: Sequence[Plan], most: float = 1.0) -> float:
        """How long a stage may take so that those `later` get their share of what is left: at most `most` times as
        long as planned, 0 where no time is left."""
        planned = sum(p.seconds for p in (plan, *later))
        left = self.left() - RESERVE_S * sum(p in self.schedule.students for p in (plan, *later))
        return max(0.0, min(most * float(self.options.time), left / planned) * plan.seconds)

    def teach(self) -> tuple[Targets, Targets]:
        """Train the teachers, if there are any; return what the students are to learn: the labels, and what the
        teachers and the packed answers of a model say, in equal shares.

        The label of a face is replaced where a teacher that never saw it is sure of the other gender; without teachers
        where the packed answer is.
        """
        first = self.schedule.teacher or self.schedule.students[0]
        hard = Targets.labels(self.faces, first.label_smoothing)
        said = [found for found in (self.packed_answers(hard), self.taught(hard)) if found is not None]
        if not said:
            return hard, hard
        soft, judge = said[-1]
        if len(said) > 1:
            soft = Targets.mixed(said[0][0], soft, 0.5)
        return Targets(self.without_contradicted(hard, soft, judge), hard.age), soft

    def packed_answers(self, hard: Targets) -> tuple[Targets, Tensor] | None:
        """What was packed with the training faces, the label for the others, and it alone as (n, 2); None without."""
        faces = self.faces
        known = (faces.soft_gender.sum(1) > 0.5) & (faces.fold >= 0)
        if not bool(known.any()):
            return None
        self.say(f"{int(known.sum())} faces were answered by a model before")
        gender = torch.where(known[:, None], faces.soft_gender, hard.gender)
        return Targets(gender, torch.where(known[:, None], faces.soft_age, hard.age)), faces.soft_gender

    def taught(self, hard: Targets) -> tuple[Targets, Tensor] | None:
        """Train a teacher for each fold. Return what they say of the training faces, and the gender (n, 2) that those
        say who never saw the face; None where there are no teachers or no time for them."""
        faces, plan = self.faces, self.schedule.teacher
        if plan is None:
            return None
        network = self.network(plan)
        start = {k: v.clone() for k, v in network.state_dict().items()}
        everything = torch.arange(len(faces), device=self.device)
        unseen_g, unseen_a = torch.zeros_like(faces.gender), torch.zeros_like(faces.age)
        all_g, all_a = torch.zeros_like(faces.gender), torch.zeros_like(faces.age)
        taught = 0
        folds = sorted({int(f) for f in faces.labels.fold if f >= 0})[: self.options.folds]
        for number, fold in enumerate(folds, 1):
            seconds = self.seconds_for(plan, [plan] * (len(folds) - number) + [*self.schedule.students])
            if not seconds:
                self.say(f"no time is left for teacher{fold}")
                break
            network.load_state_dict(start)
            rows = ((faces.fold >= 0) & (faces.fold != fold)).nonzero()[:, 0]
            teacher = self.stage(network, self.schedule.teacher_of(fold), rows, hard, seconds)
            said = answers(teacher, faces, everything, plan.side, plan.crop, mirrored=True)
            all_g, all_a, taught = all_g + said["gender"], all_a + said["age"], taught + 1
            held = (faces.fold == fold).nonzero()[:, 0]
            unseen_g[held], unseen_a[held] = said["gender"][held], said["age"][held]
            found = account_of({k: v[held] for k, v in said.items()}, faces, held)
            self.log["stages"][-1]["out_of_fold"] = found
            self.say(f"teacher{fold} on faces it never saw: {found}")
        if not taught:
            return None
        all_g, all_a = all_g / taught, all_a / taught
        self.log["ensemble_val"] = account_of({"gender": all_g[faces.val], "age": all_a[faces.val]}, faces, faces.val)
        self.say(f"ensemble on val: {self.log['ensemble_val']}")
        arrays = {"gender": unseen_g, "age": unseen_a, "gender_all": all_g, "age_all": all_a}
        halves = {name: values.cpu().half().numpy() for name, values in arrays.items()}
        np.savez_compressed(self.out / "soft.npz", rows=faces.labels.rows, **halves)
        # Faces of a fold without a teacher have only what those said that saw them; validation faces keep their label.
        known = (unseen_g.sum(1) > 0.5)[:, None]
        training = (faces.fold >= 0)[:, None]
        soft = Targets(
            torch.where(training, torch.where(known, (unseen_g + all_g) / 2, all_g), hard.gender),
            torch.where(training, torch.where(known, (unseen_a + all_a) / 2, all_a), hard.age),
        )
        return soft, unseen_g

    def without_contradicted(self, hard: Targets, soft: Targets, judge: Tensor) -> Tensor:
        """The gender that is learned as a label: of training faces whose label `judge` contradicts, what is in
        `soft`."""
        faces = self.faces
        doubted = (judge * faces.gender).sum(1) <= 1 - self.schedule.contradicted
        contradicted = (faces.fold >= 0) & (judge.sum(1) > 0.5) & doubted
        self.log["contradicted"] = [int(r) for r in faces.labels.rows[contradicted.cpu().numpy()]]
        self.say(f"labels contradicted: {len(self.log['contradicted'])} of {int((faces.fold >= 0).sum())}")
        return torch.where(contradicted[:, None], soft.gender, hard.gender)

    def students(self, hard: Targets, soft: Targets) -> None:
        faces, plans = self.faces, self.schedule.students
        rows = (faces.fold >= 0).nonzero()[:, 0]
        for number, plan in enumerate(plans, 1):
            # What the teachers did not need is theirs.
            seconds = self.seconds_for(plan, plans[number:], most=2.0)
            if not seconds:
                self.say(f"no time is left for {plan.name}")
                break
            result = self.stage(self.network(plan), plan, rows, Targets.mixed(hard, soft, plan.soft), seconds)
            self.log["stages"][-1]["robustness"] = robustness(result, faces, self.held, plan.side, plan.crop)
            self.say(f"{plan.name}: {self.log['stages'][-1]['robustness']}")
            self.write_log()


def read_starts(folders: Sequence[Path], schedule: Schedule) -> dict[str, dict[str, Any]]:
    """The ImageNet weights of `weights-N.npz` by N. Raises SettingsError where a stage's are not there."""
    found = {path.stem.removeprefix("weights-"): path for folder in folders for path in folder.glob("weights-*.npz")}
    wanted = {plan.start for plan in schedule.plans} - {""}
    if missing := sorted(wanted - set(found)):
        raise SettingsError(
            f"The starting weights {', '.join(missing)} of the schedule are not packed.",
            f"Pack them: python -m tools.gpu.pack ... --starts {','.join(sorted(wanted))}",
        )
    return {name: starts.read_arrays(found[name]) for name in sorted(wanted)}


def _finite(value: Any) -> Any:
    """The same with None for what is no number: JSON knows no NaN."""
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
