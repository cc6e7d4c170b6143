"""How often the intervals of the check by eye hold the truth: it should be as often as they say.

    python -m benchmarks.check [--runs 1000] [--seed 1] [--only TEXT]

People pass a simulated door. The program labels them with errors, leaves some undecided, counts some who are nobody and
misses some; the operator looks at as many as they have patience for, chosen as the window chooses them. The intervals
are those of `reports.check` with the model card's error rates, which in some rows are wrong on purpose.
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import dataclass

import numpy as np

from desktop_app.domain.types import Gender
from desktop_app.reports.check import (
    CardErrors,
    CheckedByEye,
    Stratum,
    count_ratio,
    is_within,
    next_label,
    raw_share,
    women_share,
)


@dataclass(frozen=True)
class Door:
    """A simulated door. `patience` is how many people are checked; rates are shares of the people."""

    name: str
    people: int = 400
    patience: int = 80
    women: float = 0.55
    wrong: float = 0.06
    undecided: float = 0.04
    false: float = 0.01
    missed: float = 0.03
    card: float = 0.06


DOORS = (
    Door("400 people, 80 checked"),
    Door("400 people, 30 checked", patience=30),
    Door("60 people, 30 checked", people=60, patience=30),
    Door("3000 people, 150 checked", people=3000, patience=150),
    Door("few women", women=0.15),
    Door("dark: 20% wrong, 15% undecided, the card says 6%", wrong=0.2, undecided=0.15),
    Door("perfect labels, nobody missed", wrong=0.0, undecided=0.0, false=0.0, missed=0.0),
    Door("crowd: 15% missed, 5% nobody", false=0.05, missed=0.15),
    Door("edge: 5% missed", false=0.0, missed=0.05),
    Door("edge: 5% nobody", false=0.05, missed=0.0),
)

_SEEN = ("female", "male", "unclear", "false")


def simulate(door: Door, rng: np.random.Generator) -> tuple[CheckedByEye, float, float]:
    """Return a check, the true share of women among those counted, and the true number by the number counted."""
    is_woman = rng.random(door.people) < door.women
    is_nobody = rng.random(door.people) < door.false
    called_woman = is_woman ^ (rng.random(door.people) < door.wrong)
    is_undecided = rng.random(door.people) < door.undecided
    labels = [
        Gender.UNDECIDED if u else Gender.FEMALE if w else Gender.MALE
        for w, u in zip(called_woman, is_undecided, strict=True)
    ]
    missed_before = rng.poisson(door.missed / (1 - door.missed), door.people)
    answers: dict[Gender, Counter[str]] = {g: Counter() for g in Gender}
    counted: Counter[Gender] = Counter()
    waiting: dict[Gender, list[int]] = {g: [] for g in Gender}
    passed = missed = asked = 0
    for i, label in enumerate(labels):
        counted[label] += 1
        if asked >= door.patience:
            continue
        passed, missed = passed + 1, missed + int(missed_before[i])
        waiting[label].append(i)
        # The operator keeps up with one in `pace` people; whoever is not asked about soon has gone.
        pace = max(1, round(0.9 * door.people / door.patience))
        if i % pace == pace - 1:
            gender = next_label(
                {g: len(w) for g, w in waiting.items()}, {g: a.total() for g, a in answers.items()}, counted
            )
            who = waiting[gender].pop()
            answers[gender]["false" if is_nobody[who] else "female" if is_woman[who] else "male"] += 1
            asked += 1
            waiting = {g: [] for g in Gender}
    strata = {g: Stratum(counted[g], *(answers[g][s] for s in _SEEN)) for g in Gender}
    real = ~is_nobody
    truth = float(is_woman[real].mean()) if real.any() else 0.0
    return CheckedByEye(strata, missed, passed), truth, float(real.sum() + missed_before.sum()) / door.people


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", metavar="TEXT", help="doors whose name has this")
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)
    print(f"{args.runs} runs each; 95% intervals")
    print(f"{'':<50}{'split holds':>12}{'width':>7}{'raw off':>9}{'count holds':>13}{'width':>7}{'within 5%':>11}")
    split = number = outside = wrongly_within = 0
    doors = [door for door in DOORS if args.only in door.name]
    for door in doors:
        card = CardErrors(door.card, door.card)
        in_split = in_count = within = 0
        widths, count_widths, off = [], [], []
        for _ in range(args.runs):
            check, share, ratio = simulate(door, rng)
            seed = int(rng.integers(1 << 31))
            s, r = women_share(check, card, seed=seed), count_ratio(check, seed=seed)
            assert s is not None
            assert r is not None
            in_split += s.low - 1e-9 <= share <= s.high + 1e-9
            in_count += r.low - 1e-9 <= ratio <= r.high + 1e-9
            is_shown = is_within(check)
            within += is_shown
            outside += abs(ratio - 1) > 0.05
            wrongly_within += is_shown and abs(ratio - 1) > 0.05
            widths.append(s.width)
            count_widths.append(r.width)
            off.append(abs(raw_share(check) - share))
        split, number = split + in_split, number + in_count
        print(
            f"{door.name:<50}{in_split / args.runs:>12.1%}{np.mean(widths):>7.1%}{np.mean(off):>9.1%}"
            f"{in_count / args.runs:>13.1%}{np.mean(count_widths):>7.1%}{within / args.runs:>11.1%}"
        )
    total = args.runs * len(doors)
    print(f"{'all':<50}{split / total:>12.1%}{'':>16}{number / total:>13.1%}")
    print(f"of {outside} counts that were more than 5% off, {wrongly_within} were called within 5%")


if __name__ == "__main__":
    main()
