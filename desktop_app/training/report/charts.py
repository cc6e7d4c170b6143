"""The charts of a report, each as one `<img>` that holds its picture."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from desktop_app.training import metrics
from desktop_app.training.evaluate import Evaluation
from desktop_app.training.readers.base import GENDERS

FEMALE_COLOUR, MALE_COLOUR = "#b8860b", "#1f5fa8"  # the colour-blind tell them apart
_TRAINING, _VALIDATION, _GUIDE = "#8a95a1", MALE_COLOUR, "#9aa3ad"

CURVES: tuple[tuple[str, str, str, str], ...] = (
    ("Loss", "loss", "val_loss", ""),
    ("Gender accuracy", "gender", "val_gender", ""),
    ("Age class exact", "age_exact", "val_age_exact", ""),
    ("Age error", "age_mae", "val_age_mae", "years"),
)
"""Title, history of training and of validation, unit."""


def _figure(height: float = 3.4) -> tuple[Any, Any]:
    """A figure of matplotlib and its axes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.2, height), layout="constrained")
    FigureCanvasAgg(figure)
    axis = figure.subplots()
    axis.spines[["top", "right"]].set_visible(False)
    axis.tick_params(labelsize=9.5)
    return figure, axis


def _embed(figure: Any, words: str, kind: str = "svg") -> str:
    buffer = io.BytesIO()
    dated = {"metadata": {"Date": None}} if kind == "svg" else {"dpi": 170}
    figure.savefig(buffer, format=kind, **dated)
    media = "image/svg+xml" if kind == "svg" else "image/png"
    data = base64.b64encode(buffer.getvalue()).decode()
    return f'<img alt="{escape(words)}" src="data:{media};base64,{data}">'


def learning_curves(history: Mapping[str, Sequence[float]], chosen: int) -> list[str]:
    """Every epoch of a run, training against validation, one chart a measure; `chosen` is the epoch in use, from 1."""
    from matplotlib.ticker import MaxNLocator

    pictures = []
    for title, training, validation, unit in CURVES:
        lines = [
            (label, history[key], colour)
            for label, key, colour in (("training", training, _TRAINING), ("validation", validation, _VALIDATION))
            if history.get(key)
        ]
        if not lines:
            continue
        figure, axis = _figure()
        for label, values, colour in lines:
            # What an older run did not note of its first epochs is missing at the front.
            end = max(len(values) for values in history.values())
            epochs = np.arange(end - len(values), end) + 1
            axis.plot(epochs, values, color=colour, marker="o", markersize=3.5 if end <= 40 else 0, label=label)
        if end == 1:
            axis.set_xlim(0.5, 1.5)
        axis.axvline(chosen, color=FEMALE_COLOUR, linestyle="--", linewidth=1.2, label=f"epoch {chosen}, in use")
        axis.set(title=title, xlabel="epoch", ylabel=unit)
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.grid(axis="y", alpha=0.25)
        axis.legend(fontsize=9, frameon=False)
        last = ", ".join(f"{label} {values[-1]:.3f}" for label, values, _ in lines)
        pictures.append(_embed(figure, f"{title} by epoch, epoch {chosen} in use; at the end {last}"))
    return pictures


def roc_curve(evaluation: Evaluation, known: NDArray[np.bool_]) -> str:
    female, is_female = evaluation.predictions.female[known], evaluation.truth.gender[known] == 0
    x, y, area = metrics.roc(female, is_female)
    figure, axis = _figure()
    axis.plot([0, 1], [0, 1], ":", color=_GUIDE)
    axis.plot(x, y, color=MALE_COLOUR)
    axis.set(title=f"ROC, area {area:.4f}", xlabel="males called female", ylabel="females called female")
    return _embed(figure, f"ROC curve of the gender answer, area {area:.4f}")


def calibration(evaluation: Evaluation) -> str:
    figure, axis = _figure()
    axis.plot([0.5, 1], [0.5, 1], ":", color=_GUIDE)
    points = evaluation.reliability
    axis.plot([p[0] for p in points], [p[1] for p in points], "o-", color=MALE_COLOUR)
    axis.set(title=f"Calibration, error {evaluation.ece:.4f}", xlabel="confidence", ylabel="share right")
    return _embed(figure, f"Share right against confidence, expected calibration error {evaluation.ece:.4f}")


def age_scatter(evaluation: Evaluation) -> str:
    """True against predicted age, one dot a face. For a network whose answer is years or can be read as years."""
    assert evaluation.predictions.years is not None
    labelled = np.isfinite(evaluation.truth.years)
    figure, axis = _figure(4.4)
    axis.plot([0, 105], [0, 105], ":", color=_GUIDE)
    for i, (label, colour) in enumerate(zip(GENDERS, (FEMALE_COLOUR, MALE_COLOUR), strict=True)):
        mask = labelled & (evaluation.truth.gender == i)
        true, said = evaluation.truth.years[mask], evaluation.predictions.years[mask]
        axis.scatter(true, said, s=7, alpha=0.35, linewidths=0, color=colour, label=f"is {label}")
    errors = np.abs(evaluation.predictions.years[labelled] - evaluation.truth.years[labelled])
    words = f"{errors.mean():.2f} years off on average"
    axis.set(title=words, xlabel="true age, years", ylabel="predicted age, years", xlim=(-2, 105), ylim=(-2, 105))
    axis.set_aspect("equal")
    legend = axis.legend(loc="upper left", fontsize=9, frameon=False)
    for handle in legend.legend_handles:
        handle.set_alpha(1)
        handle.set_sizes([25])
    return _embed(figure, f"Predicted against true age of {int(labelled.sum()):,} faces, {words}", "png")


def age_errors(evaluation: Evaluation) -> str:
    """How the ages are off: predicted minus true, in years."""
    assert evaluation.predictions.years is not None
    labelled = np.isfinite(evaluation.truth.years)
    off = evaluation.predictions.years[labelled] - evaluation.truth.years[labelled]
    figure, axis = _figure(4.4)
    axis.hist(off, bins=np.arange(-62.5, 63, 5), color=MALE_COLOUR, alpha=0.75, edgecolor="white")
    axis.axvline(0, color=_GUIDE, linestyle=":")
    words = f"median {np.median(off):+.1f}, half within {np.percentile(np.abs(off), 50):.1f} years"
    axis.set(title=words, xlabel="predicted minus true age, years", ylabel="faces")
    return _embed(figure, f"Distribution of the age errors: {words}")
