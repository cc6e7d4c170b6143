"""How the faces of a data set are spread over gender and age: as counts, and as the chart that `prepare` draws."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from desktop_app.domain.types import AGE_BANDS, age_band_index
from desktop_app.training.readers import FaceRecord

# Colour and hatching of each gender's bars; the colour-blind tell them apart.
_LOOKS = {"female": ("#d4a017", "//"), "male": ("#1f5fa8", ""), "": ("#9aa3ad", "..")}
_UNKNOWN = "not known"


def distribution(records: Sequence[FaceRecord]) -> tuple[Counter[str], dict[str, Counter[str]]]:
    """How many faces of each gender ("" not labelled), and of each gender in each of `AGE_BANDS`.

    A face whose range of ages lies in two bands counts in that of its middle.
    """
    genders = Counter(record.gender for record in records)
    bands: dict[str, Counter[str]] = {}
    for record in records:
        if record.age_years is not None:
            band = AGE_BANDS[age_band_index(record.age_years)]
            bands.setdefault(record.gender, Counter())[band] += 1
    return genders, bands


def draw_distribution(
    labelled: Sequence[FaceRecord], path: Path, suggested: Sequence[FaceRecord] = (), model: str = ""
) -> None:
    """Chart the faces by gender and by age band, with their numbers. What is labelled for no face at all is shown as
    the model called `model` suggests it, where `suggested` holds that, and the title says so. Raises ImportError
    without matplotlib.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2, width_ratios=(1, 2.4))
    records, how = _labels_or(labelled, suggested, model, any(record.gender for record in labelled))
    _draw_genders(left, records, how)
    records, how = _labels_or(labelled, suggested, model, any(record.age_years is not None for record in labelled))
    _draw_ages(right, records, how)
    figure.savefig(path, dpi=110)


def _labels_or(
    labelled: Sequence[FaceRecord], suggested: Sequence[FaceRecord], model: str, has_labels: bool
) -> tuple[Sequence[FaceRecord], str]:
    if has_labels or not suggested:
        return labelled, "as labelled"
    return suggested, f"as {model} suggests, which is no label"


def _draw_genders(axis: Any, records: Sequence[FaceRecord], how: str) -> None:
    genders, _ = distribution(records)
    for gender in _LOOKS:
        if genders[gender]:
            colour, hatch = _LOOKS[gender]
            bars = axis.bar(gender or _UNKNOWN, genders[gender], color=colour, hatch=hatch, edgecolor="white")
            axis.bar_label(bars, fmt="{:,.0f}", padding=2)
    _finish(axis, f"{len(records):,} faces: gender\n{how}")
    axis.set_ylabel("faces")


def _draw_ages(axis: Any, records: Sequence[FaceRecord], how: str) -> None:
    genders, bands = distribution(records)
    bottom = np.zeros(len(AGE_BANDS))
    for gender in _LOOKS:
        if genders[gender]:
            colour, hatch = _LOOKS[gender]
            heights = np.array([bands.get(gender, Counter())[band] for band in AGE_BANDS], float)
            label = gender or _UNKNOWN
            axis.bar(AGE_BANDS, heights, bottom=bottom, color=colour, hatch=hatch, edgecolor="white", label=label)
            bottom += heights
    for place, height in enumerate(bottom):
        axis.annotate(f"{height:,.0f}", (place, height), (0, 3), textcoords="offset points", ha="center")
    known = int(bottom.sum())
    said = f"{known:,} faces: age\n{how}" if known else f"no face has an age\n{how}"
    unknown = len(records) - known
    _finish(axis, f"{said}; {unknown:,} more have no age" if known and unknown else said)
    axis.set_xlabel("years")
    axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=len(_LOOKS), frameon=False)


def _finish(axis: Any, title: str) -> None:
    axis.set_title(title, fontsize="medium")
    axis.yaxis.get_major_locator().set_params(integer=True)
    axis.set_ylim(0, max(1.0, axis.get_ylim()[1] * 1.08))
    axis.spines[["top", "right"]].set_visible(False)
