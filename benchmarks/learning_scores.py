"""What `learning.py` measures of one candidate on one division, and how repeated divisions become a mean and an error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from smartprod.evaluation.metrics import head_metrics

BINS = 15


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What one candidate says about the judged rows of one division.

    Attributes:
        candidate: Its name.
        raw: Log-probabilities as it gives them, float32 [N, C].
        calibrated: The same after a temperature learned on inner held-out rows, float32 [N, C].
        fit_seconds: Time to fit on the learned rows.
        rows_per_second: How many rows it classifies.
    """

    candidate: str
    raw: np.ndarray
    calibrated: np.ndarray
    fit_seconds: float
    rows_per_second: float


@dataclass(frozen=True, slots=True)
class Result:
    """Scores of one candidate on one division; `log_loss` and `ece` are of the calibrated answers."""

    candidate: str
    accuracy: float
    top5: float
    macro_f1: float
    weighted_f1: float
    log_loss: float
    ece_raw: float
    ece: float
    fit_seconds: float
    rows_per_second: float
    predicted: tuple[int, ...]


METRICS = ("accuracy", "top5", "macro_f1", "weighted_f1", "log_loss", "ece_raw", "ece")
SPEEDS = ("fit_seconds", "rows_per_second")


def score(answers: Answers, labels: np.ndarray) -> Result:
    """Score answers about N rows with class indices, int64 [N]."""
    metrics = head_metrics(labels, np.exp(answers.calibrated))
    predicted = answers.calibrated.argmax(axis=1)
    return Result(
        answers.candidate,
        metrics.accuracy,
        metrics.top5,
        metrics.macro_f1,
        metrics.weighted_f1,
        metrics.log_loss,
        equal_mass_error(np.exp(answers.raw), labels),
        equal_mass_error(np.exp(answers.calibrated), labels),
        answers.fit_seconds,
        answers.rows_per_second,
        tuple(predicted.tolist()),
    )


def equal_mass_error(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Expected calibration error over 15 bins of equally many rows (Nixon et al., 2019); [N, C] and [N]."""
    confidence = probabilities.max(axis=1)
    gap = (probabilities.argmax(axis=1) == labels) - confidence
    bins = np.array_split(gap[np.argsort(confidence, kind="stable")], BINS)
    return float(sum(abs(part.sum()) for part in bins) / len(labels))


def mean_and_error(values: Sequence[float], *, test_to_train: float) -> tuple[float, float]:
    """The mean over the outer folds of all repeats, and its standard error.

    Folds of repeated cross-validation share their training rows, so the variance of the mean is s² (1/n + test/train)
    instead of s²/n (Nadeau and Bengio, 2003; for repeats Bouckaert and Frank, 2004). 0 for one value.
    """
    if len(values) < 2:
        return float(np.mean(values)), 0.0
    variance = np.var(values, ddof=1) * (1 / len(values) + test_to_train)
    return float(np.mean(values)), float(np.sqrt(variance))


def pooled_macro_f1(labels: np.ndarray, predicted: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Macro-F1 of the answers of all folds of a repeat taken together; class indices [N] and [N].

    Counting over all folds is less biased than the mean of the folds' F1 where classes are small (Forman and
    Scholz, 2010). Rows may count several times, or not at all, by integer `weights` [N].
    """
    classes = int(max(labels.max(), predicted.max())) + 1
    right = labels == predicted
    hits = np.bincount(labels[right], None if weights is None else weights[right], minlength=classes)
    involved = np.bincount(labels, weights, minlength=classes) + np.bincount(
        predicted, weights, minlength=classes
    )
    seen = involved > 0
    return float((2 * hits[seen] / involved[seen]).mean())


def bootstrap_error(
    repeats: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]], *, draws: int = 300
) -> float:
    """Standard error of the mean difference of pooled macro-F1 of two candidates, over draws of groups (Efron, 1979).

    It covers which products happen to be in the set, not what other training rows would have taught.

    Args:
        repeats: For each repeat the labels, the groups, and the answers of either candidate, int64 [N] each.
        draws: Bootstrap samples; a group counts equally often in all repeats of one draw.
    """
    rng = np.random.default_rng(0)
    count = max(int(groups.max()) for _, groups, _, _ in repeats) + 1
    present = np.unique(np.concatenate([groups for _, groups, _, _ in repeats]))
    differences = []
    for _ in range(draws):
        times = np.bincount(rng.choice(present, len(present)), minlength=count)
        differences.append(
            np.mean(
                [
                    pooled_macro_f1(labels, ours, times[groups])
                    - pooled_macro_f1(labels, theirs, times[groups])
                    for labels, groups, ours, theirs in repeats
                ]
            )
        )
    return float(np.std(differences))
