"""Which head answers first in the mode `cheapest-first`, and how sure it has to be: learned from held-out answers.

After the confidence-based cascades of classifiers (Viola and Jones, 2001; Jitkrittum et al., 2023).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from smartprod.decision.answers import HeadAnswers

_WORDS_COST = 0.01  # of a text encoder's; about 0.2 ms for MiniLM's 20


@dataclass(frozen=True, slots=True)
class Cascade:
    """A first head, and what it does on the held-out rows that it and the fused head can answer.

    Attributes:
        first: The head that answers first.
        ask_next: Confidence below which the fused head is asked.
        kept: Share of the rows that `first` answers alone.
        loss: Accuracy that it lost on these rows; negative where it gained.
        cost: Expected time per row, where asking the fused head at once costs `whole`.
        whole: Time per row of computing everything.
    """

    first: str
    ask_next: float
    kept: float
    loss: float
    cost: float
    whole: float


def learn_cascade(
    answers: Mapping[str, HeadAnswers],
    labels: np.ndarray,
    *,
    firsts: Sequence[str],
    seconds: Mapping[str, float],
    allowed: float,
    confidence_level: float,
) -> Cascade:
    """Choose the first head with the least expected cost.

    Each one's threshold is lowered from the strictest on until the exact binomial bound (Clopper and Pearson, 1934) of the
    rows that it spoils, right by the fused head and wrong by it, first passes `allowed`: fixed-sequence testing, as for
    accepted answers (see `learn_threshold`). Rows that it mends are not set against them. The mere estimate was too
    hopeful: where the last few per cent of the rows are spoilt, it goes up to the edge.

    Args:
        answers: Calibrated held-out answers by head.
        labels: Class indices of all held-out rows, int64 [V].
        firsts: Heads that may be the first, at least one.
        seconds: Time per row of each modality's encoders, `image` and `text`, in any unit.
        allowed: Accuracy that may be lost against the fused head.
        confidence_level: Chance that no more is lost, 0 to 1.
    """
    found = [
        _cascade(first, answers, labels, seconds=seconds, allowed=allowed, confidence_level=confidence_level)
        for first in firsts
    ]
    return min(found, key=lambda each: each.cost)


def _cascade(
    first: str,
    answers: Mapping[str, HeadAnswers],
    labels: np.ndarray,
    *,
    seconds: Mapping[str, float],
    allowed: float,
    confidence_level: float,
) -> Cascade:
    from scipy.stats import beta

    own = seconds.get(first, _WORDS_COST * seconds["text"])
    whole = seconds["image"] + seconds["text"]
    rest = whole - (own if first in seconds else 0.0)
    if first not in answers or "fused" not in answers:
        return Cascade(first, 0.0, 1.0, 0.0, own, whole)  # there is nobody to ask next
    rows = np.intersect1d(answers[first].positions, answers["fused"].positions)
    if len(rows) == 0:
        return Cascade(first, 0.0, 1.0, 0.0, own, whole)
    confidence, right = _judged(answers[first], rows, labels)
    _, fused_right = _judged(answers["fused"], rows, labels)
    order = np.argsort(-confidence, kind="stable")
    ranked = confidence[order]
    lost = np.cumsum(fused_right[order].astype(int) - right[order].astype(int)) / len(rows)
    ends = np.flatnonzero(np.append(ranked[1:] < ranked[:-1], True))  # equal confidences go together
    spoilt = np.cumsum(fused_right[order] & ~right[order])[ends]
    bounds = np.where(
        spoilt < len(rows), beta.ppf(confidence_level, spoilt + 1, np.maximum(len(rows) - spoilt, 1)), 1.0
    )
    ends = ends[np.logical_and.accumulate(bounds <= allowed)]
    if len(ends) == 0:
        return Cascade(first, _above_one(), 0.0, 0.0, own + rest, whole)
    last = int(ends[-1])
    kept = (last + 1) / len(rows)
    return Cascade(first, float(ranked[last]), kept, float(lost[last]), own + (1 - kept) * rest, whole)


def _judged(answers: HeadAnswers, rows: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Confidence of a head's answers about some rows, and whether each is right."""
    probabilities = answers.probabilities[np.searchsorted(answers.positions, rows)]
    return probabilities.max(axis=1), probabilities.argmax(axis=1) == labels[rows]


def _above_one() -> float:
    return float(np.nextafter(np.float32(1), np.float32(2)))
