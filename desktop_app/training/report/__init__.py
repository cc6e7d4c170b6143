"""The report of an evaluation: one HTML file with every picture inside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from desktop_app.domain.types import AGE_BANDS
from desktop_app.errors import OutputError
from desktop_app.system.safe_write import write_atomically
from desktop_app.training import metrics
from desktop_app.training.ages import ADIENCE_CLASSES, GROUP4_NAMES
from desktop_app.training.evaluate import FEWEST_IN_A_GROUP, Evaluation
from desktop_app.training.readers.base import GENDERS
from desktop_app.training.report import charts, page
from desktop_app.training.report.faces import random_faces, worst_mistakes
from desktop_app.training.report.facts import Made, configuration, measurement

__all__ = ["Made", "render", "write_report"]


def write_report(evaluation: Evaluation, path: Path, *, seed: int = 1, made: Made | None = None) -> None:
    """Write the report of an evaluation to `path`. Raises OutputError if that cannot be done."""
    try:
        write_atomically(path, render(evaluation, seed=seed, made=made).encode("utf-8"), make_folder=True)
    except OSError as error:
        raise OutputError(
            f"The report cannot be written to {path}: {error.strerror}.", "Choose another place."
        ) from error


def render(evaluation: Evaluation, *, seed: int = 1, made: Made | None = None) -> str:
    """The report as HTML that needs no other file and no network. `seed` draws the random faces."""
    network, store = evaluation.network, evaluation.store
    title = f"{network.name} on {store.name}"
    facts = [page.facts("This measurement", measurement(evaluation, made or Made.now()))]
    if (config := network.config) is not None:
        facts.append(page.facts("Configuration of the training", configuration(config)))
    known = evaluation.truth.gender >= 0
    parts = [
        page.heading(title),
        page.note(
            "Gender means apparent gender as people labelled it. In brackets: 95% intervals (Wilson), which say how "
            "far chance alone may have moved a figure."
        ),
        page.tiles(_in_short(evaluation)),
        _decided(evaluation),
        f'<div class="pair">{"".join(facts)}</div>',
        page.section("Learning curves", _curves(evaluation)),
        page.section("Classification report", _classification(evaluation) if known.any() else ""),
        page.section("Confusion", _confusion(evaluation)),
        page.section("ROC and calibration", _roc_and_calibration(evaluation) if known.any() else ""),
        page.section("Age, predicted against true", _ages(evaluation)),
        page.section("By face size", _by_size(evaluation)),
    ]
    small = [group for group, lines in evaluation.groups.items() if len(lines) == 1]
    for group, lines in evaluation.groups.items():
        if group in small:
            continue  # one row for everybody repeats the figure at the top
        rows = [(x.group, x.gender, "-" if x.age_mae is None else f"{x.age_mae:.2f}") for x in lines]
        parts.append(page.section(f"By {group}", page.shares(group, rows, "age MAE, years") if rows else ""))
    if small:
        words = (
            f"By {'; by '.join(small)}: fewer than two groups of {FEWEST_IN_A_GROUP} faces or more to set side by side."
        )
        parts.append(page.section("Groups left out", page.note(words)))
    parts += [
        page.section("Random faces", random_faces(evaluation, seed)),
        page.section("The worst mistakes", worst_mistakes(evaluation)),
    ]
    return page.document(title, "\n".join(part for part in parts if part))


def _in_short(evaluation: Evaluation) -> list[tuple[str, str, str]]:
    """What is looked at first."""

    def share(what: str, value: metrics.Proportion) -> tuple[str, str, str]:
        low, high = value.interval
        return what, f"{value.value:.3f}", f"{low:.3f} to {high:.3f}"

    found = []
    if evaluation.gender.total:
        found.append(share("gender right", evaluation.gender))
        found += [share(f"{label} found", value) for label, value in evaluation.recall.items() if value.total]
    if evaluation.age_mae is not None:
        found.append(("age off by", f"{evaluation.age_mae:.2f}", "years on average (MAE)"))
    if evaluation.age_exact is not None and evaluation.age_one_off is not None:
        what = {"group4": "of 4 groups", "adience8": "of 8 classes"}.get(evaluation.network.age, "of 9 bands")
        found.append(share(f"age right, {what}", evaluation.age_exact))
        found.append(share("age at most one off", evaluation.age_one_off))
    return found


def _decided(evaluation: Evaluation) -> str:
    """What leaving the doubtful undecided would do."""
    if not evaluation.gender.total:
        return ""
    decided = evaluation.decided
    where = f"chosen on {decided.chosen_on} so" if decided.chosen_on else "chosen on these very faces so"
    return page.note(
        f"Answers of a confidence of {decided.threshold:.3f} and more, {where} that 98% of them are right: "
        f"{decided.share:.1%} of the faces, of which {decided.right} are right."
    )


def _curves(evaluation: Evaluation) -> str:
    network = evaluation.network
    if network.notes is None or not network.history:
        return ""
    chosen = network.notes.epochs_done
    epochs = max(len(values) for values in network.history.values())
    words = f"{epochs} of {network.notes.config.epochs} epochs. "
    words += "Training is measured while it learns, with dropout and on faces as it varies them; validation is not."
    return page.note(words) + page.charts(*charts.learning_curves(network.history, chosen))


def _classification(evaluation: Evaluation) -> str:
    """Precision, recall and F1 of each class, then accuracy, macro and weighted average."""
    found = metrics.classification_report(evaluation.confusion, list(GENDERS))
    rows = [(x.label, f"{x.precision:.3f}", f"{x.recall:.3f}", f"{x.f1:.3f}", f"{x.support:,}") for x in found.lines]
    rows.append(("accuracy", "", "", f"{found.accuracy:.3f}", f"{found.macro.support:,}"))
    rows += [
        (x.label, f"{x.precision:.3f}", f"{x.recall:.3f}", f"{x.f1:.3f}", f"{x.support:,}")
        for x in (found.macro, found.weighted)
    ]
    return page.table(("class", "precision", "recall", "F1", "faces"), rows, totals=3)


def _confusion(evaluation: Evaluation) -> str:
    parts = []
    if evaluation.gender.total:
        parts.append(page.heat_map(evaluation.confusion, list(GENDERS)))
    said, truth = evaluation.predictions.age_class, evaluation.truth.age_class
    labelled = truth >= 0
    if said is not None and labelled.any():
        labels = list(AGE_BANDS)
        if evaluation.network.age == "adience8":
            labels = [f"{low:.0f}-{high:.0f}" for low, high in ADIENCE_CLASSES]
        elif evaluation.network.age == "group4":
            labels = list(GROUP4_NAMES)
        parts.append(page.heat_map(metrics.confusion(truth[labelled], said[labelled], len(labels)), labels))
    words = "Rows are the label, columns the answer; the colour and the percentage are the share of the row."
    return page.note(words) + page.heat_maps(*parts) if parts else ""


def _roc_and_calibration(evaluation: Evaluation) -> str:
    known = evaluation.truth.gender >= 0
    return page.charts(charts.roc_curve(evaluation, known), charts.calibration(evaluation))


def _ages(evaluation: Evaluation) -> str:
    if evaluation.predictions.years is None or not np.isfinite(evaluation.truth.years).any():
        return ""
    words = ""
    records = [evaluation.store.records[int(i)] for i in evaluation.rows]
    if np.mean([record.age is None and record.age_min is not None for record in records]) > 0.01:
        words = page.note("Where a face is labelled with a range, its true age is the middle of that.")
    return words + page.charts(charts.age_scatter(evaluation), charts.age_errors(evaluation))


def _by_size(evaluation: Evaluation) -> str:
    rows = [(f"{size} px", share, "-") for size, share in evaluation.by_size]
    return page.shares("face box shrunk to", rows) if rows else ""
