"""Figures that say how good a network is. Plain numpy, no network in sight."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Z95 = 1.959963984540054


def wilson(right: int, total: int, z: float = Z95) -> tuple[float, float]:
    """The score interval of a proportion (Wilson 1927): 95% by default. (0, 1) for no observation."""
    if total == 0:
        return 0.0, 1.0
    share = right / total
    denominator = 1 + z * z / total
    centre = (share + z * z / (2 * total)) / denominator
    half = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total)) / denominator
    return max(0.0, centre - half), min(1.0, centre + half)


@dataclass(frozen=True, slots=True)
class Proportion:
    """`right` of `total`, with its 95% interval."""

    right: int
    total: int

    @property
    def value(self) -> float:
        return self.right / self.total if self.total else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.right, self.total)

    @property
    def short(self) -> str:
        """The value alone, "-" of nothing."""
        return f"{self.value:.3f}" if self.total else "-"

    def __str__(self) -> str:
        if not self.total:
            return "-"
        low, high = self.interval
        return f"{self.value:.3f} ({low:.3f}-{high:.3f})"


def proportion(right: NDArray[np.bool_]) -> Proportion:
    return Proportion(int(np.count_nonzero(right)), int(right.size))


def confusion(truth: NDArray[np.int64], said: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """Counts, int64 (classes, classes): rows are the truth, columns the answer."""
    table = np.zeros((classes, classes), np.int64)
    np.add.at(table, (truth, said), 1)
    return table


@dataclass(frozen=True, slots=True)
class ClassLine:
    """One line of a classification report."""

    label: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, slots=True)
class ClassificationReport:
    """The classes one by one, the share that is right, and the means over classes: each counting the same (`macro`) or
    as often as it is there (`weighted`).
    """

    lines: list[ClassLine]
    accuracy: float
    macro: ClassLine
    weighted: ClassLine


def classification_report(table: NDArray[np.int64], labels: list[str]) -> ClassificationReport:
    """Precision, recall and F1 of each class from a confusion table, and their averages; 0 where a class was never
    answered or never there.
    """
    lines = []
    for i, label in enumerate(labels):
        right, answered, there = int(table[i, i]), int(table[:, i].sum()), int(table[i].sum())
        precision = right / answered if answered else 0.0
        recall = right / there if there else 0.0
        f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        lines.append(ClassLine(label, precision, recall, f1, there))
    total = int(table.sum())
    counts = np.array([line.support for line in lines], np.float64)

    def mean(label: str, weights: NDArray[np.float64]) -> ClassLine:
        weights = weights / max(weights.sum(), 1e-12)
        precision, recall, f1 = weights @ np.array([[x.precision, x.recall, x.f1] for x in lines])
        return ClassLine(label, float(precision), float(recall), float(f1), total)

    return ClassificationReport(
        lines=lines,
        accuracy=float(np.trace(table)) / total if total else 0.0,
        macro=mean("macro average", np.ones(len(lines))),
        weighted=mean("weighted average", counts),
    )


def roc(
    score: NDArray[np.float64], positive: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """The ROC curve and its area: (false positive rates, true positive rates, area). Equal scores make one step."""
    order = np.argsort(-score, kind="stable")
    ranked, truth = score[order], positive[order]
    last = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1) if len(ranked) else np.empty(0, np.int64)
    true = np.cumsum(truth)[last] / max(1, int(truth.sum()))
    false = np.cumsum(~truth)[last] / max(1, int((~truth).sum()))
    x, y = np.concatenate([[0.0], false]), np.concatenate([[0.0], true])
    return x, y, float(np.trapezoid(y, x))


def calibration(
    confidence: NDArray[np.float64], right: NDArray[np.bool_], bins: int = 15
) -> tuple[list[tuple[float, float, int]], float]:
    """Reliability in equal-mass bins: ([(mean confidence, share right, count)], expected calibration error).

    The error is the mean over bins, weighted by count, of |share right - mean confidence| (Naeini et al. 2015).
    """
    if len(confidence) == 0:
        return [], math.nan
    order = np.argsort(confidence, kind="stable")
    rows, error = [], 0.0
    for part in np.array_split(order, min(bins, len(order))):
        mean, share = float(confidence[part].mean()), float(right[part].mean())
        rows.append((mean, share, len(part)))
        error += abs(share - mean) * len(part) / len(order)
    return rows, error


def undecided_threshold(
    confidence: NDArray[np.float64], right: NDArray[np.bool_], wanted: float = 0.98
) -> tuple[float, float]:
    """The lowest confidence from which on answers are right with a share of at least `wanted`: (threshold, share
    decided).

    Choose it on validation faces and use it on others. (1.0, 0.0) where no threshold reaches that.
    """
    order = np.argsort(-confidence, kind="stable")
    share = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    # Faces of equal confidence are decided together.
    last = np.append(np.diff(confidence[order]) != 0, True) if len(order) else np.empty(0, np.bool_)
    good = np.flatnonzero((share >= wanted) & last)
    if len(good) == 0:
        return 1.0, 0.0
    return float(confidence[order[good[-1]]]), float((good[-1] + 1) / len(order))


def fit_temperature(female: NDArray[np.float64], is_female: NDArray[np.bool_]) -> float:
    """The temperature that minimises the log loss of two-class probabilities (Guo et al. 2017), by golden section.

    Dividing the scores by it calibrates them; 1.0 leaves them as they are.
    """
    p = np.clip(female, 1e-7, 1 - 1e-7)
    logit = np.log(p / (1 - p)) * np.where(is_female, 1.0, -1.0)

    def loss(log_temperature: float) -> float:
        return float(np.mean(np.logaddexp(0.0, -logit / math.exp(log_temperature))))

    low, high, ratio = -3.0, 3.0, (math.sqrt(5) - 1) / 2
    for _ in range(80):
        a, b = high - ratio * (high - low), low + ratio * (high - low)
        if loss(a) < loss(b):
            high = b
        else:
            low = a
    return math.exp((low + high) / 2)
