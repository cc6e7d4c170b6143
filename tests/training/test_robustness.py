"""The distortions of the robustness table, on a drawn face."""

from __future__ import annotations

import numpy as np
import pytest

from desktop_app.domain.types import Box
from desktop_app.training import robustness
from desktop_app.training.facestore import FaceStore
from desktop_app.training.predict import Predictions
from desktop_app.training.robustness import DISTORTIONS, EasyFace


@pytest.fixture
def easy() -> EasyFace:
    picture = np.random.default_rng(0).integers(90, 220, (136, 136, 3), np.uint8)
    picture[20:120, 30:106] //= 2
    picture += 30
    points = np.array([[50, 55], [86, 55], [68, 75], [55, 92], [81, 92]], np.float32)
    return EasyFace(3, picture, Box(34, 25, 102, 115), points)


def test_a_smaller_face_has_the_size_that_is_asked_for(easy: EasyFace) -> None:
    picture, box = robustness.smaller(24)(easy)
    assert max(box.width, box.height) == pytest.approx(24, abs=0.6)
    assert picture.shape[0] == pytest.approx(136 * 24 / 90, abs=1)


def test_every_distortion_changes_the_face_and_only_that(easy: EasyFace) -> None:
    before = easy.picture.copy()
    for name, change in DISTORTIONS.items():
        picture, box = change(easy)
        assert np.array_equal(easy.picture, before), name
        assert 0 <= box.x1 < box.x2 <= picture.shape[1], name
        assert (name == "unchanged") == (picture.shape == before.shape and np.array_equal(picture, before)), name


def test_the_mask_covers_the_mouth_and_the_bar_the_eyes(easy: EasyFace) -> None:
    mask, _ = robustness.masked(easy)
    assert tuple(mask[92, 68]) == (215, 195, 165)
    assert np.array_equal(mask[50], easy.picture[50])
    bar, _ = robustness.barred(easy)
    assert not bar[55, 50].any()
    assert not bar[55, 86].any()
    assert np.array_equal(bar[92], easy.picture[92])


def test_the_table_holds_what_the_network_answers(easy: EasyFace, store: FaceStore) -> None:
    class Bright:
        """Takes whoever is bright for female."""

        def predict(self, stored: FaceStore, rows: np.ndarray) -> Predictions:
            return Predictions(np.array([float(stored.pictures[i].mean() > 60) for i in rows]))

    store.records[3] = store.records[3].__class__("x.png", "female", 40, 40, 40)
    found = robustness.robustness(Bright(), store, [easy])  # type: ignore[arg-type]
    assert set(found) == set(DISTORTIONS)
    assert found["unchanged"].value == 1
    assert found["dark"].value == 0
    assert robustness.table(found, 1).count("\n") == len(DISTORTIONS) + 1
