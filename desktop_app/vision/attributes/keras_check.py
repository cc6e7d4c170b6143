"""Looks into a Keras file before Keras does: only known layers, and no way out of the file.

Some layers read files that their configuration names when they are loaded (vocabularies, other models), and an HDF5
file can lead to other files. So what is allowed is listed, and everything else is refused.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

from desktop_app.errors import ModelError
from desktop_app.system.safe_json import parse_json

_MOST_CONFIG_BYTES = 32 * 2**20
_MOST_WEIGHT_BYTES = 2 * 10**9
_DEEPEST = 200

_LAYERS_TEXT = """
Functional Sequential Model InputLayer Dense EinsumDense Activation ReLU LeakyReLU PReLU ELU Softmax Identity Conv1D
Conv2D Conv3D SeparableConv1D SeparableConv2D DepthwiseConv1D DepthwiseConv2D Conv1DTranspose Conv2DTranspose
Conv3DTranspose BatchNormalization LayerNormalization GroupNormalization UnitNormalization RMSNormalization
SpectralNormalization Normalization Rescaling Resizing CenterCrop Flatten Reshape Permute RepeatVector Dropout
SpatialDropout1D SpatialDropout2D SpatialDropout3D GaussianNoise GaussianDropout AlphaDropout Add Subtract Multiply
Average Maximum Minimum Concatenate Dot MaxPooling1D MaxPooling2D MaxPooling3D AveragePooling1D AveragePooling2D
AveragePooling3D GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D GlobalMaxPooling1D
GlobalMaxPooling2D GlobalMaxPooling3D ZeroPadding1D ZeroPadding2D ZeroPadding3D UpSampling1D UpSampling2D UpSampling3D
Cropping1D Cropping2D Cropping3D MultiHeadAttention Attention AdditiveAttention GroupedQueryAttention RandomFlip
RandomRotation RandomZoom RandomTranslation RandomContrast RandomBrightness RandomCrop TimeDistributed Bidirectional
LSTM GRU SimpleRNN LSTMCell GRUCell SimpleRNNCell ActivityRegularization Masking Embedding
"""
_LAYERS = frozenset(_LAYERS_TEXT.split())
_PARTS_TEXT = """
GlorotUniform GlorotNormal HeUniform HeNormal LecunUniform LecunNormal Zeros Ones Constant RandomNormal RandomUniform
TruncatedNormal VarianceScaling Orthogonal IdentityInitializer L1 L2 L1L2 OrthogonalRegularizer MaxNorm NonNeg
UnitNorm MinMaxNorm DTypePolicy FloatDTypePolicy Policy SeedGenerator __keras_tensor__ __tuple__ __slice__
__ellipsis__ __typespec__ __numpy__ __tensor__
"""
_PARTS = frozenset(_PARTS_TEXT.split())
_PART_MODULES = ("keras.initializers", "keras.regularizers", "keras.constraints", "keras.dtype_policies")
_OPERATIONS = "keras.src.ops."

_REMEDY = "Export the model to LiteRT (headcount-train export); such a file can do nothing but compute."


def check_keras_file(path: Path, content: bytes) -> None:
    """Raise ModelError where a `.keras` or `.h5` file holds a layer that is not known, or leads to other files.

    `content` is the whole file. Needs h5py, which comes with TensorFlow.
    """
    try:
        if path.suffix.lower() == ".keras":
            configuration = _check_archive(path, content)
        else:
            configuration = _check_hdf5(path, content)
    except ModelError:
        raise
    except Exception as error:  # whatever the readers raise over a damaged file
        raise ModelError(f"{path.name} is damaged and cannot be loaded ({type(error).__name__}).", _REMEDY) from error
    if configuration is None:
        raise ModelError(f"{path.name} holds weights but no model and cannot be loaded.", _REMEDY)
    _check_node(path, configuration)


def _check_archive(path: Path, content: bytes) -> Any:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
        if any(name.startswith("assets/") and size for name, size in sizes.items()):
            raise ModelError(f"{path.name} brings files of its own, which are not read.", _REMEDY)
        if sum(sizes.values()) > _MOST_WEIGHT_BYTES or sizes.get("config.json", 0) > _MOST_CONFIG_BYTES:
            raise ModelError(f"{path.name} is too large when unpacked.", _REMEDY)
        for name in sizes:
            if name.endswith((".h5", ".hdf5")):
                _check_hdf5(path, archive.read(name))
        return parse_json(archive.read("config.json"), _DEEPEST)


def _check_hdf5(path: Path, content: bytes) -> Any:
    import h5py

    with h5py.File(io.BytesIO(content), "r") as file:
        _check_group(path, file)
        configuration = file.attrs.get("model_config")
    if configuration is None:
        return None
    return parse_json(configuration, _DEEPEST)


def _check_group(path: Path, group: Any, depth: int = 0) -> None:
    import h5py

    for name in group:
        link = group.get(name, getlink=True)
        if not isinstance(link, h5py.HardLink):
            raise ModelError(f"{path.name} leads to other files or places and cannot be loaded.", _REMEDY)
        item = group[name]
        if isinstance(item, h5py.Group):
            if depth > 40:
                raise ModelError(f"{path.name} is nested too deeply to be loaded.", _REMEDY)
            _check_group(path, item, depth + 1)
        elif isinstance(item, h5py.Dataset) and (item.external or item.is_virtual):
            raise ModelError(f"{path.name} leads to other files and cannot be loaded.", _REMEDY)


def _check_node(path: Path, node: Any) -> None:
    """Walk the configuration; every object that Keras would build has a class name."""
    if isinstance(node, list):
        for inner in node:
            _check_node(path, inner)
    if not isinstance(node, dict):
        return
    name = node.get("class_name")
    if name is not None:
        module = node.get("module")
        known = isinstance(name, str) and (
            name in _LAYERS
            or name in _PARTS
            or (isinstance(module, str) and (module in _PART_MODULES or module.startswith(_OPERATIONS)))
        )
        ours = module is None or (isinstance(module, str) and (module == "keras" or module.startswith("keras.")))
        registered = node.get("registered_name")
        if not (known and ours) or (isinstance(registered, str) and ">" in registered):
            raise ModelError(
                f"{path.name} cannot be loaded: {str(name)[:60]!r} is a layer of its own, or may read files.",
                _REMEDY,
            )
    for inner in node.values():
        _check_node(path, inner)
