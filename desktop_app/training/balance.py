"""What a face counts in the loss: more where a group is rare or is answered worse. Read by the GPU schedule, too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from desktop_app.errors import SettingsError

BANDS = 9
MOST_TURNED = 0.25
"""From which distance of the tip of the nose to the middle of the eyes, in eye distances, a head counts as turned."""
LEAST, MOST = 0.6, 1.7
MOST_AGE = 2.0

KNOWN = ("balance", "age_balance", "black", "old_women", "young", "turned")
"""`balance`: the power of the ratio of the other gender's faces to this one's within an age band. `age_balance`: that
of the median band's faces to this band's. The others are factors for faces labelled Black, women of 50 and over,
people below 20 and, where landmarks are known, heads turned to a side.
"""

Floats = NDArray[np.float64]


def face_weights(
    band: NDArray[Any], female: NDArray[np.bool_], black: NDArray[np.bool_], options: Mapping[str, float],
    training: NDArray[np.bool_] | None = None, turned: NDArray[np.bool_] | None = None,
) -> tuple[Floats, Floats]:  # fmt: skip
    """What each of n faces counts for gender and for age: float64 (n,) each, gender with a mean of 1.

    Raises SettingsError where none would count.
    `band` is the index of the labelled age band, -1 for none; only faces of `training` (all, if None) are counted.
    """
    chosen = np.ones(len(band), np.bool_) if training is None else training
    weight = np.ones(len(band))
    age_weight = np.where(band >= 0, 1.0, 0.0)
    counts = np.array([int(((band == b) & chosen).sum()) for b in range(BANDS)])
    middle = float(np.median(counts[counts > 0])) if counts.any() else 1.0
    power, age_power = options.get("balance", 0.0), options.get("age_balance", 0.0)
    for b in range(BANDS):
        here = band == b
        women, men = (max(1, int((here & chosen & group).sum())) for group in (female, ~female))
        weight[here & female] *= np.clip((men / women) ** power, LEAST, MOST)
        weight[here & ~female] *= np.clip((women / men) ** power, LEAST, MOST)
        age_weight[here] *= np.clip((middle / max(1, counts[b])) ** age_power, LEAST, MOST_AGE)
    weight[black] *= options.get("black", 1.0)
    weight[female & (band >= 6)] *= options.get("old_women", 1.0)
    weight[(band >= 0) & (band <= 2)] *= options.get("young", 1.0)
    if turned is not None:
        weight[turned] *= options.get("turned", 1.0)
    if not weight[chosen].any():
        raise SettingsError("The weights of groups leave no face that counts.", "Give a group more than 0.")
    return weight / weight[chosen].mean(), age_weight


def turned_heads(points: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Whether the tip of the nose is far off the middle of the eyes (`MOST_TURNED`) in landmarks (n, 5, 2); so it is
    taken where the detector found none."""
    eyes = points[:, :2].mean(1)
    line = points[:, 1] - points[:, 0]
    length = np.linalg.norm(line, axis=1) + 1e-6
    off = np.abs(((points[:, 2] - eyes) * line).sum(1)) / length**2
    found: NDArray[np.bool_] = np.nan_to_num(off, nan=1.0) > MOST_TURNED
    return found
