"""The leaderboard: candidates and their mixtures compared on held-out rows, and the heads that are chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from smartprod.classifiers.base import row_weights
from smartprod.classifiers.stacking import fit_mixture_weights, mix
from smartprod.classifiers.temperature import apply_temperature, fit_temperature
from smartprod.errors import TrainingError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smartprod.classifiers.candidates import Candidate
    from smartprod.fusion import LearningData, Modality

HeadName = Literal["image", "text", "fused"]
Metric = Literal["macro_f1", "accuracy", "log_loss"]
HEAD_MODALITIES: dict[HeadName, tuple[Modality, ...]] = {
    "image": ("image",),
    "text": ("text",),
    "fused": ("image", "text"),
}
STACK = "stack"


@dataclass(frozen=True, slots=True, eq=False)
class PlannedMember:
    """A candidate inside a head: its share of the mixture, and the temperature of its answers."""

    candidate: Candidate
    weight: float
    temperature: float


@dataclass(frozen=True, slots=True, eq=False)
class LeaderboardEntry:
    """A candidate or a mixture that competed for a head.

    Attributes:
        head: The head it competed for.
        name: Such as `concat+mlp`, or `stack`.
        members: What it is made of.
        rows: Validated rows (positions among them) that the head can answer, int64 [M].
        log_probabilities: Held-out answers for those rows, float32 [M, C].
        accuracy, macro_f1, log_loss: Scores on those rows.
        seconds: Time to fit and ask.
    """

    head: HeadName
    name: str
    members: tuple[PlannedMember, ...]
    rows: np.ndarray
    log_probabilities: np.ndarray
    accuracy: float
    macro_f1: float
    log_loss: float
    seconds: float

    def better_by(self, metric: Metric) -> tuple[float, float]:
        """Sort key: the metric first, then the log-loss; higher is better."""
        value = -self.log_loss if metric == "log_loss" else getattr(self, metric)
        return (value, -self.log_loss)


def compare(
    candidates: Sequence[Candidate], data: LearningData, *, with_stack: bool
) -> dict[HeadName, list[LeaderboardEntry]]:
    """Score every candidate for every head it can serve, and the mixture of each head's candidates.

    The fused head is open to candidates of one modality as well: where none of the fused ones beats the best
    single one on the same rows, that one is used.

    Args:
        candidates: All candidates with their held-out answers.
        data: The labelled products.
        with_stack: Whether mixtures compete too.

    Returns:
        Entries by head, in the order of the candidates, the mixture last; heads that no row needs are absent.
    """
    validated = data.validated()
    entries: dict[HeadName, list[LeaderboardEntry]] = {}
    for head, modalities in HEAD_MODALITIES.items():
        rows = np.flatnonzero(data.products.having(modalities)[validated])
        pool = [
            candidate
            for candidate in candidates
            if (head == "fused" or candidate.representation == head)
            and len(rows)
            and not np.isnan(candidate.log_probabilities[rows]).any()
        ]
        fused = head == "fused" and not any(c.representation not in HEAD_MODALITIES for c in pool)
        if not pool or fused:
            continue
        labels = data.labels[validated[rows]]
        members = [_calibrated(candidate, rows, labels) for candidate in pool]
        entries[head] = [_single_entry(head, member, rows, labels) for member in members]
        if with_stack and len(members) > 1:
            entries[head].append(_stack_entry(head, members, rows, labels, _fold_of(data)[validated[rows]]))
    if not entries:
        raise TrainingError(
            "SP503",
            "no candidate could answer the validation rows",
            fix="check that rows of every split have images or texts (see the extract stage's account)",
        )
    return entries


def choose(entries: Sequence[LeaderboardEntry], metric: Metric) -> LeaderboardEntry:
    """The best entry by `metric`; the lower log-loss decides between equals."""
    return max(entries, key=lambda entry: entry.better_by(metric))


def _calibrated(candidate: Candidate, rows: np.ndarray, labels: np.ndarray) -> PlannedMember:
    return PlannedMember(candidate, 1.0, fit_temperature(candidate.log_probabilities[rows], labels))


def _answers(member: PlannedMember, rows: np.ndarray) -> np.ndarray:
    return apply_temperature(member.candidate.log_probabilities[rows], member.temperature)


def _single_entry(
    head: HeadName, member: PlannedMember, rows: np.ndarray, labels: np.ndarray
) -> LeaderboardEntry:
    answers = _answers(member, rows)
    return _entry(head, member.candidate.name, (member,), rows, answers, labels, member.candidate.seconds)


def _stack_entry(
    head: HeadName, members: Sequence[PlannedMember], rows: np.ndarray, labels: np.ndarray, folds: np.ndarray
) -> LeaderboardEntry:
    answers = np.stack([_answers(member, rows) for member in members])  # [K, M, C]
    true_class = np.exp(answers[:, np.arange(len(rows)), labels])
    importance = row_weights(labels, "sqrt")
    # The scores shown are of weights fitted on the other folds: no row helps to weigh its own answer.
    held_out = np.empty_like(answers[0])
    for fold in np.unique(folds):
        inside = folds == fold
        others = ~inside if (~inside).any() else inside
        weights = fit_mixture_weights(true_class[:, others], importance[others])
        held_out[inside] = mix(answers[:, inside], weights)
    weights = fit_mixture_weights(true_class, importance)
    mixed = tuple(
        PlannedMember(member.candidate, float(weight), member.temperature)
        for member, weight in zip(members, weights, strict=True)
        if weight > 0
    )
    seconds = sum(member.candidate.seconds for member in mixed)
    return _entry(head, STACK, mixed, rows, held_out, labels, seconds)


def _entry(  # noqa: PLR0913, PLR0917
    head: HeadName,
    name: str,
    members: tuple[PlannedMember, ...],
    rows: np.ndarray,
    answers: np.ndarray,
    labels: np.ndarray,
    seconds: float,
) -> LeaderboardEntry:
    from sklearn.metrics import accuracy_score, f1_score

    predicted = answers.argmax(axis=1)
    return LeaderboardEntry(
        head,
        name,
        members,
        rows,
        answers,
        accuracy=float(accuracy_score(labels, predicted)),
        macro_f1=float(f1_score(labels, predicted, average="macro", zero_division=0.0)),
        log_loss=-float(answers[np.arange(len(labels)), labels].mean()),
        seconds=seconds,
    )


def _fold_of(data: LearningData) -> np.ndarray:
    fold_of = np.full(len(data.rows), -1)
    for number, fold in enumerate(data.folds):
        fold_of[fold.validation] = number
    return fold_of
