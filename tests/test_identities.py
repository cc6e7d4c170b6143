"""What the benchmark of identities hands to TrackEval, and that the figures come back under their right names."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchmarks.identities import HEADER, Scores, Sequence, line
from desktop_app.domain.types import Box

LEFT, RIGHT = Box(0, 0, 20, 30), Box(100, 0, 120, 30)


def swapped(frames: int) -> Sequence:
    """Two people whose boxes are exact and whose ids are exchanged half way."""
    sequence = Sequence()
    for i in range(frames):
        first, second = (7, 3) if i < frames // 2 else (3, 7)
        sequence.add({"Ann": LEFT, "Ben": RIGHT}, {first: LEFT, second: RIGHT})
    return sequence


def test_people_and_ids_are_numbered_from_zero_and_boxes_compared() -> None:
    sequence = Sequence()
    sequence.add({"Ben": RIGHT}, {9: LEFT, 4: Box(100, 0, 120, 15)})
    sequence.add({"Ann": LEFT, "Ben": RIGHT}, {})
    sequence.add({}, {4: LEFT})
    data = sequence.data()
    assert [ids.tolist() for ids in data["gt_ids"]] == [[1], [0, 1], []]
    assert [ids.tolist() for ids in data["tracker_ids"]] == [[1, 0], [], [0]]
    assert [scores.shape for scores in data["similarity_scores"]] == [(1, 2), (2, 0), (0, 1)]
    np.testing.assert_allclose(data["similarity_scores"][0], [[0.0, 0.5]])
    assert (data["num_timesteps"], data["num_gt_ids"], data["num_tracker_ids"]) == (3, 2, 2)
    assert (data["num_gt_dets"], data["num_tracker_dets"]) == (3, 3)


def test_ids_exchanged_half_way_cost_association_and_not_detection() -> None:
    pytest.importorskip("trackeval")
    figures = Scores().add("swapped", swapped(10))
    # Each pair of person and id shares 5 of 15 faces.
    assert figures["DetA"] == 1.0
    assert figures["AssA"] == pytest.approx(1 / 3)
    assert figures["HOTA"] == pytest.approx(math.sqrt(1 / 3))
    assert figures["IDF1"] == pytest.approx(0.5)
    assert (figures["IDSW"], figures["MOTA"]) == (2, 0.9)
    assert len(line("swapped", figures)) == len(HEADER)


def test_all_sequences_together_count_every_face_the_same() -> None:
    pytest.importorskip("trackeval")
    scores = Scores()
    scores.add("swapped", swapped(10))
    nobody = Sequence()
    for _ in range(20):
        nobody.add({"Cal": LEFT}, {})
    assert scores.add("nobody", nobody)["HOTA"] == 0.0
    assert scores.together()["DetA"] == pytest.approx(0.5)
