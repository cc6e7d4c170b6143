"""Why a network said so, offline: Grad-CAM and guided backpropagation for every face of a folder."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from desktop_app.errors import HeadcountError, OutputError, SourceError
from desktop_app.system.native_log import quiet_native_start
from desktop_app.training.facestore import default_detectors
from desktop_app.training.readers.folders import is_picture
from desktop_app.training.readers.storage import open_storage
from desktop_app.vision.attributes.classifier import LiteRtClassifier
from desktop_app.vision.attributes.preprocess import crop_face
from desktop_app.vision.explain import FaceExplainer, overlay
from desktop_app.vision.faces.detectors import FaceDetector

PANEL = 200


def explain_folder(
    model: Path,
    pictures: Path,
    out: Path,
    detectors: Sequence[FaceDetector] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Write one picture for each face under `pictures` (one, a folder or a zip): the face, Grad-CAM, guided, and their
    product.

    `model` is a run folder, a checkpoint or a model folder of the app. Returns how many were written. Raises
    SourceError if there is no face at all, ModelError for a model that cannot be explained, OutputError if `out`
    cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix="headcount-explain-") as made:
        folder = model
        if not (model / "model.json").is_file():
            from desktop_app.training import evaluate, export  # they need TensorFlow, a model folder does not

            network = evaluate.open_network(model)
            folder = Path(made)
            export.export(network.keras, network.spec, folder, {"name": network.name}, age=network.age)
        with quiet_native_start():
            explainer, classifier = FaceExplainer(folder), LiteRtClassifier(folder)
        finders = list(detectors) if detectors is not None else default_detectors()
        alone = pictures.is_file() and is_picture(pictures.name)
        storage = open_storage(pictures.parent if alone else pictures)
        names = [pictures.name] if alone else [name for name in storage.names() if is_picture(name)]
        written = 0
        for done, name in enumerate(names):
            if progress is not None:
                progress(done, len(names))
            try:
                picture = storage.read_picture(name)
            except HeadcountError:
                continue  # a damaged picture shows nothing
            faces = next((found for finder in finders if (found := finder.detect(picture))), [])
            for face in faces:
                crop = crop_face(picture, face.box, explainer.spec)
                strip = explain_crop(crop, explainer, classifier)
                _write(out / f"{written:05d}_{Path(name).stem}.png", strip)
                written += 1
        storage.close()
    if not written:
        raise SourceError(f"No face was found in {pictures}.", "Choose pictures that show faces.")
    return written


def explain_crop(crop: NDArray[np.uint8], explainer: FaceExplainer, classifier: LiteRtClassifier) -> NDArray[np.uint8]:
    """A strip of four panels, uint8 BGR: the crop, Grad-CAM, guided backpropagation, guided Grad-CAM, with the answer
    named.
    """
    answer = classifier.predict(crop[None])[0]
    female = answer.female >= 0.5
    found = explainer.explain_gender(crop, female)
    spec = explainer.spec
    plain = overlay(crop, np.zeros((spec.height, spec.width), np.float32), spec)
    panels = [plain, *(overlay(crop, m, spec, 0.85) for m in (found.grad_cam, found.guided, found.guided_grad_cam))]
    panels = [np.asarray(cv2.resize(p, (PANEL, PANEL), interpolation=cv2.INTER_CUBIC), np.uint8) for p in panels]
    probability = answer.female if female else 1 - answer.female
    titles = (f"appears {'female' if female else 'male'} {probability:.0%}", "Grad-CAM", "guided", "guided Grad-CAM")
    strip = np.full((PANEL + 26, PANEL * 4, 3), 255, np.uint8)
    for k, (panel, title) in enumerate(zip(panels, titles, strict=True)):
        strip[26:, k * PANEL : (k + 1) * PANEL] = panel
        cv2.putText(strip, title, (k * PANEL + 6, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.48, (30, 30, 30), 1, cv2.LINE_AA)
    return strip


def _write(path: Path, picture: NDArray[np.uint8]) -> None:
    ok, data = cv2.imencode(".png", picture)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if ok:
            path.write_bytes(data.tobytes())
    except OSError as error:
        raise OutputError(
            f"The picture {path} cannot be written: {error.strerror}.", "Choose another folder."
        ) from error
