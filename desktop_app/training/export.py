"""From a trained Keras model to what the app loads: a LiteRT file with two signatures, and the `model.json` beside it.

The signatures are those of `training.signatures`. Both read the same stored weights, of 32 or 16 bits. With 8-bit
weights, which are half the size again and by far the fastest, "explain" lies in a file of its own with 16 bits, because
gradients need them. `.keras` and SavedModel are written beside them for those who want to go on in Keras.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow as tf

from desktop_app.domain.types import AGE_BANDS
from desktop_app.errors import ModelError, OutputError
from desktop_app.system.safe_write import replacing
from desktop_app.training.cards import keras_card
from desktop_app.training.flatbuffer import float_depthwise, share_buffers
from desktop_app.training.networks.classical import HistogramOfGradients
from desktop_app.training.readers.base import GENDERS
from desktop_app.training.seen import SeenFaces
from desktop_app.training.signatures import Ensemble, ExportModule
from desktop_app.vision.attributes.preprocess import InputSpec

EXPLAIN_FILE = "explain.tflite"


@dataclass(frozen=True, slots=True)
class Partner:
    """A network that answers together with another one, with its own size and normalisation of the crops."""

    model: Any
    spec: InputSpec
    mirrored: bool = False


def to_litert(
    module: ExportModule | Ensemble, names: Collection[str] = ("predict", "explain"), weights: str | None = None
) -> bytes:
    """Convert to a LiteRT flatbuffer that holds the signatures `names` and needs built-in operations only.

    `weights` is how they are stored, by default as the module says. Raises ModelError if it cannot be converted.
    """
    weights = weights or module.weights
    folder = tempfile.mkdtemp(prefix="headcount-export-")
    try:
        signatures = module.signatures(names)
        tf.saved_model.save(module, folder, signatures=signatures)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=list(signatures))
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        if weights != "float32":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if weights == "float16":
            converter.target_spec.supported_types = [tf.float16]
        content = converter.convert()
    except (ValueError, RuntimeError) as error:
        raise ModelError(f"The model cannot be converted to LiteRT: {str(error).splitlines()[0]}") from error
    except Exception as error:  # the converter's own error class is not public
        if type(error).__name__ != "ConverterError":
            raise
        raise ModelError(f"The model cannot be converted to LiteRT: {str(error).splitlines()[0]}") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return share_buffers(float_depthwise(content) if weights == "int8" else content)


def export(
    model: Any,
    spec: InputSpec,
    folder: Path,
    card: Mapping[str, Any],
    *,
    age: str = "bands",
    embedding: str | None = None,
    weights: str = "float16",
    explain: bool = True,
    mirrored: bool = False,
    keras_too: bool = False,
    partners: Sequence[Partner] = (),
    temperatures: Sequence[float] | None = None,
    seen: SeenFaces | None = None,
) -> Path:
    """Write `model.tflite` and `model.json` into `folder`; return the LiteRT file. With `explain` and 8-bit weights
    `explain.tflite` is written as well, with `keras_too` also `model.keras` and `saved_model/`, which has a card of its
    own for the raw answers; both hold this network alone, without `partners` and `temperatures`. The classical baseline
    keeps 32 bits whatever `weights` says.

    `partners` are networks that answer together with this one, and `temperatures` calibrate gender by the answered age.
    `seen` are the faces that they learned from, which go along in a file of their own.

    `card` must have at least "name"; everything in it is kept, and what the app reads (file, sha256, input, outputs,
    labels, explain, size_bytes, parameters) is put in. Raises ModelError or OutputError.
    """
    if any(isinstance(layer, HistogramOfGradients) for layer in model.layers):
        weights = "float32"  # the thresholds of its bins do not survive rounding, and there is next to nothing to save
    module: ExportModule | Ensemble = ExportModule(
        model, spec, age, embedding, weights=weights, mirrored=mirrored, temperatures=temperatures
    )
    if partners:
        others = [ExportModule(p.model, p.spec, age, embedding, weights=weights, mirrored=p.mirrored) for p in partners]
        module = Ensemble([module, *others], temperatures)
    apart = explain and weights == "int8"
    content = to_litert(module, ("predict", "explain") if explain and not apart else ("predict",))
    reasons = to_litert(module, ("explain",), "float16") if apart else None
    outputs = {name: name for name in ("gender", "age", "face") if name in module.core.output}
    if embedding is not None:
        outputs["embedding"] = "embedding"
    labels: dict[str, list[str]] = {"gender": list(GENDERS)}
    if "age" in outputs:
        labels["age"] = list(AGE_BANDS)
    full: dict[str, Any] = dict(card)
    full |= {
        "file": "model.tflite",
        "sha256": hashlib.sha256(content).hexdigest(),
        "input": spec.to_json(),
        "outputs": outputs,
        "labels": labels,
        "parameters": int(model.count_params()) + sum(int(p.model.count_params()) for p in partners),
        "size_bytes": len(content),
        "mirrored": mirrored,
    }
    if temperatures is not None:
        full["temperatures"] = [round(float(t), 3) for t in temperatures]
    if explain:
        full["explain"] = {"signature": "explain", "targets": [[name, count] for name, count in module.targets]}
    if reasons is not None:
        full["explain"] |= {"file": EXPLAIN_FILE, "sha256": hashlib.sha256(reasons).hexdigest()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as files:  # a model that was there before stays whole where one of them cannot be written
            files.enter_context(replacing(folder / "model.tflite")).write_bytes(content)
            if reasons is not None:
                files.enter_context(replacing(folder / EXPLAIN_FILE)).write_bytes(reasons)
            if seen is not None and (seen.known or seen.trained):
                full["training_faces"] = seen.write(folder)
            files.enter_context(replacing(folder / "model.json")).write_text(_text(full), encoding="utf-8")
        if keras_too:
            model.save(folder / "model.keras")
            module.core.export(folder / "saved_model", format="tf_saved_model", verbose=False)
            raw = {"file": "saved_model.pb", **keras_card(card, module.core, spec, age)}
            (folder / "saved_model" / "model.json").write_text(_text(raw), encoding="utf-8")
    except OSError as error:
        raise OutputError(
            f"The model cannot be written to {folder}: {error.strerror}.", "Choose another folder."
        ) from error
    return folder / "model.tflite"


def _text(card: Mapping[str, Any]) -> str:
    return json.dumps(card, indent=2, ensure_ascii=False) + "\n"


def calibrate(model: Any, output: str, temperature: float) -> None:
    """Divide the scores of an output by `temperature` in place (Guo et al. 2017), so that the export needs no extra
    step. The scores are those of a dense layer, or of a convolution whose maps are averaged, as in `mini_xception`.
    """
    layer = model.get_layer(output)
    while type(layer).__name__ in ("Activation", "Softmax", "GlobalAveragePooling2D"):
        layer = layer.input._keras_history.operation
    if not hasattr(layer, "kernel") or not 0.01 < temperature < 100:
        raise ModelError(f"The output {output} cannot be calibrated, or the temperature {temperature} is out of range.")
    layer.set_weights([weight / temperature for weight in layer.get_weights()])
