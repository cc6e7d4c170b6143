"""Pictures of no face for the answer "face or not": what a face detector takes for one in media without people.

    python -m tools.gpu.negatives FOLDER [FOLDER ...] --out negatives.npy

Each FOLDER is searched for pictures, colour fonts of emoji and Qt's collections of pictures (.rcc); a single file does,
too. On every picture, whole and in parts, the app's detector runs with a low threshold; what it reports is cut out, and
beside it some squares at random. `docs/training.md` names the Debian packages that the shipped weights learned from.
Folders with photographs of people must not be among them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from desktop_app.domain.types import Box
from desktop_app.resources import yunet_weights
from desktop_app.vision.attributes.preprocess import InputSpec, crop_face
from desktop_app.vision.faces.detectors import YuNetFaceDetector

SIDE = 128
LEAST_SCORE = 0.25
LONGEST_SIDE = 640
MOST_BYTES = 3_000_000
MOST_A_PICTURE = 12
PICTURES = (".png", ".jpg", ".jpeg", ".webp")
FONT = ".ttf"
QT_COLLECTION = ".rcc"
_WHOLE = InputSpec(SIDE, SIDE, "bgr", box_scale=1.1)

Picture = NDArray[np.uint8]


def pictures(folders: list[Path], most: int, rng: np.random.Generator) -> Iterator[Picture]:
    """`most` pictures of each folder at random as uint8 BGR, transparent parts filled with a random colour."""
    for folder in folders:
        known = (*PICTURES, FONT, QT_COLLECTION)
        files = [folder] if folder.is_file() else folder.rglob("*")
        paths = sorted(path for path in files if path.suffix.lower() in known and path.is_file())
        for k in rng.permutation(len(paths))[:most]:
            path = paths[k]
            if path.suffix.lower() in PICTURES and path.stat().st_size <= MOST_BYTES:
                found = _decoded(path.read_bytes(), rng)
                if found is not None:
                    yield found
            elif path.suffix.lower() == FONT:
                yield from _emoji(path, rng)
            elif path.suffix.lower() == QT_COLLECTION:
                yield from _collection(path, rng)


def _emoji(path: Path, rng: np.random.Generator) -> Iterator[Picture]:
    """The pictures in a colour font that stores its glyphs as PNG (CBDT)."""
    from fontTools.ttLib import TTFont

    font = TTFont(path)
    if "CBDT" not in font:
        return
    for strike in font["CBDT"].strikeData:
        for glyph in strike.values():
            found = _decoded(glyph.imageData, rng)
            if found is not None:
                yield cv2.copyMakeBorder(found, 24, 24, 24, 24, cv2.BORDER_REPLICATE)  # type: ignore[misc]


def _collection(path: Path, rng: np.random.Generator) -> Iterator[Picture]:
    """The pictures in a binary collection of Qt."""
    from PySide6.QtCore import QDirIterator, QFile, QIODevice, QResource

    if not QResource.registerResource(str(path), "/negatives"):
        return
    entries = QDirIterator(":/negatives", QDirIterator.IteratorFlag.Subdirectories)
    names = []
    while entries.hasNext():
        names.append(entries.next())
    for name in sorted(names):
        file = QFile(name)
        if Path(name).suffix.lower() in PICTURES and file.open(QIODevice.OpenModeFlag.ReadOnly):
            found = _decoded(bytes(file.readAll().data()), rng)
            if found is not None:
                yield found
    QResource.unregisterResource(str(path), "/negatives")


def _decoded(content: bytes, rng: np.random.Generator) -> Picture | None:
    picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if picture is None or picture.dtype != np.uint8 or min(picture.shape[:2]) < 32:
        return None
    longest = max(picture.shape[:2])
    if longest > LONGEST_SIDE:
        factor = LONGEST_SIDE / longest
        picture = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    if picture.ndim == 2:
        picture = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR)
    if picture.shape[2] == 4:
        opaque = picture[..., 3:].astype(np.float32) / 255
        ground = rng.integers(0, 256, 3) if rng.random() < 0.5 else np.full(3, 255)
        picture = (picture[..., :3] * opaque + ground * (1 - opaque)).astype(np.uint8)
    return np.asarray(picture, np.uint8)


def false_alarms(picture: Picture, detector: YuNetFaceDetector) -> list[Box]:
    """The boxes that the detector reports on the picture and on its quarters, at two sizes."""
    height, width = picture.shape[:2]
    parts = [(0, 0, width, height)]
    if max(height, width) > 500:
        half = (width // 2, height // 2)
        parts += [(x, y, x + half[0], y + half[1]) for x in (0, half[0]) for y in (0, half[1])]
    found = []
    for x1, y1, x2, y2 in parts:
        for scale in (1.0, 0.5) if max(x2 - x1, y2 - y1) > 160 else (1.0,):
            seen = np.ascontiguousarray(picture[y1:y2, x1:x2])
            if scale != 1:
                seen = np.asarray(cv2.resize(seen, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
            for face in detector.detect(seen):
                b = face.box
                found.append(Box(b.x1 / scale + x1, b.y1 / scale + y1, b.x2 / scale + x1, b.y2 / scale + y1))
    distinct: list[Box] = []
    for box in found:
        if min(box.width, box.height) >= 12 and all(box.iou(other) < 0.5 for other in distinct):
            distinct.append(box)
    return distinct[:MOST_A_PICTURE]


def random_square(picture: Picture, rng: np.random.Generator) -> Box:
    height, width = picture.shape[:2]
    side = min(height, width) * float(rng.uniform(0.15, 0.9))
    x, y = rng.uniform(0, width - side), rng.uniform(0, height - side)
    return Box(x, y, x + side, y + side)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--random", type=float, default=0.25, help="random squares a picture (default: %(default)s)")
    parser.add_argument("--most", type=int, default=2500, help="pictures of each folder (default: %(default)s)")
    options = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    rng = np.random.default_rng(3)
    detector = YuNetFaceDetector(yunet_weights(), LEAST_SCORE)
    crops = []
    alarms = 0
    for picture in tqdm(pictures(options.folders, options.most, rng), unit="picture"):
        boxes = false_alarms(picture, detector)
        alarms += len(boxes)
        boxes += [random_square(picture, rng) for _ in range(rng.poisson(options.random))]
        crops += [crop_face(picture, box, _WHOLE) for box in boxes]
    if not crops:
        raise SystemExit(f"There is no picture to cut from in {', '.join(map(str, options.folders))}.")
    np.save(options.out, np.stack(crops))
    print(f"{len(crops)} crops, {alarms} of them false alarms of the detector: {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
