"""The packed faces on the card, with what is to be answered for them and what each counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from desktop_app.training.balance import BANDS
from tools.gpu.packed import Packed

AGE_SOFTNESS = 0.5


@dataclass
class Faces:
    """n faces: `pictures` uint8 (n, 3, side, side) RGB, `boxes` (n, 4), `landmarks` (n, 5, 2) in its pixels.

    `gender` (n, 2) is one-hot over (female, male), `age` (n, 9) the label spread over its neighbours; `weight` and
    `age_weight` (n,) are what a face counts. `fold` is -1 for validation faces. `negatives` (m, 3, side, side) are
    pictures of no face, `labels` the same faces off the card. `soft_gender` (n, 2) and `soft_age` (n, 9) are what a
    model said of them, zeros where it was not asked.
    """

    pictures: Tensor
    boxes: Tensor
    landmarks: Tensor
    gender: Tensor
    age: Tensor
    fold: Tensor
    weight: Tensor
    age_weight: Tensor
    negatives: Tensor
    soft_gender: Tensor
    soft_age: Tensor
    labels: Packed

    def __len__(self) -> int:
        return len(self.labels)

    @classmethod
    def on(cls, device: torch.device, packed: Packed, weights: Mapping[str, float]) -> Faces:
        """Bring packed faces to the card. `weights` says what groups count (`balance.KNOWN`)."""
        band = torch.from_numpy(packed.band)
        female = torch.from_numpy(packed.female)
        away = torch.arange(BANDS)[None] - torch.arange(BANDS)[:, None]
        spread = torch.exp(-0.5 * (away / AGE_SOFTNESS) ** 2)
        spread = spread / spread.sum(1, keepdim=True)
        weight, age_weight = packed.weights(weights)
        said = torch.from_numpy(packed.soft_female)
        soft_gender = torch.stack([said, 1 - said], 1)
        return cls(
            pictures=torch.from_numpy(packed.pictures).to(device),
            boxes=torch.from_numpy(packed.boxes).to(device),
            landmarks=torch.from_numpy(packed.landmarks).to(device),
            gender=torch.stack([female, ~female], 1).float().to(device),
            age=spread[band.clamp_min(0)].float().to(device),
            fold=torch.from_numpy(packed.fold).to(device),
            weight=torch.from_numpy(weight).float().to(device),
            age_weight=torch.from_numpy(age_weight).float().to(device),
            negatives=torch.from_numpy(packed.negatives).to(device),
            soft_gender=soft_gender.nan_to_num(0.0).to(device),
            soft_age=torch.from_numpy(packed.soft_age).nan_to_num(0.0).to(device),
            labels=packed,
        )

    @property
    def val(self) -> Tensor:
        """The indices of the validation faces."""
        return (self.fold < 0).nonzero()[:, 0]
