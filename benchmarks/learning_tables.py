"""The results of `learning.py` put together: means, errors, differences from the baseline, and the checks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from learning_candidates import BASELINE
from learning_procedure import HEADS, SMARTPROD
from learning_scores import Result, bootstrap_error, mean_and_error, pooled_macro_f1
from learning_sets import Division


@dataclass(frozen=True, slots=True)
class Measured:
    """One candidate's result on one division, with the number of learned rows and the judged rows' classes and groups."""

    division: Division
    learned: int
    labels: tuple[int, ...]
    groups: tuple[int, ...]
    result: Result


@dataclass(frozen=True, slots=True)
class Line:
    """One candidate's means over the outer folds.

    Attributes:
        candidate: Its name.
        folds: On how many outer folds it was measured, over all repeats.
        means: Mean of each metric and speed by name.
        errors: Their standard errors (Nadeau and Bengio, 2003).
        gain: Mean difference of macro-F1 from the baseline's on the same folds.
        gain_error: Its standard error.
        pooled: Macro-F1 of all folds' answers taken together, mean over the repeats.
        pooled_gain: Its difference from the baseline's.
        pooled_gain_error: Its standard error, by bootstrap.
    """

    candidate: str
    folds: int
    means: dict[str, float]
    errors: dict[str, float]
    gain: float
    gain_error: float
    pooled: float
    pooled_gain: float
    pooled_gain_error: float


@dataclass(frozen=True, slots=True)
class Check:
    """What is asked of the chosen head on one set: above the baseline, not below the single heads."""

    gain: float
    gain_error: float
    folds_not_worse: int
    folds: int
    repeats_not_worse: int
    repeats: int
    single_gain: float
    single_gain_error: float
    pooled_gain: float
    pooled_gain_error: float

    @property
    def beats_baseline(self) -> bool:
        """Whether smartprod's macro-F1 is above the baseline's by more than one standard error."""
        return self.gain > self.gain_error

    @property
    def not_worse_than_single(self) -> bool:
        """Whether it is at least the better single head's, on the rows of every repeat taken together."""
        return self.repeats_not_worse == self.repeats


@dataclass(frozen=True, slots=True)
class SetResults:
    """All results of one set."""

    name: str
    measured: tuple[Measured, ...]

    def given(self) -> list[Result]:
        """Results on the test rows of the given split, best macro-F1 first."""
        found = [each.result for each in self.measured if each.division.repeat is None]
        return sorted(found, key=lambda result: -result.macro_f1)

    def of(self, candidate: str) -> dict[Division, Measured]:
        """A candidate's results on the outer folds."""
        return {
            each.division: each
            for each in self.measured
            if each.result.candidate == candidate and each.division.repeat is not None
        }

    def lines(self) -> list[Line]:
        """Means over the outer folds, best macro-F1 first."""
        names = dict.fromkeys(each.result.candidate for each in self.measured)
        lines = [self._line(name) for name in names if self.of(name)]
        return sorted(lines, key=lambda line: -line.gain)

    def check(self) -> Check | None:
        """Compare smartprod with the baseline and with its own best single head; None without outer folds."""
        ours = self.of(SMARTPROD)
        if not ours:
            return None
        gain, error = self._difference(ours, [self.of(BASELINE)])
        pooled_gain = self._pooled_gain(SMARTPROD)
        singles = [found for title in HEADS.values() if (found := self.of(title))]
        if not singles:  # images only: the chosen head is the single one
            repeats = len({division.repeat for division in ours})
            return Check(gain, error, len(ours), len(ours), repeats, repeats, 0.0, 0.0, *pooled_gain)
        single_gain, single_error = self._difference(ours, singles)
        wins = sum(
            each.result.macro_f1 >= max(single[division].result.macro_f1 for single in singles)
            for division, each in ours.items()
        )
        pooled, others = self.pooled(SMARTPROD), [self.pooled(title) for title in HEADS.values()]
        repeats_won = sum(value >= max(other[repeat] for other in others) for repeat, value in pooled.items())
        return Check(
            gain, error, wins, len(ours), repeats_won, len(pooled), single_gain, single_error, *pooled_gain
        )

    def _pooled_gain(self, candidate: str) -> tuple[float, float]:
        """Mean difference of pooled macro-F1 from the baseline's on the same folds, and its bootstrap error."""
        ours, theirs = self.of(candidate), self.of(BASELINE)
        together = []
        for repeat in sorted({division.repeat for division in ours if division.repeat is not None}):
            divisions = [each for each in ours if each.repeat == repeat and each in theirs]
            columns = (
                [ours[each].labels for each in divisions],
                [ours[each].groups for each in divisions],
                [ours[each].result.predicted for each in divisions],
                [theirs[each].result.predicted for each in divisions],
            )
            if divisions:
                labels, groups, answers, others = (np.concatenate(column) for column in columns)
                together.append((labels, groups, answers, others))
        if not together:
            return float("nan"), float("nan")
        gains = [
            pooled_macro_f1(labels, answers) - pooled_macro_f1(labels, others)
            for labels, _, answers, others in together
        ]
        return float(np.mean(gains)), bootstrap_error(together)

    def pooled(self, candidate: str) -> dict[int, float]:
        """Macro-F1 of all answers of each repeat taken together."""
        found = self.of(candidate)
        repeats = sorted({division.repeat for division in found if division.repeat is not None})
        scores = {}
        for repeat in repeats:
            chosen = [each for division, each in found.items() if division.repeat == repeat]
            labels = np.concatenate([each.labels for each in chosen])
            scores[repeat] = pooled_macro_f1(
                labels, np.concatenate([each.result.predicted for each in chosen])
            )
        return scores

    def _line(self, name: str) -> Line:
        found = self.of(name)
        means, errors = {}, {}
        for metric in Result.__dataclass_fields__:
            if metric not in {"candidate", "predicted"}:
                values = [getattr(each.result, metric) for each in found.values()]
                means[metric], errors[metric] = mean_and_error(values, test_to_train=_ratio(found.values()))
        gain, error = self._difference(found, [self.of(BASELINE)])
        pooled = float(np.mean(list(self.pooled(name).values())))
        return Line(name, len(found), means, errors, gain, error, pooled, *self._pooled_gain(name))

    @staticmethod
    def _difference(
        ours: dict[Division, Measured], others: Sequence[dict[Division, Measured]]
    ) -> tuple[float, float]:
        """Mean difference of macro-F1 from the best of others on the same folds, and its standard error."""
        differences = [
            each.result.macro_f1 - max(other[division].result.macro_f1 for other in others)
            for division, each in ours.items()
            if all(division in other for other in others)
        ]
        return mean_and_error(differences, test_to_train=_ratio(ours.values()))


def _ratio(found: object) -> float:
    return float(np.mean([len(each.labels) / each.learned for each in found]))  # type: ignore[attr-defined]
