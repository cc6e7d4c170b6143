"""The packed faces on the card, with their labels and what each counts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from desktop_app.domain.types import AGE_BAND_CENTRES
from desktop_app.training.balance import BANDS, face_weights

AGE_SOFTNESS = 0.5
BAND_YEARS = AGE_BAND_CENTRES


@dataclass
class Faces:
    """n faces: `pictures` uint8 (n, 3, side, side) RGB, `boxes` (n, 4), `landmarks` (n, 5, 2) in its pixels.

    `gender` (n, 2) is one-hot over (female, male), `age` (n, 9) the label spread over its neighbours; `weight` and
    `age_weight` (n,) are what a face counts. `fold` is -1 for validation faces.
    """

    pictures: Tensor
    boxes: Tensor
    landmarks: Tensor
    gender: Tensor
    age: Tensor
    band: Tensor
    race: Tensor
    fold: Tensor
    weight: Tensor
    age_weight: Tensor
    row: NDArray[np.int64]
    races: list[str]

    def __len__(self) -> int:
        return len(self.boxes)


def decoded(content: NDArray[np.uint8], offsets: NDArray[np.int64], side: int | None = None) -> NDArray[np.uint8]:
    """The pictures of one part: uint8 (n, 3, side, side) RGB."""

    def one(k: int) -> NDArray[np.uint8]:
        picture = cv2.imdecode(content[offsets[k] : offsets[k + 1]], cv2.IMREAD_COLOR)
        assert picture is not None
        if side is not None and picture.shape[0] != side:
            picture = cv2.resize(picture, (side, side), interpolation=cv2.INTER_LINEAR)
        return np.ascontiguousarray(np.asarray(picture, np.uint8)[..., ::-1].transpose(2, 0, 1))

    with ThreadPoolExecutor(16) as pool:
        return np.stack(list(pool.map(one, range(len(offsets) - 1))))


def load(folders: list[Path], device: torch.device, weights: dict[str, float]) -> tuple[Faces, Tensor]:
    """All parts `faces-*.npz` of the folders, and the pictures of no face (m, 3, side, side)."""
    tables: dict[str, list[NDArray[Any]]] = {}
    pictures = []
    races: list[str] = []
    for path in sorted(path for folder in folders for path in folder.glob("faces-*.npz")):
        with np.load(path) as part:
            pictures.append(decoded(part["pictures"], part["offsets"]))
            races = [str(r) for r in part["races"]]
            for name in ("rows", "boxes", "landmarks", "female", "band", "race", "fold"):
                tables.setdefault(name, []).append(part[name])
    table = {name: np.concatenate(parts) for name, parts in tables.items()}
    side = pictures[0].shape[-1]
    nothing = [path for folder in folders for path in folder.glob("negatives.npz")]
    if nothing:
        with np.load(nothing[0]) as part:
            negatives = decoded(part["pictures"], part["offsets"], side)
    else:
        negatives = np.zeros((0, 3, side, side), np.uint8)
    band = torch.from_numpy(table["band"].astype(np.int64))
    female = torch.from_numpy(table["female"])
    away = torch.arange(BANDS)[None] - torch.arange(BANDS)[:, None]
    spread = torch.exp(-0.5 * (away / AGE_SOFTNESS) ** 2)
    spread = spread / spread.sum(1, keepdim=True)
    gender_weight, age_weight = _weights(table, races, weights)
    faces = Faces(
        torch.cat([torch.from_numpy(p) for p in pictures]).to(device),
        torch.from_numpy(table["boxes"]).float().to(device),
        torch.from_numpy(table["landmarks"]).float().to(device),
        torch.stack([female, ~female], 1).float().to(device),
        spread[band.clamp_min(0)].float().to(device),
        band.to(device),
        torch.from_numpy(table["race"].astype(np.int64)).to(device),
        torch.from_numpy(table["fold"].astype(np.int64)).to(device),
        gender_weight.to(device),
        age_weight.to(device),
        table["rows"],
        races,
    )
    return faces, torch.from_numpy(negatives).to(device)


def _weights(table: dict[str, NDArray[Any]], races: list[str], config: dict[str, float]) -> tuple[Tensor, Tensor]:
    """What each face counts for gender and for age; see `training/balance.py`."""
    black = table["race"] == (races.index("Black") if "Black" in races else -1)
    gender, age = face_weights(
        table["band"].astype(int), table["female"], black, config, table["fold"] >= 0, _turned(table["landmarks"])
    )
    return torch.from_numpy(gender).float(), torch.from_numpy(age).float()


def _turned(points: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Whether the tip of the nose lies more than a quarter of the eye distance off the middle of the eyes."""
    eyes = points[:, :2].mean(1)
    line = points[:, 1] - points[:, 0]
    length = np.linalg.norm(line, axis=1) + 1e-6
    off = np.abs(((points[:, 2] - eyes) * line).sum(1)) / length**2
    found: NDArray[np.bool_] = np.nan_to_num(off, nan=1.0) > 0.25
    return found
