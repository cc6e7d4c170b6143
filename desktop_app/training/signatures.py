"""What an exported model computes: one network, or several that answer as one, as two signatures of plain operations.

- "predict": crops (n, height, width, channels) -> gender (n, 2), age (n, 9) over `AGE_BANDS`, face (n, 1), as the
  network has them
- "explain": crops (1, ...) and target (outputs,) -> `cam` (1, h, w) and `guided` (1, height, width, channels)

`target` picks what is explained: the weight of each answer's score before softmax, in the order of the card's
`explain.targets`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from desktop_app.domain.types import AGE_BAND_CENTRES
from desktop_app.errors import ModelError
from desktop_app.training import backward
from desktop_app.training.ages import GROUP4_CENTRES, YEARS, band_matrix
from desktop_app.training.config import WEIGHTS
from desktop_app.training.graph import inference_copy, output_layers
from desktop_app.vision.attributes.preprocess import InputSpec


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
