"""What became of each product: accepted, backed off to an ancestor, `other`, or review; and was that right?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import nan

from smartprod.evaluation.data import DECISION_KINDS, DecisionKind, ScoredDecisions

ALL_HEADS = "all"


@dataclass(frozen=True, slots=True)
class DecisionShare:
    """The rows of one head that got one decision.

    Attributes:
        head: Name of the head, `none` where no head could answer, `all` for all of them.
        decision: What became of the rows.
        rows: How many.
        share: Of all rows of the part.
        accuracy: Share that is right. `accepted`: the very category. `backed_off`: a true ancestor (or the
            category itself). `other`: the true category was indeed not learned. `review`: the best guess would
            have been the very category. NaN without rows.
    """

    head: str
    decision: DecisionKind
    rows: int
    share: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class DecisionSummary:
    """Final answers in numbers.

    Attributes:
        rows: All rows of the part.
        accepted_share, accepted_accuracy: Answered with a full category.
        answered_share, answered_accuracy: Accepted or backed off, each right at its own level.
        overall_accuracy: Best guess of every row against its very category, as if nothing were held back.
        shares: By decision over all heads, then by head and decision.
    """

    rows: int
    accepted_share: float
    accepted_accuracy: float
    answered_share: float
    answered_accuracy: float
    overall_accuracy: float
    shares: tuple[DecisionShare, ...]


def summarise_decisions(
    decisions: ScoredDecisions, *, classes: Iterable[str], separator: str
) -> DecisionSummary:
    """Count the decisions and judge each by its own standard.

    Args:
        decisions: Final answers for one part.
        classes: Category paths that were learned.
        separator: What separates the levels of a path.
    """
    learned = frozenset(classes)
    right = [
        is_right(decision, truth, predicted, learned=learned, separator=separator)
        for decision, truth, predicted in zip(
            decisions.decision, decisions.truth, decisions.predicted, strict=True
        )
    ]
    heads = [head or "none" for head in decisions.head]
    total = len(right)
    tallies: dict[tuple[str, str], list[bool]] = {}
    for head, decision, good in zip(heads, decisions.decision, right, strict=True):
        tallies.setdefault((ALL_HEADS, decision), []).append(good)
        tallies.setdefault((head, decision), []).append(good)
    shares = tuple(
        DecisionShare(head, decision, len(found), len(found) / total, _mean(found))
        for head in (ALL_HEADS, *sorted(set(heads)))
        for decision in DECISION_KINDS
        if (found := tallies.get((head, decision)))
    )
    accepted = tallies.get((ALL_HEADS, "accepted"), [])
    answered = accepted + tallies.get((ALL_HEADS, "backed_off"), [])
    exact = [
        truth == predicted for truth, predicted in zip(decisions.truth, decisions.predicted, strict=True)
    ]
    return DecisionSummary(
        rows=total,
        accepted_share=len(accepted) / total if total else nan,
        accepted_accuracy=_mean(accepted),
        answered_share=len(answered) / total if total else nan,
        answered_accuracy=_mean(answered),
        overall_accuracy=_mean(exact),
        shares=shares,
    )


def is_right(
    decision: DecisionKind, truth: str, predicted: str, *, learned: frozenset[str], separator: str
) -> bool:
    """Judge one answer by the standard of its decision (see `DecisionShare.accuracy`)."""
    if decision == "other":
        return truth not in learned
    if decision == "backed_off":
        return bool(predicted) and (truth == predicted or truth.startswith(predicted + separator))
    return truth == predicted


def _mean(values: list[bool]) -> float:
    return sum(values) / len(values) if values else nan
