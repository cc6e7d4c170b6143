"""From a trained Keras model to what the app loads: a LiteRT file with two signatures, and the `model.json` beside it.

- "predict": crops (n, height, width, channels) -> gender (n, 2), age (n, 9) over `AGE_BANDS`, face (n, 1), as the
  network has them
- "explain": crops (1, ...) and target (outputs,) -> `cam` (1, h, w) and `guided` (1, height, width, channels)

`target` picks what is explained: the weight of each answer's score before softmax, in the order of the card's
`explain.targets`. Both signatures read the same stored weights, of 32 or 16 bits. With 8-bit weights, which are half
the size again and by far the fastest, "explain" lies in a file of its own with 16 bits, because gradients need them.
`.keras` and SavedModel are written beside them for those who want to go on in Keras.
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

import numpy as np
import tensorflow as tf

from desktop_app.domain.types import AGE_BANDS
from desktop_app.errors import ModelError, OutputError
from desktop_app.system.safe_write import replacing
from desktop_app.training import backward
from desktop_app.training.ages import band_matrix
from desktop_app.training.cards import keras_card
from desktop_app.training.config import WEIGHTS
from desktop_app.training.flatbuffer import float_depthwise, share_buffers
from desktop_app.training.graph import inference_copy, output_layers
from desktop_app.training.networks.classical import HistogramOfGradients
from desktop_app.training.readers.base import GENDERS
from desktop_app.training.seen import SeenFaces
from desktop_app.vision.attributes.preprocess import InputSpec

EXPLAIN_FILE = "explain.tflite"


@dataclass(frozen=True, slots=True)
class Partner:
    """A network that answers together with another one, with its own size and normalisation of the crops."""

    model: Any
    spec: InputSpec
    mirrored: bool = False


class ExportModule(tf.Module):  # type: ignore[misc]
    """The two signatures of a model, as functions of plain operations.

    `age` is what the age output was trained on (see `TrainingConfig.age`); whatever it is, the exported output is a
    distribution over `AGE_BANDS`. `embedding` names a layer whose output becomes a unit vector for each face. With
    `mirrored`, "predict" answers with the mean over each crop and its mirror image, which costs twice the time.
    `temperatures` are what the gender scores are divided by, one for each age band that is answered.
    """

    def __init__(
        self,
        model: Any,
        spec: InputSpec,
        age: str = "bands",
        embedding: str | None = None,
        *,
        weights: str = "float16",
        mirrored: bool = False,
        temperatures: Sequence[float] | None = None,
    ) -> None:
        super().__init__(name="headcount")
        self.temperatures = temperatures
        self.core = inference_copy(model, spec.shape)
        if weights not in WEIGHTS:
            raise ModelError(f"Weights cannot be stored as {weights!r}; choose from {', '.join(WEIGHTS)}.")
        self.weights = weights
        self.mirrored = mirrored
        if weights == "float16":  # rounded here once, so that TensorFlow and LiteRT compute with the very same weights
            self.core.set_weights([weight.astype(np.float16).astype(np.float32) for weight in self.core.get_weights()])
        self.spec = spec
        self.age = age if "age" in self.core.output else "none"
        self.embedding = embedding
        self.scores = backward.logit_steps(self.core)
        self.targets = self._targets()
        self.maps = sorted({backward.last_feature_maps(self.core, self.scores[name][0]) for name, _ in self.targets})

    def _targets(self) -> list[tuple[str, int]]:
        """The outputs that can be explained: (output, how many). Gender has two even where one unit says both."""
        found = []
        for name in ("gender", "age"):
            if name in self.core.output:
                units = int(self.core.output[name].shape[-1])
                found.append((name, 2 if name == "gender" else units))
        return found

    @property
    def target_count(self) -> int:
        return sum(count for _, count in self.targets)

    def signatures(self, names: Collection[str] = ("predict", "explain")) -> dict[str, Any]:
        crops = tf.TensorSpec([None, *self.spec.shape], tf.float32, "crops")
        found = {}
        if "predict" in names:
            found["predict"] = tf.function(self.predict, autograph=False).get_concrete_function(crops)
        if "explain" in names:
            one = tf.TensorSpec([1, *self.spec.shape], tf.float32, "crops")
            target = tf.TensorSpec([self.target_count], tf.float32, "target")
            found["explain"] = tf.function(self.explain, autograph=False).get_concrete_function(one, target)
        return found

    def predict(self, crops: Any) -> dict[str, Any]:
        return calibrated(self.raw(crops), self.temperatures)

    def raw(self, crops: Any) -> dict[str, Any]:
        """The answers before the calibration by age."""
        if not self.mirrored:
            return self._outputs_of(crops)
        found = self._outputs_of(tf.concat([crops, tf.reverse(crops, [2])], axis=0))
        mean = {name: _mean_of_halves(value) for name, value in found.items()}
        if self.embedding is not None:
            mean["embedding"] = tf.math.l2_normalize(mean["embedding"], axis=-1)
        return mean

    def _outputs_of(self, crops: Any) -> dict[str, Any]:
        values = backward.forward(self.core, crops)
        outputs = {name: values[layer] for name, layer in output_layers(self.core).items()}
        answer = {}
        if "gender" in outputs:
            gender = outputs["gender"]
            if gender.shape[-1] == 1:
                if self.scores["gender"][1] == "relu":  # which may say more than 1
                    gender = tf.minimum(gender, 1.0)
                gender = tf.concat([gender, 1.0 - gender], axis=-1)
            answer["gender"] = tf.identity(gender)
        if "age" in outputs:
            answer["age"] = to_bands(outputs["age"], self.age)
        if "face" in outputs:
            answer["face"] = tf.identity(outputs["face"])
        if self.embedding is not None:
            answer["embedding"] = tf.math.l2_normalize(values[self.embedding], axis=-1)
        return answer

    def explain(self, crops: Any, target: Any) -> dict[str, Any]:
        """Grad-CAM (Selvaraju et al. 2017, arXiv:1610.02391) and guided backpropagation of the targeted score."""
        # Always 1, but not before the graph runs; see `backward.Call.one`.
        one = tf.cast(tf.reduce_max(target) > -1e30, tf.float32)
        values = backward.forward(self.core, crops)
        seeds: dict[str, Any] = {}
        start = 0
        for name, count in self.targets:
            layer, _ = self.scores[name]
            part = target[start : start + count]
            units = int(values[layer].shape[-1])
            if units < count:  # one sigmoid unit: what speaks for male speaks against female
                part = part[:1] - part[1:2]
            seeds[layer] = tf.reshape(part, [1, units])
            start += count
        plain = backward.backward(self.core, values, seeds, guided=False, one=one)
        guided = backward.backward(self.core, values, seeds, guided=True, one=one)
        heat = []
        for name in self.maps:
            weights = tf.reduce_mean(plain[name], axis=[1, 2], keepdims=True)
            heat.append(tf.nn.relu(tf.reduce_sum(weights * values[name], axis=-1)))
        first = next(iter(self.core.layers)).name
        return {"cam": tf.add_n(heat) if len(heat) > 1 else tf.identity(heat[0]), "guided": tf.identity(guided[first])}


class Ensemble(tf.Module):  # type: ignore[misc]
    """Several networks that answer as one: the mean of their gender scores, ages and explanations.

    The crops are those of the first; the others get them averaged down to their own size. The first alone says
    whether there is a face at all.
    """

    def __init__(self, members: Sequence[ExportModule], temperatures: Sequence[float] | None = None) -> None:
        super().__init__(name="headcount")
        self.members = list(members)
        self.spec, self.weights, self.targets = members[0].spec, members[0].weights, members[0].targets
        self.target_count, self.mirrored = members[0].target_count, members[0].mirrored
        self.core, self.temperatures = members[0].core, temperatures
        self.parameters = sum(int(member.core.count_params()) for member in members)
        for member in members[1:]:
            if member.targets != self.targets or member.spec.colour != self.spec.colour:
                raise ModelError("Networks with other answers or other colours cannot answer as one.")
            if _cut(member.spec) != _cut(self.spec) or member.spec.width > self.spec.width:
                raise ModelError("A network that joins another one takes the same crop, no larger.")

    signatures = ExportModule.signatures

    def predict(self, crops: Any) -> dict[str, Any]:
        found = [member.raw(resized(crops, self.spec, member.spec)) for member in self.members]
        answer = dict(found[0])
        scores = tf.add_n([_log_odds(each["gender"]) for each in found]) / float(len(found))
        answer["gender"] = _from_log_odds(scores)
        if "age" in answer:
            answer["age"] = tf.add_n([each["age"] for each in found]) / float(len(found))
        if "embedding" in answer:
            answer["embedding"] = tf.math.l2_normalize(tf.concat([each["embedding"] for each in found], -1), axis=-1)
        return calibrated(answer, self.temperatures)

    def explain(self, crops: Any, target: Any) -> dict[str, Any]:
        """The mean of what explains each network's score, brought to the size of the first one's maps."""
        found = [member.explain(resized(crops, self.spec, member.spec), target) for member in self.members]
        cams = [each["cam"][..., None] for each in found]
        cam = tf.add_n([_unit_peak(tf.image.resize(each, cams[0].shape[1:3])) for each in cams]) / float(len(cams))
        whole = found[0]["guided"].shape[1:3]
        guided = [_unit_peak(tf.image.resize(each["guided"], whole)) for each in found]
        return {"cam": cam[..., 0], "guided": tf.add_n(guided) / float(len(guided))}


def _cut(spec: InputSpec) -> tuple[float, str]:
    """What two networks must have in common to share one crop."""
    return spec.box_scale, spec.border


def resized(crops: Any, source: InputSpec, wanted: InputSpec) -> Any:
    """Crops normalised for one network as another one wants them: enlarged to twice its size, then averaged by twos,
    which loses nothing that shrinking by area would keep."""
    if (source.width, source.height) != (wanted.width, wanted.height):
        double = tf.image.resize(crops, (2 * wanted.height, 2 * wanted.width))
        crops = tf.nn.avg_pool2d(double, 2, 2, "VALID")
    factor = wanted.scale / source.scale
    shift = (np.asarray(source.mean, np.float32) - np.asarray(wanted.mean, np.float32)) * wanted.scale
    return crops * factor + shift


def _unit_peak(values: Any) -> Any:
    return values / (tf.reduce_max(tf.abs(values)) + 1e-12)


def _log_odds(gender: Any) -> Any:
    """(n, 2) probabilities -> (n, 1) log odds of the first."""
    kept = tf.clip_by_value(gender, 1e-6, 1.0)
    return tf.math.log(kept[:, :1]) - tf.math.log(kept[:, 1:])


def _from_log_odds(scores: Any) -> Any:
    first = tf.sigmoid(scores)
    return tf.concat([first, 1.0 - first], axis=-1)


def calibrated(answer: dict[str, Any], temperatures: Sequence[float] | None) -> dict[str, Any]:
    """Divide the gender score by the temperature that belongs to the answered ages (Guo et al. 2017)."""
    if temperatures is None:
        return answer
    share = tf.reduce_sum(answer["age"] * np.asarray(temperatures, np.float32)[None], axis=-1, keepdims=True)
    return answer | {"gender": _from_log_odds(_log_odds(answer["gender"]) / share)}


def _mean_of_halves(value: Any) -> Any:
    """(2 n, units) -> (n, units): the mean of row i and row n + i."""
    return tf.reduce_mean(tf.reshape(value, [2, -1, int(value.shape[-1])]), axis=0)


def to_bands(age: Any, kind: str) -> Any:
    """Turn any age output into probabilities over `AGE_BANDS`, (n, 9).

    Classes are shared out over the bands they overlap. A number of years becomes the two neighbouring bands
    whose expectation it is.
    """
    if kind == "bands":
        return tf.identity(age)
    if kind == "adience8":
        return tf.matmul(age, tf.constant(band_matrix("adience8")))
    from desktop_app.domain.types import AGE_BAND_CENTRES
    from desktop_app.training.ages import GROUP4_CENTRES, YEARS

    centres = np.asarray(AGE_BAND_CENTRES, np.float32)
    if kind == "years":
        years = age * YEARS
    elif kind == "group4":
        years = tf.zeros_like(age) + GROUP4_CENTRES[0]
        for i in range(3):
            step = GROUP4_CENTRES[i + 1] - GROUP4_CENTRES[i]
            years = years + step * tf.clip_by_value(age * 4.0 - float(i), 0.0, 1.0)
    else:
        raise ModelError(f"An age output of the kind {kind!r} cannot be exported.")
    years = tf.clip_by_value(years, float(centres[0]), float(centres[-1]))
    below = (years - centres[:-1]) / (centres[1:] - centres[:-1])
    share = tf.clip_by_value(below, 0.0, 1.0)  # how far the way from each centre to the next has been gone
    ones, zeros = tf.ones_like(years), tf.zeros_like(years)
    return tf.concat([ones, share], axis=-1) - tf.concat([share, zeros], axis=-1)


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
