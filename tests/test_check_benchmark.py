"""The simulated doors of the benchmark are what their names say."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.check import DOORS, Door, simulate
from desktop_app.domain.types import Gender


def test_a_perfect_door_has_no_error_to_find() -> None:
    door = Door("perfect", wrong=0.0, undecided=0.0, false=0.0, missed=0.0)
    check, share, ratio = simulate(door, np.random.default_rng(3))
    female = check.strata[Gender.FEMALE]
    assert (female.male, female.false, check.missed) == (0, 0, 0)
    assert female.counted / check.counted == pytest.approx(share)
    assert ratio == 1.0


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)
def test_a_door_checks_as_many_as_the_operator_has_patience_for(door: Door) -> None:
    check, share, ratio = simulate(door, np.random.default_rng(3))
    assert check.counted == door.people
    assert 0.8 * door.patience <= check.checked <= door.patience
    assert abs(share - door.women) < 0.2
    assert ratio == pytest.approx((1 - door.false) / (1 - door.missed), abs=0.1)
