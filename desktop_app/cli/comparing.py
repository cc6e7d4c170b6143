"""The work of `headcount compare`: two or more models on the same tracks of one video."""

from __future__ import annotations

import argparse
import csv
import io
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from desktop_app import factory
from desktop_app.cli.count import detector_from
from desktop_app.cli.observers import Progress, say
from desktop_app.cli.output import columns, duration_text, plain_json
from desktop_app.domain.person_facts import PersonRecord
from desktop_app.domain.types import Decision, FrameResult, Gender
from desktop_app.engine.state import EngineObserver, EngineOptions
from desktop_app.errors import SettingsError
from desktop_app.session.headless import RunSummary, run_headless
from desktop_app.settings import Settings, without_password
from desktop_app.sources.base import SourceInfo
from desktop_app.system.native_log import quiet_native_start
from desktop_app.vision.compare import TimedClassifier
from desktop_app.vision.compare_votes import ComparisonSnapshot

BATCHES = (1, 8)
"""The sizes of the batches on which milliseconds a face are measured, once the video is done."""


@dataclass(frozen=True, slots=True)
class ComparedModel:
    """One model's figures. `key` is the name it is chosen by; `ms_in_batch` maps a batch size to ms a face."""

    key: str
    name: str
    faces: int
    ms_a_face: float
    ms_in_batch: dict[int, float]
    totals: dict[str, int]


@dataclass(frozen=True, slots=True)
class CompareReport:
    """What came out. `people` pairs each counted person with each model's decision, in the order of `models`."""

    source: str
    summary: RunSummary
    models: tuple[ComparedModel, ...]
    people: tuple[tuple[PersonRecord, tuple[Decision, ...]], ...]

    @property
    def disagreements(self) -> tuple[tuple[PersonRecord, tuple[Decision, ...]], ...]:
        return tuple((p, d) for p, d in self.people if len({x.gender for x in d} - {Gender.UNDECIDED}) > 1)

    def agreement(self, first: int, second: int) -> tuple[int, int]:
        """Return (on how many both decide, on how many of these they say the same) for two models."""
        both = [(d[first].gender, d[second].gender) for _, d in self.people]
        decided = [pair for pair in both if Gender.UNDECIDED not in pair]
        return len(decided), sum(a is b for a, b in decided)


def model_keys(text: str) -> list[str]:
    """Return the names in "a,b,c". Raises SettingsError for fewer than two, or one named twice."""
    keys = [key.strip() for key in text.split(",") if key.strip()]
    if len(keys) < 2:
        raise SettingsError(f"“{text}” names fewer than two models.", "Give two or more, like headcount,mini_xception.")
    if len(set(keys)) < len(keys):
        raise SettingsError(f"“{text}” names a model twice.", "Give each once.")
    return keys


class _ProgressOfEngine(EngineObserver):
    """Moves a bar with an engine's frames."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar

    def on_info(self, info: SourceInfo) -> None:
        self._bar.show_length(info)

    def on_result(self, result: FrameResult) -> None:
        self._bar.advance(result.frame.time_s)


def run_compare(args: argparse.Namespace, should_stop: Callable[[], bool]) -> CompareReport:
    """Run the models over the source. Raises HeadcountError where a model or the source cannot be opened."""
    keys = model_keys(args.models)
    settings = Settings()
    settings = replace(
        settings,
        detector=detector_from(args),
        count=replace(settings.count, model=keys[0]),
    )
    with quiet_native_start():
        pipeline = factory.build_pipeline(settings)
        comparison = factory.build_comparison(settings, keys[1:])
    pipeline.compare_with(comparison)
    name = without_password(args.source)
    progress = Progress(Path(name).name or name, args.limit, args.quiet)
    try:
        source = factory.open_source(args.source, settings, lambda _up, text: say(f"headcount: {text}"))
        summary = run_headless(
            source,
            pipeline,
            EngineOptions(limit_s=args.limit, every_picture=False),
            [_ProgressOfEngine(progress)],
            should_stop,
        )
    finally:
        progress.close()
        comparison.close()
    snapshot = comparison.snapshot(is_over=True)
    classifiers = (pipeline.classifier, *comparison.others)
    people = tuple((event, _decisions(snapshot, event, len(keys))) for event in summary.people)
    models = []
    for i, (key, classifier) in enumerate(zip(keys, classifiers, strict=True)):
        assert isinstance(classifier, TimedClassifier)
        figures = snapshot.models[i]
        if figures.problem:
            say(f"headcount: {figures.problem}")
        timed = {size: classifier.ms_in_batches(size) for size in BATCHES if not figures.problem}
        totals = {g.value: sum(d[i].gender is g for _, d in people) for g in Gender}
        in_batch = {size: round(ms, 3) for size, ms in timed.items() if ms is not None}
        models.append(ComparedModel(key, figures.name, figures.faces, figures.ms_a_face, in_batch, totals))
    return CompareReport(name, summary, tuple(models), people)


def _decisions(snapshot: ComparisonSnapshot, event: PersonRecord, models: int) -> tuple[Decision, ...]:
    # Somebody counted without one glimpse worth classifying is Undecided for everybody.
    return snapshot.decisions_of(event.number) or (Decision(),) * models


# --- what is printed and written --------------------------------------------------------------------------------------


def answer_words(decision: Decision) -> str:
    """Return one model's answer on one person for the eye: "female 97%, 34 y"."""
    text = decision.gender.value
    if decision.gender is not Gender.UNDECIDED:
        text += f" {decision.percent}%"
    return text if decision.age_years is None else f"{text}, {decision.age_years:.0f} y"


def table_text(report: CompareReport) -> str:
    """Return the figures of the models, their agreement, and the people on whom they disagree."""
    head = ("Model", "Female", "Male", "Undecided", "Faces", "ms a face", *(f"batch of {n}" for n in BATCHES))
    rows = [
        (
            m.key,
            *(str(m.totals[g.value]) for g in (Gender.FEMALE, Gender.MALE, Gender.UNDECIDED)),
            str(m.faces),
            f"{m.ms_a_face:.2f}",
            *(f"{m.ms_in_batch[n]:.2f}" if n in m.ms_in_batch else "-" for n in BATCHES),
        )
        for m in report.models
    ]
    lines = [*columns(head, rows), ""]
    for (i, a), (j, b) in itertools.combinations(enumerate(report.models), 2):
        decided, same = report.agreement(i, j)
        share = f" ({same / decided:.0%})" if decided else ""
        lines.append(
            f"{a.key} and {b.key} both decide on {decided} of {len(report.people)} people and agree on {same}{share}."
        )
    if report.disagreements:
        lines += ["", "They disagree on:"]
        who = [
            (
                f"#{event.number}",
                f"{event.first_seen_s:.1f} to {event.last_seen_s:.1f} s",
                *map(answer_words, decisions),
            )
            for event, decisions in report.disagreements
        ]
        lines += columns(("Person", "Seen", *(m.key for m in report.models)), who)
    else:
        lines += ["", "They disagree on nobody."]
    summary = report.summary
    lines += ["", f"{report.source}: {summary.frames} frames, {duration_text(summary.duration_s)}."]
    if summary.interrupted:
        lines.append("Stopped early: the figures are those up to there.")
    return "\n".join(lines) + "\n"


def _values(decision: Decision) -> dict[str, Any]:
    age = decision.age_years
    return {
        "gender": decision.gender.value,
        "probability": round(decision.probability, 4),
        "age": None if age is None else round(age, 1),
        "age_band": decision.age_band,
        "glimpses": decision.glimpses,
    }


def json_text(report: CompareReport) -> str:
    """Return everything as one JSON object."""
    keys = [m.key for m in report.models]
    pairs = []
    for i, j in itertools.combinations(range(len(keys)), 2):
        decided, same = report.agreement(i, j)
        share = round(same / decided, 4) if decided else None
        pairs.append({"models": [keys[i], keys[j]], "both_decide": decided, "same": same, "share": share})
    record = {
        "source": report.source,
        "duration_s": round(report.summary.duration_s, 3),
        "frames": report.summary.frames,
        "complete": report.summary.complete,
        "models": [
            {
                "model": m.key,
                "name": m.name,
                "totals": m.totals,
                "faces": m.faces,
                "ms_a_face": round(m.ms_a_face, 3),
                "ms_a_face_in_batch_of": {str(n): ms for n, ms in m.ms_in_batch.items()},
            }
            for m in report.models
        ],
        "agreement": pairs,
        "disagreements": [event.number for event, _ in report.disagreements],
        "people": [
            {
                "id": event.number,
                "first_seen_s": round(event.first_seen_s, 3),
                "last_seen_s": round(event.last_seen_s, 3),
                "decisions": {key: _values(d) for key, d in zip(keys, decisions, strict=True)},
            }
            for event, decisions in report.people
        ],
    }
    return plain_json(record)


def csv_text(report: CompareReport) -> str:
    """Return one row a person, three columns a model."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    fields: Sequence[str] = ("gender", "probability", "age")
    writer.writerow(
        ("id", "first_seen_s", "last_seen_s", "disagree", *(f"{m.key}_{f}" for m in report.models for f in fields))
    )
    different = {event.number for event, _ in report.disagreements}
    for event, decisions in report.people:
        shown = [_values(d) for d in decisions]
        cells = ["" if a[f] is None else a[f] for a in shown for f in fields]
        times = (round(event.first_seen_s, 3), round(event.last_seen_s, 3))
        writer.writerow((event.number, *times, int(event.number in different), *cells))
    return out.getvalue()
