"""The exported SavedModel, served elsewhere as docs/serving.md says, answers what `predict` answers."""

from __future__ import annotations

import dataclasses
import importlib.util
import os
from pathlib import Path

import cv2
import httpx
import numpy as np
import pytest

from desktop_app.domain.types import Box
from desktop_app.resources import demo_clip
from desktop_app.settings import data_dir
from desktop_app.vision.attributes.model_card import read_card
from desktop_app.vision.attributes.preprocess import InputSpec, crop_faces, normalise
from tests.patience import PATIENCE_S
from tests.web.conftest import Serve

pytestmark = [
    pytest.mark.train,
    pytest.mark.slow,
    pytest.mark.allow_threads,  # TensorFlow keeps a pool of threads for as long as the process lives
    pytest.mark.skipif(
        importlib.util.find_spec("tensorflow") is None and os.environ.get("HEADCOUNT_REQUIRE_TRAIN") != "1",
        reason="TensorFlow is not installed",
    ),
]


def export_network(folder: Path) -> None:
    """Export a small network with fresh weights, as LiteRT file and as SavedModel."""
    from desktop_app.training import config, export, networks

    chosen = config.load("joint64_small")
    chosen = dataclasses.replace(chosen, input=dataclasses.replace(chosen.input, width=48, height=48))
    network = networks.build(chosen)
    # Fresh weights say about one half for every face; larger ones tell faces apart.
    network.set_weights([1.6 * w for w in network.get_weights()])
    export.export(network, chosen.input, folder, {"name": "Exported"}, age=chosen.age, explain=False, keras_too=True)


def test_predict_says_the_same_as_the_saved_model(serve: Serve) -> None:
    import tensorflow as tf

    folder = data_dir() / "models" / "exported"
    export_network(folder)
    capture = cv2.VideoCapture(str(demo_clip()))
    capture.set(cv2.CAP_PROP_POS_FRAMES, 150)
    _, picture = capture.read()
    capture.release()
    body = cv2.imencode(".png", picture)[1].tobytes()
    asked = httpx.post(
        f"{serve().url}/api/v1/predict?model=exported",
        content=body,
        headers={"content-type": "image/png"},
        timeout=2 * PATIENCE_S,
    )
    assert asked.status_code == 200, asked.text
    faces = asked.json()["pictures"][0]["faces"]
    assert len(faces) >= 2

    spec = InputSpec.from_json(read_card(folder)["input"])
    crops = crop_faces(picture, [Box(*face["box"]) for face in faces], spec)
    serving_default = tf.saved_model.load(str(folder / "saved_model")).signatures["serving_default"]
    (name,) = serving_default.structured_input_signature[1]
    answers = serving_default(**{name: tf.constant(normalise(crops, spec))})
    said = np.asarray(answers["gender"])[:, 0]
    # 16-bit weights there, 32-bit here; the box of the answer is rounded to a tenth of a pixel.
    assert [face["answers"][0]["female"] for face in faces] == pytest.approx(said, abs=0.01)
    assert np.ptp(said) > 0.02  # or anything would do
