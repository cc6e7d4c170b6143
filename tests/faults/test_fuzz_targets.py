"""The fuzz targets hold for their seeds and for some thousand spoilt ones; `make fuzz` looks further."""

from __future__ import annotations

import numpy as np
import pytest

from tests.fuzz.targets import TARGETS


@pytest.mark.parametrize("name", list(TARGETS))
def test_spoilt_inputs(name: str) -> None:
    target = TARGETS[name]
    rng = np.random.default_rng(sum(name.encode()))
    for seed in target.seeds:
        target.run(seed)
        for _ in range(60):
            data = bytearray(seed)
            for at in rng.integers(0, max(1, len(data)), rng.integers(1, 8)):
                if len(data):
                    data[int(at)] = int(rng.choice([0, 1, 0x7F, 0x80, 0xFF, int(rng.integers(256))]))
            cut = int(rng.integers(0, len(data) + 1)) if rng.random() < 0.3 else len(data)
            target.run(bytes(data[:cut]))
    for _ in range(50):
        target.run(rng.bytes(int(rng.integers(0, 300))))
