"""Makes the tiny models of this folder. Run with TensorFlow: `python tests/vision/tiny_models/make.py`.

They are committed because the tests of the program run without TensorFlow. All have random weights and take pictures of
16x16. `explained` is exported as `headcount-train` exports; the others have the shapes that users bring.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2]))

import keras  # noqa: E402
import tensorflow as tf  # noqa: E402
from keras import layers  # noqa: E402

from desktop_app.training.export import export  # noqa: E402
from desktop_app.vision.attributes.preprocess import InputSpec  # noqa: E402

SPEC = InputSpec(16, 16)


def features(channels: int = 3) -> tuple[Any, Any]:
    crops = keras.Input((16, 16, channels), name="crops")
    x = layers.Conv2D(6, 3, padding="same", activation="relu")(crops)
    x = layers.MaxPooling2D(2)(x)
    x = layers.Conv2D(12, 3, padding="same", activation="relu")(x)
    return crops, layers.GlobalAveragePooling2D()(x)


def explained(name: str, seed: int) -> None:
    keras.utils.set_random_seed(seed)
    crops, x = features()
    # Scaled up, so that the answers of random weights differ from picture to picture.
    wide = keras.initializers.RandomNormal(stddev=3.0)
    outputs = {
        "gender": layers.Dense(2, activation="softmax", name="gender", kernel_initializer=wide)(x),
        "age": layers.Dense(9, activation="softmax", name="age", kernel_initializer=wide)(x),
    }
    card = {"name": f"Tiny {name}", "summary": "Random weights, for tests.", "data": "none", "licence": "Apache-2.0"}
    export(keras.Model(crops, outputs), SPEC, HERE / name, card, float16=False)


def frozen(weights: dict[str, Any], batch: int) -> Any:
    """The same small network as one graph over constants."""
    kernels = [tf.constant(w) for w in weights.values()]

    def run(crops: Any) -> Any:
        x = tf.nn.relu(tf.nn.conv2d(crops, kernels[0], 1, "SAME") + kernels[1])
        x = tf.nn.max_pool2d(x, 2, 2, "VALID")
        x = tf.nn.relu(tf.nn.conv2d(x, kernels[2], 1, "SAME") + kernels[3])
        return tf.nn.softmax(tf.reduce_mean(x, [1, 2]) @ kernels[4] + kernels[5])

    return tf.function(run).get_concrete_function(tf.TensorSpec([batch, 16, 16, 3], tf.float32))


def plain(
    name: str, outputs: dict[str, tuple[int, str]], card: dict[str, Any], channels: int = 3, batch: int | None = None
) -> None:
    keras.utils.set_random_seed(len(name))
    crops, x = features(channels)
    model = keras.Model(crops, {k: layers.Dense(n, activation=a, name=k)(x) for k, (n, a) in outputs.items()})
    folder = HERE / name
    folder.mkdir(exist_ok=True)
    if batch is None:
        saved = tempfile.mkdtemp()
        model.export(saved, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(saved)
    else:  # as older converters wrote it: no signature, one picture at a time
        weights = {v.path: v.numpy() for v in model.variables}
        converter = tf.lite.TFLiteConverter.from_concrete_functions([frozen(weights, batch)])
    content = converter.convert()
    (folder / "model.tflite").write_bytes(content)
    spec = InputSpec(16, 16, "grey" if channels == 1 else "rgb")
    full = {"name": f"Tiny {name}", "file": "model.tflite", "sha256": hashlib.sha256(content).hexdigest()}
    full |= {"input": spec.to_json(), **card}
    (folder / "model.json").write_text(json.dumps(full, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    explained("explained", 5)
    explained("rival", 11)
    plain(
        "joint",
        {"gender": (1, "sigmoid"), "age": (1, "linear")},
        {"outputs": {"gender": "gender", "age": "age"}, "labels": {"gender": ["female"]}, "age": {"kind": "group4"}},
        channels=1,
    )
    plain(
        "classes8",
        {"gender": (2, "linear"), "age": (8, "softmax")},
        {
            "outputs": {"gender": "gender", "age": "age"},
            "logits": ["gender"],
            "labels": {
                "gender": ["Man", "Woman"],
                "age": ["(0, 2)", "(4, 6)", "(8, 13)", "(15, 20)", "(25, 32)", "(38, 43)", "(48, 53)", "(60, 100)"],
            },
        },
    )
    plain(
        "one",
        {"gender": (2, "softmax")},
        {"outputs": {"gender": "0"}, "labels": {"gender": ["female", "male"]}},
        batch=1,
    )
