"""Pictures of no face, from which a network with the answer "face" learns what is none."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from desktop_app.errors import SettingsError
from desktop_app.training.damaged import DAMAGED
from desktop_app.training.facestore import SIDE, squares
from desktop_app.training.starts import why_unreadable

_REMEDY = "Give a folder, zip or tar of pictures, or an array that “python -m tools.gpu.negatives” wrote."


def read_no_faces(path: Path) -> NDArray[np.uint8]:
    """Pictures of no face as uint8 (n, side, side, 3) BGR, at least one: a `.npy` file as it is, or each picture of a
    folder, zip or tar stretched to a square.

    Raises SettingsError for an array of another kind or a file that cannot be read, SourceError where there is no
    picture.
    """
    if path.suffix.lower() != ".npy":
        return squares(path, SIDE)
    try:
        found = np.load(path, mmap_mode="r")
    except DAMAGED as error:
        raise SettingsError(
            f"The pictures of no face in {path} cannot be read: {why_unreadable(error)}.", _REMEDY
        ) from error
    shape: tuple[int, ...] = getattr(found, "shape", ())
    square = len(shape) == 4 and shape[0] > 0 and shape[1] == shape[2] >= 8 and shape[3] == 3
    if not square or found.dtype != np.uint8:
        kind = f"{'x'.join(map(str, shape)) or 'no array'} of {getattr(found, 'dtype', 'unknown kind')}"
        raise SettingsError(
            f"{path} holds {kind}, and not square colour pictures (n x side x side x 3 of uint8).", _REMEDY
        )
    return found  # type: ignore[no-any-return]


def mark_of(pictures: NDArray[np.uint8]) -> str:
    """How many pictures there are and a hash of them, for the notes of a run."""
    digest = hashlib.blake2b(digest_size=8)
    for picture in pictures:
        digest.update(np.ascontiguousarray(picture).data)
    return f"{len(pictures):,} ({digest.hexdigest()})"
