"""The faces a report shows, with what the network said and what they are labelled as."""

from __future__ import annotations

import base64
from html import escape

import cv2
import numpy as np

from desktop_app.training.evaluate import Evaluation

SAMPLES, MISTAKES = 15, 30


def random_faces(evaluation: Evaluation, seed: int) -> str:
    """Some of the measured faces, drawn by `seed`."""
    count = min(SAMPLES, len(evaluation.rows))
    chosen = np.random.default_rng(seed).choice(len(evaluation.rows), count, replace=False)
    return f'<div class="faces">{"".join(_face(evaluation, int(k)) for k in chosen)}</div>' if count else ""


def worst_mistakes(evaluation: Evaluation) -> str:
    """The faces whose true gender got the lowest probability."""
    truth = evaluation.truth.gender
    given = np.where(truth == 0, evaluation.predictions.female, 1 - evaluation.predictions.female)
    wrong = np.flatnonzero((truth >= 0) & (given < 0.5))
    worst = wrong[np.argsort(given[wrong], kind="stable")][:MISTAKES]
    if len(worst) == 0:
        return "<p>No mistake.</p>" if (truth >= 0).any() else ""
    return f'<div class="faces">{"".join(_face(evaluation, int(k)) for k in worst)}</div>'


def _face(evaluation: Evaluation, k: int) -> str:
    row = int(evaluation.rows[k])
    record, female = evaluation.store.records[row], float(evaluation.predictions.female[k])
    _, data = cv2.imencode(".jpg", evaluation.store.pictures[row], [cv2.IMWRITE_JPEG_QUALITY, 85])
    picture = base64.b64encode(data.tobytes()).decode()
    said = f"{'female' if female >= 0.5 else 'male'} {max(female, 1 - female):.0%}"
    truth = record.gender or "not labelled"
    if evaluation.predictions.years is not None:
        said += f", {evaluation.predictions.years[k]:.0f}"
    if record.age_years is not None:
        high = "+" if record.age_max is None else f"-{record.age_max:.0f}"
        truth += f", {record.age:.0f}" if record.age is not None else f", {record.age_min:.0f}{high}"
    return (
        f'<figure><img alt="" src="data:image/jpeg;base64,{picture}">'
        f"<figcaption>said {escape(said)}<br>is {escape(truth)}</figcaption></figure>"
    )
