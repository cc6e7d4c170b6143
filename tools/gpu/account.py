"""The figures of a run on the GPU, from plain arrays, as `headcount-train evaluate` has them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.types import AGE_BAND_CENTRES
from desktop_app.training.metrics import proportion
from tools.gpu.packed import Packed


def account(female: NDArray[Any], age: NDArray[Any], faces: Packed, rows: NDArray[np.int64]) -> dict[str, Any]:
    """Gender accuracy (all, women, men, by age, and the weakest group), age exact, one off and mean error in years.

    `female` (m,) and `age` (m, 9) are the probabilities that were answered for the m faces `rows`. NaN where a group
    has no face.
    """
    is_female, band, years = faces.female[rows], faces.band[rows], faces.years[rows]
    right = np.asarray((female >= 0.5) == is_female, np.bool_)
    labelled = band >= 0
    away = np.abs(age.argmax(1) - band)[labelled]
    errors = np.abs(age.astype(np.float64) @ np.array(AGE_BAND_CENTRES) - years)
    known = np.isfinite(errors)
    groups = {}
    for number, name in enumerate(faces.races):
        for gender, mask in (("women", is_female), ("men", ~is_female)):
            here = mask & (faces.race[rows] == number)
            if here.any():
                groups[f"{name} {gender}"] = proportion(right[here]).value
    weakest = min(groups, key=lambda key: groups[key]) if groups else ""
    return {
        "gender": proportion(right).value,
        "women": proportion(right[is_female]).value,
        "men": proportion(right[~is_female]).value,
        "weakest": [weakest, groups.get(weakest)],
        "under 10": proportion(right[labelled & (band <= 1)]).value,
        "10-19": proportion(right[band == 2]).value,
        "20 up": proportion(right[band >= 3]).value,
        "women 60 up": proportion(right[(band >= 7) & is_female]).value,
        "age exact": proportion(away == 0).value,
        "one off": proportion(away <= 1).value,
        "mae": float(errors[known].mean()) if known.any() else float("nan"),
    }
