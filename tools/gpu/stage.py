"""One network's training: batches made on the card, losses, averaged weights, a clock."""

from __future__ import annotations

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
from tools.gpu.layers import Network, mixed
from tools.gpu.schedule import Plan

SAVE_EVERY_S = 60.0
WARM_STEPS = 3

Step = Callable[[Tensor], Tensor]
"""Takes one step of training on the faces of these rows; returns the loss."""


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


class Replayed:
    """A step as one CUDA graph: recorded after a few real steps on `rows`, then played again with other rows."""

    def __init__(self, step: Step, rows: Tensor) -> None:
        self.rows = rows.clone()
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(WARM_STEPS):
                step(self.rows)
        torch.cuda.current_stream().wait_stream(aside)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self.loss = step(self.rows)

    def __call__(self, rows: Tensor) -> Tensor:
        self.rows.copy_(rows)
        self.graph.replay()
        return self.loss


class Stage:
    """Trains `network` as `plan` says on the faces `rows` and on `negatives`, until its epochs or time are over."""

    def __init__(
        self, plan: Plan, network: Network, faces: Faces, negatives: Tensor, rows: Tensor, targets: Targets,
        strength: Strength | None = None,
    ) -> None:  # fmt: skip
        self.plan, self.network, self.faces, self.negatives = plan, network, faces, negatives
        self.rows, self.targets = rows, targets
        self.strength = strength or Strength()
        self.crop = plan.crop
        self.device = rows.device
        self.optimizer = self._optimizer()
        self.rim = augment.whole_boxes(negatives)  # made once: a CUDA graph cannot bring numbers to the card
        self.most_steps = max(2, round(plan.epochs * len(rows) / plan.positives))
        self.steps = 0
        self.loss = math.nan
        self.seconds = 0.0

    def summary(self) -> dict[str, Any]:
        epochs = self.steps * self.plan.positives / len(self.rows)
        return {"steps": self.steps, "epochs": round(epochs, 1), "seconds": round(self.seconds, 1), "loss": self.loss}

    def run(self, seconds: float, say: Callable[[str], None], save: Callable[[Network], None]) -> Network:
        """Train; return a copy of the network with its averaged weights, ready to answer."""
        plan, network = self.plan, self.network
        network.train()
        averaged: Network = copy.deepcopy(network).eval()
        ours = [*network.parameters(), *(b for b in network.buffers() if b.is_floating_point())]
        theirs = [*averaged.parameters(), *(b for b in averaged.buffers() if b.is_floating_point())]
        started = time.monotonic()
        order = self._orders()
        step_at = {side: self.step_of(side, next(order)) for side in {plan.side_at(0.0), plan.side}}
        self._wait()
        began = saved = time.monotonic()
        say(f"{plan.name}: ready after {began - started:.1f} s")
        seconds = max(1e-9, seconds - (began - started))
        while True:
            progress = max(self.steps / self.most_steps, (time.monotonic() - began) / seconds)
            if progress >= 1 and self.steps > 1:
                break
            rate = min(1.0, (progress + 1e-3) / plan.warmup) * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
            for group in self.optimizer.param_groups:
                group["lr"].fill_(plan.learning_rate * rate)
            loss = step_at[plan.side_at(progress)](next(order))
            self.steps += 1
            keep = min(plan.ema, (1 + self.steps) / (10 + self.steps))
            with torch.no_grad():
                torch._foreach_lerp_(theirs, [t.detach() for t in ours], 1 - keep)
            if self.steps % 25 == 0:
                self.loss = float(loss.detach())  # waits for the card, so that the clock is true
                if self.steps % 400 == 0:
                    pace = self.steps * plan.batch_size / (time.monotonic() - began)
                    say(f"{plan.name}: {progress:.0%}, step {self.steps}, loss {self.loss:.3f}, {pace:.0f} faces/s")
                if time.monotonic() - saved > SAVE_EVERY_S:
                    save(averaged)
                    saved = time.monotonic()
        self._wait()
        self.loss = float(loss.detach())
        self.seconds = time.monotonic() - began
        return averaged

    def _optimizer(self) -> torch.optim.Optimizer:
        parameters = list(self.network.parameters())
        groups = [
            {"params": [p for p in parameters if p.ndim > 1], "weight_decay": self.plan.weight_decay},
            {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
        ]
        graphed = self.device.type == "cuda"
        rate = torch.tensor(self.plan.learning_rate * 1e-3, device=self.device)  # a tensor, which a graph reads anew
        return torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.99), fused=graphed, capturable=graphed)

    def step_of(self, side: int, rows: Tensor) -> Step:
        """What takes a step on crops of `side` pixels. On a card it is one CUDA graph, because giving the card its
        thousands of orders one by one takes longer than carrying them out."""

        def step(rows: Tensor) -> Tensor:
            loss = self.backward(self.network, self.batch(rows, side))
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), 5.0, foreach=True)
            self.optimizer.step()
            return loss.detach()

        return Replayed(step, rows) if self.device.type == "cuda" else step

    def backward(self, network: Network, batch: dict[str, Tensor]) -> Tensor:
        """The loss of a batch, its gradients being left in the network."""
        network.zero_grad(set_to_none=True)
        with mixed(self.device, cache_enabled=False):
            scores = network(batch["x"])
        loss = losses(scores, batch, self.plan)
        loss.backward()
        return loss

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
    def batch(self, rows: Tensor, side: int) -> dict[str, Tensor]:
        """The faces `rows` and pictures of none: "x" (n, 3, side, side) normalised, targets and what they count."""
        faces, nothing = self.faces, self.plan.negatives
        pictures, boxes, landmarks = faces.pictures[rows].float(), faces.boxes[rows], faces.landmarks[rows]
        parts = [augment.posed(pictures, boxes, landmarks, side, self.strength, self.crop)]
        made = nothing // 2 if len(self.negatives) else nothing
        if made:
            some = torch.randint(len(rows), (made,), device=self.device)
            chosen = (pictures[some], boxes[some], landmarks[some])
            parts.append(augment.not_faces(*chosen, side, self.strength, self.crop))
        if nothing > made:
            chosen = torch.randint(len(self.negatives), (nothing - made,), device=self.device)
            others = self.negatives[chosen].float()
            around = self.rim[chosen]
            none = torch.full((len(chosen), 5, 2), math.nan, device=self.device)
            parts.append(augment.posed(others, around, none, side, self.strength, self.crop))
        total = augment.seen(torch.cat(parts), self.strength)
        gender, age, weight = self.targets.gender[rows], self.targets.age[rows], faces.weight[rows]
        age_weight = faces.age_weight[rows]
        x, gender, age = self._mix(total[: len(rows)], gender, age)
        total = torch.cat([x, total[len(rows) :]])
        empty = len(total) - len(rows)
        return {
            "x": self.network.normalised(total),
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
