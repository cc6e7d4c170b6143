"""The gender and age network: one protocol over every kind of model file; LiteRT runs ours without TensorFlow.

classifier = load_classifier(model_dir)             # by what its `model.json` says
classifier.predict(crop_faces(image_bgr, boxes, classifier.spec))
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.types import Attributes
from desktop_app.errors import ModelError
from desktop_app.system.plain_text import printable
from desktop_app.vision.attributes.model_card import (
    CARD_NAME,
    KINDS,
    NO_SAVED_MODEL,
    REMEDY,
    card_object,
    read_card,
    read_weights,
    weight_file,
)
from desktop_app.vision.attributes.outputs import AnswerReader
from desktop_app.vision.attributes.preprocess import InputSpec, normalise
from desktop_app.vision.attributes.trial import ensure_tried

__all__ = ["AttributeClassifier", "CardClassifier", "LiteRtClassifier", "load_classifier", "read_card"]

Outputs = Mapping[str, NDArray[Any]]
"""Raw outputs by name, the first dimension that of the batch."""


@runtime_checkable
class AttributeClassifier(Protocol):
    """Says gender and age of face crops. Not thread-safe: one classifier belongs to one thread."""

    @property
    def name(self) -> str: ...

    @property
    def spec(self) -> InputSpec: ...

    def predict(self, crops: NDArray[np.uint8]) -> list[Attributes]:
        """Classify uint8 crops of shape (n, *spec.shape), as `preprocess.crop_faces` makes them, in one batch."""
        ...


class Network(Protocol):
    """One loaded network of whatever kind: uint8 crops (n, height, width, channels) -> raw outputs."""

    def run(self, crops: NDArray[np.uint8]) -> Outputs: ...


NetworkLoader = Callable[[Path, Mapping[str, Any], InputSpec, int], Network]
"""(model folder, card, input, threads) -> network. Raises ModelError."""


class CardClassifier:
    """A network with the `model.json` that says how it is fed and what its outputs mean.

    Raises ModelError where the files are missing, damaged or do not fit each other: the network is run once on two
    made-up pictures, so that what does not fit shows now and not on the first face.
    """

    def __init__(self, model_dir: Path, load: NetworkLoader, threads: int = 1) -> None:
        card = read_card(model_dir)
        if not card.get("name"):
            raise ModelError(f"{CARD_NAME} of the model {model_dir.name} lacks 'name'.", REMEDY)
        self.card: Mapping[str, Any] = card
        self._spec = InputSpec.from_json(card_object(card, "input", model_dir.name))
        self._answers = AnswerReader(card, model_dir.name)
        self._network = load(model_dir, card, self._spec, threads)
        # The first run allocates, which the first face must not wait for; noise brings out weights that are no numbers.
        noise = np.random.default_rng(0).integers(0, 256, (2, *self._spec.shape), np.uint8)
        noise[0] = 0
        self.predict(noise)

    @property
    def name(self) -> str:
        return str(self.card["name"])

    @property
    def spec(self) -> InputSpec:
        return self._spec

    def predict(self, crops: NDArray[np.uint8]) -> list[Attributes]:
        if len(crops) == 0:
            return []
        if crops.shape[1:] != self._spec.shape:
            raise ValueError(f"crops have shape {crops.shape[1:]}, the model {self.name} wants {self._spec.shape}")
        return self._answers.read(self._network.run(crops), len(crops))


class LiteRtClassifier(CardClassifier):
    """A `.tflite` network, run through LiteRT (TensorFlow Lite's runtime).

    The signature "predict" is used, else "serving_default", else (files without signatures) the graph's own input and
    outputs. `file` in the `model.json` names the weights, `sha256` (optional) is checked.
    """

    def __init__(self, model_dir: Path, threads: int = 1) -> None:
        super().__init__(model_dir, LiteRtNetwork, threads)


class LiteRtNetwork:
    """The network of a `.tflite` file. A graph made for one picture at a time is run so."""

    def __init__(self, model_dir: Path, card: Mapping[str, Any], spec: InputSpec, threads: int) -> None:
        # LiteRT takes half a second to import: it is paid by the thread that counts, not by the window's start.
        from ai_edge_litert.interpreter import Interpreter

        self._spec = spec
        path = weight_file(model_dir, card.get("file"))
        content = read_weights(path, card.get("sha256"))
        if content[4:8] != b"TFL3":
            raise ModelError(f"{path.name} of the model {model_dir.name} is not a LiteRT (.tflite) file.", REMEDY)
        try:
            self._interpreter = Interpreter(model_content=content, num_threads=threads)
            signatures = self._interpreter.get_signature_list()
            key = next((k for k in ("predict", "serving_default") if k in signatures), next(iter(signatures), None))
            self._runner = self._interpreter.get_signature_runner(key) if key is not None else None
            if self._runner is not None:
                self._input, details = next(iter(self._runner.get_input_details().items()))
            else:
                details = self._interpreter.get_input_details()[0]
                self._input = details["index"]
        except (ValueError, RuntimeError, IndexError, StopIteration) as error:
            raise ModelError(
                f"{path.name} of the model {model_dir.name} is not a usable LiteRT model: {_first_line(error)}.", REMEDY
            ) from error
        shape = [int(n) for n in details["shape_signature"]]
        if shape[1:] != list(spec.shape):
            raise ModelError(
                f"The model {model_dir.name} wants input {shape[1:]}, its {CARD_NAME} says {list(spec.shape)}.", REMEDY
            )
        if details["dtype"] is not np.float32:
            raise ModelError(
                f"The model {model_dir.name} wants {np.dtype(details['dtype']).name} numbers.",
                "Export it with float32 input and output; its weights may be of any kind.",
            )
        self._one_by_one = shape[0] == 1
        self._name = model_dir.name

    def run(self, crops: NDArray[np.uint8]) -> Outputs:
        array = normalise(crops, self._spec)
        try:
            if not self._one_by_one:
                return self._invoke(array)
            parts = [self._invoke(array[i : i + 1]) for i in range(len(array))]
        except (ValueError, RuntimeError) as error:
            raise ModelError(f"The model {self._name} cannot be run: {_first_line(error)}.", REMEDY) from error
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def _invoke(self, array: NDArray[np.float32]) -> Outputs:
        if self._runner is not None:
            return dict(self._runner(**{self._input: array}))
        if list(self._interpreter.get_input_details()[0]["shape"]) != list(array.shape):
            self._interpreter.resize_tensor_input(self._input, array.shape)
        self._interpreter.allocate_tensors()
        self._interpreter.set_tensor(self._input, array)
        self._interpreter.invoke()
        found: dict[str, NDArray[Any]] = {}
        for number, detail in enumerate(self._interpreter.get_output_details()):
            # Such a file may be known by its tensors' names or by their order.
            found[str(detail["name"])] = found[str(number)] = self._interpreter.get_tensor(detail["index"])
        return found


def _keras(model_dir: Path, card: Mapping[str, Any], spec: InputSpec, threads: int) -> Network:
    from desktop_app.vision.attributes.keras_model import KerasNetwork

    return KerasNetwork(model_dir, card, spec, threads)


def _caffe(model_dir: Path, card: Mapping[str, Any], spec: InputSpec, threads: int) -> Network:
    from desktop_app.vision.attributes.caffe import CaffeNetwork

    return CaffeNetwork(model_dir, card, spec, threads)


def _hog(model_dir: Path, card: Mapping[str, Any], spec: InputSpec, threads: int) -> Network:
    from desktop_app.vision.attributes.hog import HogNetwork

    return HogNetwork(model_dir, card, spec, threads)


LOADERS: Mapping[str, NetworkLoader] = {
    ".tflite": LiteRtNetwork,
    ".keras": _keras,
    ".h5": _keras,
    ".caffemodel": _caffe,
    ".npz": _hog,
}
"""Who loads which kind of weight file, by its ending."""


def load_classifier(model_dir: Path, threads: int = 1) -> CardClassifier:
    """Load the model in a folder, of whatever kind. Raises ModelError with one sentence that says what is wrong.

    A model in the user's own folder is tried in a child process first, unless it was tried before as it is.
    """
    ensure_tried(model_dir)
    return load_here(model_dir, threads)


def load_here(model_dir: Path, threads: int = 1) -> CardClassifier:
    """Load a model in this process, without trying it elsewhere. Raises ModelError, whatever the libraries raise."""
    try:
        return _load(model_dir, threads)
    except ModelError:
        raise
    except MemoryError as error:
        raise ModelError(f"The model {model_dir.name} needs more memory than there is.", REMEDY) from error
    except Exception as error:  # the readers of six formats raise what they like over a damaged file
        raise ModelError(f"The model {model_dir.name} cannot be loaded: {_first_line(error)}.", REMEDY) from error


def _load(model_dir: Path, threads: int) -> CardClassifier:
    card = read_card(model_dir)
    is_caffe = isinstance(card.get("nets"), dict)
    if not is_caffe and not card.get("file"):
        raise ModelError(f"{CARD_NAME} of the model {model_dir.name} lacks 'file'.", REMEDY)
    ending = ".caffemodel" if is_caffe else Path(str(card["file"])).suffix.lower()
    if not ending and (model_dir / str(card["file"])).is_dir():
        raise ModelError(*NO_SAVED_MODEL)
    if ending not in LOADERS:
        raise ModelError(
            f"The model {model_dir.name} is a {ending} file, which cannot be loaded.",
            f"These can: {', '.join(KINDS)}.",
        )
    return CardClassifier(model_dir, LOADERS[ending], threads)


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return printable(lines[0][:300]).rstrip(".") if lines else type(error).__name__
