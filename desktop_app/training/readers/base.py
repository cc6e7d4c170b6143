"""What every reader gives: records of labelled faces, where their pictures lie, and what was wrong."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from desktop_app.domain.types import Box
from desktop_app.system.plain_text import printable
from desktop_app.training.readers.storage import PictureStorage

GENDERS: tuple[str, str] = ("female", "male")
"""The order of the two gender classes in every target and output of the training tool."""

ROLES: tuple[str, ...] = ("train", "val", "test", "excluded")
ROLE_WORDS = {role: role for role in ROLES} | {
    "training": "train",
    "valid": "val",
    "validation": "val",
    "testing": "test",
}
MAX_AGE = 120.0

_GENDER_WORDS = {
    **dict.fromkeys(("female", "f", "woman", "women", "girl", "girls", "females"), "female"),
    **dict.fromkeys(("male", "m", "man", "men", "boy", "boys", "males"), "male"),
}


@dataclass(frozen=True, slots=True)
class FaceRecord:
    """One labelled face.

    `file` names the picture inside the storage of its data set. `gender` is "female", "male" or "" (not labelled).
    `age` is in years where it is known exactly; `age_min` and `age_max` are the label's range in whole years, both
    ends included (`age_max` None: open end); all None where the age is not labelled. `role` is "train", "val",
    "test", "excluded" or "" (not divided yet). Records with the same non-empty `group` show the same person or
    picture and must never be divided between roles. `box` is the face in pixels of its picture where the data set
    gives it.
    """

    file: str
    gender: str = ""
    age: float | None = None
    age_min: float | None = None
    age_max: float | None = None
    race: str = ""
    role: str = ""
    group: str = ""
    box: Box | None = None

    def __post_init__(self) -> None:
        if self.gender not in ("", *GENDERS):
            raise ValueError(f"gender must be female, male or empty, not {self.gender!r}")
        if self.role not in ("", *ROLES):
            raise ValueError(f"role must be one of {', '.join(ROLES)} or empty, not {self.role!r}")
        for value in (self.age, self.age_min, self.age_max):
            if value is not None and not (math.isfinite(value) and 0 <= value <= MAX_AGE):
                raise ValueError(f"age must lie within 0 and {MAX_AGE:.0f} years, not {value!r}")
        if self.age_min is not None and self.age_max is not None and self.age_max < self.age_min:
            raise ValueError(f"age range {self.age_min}-{self.age_max} runs backwards")

    @property
    def age_years(self) -> float | None:
        """The exact age, or the middle of the labelled range (76 for an open end from 70), or None."""
        if self.age is not None:
            return self.age
        if self.age_min is None:
            return None
        return self.age_min + 6.0 if self.age_max is None else (self.age_min + self.age_max) / 2


@dataclass(frozen=True, slots=True)
class RowProblem:
    """A row that could not be used: where it stands and why, in plain words."""

    row: str
    reason: str


@dataclass(slots=True)
class FaceDataset:
    """The usable records of a data set, and an account of the rest.

    `problems` lists malformed rows; `dropped` counts well-formed rows left out by rule, by reason. `absent` says of
    "gender" and "age" why no face at all has that label, where the data set itself shows it.
    """

    name: str
    storage: PictureStorage
    records: list[FaceRecord] = field(default_factory=list)
    problems: list[RowProblem] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    absent: dict[str, str] = field(default_factory=dict)

    def account(self) -> str:
        """One paragraph: how many faces are usable, and what happened to the others."""
        labelled = sum(bool(record.gender) or record.age_years is not None for record in self.records)
        lines = [f"{self.name}: {labelled:,} labelled faces"]
        if labelled < len(self.records):
            lines.append(f"  without a label of gender or age: {len(self.records) - labelled:,}")
        lines += [f"  left out, {reason}: {count:,}" for reason, count in sorted(self.dropped.items())]
        lines += [f"  no face has a label of {label}: {why}" for label, why in self.absent.items()]
        lines += problem_lines(self.problems, "malformed rows")
        return "\n".join(lines)


def problem_lines(problems: Sequence[RowProblem], what: str) -> list[str]:
    """How many problems there are and the first five of them, as lines to print; none where there is no problem."""
    if not problems:
        return []
    first = [f"    {printable(problem.row)}: {problem.reason}" for problem in problems[:5]]
    return [f"  {what}: {len(problems):,}{'; the first ones:' if len(problems) > 5 else ''}", *first]


def absent_columns(columns: Iterable[str]) -> dict[str, str]:
    """Which of the labels "gender" and "age" a table has no column for, and in words why: `FaceDataset.absent`."""
    there = [column for column in columns if column]
    wanted = {"gender": ("gender",), "age": ("age", "age_min")}
    return {
        label: f"there is no column “{label}”; the columns are {', '.join(there)}"
        for label, names in wanted.items()
        if not set(names) & set(there)
    }


def parse_gender(text: str) -> str:
    """Return "female", "male" or "" (empty or unknown) for a word of a label. Raises ValueError for anything else."""
    word = text.strip().lower()
    if word in ("", "u", "unknown", "none", "nan", "undecided"):
        return ""
    if word not in _GENDER_WORDS:
        raise ValueError(f"{text!r} is not a gender; write female or male")
    return _GENDER_WORDS[word]


def parse_role(text: str) -> str:
    """Return one of `ROLES` or "" for a word of a division. Raises ValueError for anything else."""
    word = text.strip().lower()
    role = ROLE_WORDS.get(word, word)
    if role not in ("", *ROLES):
        raise ValueError(f"{text!r} is not a role; write {', '.join(ROLES)} or nothing")
    return role


def parse_age_range(text: str) -> tuple[float, float | None] | None:
    """Read "20-29", "(25, 32)", "more than 70", "70+", "35" as (lowest, highest) in whole years; None for no label.

    The highest is None for an open end. Raises ValueError for anything else.
    """
    cleaned = text.strip().strip("()").replace(",", "-").replace(" ", "").replace("_", "-").lower()
    if cleaned in ("", "none", "nan", "unknown"):
        return None
    cleaned = cleaned.replace("morethan", "").replace("over", "") + (
        "+" if "more" in cleaned or "over" in cleaned else ""
    )
    first, dash, last = cleaned.removesuffix("+").partition("-")
    try:
        low = float(first)
        high = None if cleaned.endswith(("+", "-")) else float(last) if dash else low
    except ValueError:
        raise ValueError(f"{text!r} is not an age") from None
    if not (math.isfinite(low) and 0 <= low <= MAX_AGE and (high is None or low <= high)):
        raise ValueError(f"{text!r} is not an age")
    return low, None if high is None or high > MAX_AGE else high
