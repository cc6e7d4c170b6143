"""Telling faces apart by the features of our own gender and age network.

A network trained for gender and age keeps much of what tells two people apart, but in its raw features everybody looks
alike: a few directions that all faces share drown the rest. Linear discriminant analysis (Fisher 1936; for faces
Belhumeur, Hespanha and Kriegman, "Eigenfaces vs. Fisherfaces", PAMI 1997) finds the directions in which people differ
more than the glimpses of one person. It is fitted by `tools/fit_likeness.py` on FairFace's training faces, each seen
several times under other light, pose, sharpness and crop, and kept beside the model as `likeness.npz`.

The vectors live in memory only; see `domain.likeness`.
"""

from __future__ import annotations

import hashlib
import logging
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

log = logging.getLogger(__name__)

FILE_NAME = "likeness.npz"


@dataclass(frozen=True)
class LikenessSpace:
    """Projects a network's embedding to a short vector made for comparing people.

    `mean` is float32 of shape (d,), `projection` float32 of shape (d, k).
    """

    mean: NDArray[np.float32]
    projection: NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.mean.ndim != 1 or self.projection.ndim != 2 or len(self.mean) != len(self.projection):
            raise ValueError(f"mean {self.mean.shape} and projection {self.projection.shape} do not fit")

    def project(self, embedding: NDArray[np.float32] | None) -> NDArray[np.float32] | None:
        """Return the unit vector of shape (k,) for an embedding of shape (d,), None for None or another length."""
        if embedding is None or embedding.shape != self.mean.shape:
            return None
        vector = (embedding - self.mean) @ self.projection
        norm = float(np.linalg.norm(vector))
        return None if norm == 0 else np.asarray(vector / norm, dtype=np.float32)

    def save(self, model_file: Path) -> None:
        """Write the space beside the network file it was fitted to."""
        np.savez(
            model_file.parent / FILE_NAME,
            mean=self.mean,
            projection=self.projection,
            model_sha256=np.array(_sha256(model_file)),
        )

    @classmethod
    def load(cls, model_file: Path) -> LikenessSpace | None:
        """Read the space fitted to a network file, or None where there is none for it.

        Without a space people are told apart by place and clothes alone: less well, but the count goes on.
        """
        path = model_file.parent / FILE_NAME
        if not path.is_file():
            return None
        try:
            with np.load(path) as data:
                if str(data["model_sha256"]) != _sha256(model_file):
                    log.warning("%s was fitted to another network than %s and is not used", path.name, model_file.name)
                    return None
                return cls(np.asarray(data["mean"], np.float32), np.asarray(data["projection"], np.float32))
        except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
            log.warning("%s cannot be read and is not used: %s", path.name, error)
            return None


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def fit(embeddings: NDArray[np.float64], dimensions: int = 32, shrinkage: float = 1e-3) -> LikenessSpace:
    """Fit a space to embeddings of shape (people, glimpses, d) by linear discriminant analysis.

    `shrinkage` is the share of the mean within-person variance added to each direction, so that a direction in which
    the glimpses happen not to differ is not blown up. Raises ValueError for fewer than two glimpses a person.
    """
    people, glimpses, size = embeddings.shape
    if people < 2 or glimpses < 2:
        raise ValueError(f"at least 2 people with 2 glimpses each are needed, not {people} with {glimpses}")
    mean = embeddings.mean((0, 1))
    centred = embeddings - mean
    of_person = centred.mean(1)
    inside = (centred - of_person[:, None]).reshape(-1, size)
    within = inside.T @ inside / len(inside)
    between = of_person.T @ of_person / people
    values, vectors = np.linalg.eigh(within + shrinkage * np.trace(within) / size * np.eye(size))
    whiten = vectors / np.sqrt(values)
    _, best = np.linalg.eigh(whiten.T @ between @ whiten)
    projection = whiten @ best[:, ::-1][:, :dimensions]
    return LikenessSpace(mean.astype(np.float32), projection.astype(np.float32))
