"""The films of `benchmarks.stillness` show what they say they do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks import stillness
from benchmarks.clips import Clip
from benchmarks.stillness import WAYS, film
from desktop_app.resources import demo_clip

CLIP = Clip(Path(demo_clip()), 0, 0, 0, 0, 0)
SECONDS = 1.6


def pictures(way: str, *, live: bool) -> list[NDArray[np.uint8]]:
    return [frame.image_bgr for frame in film(CLIP, WAYS[way], SECONDS, live=live)]


def change(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    return float(np.abs(a.astype(int) - b).mean())


@pytest.fixture(autouse=True)
def little_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stillness, "noisy", lambda image, tick, sigma=0.0: image)


def test_a_picture_stands_still_and_a_live_film_does_not() -> None:
    still, live = pictures("passed", live=False), pictures("slow", live=True)
    assert change(still[0], still[9]) == 0
    assert len(live) == len(still) == round(SECONDS * stillness.FPS)
    assert change(live[0], live[-1]) > 0


@pytest.mark.parametrize("way", ["panning", "trembling", "zooming", "carried"])
def test_a_picture_moves_as_a_whole_where_the_camera_or_the_board_does(way: str) -> None:
    shown = pictures(way, live=False)
    assert change(shown[0], shown[8]) > 1
    assert shown[0].shape == shown[8].shape


def test_few_frames_are_few() -> None:
    assert len(pictures("2 a second", live=True)) == 4


def test_a_video_call_renews_only_what_changed() -> None:
    skipping = stillness.Skipping()
    first = np.full((64, 64, 3), 100, np.uint8)
    second = first.copy()
    second[:16, :16] = 160
    second[40:, 40:] += 3
    skipping(first, 0)
    shown = skipping(second, 1)
    assert change(shown[:16, :16], second[:16, :16]) < 5
    assert change(shown[48:, 48:], first[48:, 48:]) < 1.5
