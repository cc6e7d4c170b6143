"""One network's training: batches made on the card, losses, averaged weights, a clock."""

from __future__ import annotations

import contextlib
import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from tools.gpu import augment
from tools.gpu.augment import Strength
from tools.gpu.faces import Faces
from tools.gpu.networks import EfficientNetLite
from tools.gpu.schedule import Plan

NEGATIVE_BOX = 0.03
SAVE_EVERY_S = 60.0


@dataclass
class Targets:
    """What is to be answered for every face: `gender` (n, 2) and `age` (n, 9), probabilities."""

    gender: Tensor
    age: Tensor

    @classmethod
    def labels(cls, faces: Faces, smoothing: float) -> Targets:
        return cls(faces.gender * (1 - smoothing) + smoothing / 2, faces.age.clone())

    @classmethod
    def mixed(cls, hard: Targets, soft: Targets, share: float) -> Targets:
        return cls(
            hard.gender * (1 - share) + soft.gender * share,
            hard.age * (1 - share) + soft.age * share,
        )


def losses(scores: dict[str, Tensor], batch: dict[str, Tensor], plan: Plan) -> Tensor:
    """Cross-entropy of gender and age, the squared distance of the cumulated age (Hou et al. 2016, arXiv:1611.05916:
    a mistake by three bands costs more than one by one), and of face or not."""
    gender = -(batch["gender"] * F.log_softmax(scores["gender"].float(), 1)).sum(1)
    logs = F.log_softmax(scores["age"].float(), 1)
    age = -(batch["age"] * logs).sum(1)
    ordinal = (logs.exp().cumsum(1) - batch["age"].cumsum(1)).square().sum(1)
    face = F.binary_cross_entropy_with_logits(scores["face"][:, 0].float(), batch["face"])
    return (
        (gender * batch["weight"]).mean()
        + ((plan.age_loss * age + plan.ordinal_loss * ordinal) * batch["age_weight"]).mean()
        + plan.face_loss * face
    )


class Stage:
    """Trains `network` as `plan` says on the faces `rows` and on `negatives`, until its epochs or time are over."""

    def __init__(
        self, plan: Plan, network: EfficientNetLite, faces: Faces, negatives: Tensor, rows: Tensor, targets: Targets,
        strength: Strength | None = None,
    ) -> None:  # fmt: skip
        self.plan, self.network, self.faces, self.negatives = plan, network, faces, negatives
        self.rows, self.targets = rows, targets
        self.strength = strength or Strength()
        self.device = rows.device
        self.compile = False
        self.rim = torch.tensor([NEGATIVE_BOX, NEGATIVE_BOX, 1 - NEGATIVE_BOX, 1 - NEGATIVE_BOX], device=rows.device)
        self.most_steps = max(2, round(plan.epochs * len(rows) / plan.positives))
        self.steps = 0
        self.loss = math.nan
        self.seconds = 0.0

    def summary(self) -> dict[str, Any]:
        epochs = self.steps * self.plan.positives / len(self.rows)
        return {"steps": self.steps, "epochs": round(epochs, 1), "seconds": round(self.seconds, 1), "loss": self.loss}

    def run(
        self, seconds: float, say: Callable[[str], None], save: Callable[[EfficientNetLite], None]
    ) -> EfficientNetLite:
        """Train; return a copy of the network with its averaged weights, ready to answer."""
        plan, network = self.plan, self.network
        network.train()
        step_of = torch.compile(network, dynamic=False) if self.compile else network
        averaged: EfficientNetLite = copy.deepcopy(network).eval()
        ours = [*network.parameters(), *(b for b in network.buffers() if b.is_floating_point())]
        theirs = [*averaged.parameters(), *(b for b in averaged.buffers() if b.is_floating_point())]
        decayed = [p for p in network.parameters() if p.ndim > 1]
        plain = [p for p in network.parameters() if p.ndim <= 1]
        optimizer = torch.optim.AdamW(
            [{"params": decayed, "weight_decay": plan.weight_decay}, {"params": plain, "weight_decay": 0.0}],
            lr=plan.learning_rate, betas=(0.9, 0.99), fused=self.device.type == "cuda",
        )  # fmt: skip
        began = saved = time.monotonic()
        mixing = self.device.type == "cuda"
        order = self._orders()
        while True:
            if self.steps == 1:  # the first step compiles, which is no training time
                self._wait()
                say(f"{plan.name}: first step after {time.monotonic() - began:.1f} s")
                began = time.monotonic()
            progress = max(self.steps / self.most_steps, (time.monotonic() - began) / seconds)
            if progress >= 1 and self.steps > 1:
                break
            rate = min(1.0, (progress + 1e-3) / plan.warmup) * 0.5 * (1 + math.cos(math.pi * progress))
            for group in optimizer.param_groups:
                group["lr"] = plan.learning_rate * rate
            batch = self.batch(next(order))
            context = torch.autocast("cuda", torch.bfloat16) if mixing else contextlib.nullcontext()
            with context:
                scores = step_of(batch["x"])
            loss = losses(scores, batch, plan)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0, foreach=True)
            optimizer.step()
            self.steps += 1
            keep = min(plan.ema, (1 + self.steps) / (10 + self.steps))
            with torch.no_grad():
                torch._foreach_lerp_(theirs, [t.detach() for t in ours], 1 - keep)
            if self.steps % 25 == 0:
                self.loss = float(loss.detach())  # waits for the card, so that the clock is true
                if self.steps % 200 == 0:
                    pace = self.steps * plan.batch_size / (time.monotonic() - began)
                    say(
                        f"{plan.name}: step {self.steps} of {self.most_steps}, loss {self.loss:.3f}, {pace:.0f} faces/s"
                    )
                if time.monotonic() - saved > SAVE_EVERY_S:
                    save(averaged)
                    saved = time.monotonic()
        self._wait()
        self.loss = float(loss.detach())
        self.seconds = time.monotonic() - began
        return averaged

    def _wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize()

    def _orders(self) -> Any:
        """Batches of rows without end: every face once before any comes again."""
        left = torch.empty(0, dtype=torch.long, device=self.device)
        while True:
            while len(left) < self.plan.positives:
                left = torch.cat([left, self.rows[torch.randperm(len(self.rows), device=self.device)]])
            yield left[: self.plan.positives]
            left = left[self.plan.positives :]

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def batch(self, rows: Tensor) -> dict[str, Tensor]:
        """The faces `rows` and pictures of none: "x" (n, 3, side, side) normalised, targets and what they count."""
        faces, side, nothing = self.faces, self.plan.side, self.plan.negatives
        x = augment.varied(faces.pictures[rows].float(), faces.boxes[rows], faces.landmarks[rows], side, self.strength)
        gender, age, weight = self.targets.gender[rows], self.targets.age[rows], faces.weight[rows]
        age_weight = faces.age_weight[rows]
        x, gender, age = self._mix(x, gender, age)
        parts = [x]
        if nothing:
            made = nothing // 2 if len(self.negatives) else nothing
            picked = rows[torch.randint(len(rows), (made,), device=self.device)]
            parts.append(
                augment.not_faces(
                    faces.pictures[picked].float(), faces.boxes[picked], faces.landmarks[picked], side, self.strength
                )
            )
            if nothing > made:
                chosen = torch.randint(len(self.negatives), (nothing - made,), device=self.device)
                pictures = self.negatives[chosen].float()
                edge = pictures.shape[-1]
                none = torch.full((len(chosen), 5, 2), math.nan, device=self.device)
                parts.append(
                    augment.varied(pictures, (self.rim * edge).expand(len(chosen), 4), none, side, self.strength)
                )
        total = torch.cat(parts)
        empty = len(total) - len(rows)
        return {
            "x": ((total - 127) / 128).contiguous(memory_format=torch.channels_last),
            "gender": F.pad(gender, (0, 0, 0, empty)),
            "age": F.pad(age, (0, 0, 0, empty)),
            "weight": F.pad(weight, (0, empty)),
            "age_weight": F.pad(age_weight, (0, empty)),
            "face": F.pad(torch.ones(len(rows), device=self.device), (0, empty)),
        }

    def _mix(self, x: Tensor, gender: Tensor, age: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Half of the faces with another shining through (mixup, Zhang et al. 2017, arXiv:1710.09412)."""
        alpha = self.plan.mixup
        if not alpha:
            return x, gender, age
        n = len(x)
        first, second = torch._standard_gamma(torch.full((2, n), alpha, device=x.device))
        share = (first + 1e-6) / (first + second + 2e-6)
        share = torch.where(
            torch.rand(n, device=x.device) < 0.5, torch.maximum(share, 1 - share), torch.ones_like(share)
        )
        other = torch.randperm(n, device=x.device)
        x = x * share[:, None, None, None] + x[other] * (1 - share)[:, None, None, None]
        gender = gender * share[:, None] + gender[other] * (1 - share)[:, None]
        return x, gender, age * share[:, None] + age[other] * (1 - share)[:, None]
