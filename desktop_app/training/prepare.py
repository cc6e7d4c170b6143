"""From pictures to a labelled set of faces: find, cut out, list, and show how they are spread over gender and age."""

from __future__ import annotations

import csv
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.types import AGE_BANDS, Box, Detection
from desktop_app.errors import HeadcountError, OutputError, SourceError
from desktop_app.system.plain_text import printable
from desktop_app.training.distribution import draw_distribution
from desktop_app.training.facestore import CONTEXT, default_detectors
from desktop_app.training.readers import FaceRecord, RowProblem, open_dataset
from desktop_app.training.readers.base import parse_age_range, problem_lines
from desktop_app.training.readers.folders import is_picture
from desktop_app.training.readers.storage import PictureStorage, decode_picture, is_archive, open_storage
from desktop_app.vision.attributes.classifier import AttributeClassifier
from desktop_app.vision.attributes.preprocess import crop_faces
from desktop_app.vision.faces.detectors import FaceDetector

MAX_DOWNLOAD = 64 * 1024 * 1024
TIMEOUT_S = 20.0
LEAST_SURE = 0.6
LEAST_FACE = 20
"""Faces smaller than this many pixels are left out: nothing can be learned from them."""

COLUMNS = (
    "file", "gender", "age", "age_min", "age_max", "race", "role", "group", "x1", "y1", "x2", "y2", "source", "score",
    "suggested_gender", "suggested_age",
)  # fmt: skip


@dataclass(slots=True)
class Prepared:
    """What `prepare` did: the faces written, their records, what a model suggests for each, and what went wrong."""

    folder: Path
    records: list[FaceRecord] = field(default_factory=list)
    pictures: int = 0
    suggested: list[FaceRecord] = field(default_factory=list)
    without_face: int = 0
    too_small: int = 0
    problems: list[RowProblem] = field(default_factory=list)

    def account(self) -> str:
        lines = [f"{self.pictures:,} pictures, {len(self.records):,} faces written to {self.folder}"]
        if self.without_face:
            lines.append(f"  without a face: {self.without_face:,}")
        if self.too_small:
            lines.append(f"  faces under {LEAST_FACE} pixels left out: {self.too_small:,}")
        lines += problem_lines(self.problems, "not read")
        return "\n".join(lines)


def prepare(
    source: str,
    folder: Path,
    detectors: Sequence[FaceDetector] | None = None,
    suggest: AttributeClassifier | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Prepared:
    """Find the faces in a folder, zip, labelled data set or picture address, and write them to `folder`.

    Writes `faces/*.jpg` (each face with its surroundings), `faces.csv` (labels where the source has them, the face
    box, and where each face came from) and `distribution.png`. With `suggest` the table also says what that model
    takes each face for, which the chart shows where gender or age is labelled for no face. `headcount-train train
    --data FOLDER` reads the result; labels of an unlabelled source can be filled in in `faces.csv`. A labelled picture
    gives the one face that its label means, an unlabelled one every face. A damaged picture is listed, never fatal.
    Raises SourceError or OutputError, the latter also where FOLDER has a `faces.csv` already, whose labels would go.
    """
    finders = list(detectors) if detectors is not None else default_detectors()
    result = Prepared(folder)
    if (folder / "faces.csv").exists():
        raise OutputError(
            f"{folder} holds faces.csv already, whose labels would be lost.",
            "Choose another folder, or move that file.",
        )
    try:
        (folder / "faces").mkdir(parents=True, exist_ok=True)
        part = folder / "faces.csv.part"  # a table of its own only when it is whole
        with part.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            for name, record, picture, done, total in _pictures(source, result):
                if progress is not None:
                    progress(done, total)
                _write_faces(name, record, picture, finders, suggest, result, writer.writerow)
        if result.pictures:
            part.replace(folder / "faces.csv")
        if result.records:
            chart, model = folder / "distribution.png", "" if suggest is None else suggest.name
            draw_distribution(result.records, chart, [] if suggest is None else result.suggested, model)
    except OSError as error:
        raise OutputError(
            f"The faces cannot be written to {folder}: {error.strerror}.", "Choose another folder."
        ) from error
    if result.pictures == 0:
        raise SourceError(f"No picture in {source} can be read.", "Choose a folder, zip or address of pictures.")
    return result


def _pictures(source: str, result: Prepared) -> Iterator[tuple[str, FaceRecord | None, NDArray[np.uint8], int, int]]:
    """Every readable picture: (name, its label or None, uint8 BGR, how many are done, of how many)."""
    if urllib.parse.urlsplit(source).scheme in ("http", "https"):
        yield Path(urllib.parse.urlsplit(source).path).name or "picture", None, download(source), 0, 1
        return
    path = Path(source)
    if path.is_file() and is_picture(path.name):
        yield path.name, None, decode_picture(path.read_bytes(), path.name), 0, 1
        return
    storage: PictureStorage
    items: list[tuple[str, FaceRecord | None]]
    try:
        dataset = open_dataset(path)
        storage, items = dataset.storage, [(record.file, record) for record in dataset.records]
        result.problems += dataset.problems
    except SourceError:
        if not path.exists() or (path.is_file() and not is_archive(path)):
            raise
        storage = open_storage(path)  # pictures without labels
        items = [(name, None) for name in storage.names() if is_picture(name)]
    for done, (name, record) in enumerate(items):
        try:
            picture = storage.read_picture(name)
        except HeadcountError as error:
            result.problems.append(RowProblem(name, error.message))
            continue
        yield name, record, picture, done, len(items)
    storage.close()


def download(address: str) -> NDArray[np.uint8]:
    """Fetch one picture: uint8 BGR. Raises SourceError saying whether the address, the network or the picture is at
    fault.
    """
    request = urllib.request.Request(address, headers={"User-Agent": "headcount-train"})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            data = answer.read(MAX_DOWNLOAD + 1)
    except urllib.error.HTTPError as error:
        raise SourceError(f"{address} answers {error.code} ({error.reason}).", "Check the address.") from error
    except (urllib.error.URLError, TimeoutError, OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise SourceError(f"{address} cannot be reached: {reason}.", "Check the address and the network.") from error
    if len(data) > MAX_DOWNLOAD:
        raise SourceError(f"{address} is larger than {MAX_DOWNLOAD // 2**20} MB.", "Choose a smaller picture.")
    return decode_picture(data, address)


def _write_faces(
    name: str,
    record: FaceRecord | None,
    picture: NDArray[np.uint8],
    finders: Sequence[FaceDetector],
    suggest: AttributeClassifier | None,
    result: Prepared,
    write: Callable[[Sequence[object]], object],
) -> None:
    result.pictures += 1
    found: list[Detection] = next((faces for finder in finders if (faces := finder.detect(picture))), [])
    if record is not None and found:
        height, width = picture.shape[:2]
        middle = Box(width * 0.1, height * 0.1, width * 0.9, height * 0.9)
        wanted = record.box or middle
        found = [max(found, key=lambda d: d.box.iou(wanted))]
    if not found:
        result.without_face += 1
        return
    for detection in found:
        if min(detection.box.width, detection.box.height) < LEAST_FACE:
            result.too_small += 1
            continue
        crop, box = _cut(picture, detection.box)
        file = f"faces/{len(result.records):06d}.jpg"
        ok, data = cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, 95])
        if not ok:
            result.problems.append(RowProblem(name, "the face cannot be encoded"))
            continue
        (result.folder / file).write_bytes(data.tobytes())
        label = record or FaceRecord(file)
        result.records.append(label)
        hint = FaceRecord(file) if suggest is None else _suggestion(file, picture, detection.box, suggest)
        result.suggested.append(hint)
        values = {
            "file": file, "gender": label.gender, "age": label.age, "age_min": label.age_min, "age_max": label.age_max,
            "race": label.race, "role": label.role, "group": label.group or printable(name),
            "x1": round(box.x1, 1), "y1": round(box.y1, 1), "x2": round(box.x2, 1), "y2": round(box.y2, 1),
            "source": printable(name), "score": round(detection.score, 3),
            "suggested_gender": hint.gender, "suggested_age": _range_words(hint),
        }  # fmt: skip
        write(["" if values[column] is None else values[column] for column in COLUMNS])


def _suggestion(file: str, picture: NDArray[np.uint8], box: Box, model: AttributeClassifier) -> FaceRecord:
    """What a model takes a face for: a gender from 60% on, and the likeliest age band."""
    said = model.predict(crop_faces(picture, [box], model.spec))[0]
    sure = max(said.female, 1 - said.female) >= LEAST_SURE
    gender = ("female" if said.female >= 0.5 else "male") if sure else ""
    if not said.age_bands:
        return FaceRecord(file, gender)
    bounds = parse_age_range(AGE_BANDS[int(np.argmax(said.age_bands))])
    return FaceRecord(file, gender, age_min=bounds[0] if bounds else None, age_max=bounds[1] if bounds else None)


def _range_words(record: FaceRecord) -> str:
    if record.age_min is None:
        return ""
    return f"{record.age_min:.0f}+" if record.age_max is None else f"{record.age_min:.0f}-{record.age_max:.0f}"


def _cut(picture: NDArray[np.uint8], box: Box) -> tuple[NDArray[np.uint8], Box]:
    """The face with its surroundings, and where the face lies in that."""
    half = max(box.width, box.height) * CONTEXT / 2
    cx, cy = box.centre
    height, width = picture.shape[:2]
    x1, y1 = max(0, round(cx - half)), max(0, round(cy - half))
    x2, y2 = min(width, round(cx + half)), min(height, round(cy + half))
    return picture[y1:y2, x1:x2], Box(box.x1 - x1, box.y1 - y1, box.x2 - x1, box.y2 - y1)
