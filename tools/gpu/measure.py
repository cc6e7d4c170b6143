"""Figures during a run on the card. What is reported in the end is measured by `headcount-train evaluate`."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from tools.gpu import augment
from tools.gpu.account import account
from tools.gpu.faces import Faces
from tools.gpu.layers import Network, mixed
from tools.gpu.schedule import Crop

BATCH = 1024


@torch.no_grad()  # type: ignore[untyped-decorator]
def answer(network: Network, x: Tensor) -> dict[str, Tensor]:
    """Probabilities for crops x (n, 3, side, side) of 0 to 255."""
    parts = []
    for piece in x.split(BATCH):
        with mixed(x.device):
            parts.append(network(network.normalised(piece)))
    scores = {key: torch.cat([part[key] for part in parts]).float() for key in ("gender", "age", "face")}
    return {
        "gender": scores["gender"].softmax(1),
        "age": scores["age"].softmax(1),
        "face": scores["face"].sigmoid(),
    }


def answers(
    network: Network, faces: Faces, rows: Tensor, side: int, crop: Crop, *, mirrored: bool = False
) -> dict[str, Tensor]:
    """What the network says of faces, cropped without any variation."""
    found: list[dict[str, Tensor]] = []
    for chosen in rows.split(4 * BATCH):
        x = augment.plain(faces.pictures[chosen].float(), faces.boxes[chosen], side, crop)
        said = answer(network, x)
        if mirrored:
            again = answer(network, x.flip(3))
            said = {key: (value + again[key]) / 2 for key, value in said.items()}
        found.append(said)
    return {key: torch.cat([part[key] for part in found]) for key in found[0]}


def account_of(said: dict[str, Tensor], faces: Faces, rows: Tensor) -> dict[str, Any]:
    """The figures (`account`) of what was answered for the faces `rows`."""
    return account(said["gender"][:, 0].cpu().numpy(), said["age"].cpu().numpy(), faces.labels, rows.cpu().numpy())


def robustness(network: Network, faces: Faces, negatives: Tensor, side: int, crop: Crop) -> dict[str, float]:
    """Gender on small val faces, and how many faces (plain, small and dark) and pictures of none pass as a face."""
    rows = faces.val
    female = faces.gender[rows, 0] > 0.5
    x = augment.plain(faces.pictures[rows].float(), faces.boxes[rows], side, crop)
    found = {"face": float((answer(network, x)["face"] >= 0.5).float().mean())}
    for pixels in (24, 16):
        tiny = F.interpolate(x, (round(pixels * crop.scale),) * 2, mode="area")
        again = F.interpolate(tiny, (side, side), mode="bilinear", align_corners=False)
        said = answer(network, again)
        found[f"gender at {pixels}"] = float(((said["gender"][:, 0] >= 0.5) == female).float().mean())
        found[f"face at {pixels}"] = float((said["face"] >= 0.5).float().mean())
        found[f"face at {pixels}, dark"] = float((answer(network, again * 0.2)["face"] >= 0.5).float().mean())
    if len(negatives):
        none = answer(network, augment.plain(negatives.float(), augment.whole_boxes(negatives), side, crop))["face"]
        found["none taken for a face"] = float((none >= 0.5).float().mean())
    return {key: round(value, 4) for key, value in found.items()}
