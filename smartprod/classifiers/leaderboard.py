"""The leaderboard: candidates and their mixtures compared on held-out rows, and the heads that are chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from smartprod.classifiers.candidates import MIXTURE_SIMPLICITY
from smartprod.classifiers.scores import (
    Metric,
    accuracy,
    difference_error,
    goodness,
    log_loss,
    macro_f1,
    standard_error,
)
from smartprod.classifiers.stacking import likelihood_weights, mix
from smartprod.classifiers.temperature import apply_temperature, fit_temperature
from smartprod.errors import TrainingError
from smartprod.fusion import wants_fusion

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from smartprod.classifiers.candidates import Candidate
    from smartprod.fusion import LearningData, Modality

HeadName = Literal["image", "text", "fused"]
HEAD_MODALITIES: dict[HeadName, tuple[Modality, ...]] = {
    "image": ("image",),
    "text": ("text",),
    "fused": ("image", "text"),
}
STACK = "stack"
_MIXTURE_ERRORS = 2.0
_SINGLE_SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


@dataclass(frozen=True, slots=True, eq=False)
class PlannedMember:
    """A candidate inside a head: its share of the mixture, and the temperature of its answers."""

    candidate: Candidate
    weight: float
    temperature: float


@dataclass(frozen=True, slots=True, eq=False)
class LeaderboardEntry:
    """A candidate or a mixture that competes for a head.

    Attributes:
        head: The head it competes for.
        name: Such as `concat+mlp`, or `stack`.
        members: What it is made of.
        rows: Validated rows (positions among them) that the head can answer, int64 [M].
        labels: Their class indices, int64 [M].
        log_probabilities: Held-out answers for those rows, float32 [M, C].
    """

    head: HeadName
    name: str
    members: tuple[PlannedMember, ...]
    rows: np.ndarray
    labels: np.ndarray
    log_probabilities: np.ndarray

    def score(self, metric: Metric) -> float:
        """The metric with its sign turned so that higher is better."""
        return goodness(metric)(self.log_probabilities, self.labels)

    @property
    def accuracy(self) -> float:
        """Accuracy on the held-out rows."""
        return accuracy(self.log_probabilities, self.labels)

    @property
    def macro_f1(self) -> float:
        """Macro-F1 on the held-out rows."""
        return macro_f1(self.log_probabilities, self.labels)

    @property
    def log_loss(self) -> float:
        """Log-loss on the held-out rows."""
        return log_loss(self.log_probabilities, self.labels)

    @property
    def seconds(self) -> float:
        """Time to fit and ask all members, over all folds."""
        return sum(member.candidate.seconds for member in self.members)

    @property
    def rows_per_second(self) -> float:
        """Rows that all members embed and answer in a second, one member after the other; 0 where it is not known."""
        rates = [member.candidate.rows_per_second for member in self.members]
        return 1 / sum(1 / rate for rate in rates) if rates and all(rates) else 0.0

    @property
    def simplicity(self) -> int:
        """Place in the order from simple to complex (see `Candidate.simplicity`)."""
        return self.members[0].candidate.simplicity if len(self.members) == 1 else MIXTURE_SIMPLICITY

    def standard_error(self, metric: Metric, *, seed: int) -> float:
        """Standard error of the metric on the held-out rows."""
        return standard_error(metric, self.log_probabilities, self.labels, seed=seed)


def compare(
    candidates: Sequence[Candidate], data: LearningData, *, metric: Metric, with_stack: bool
) -> dict[HeadName, list[LeaderboardEntry]]:
    """Score every candidate for every head it can serve, and the mixture of each head's good candidates.

    Args:
        candidates: All candidates with their held-out answers.
        data: The labelled products.
        metric: What decides.
        with_stack: Whether mixtures compete too.

    Returns:
        Entries by head, best first; heads that no row needs are absent.

    Raises:
        TrainingError: (SP503) No candidate could answer the validation rows.
    """
    validated = data.validated()
    board: dict[HeadName, list[LeaderboardEntry]] = {}
    for head, modalities in HEAD_MODALITIES.items():
        rows = np.flatnonzero(data.products.having(modalities)[validated])
        pool = [candidate for candidate in candidates if _serves(candidate, head, rows)]
        if not pool or (head == "fused" and not _fuses(pool, data, with_stack=with_stack)):
            continue
        labels = data.labels[validated[rows]]
        entries = [_single_entry(head, candidate, rows, labels) for candidate in pool]
        if with_stack and len(entries) > 1:
            entries.append(_stack_entry(entries))
        board[head] = sorted(entries, key=lambda entry: (-entry.score(metric), entry.log_loss))
    if not board:
        raise TrainingError(
            "SP503",
            "no candidate could answer the validation rows",
            fix="check that rows of every split have images or texts (see the extract stage's account)",
        )
    return board


def choose_heads(
    board: Mapping[HeadName, Sequence[LeaderboardEntry]], *, metric: Metric, seed: int
) -> dict[HeadName, LeaderboardEntry]:
    """Choose the entry of each head; the fused one is never measurably worse than the best single head.

    Args:
        board: Entries by head, best first.
        metric: What decides.
        seed: Seed of the bootstrap.
    """
    chosen = {head: _choose(entries, metric, seed) for head, entries in board.items()}
    if "fused" in chosen:
        singles = [chosen[head] for head in ("image", "text") if head in chosen]
        chosen["fused"] = _lean_on_best_single(chosen["fused"], singles, metric, seed)
    return chosen


def _serves(candidate: Candidate, head: HeadName, rows: np.ndarray) -> bool:
    if len(rows) == 0 or head not in {"fused", candidate.representation}:
        return False
    return not np.isnan(candidate.log_probabilities[rows]).any()


def _fuses(pool: Sequence[Candidate], data: LearningData, *, with_stack: bool) -> bool:
    """Whether a fused head is more than one of the single ones: by its embedding, or by mixing their answers."""
    names = {candidate.representation for candidate in pool}
    return wants_fusion(data) and (not names <= set(HEAD_MODALITIES) or (with_stack and len(names) > 1))


def _choose(entries: Sequence[LeaderboardEntry], metric: Metric, seed: int) -> LeaderboardEntry:
    """The mixture, unless it is measurably worse than the best candidate; without one, the simplest that is as good.

    Mixtures are preferred to simpler candidates inside the noise, because on rows kept apart they are more
    accurate: `benchmarks/mixtures.py`, docs/decisions.md.
    """
    candidates = [entry for entry in entries if entry.name != STACK]
    best = candidates[0]
    error = best.standard_error(metric, seed=seed)
    mixture = next((entry for entry in entries if entry.name == STACK), None)
    if mixture is not None and mixture.score(metric) >= best.score(metric) - _MIXTURE_ERRORS * error:
        return mixture
    near = [entry for entry in candidates if entry.score(metric) >= best.score(metric) - error]
    likeliest = min(near, key=lambda entry: entry.log_loss)
    as_good = [entry for entry in near if _is_as_likely(entry, likeliest)]
    return min(as_good, key=lambda entry: (entry.simplicity, entry.log_loss))


def _is_as_likely(entry: LeaderboardEntry, likeliest: LeaderboardEntry) -> bool:
    """Whether its log-loss is higher by one standard error of their difference at most."""
    rows = np.arange(len(entry.labels))
    losses = (likeliest.log_probabilities - entry.log_probabilities)[rows, entry.labels].astype(np.float64)
    return bool(losses.mean() <= losses.std() / np.sqrt(len(losses)))


def _lean_on_best_single(
    fused: LeaderboardEntry, singles: Sequence[LeaderboardEntry], metric: Metric, seed: int
) -> LeaderboardEntry:
    """Mix in the best single head where one is measurably better, as little as it takes not to be worse."""
    on_rows = [_on_rows_of(fused, single) for single in singles]
    if not any(_is_measurably_better(single, fused, metric, seed) for single in on_rows):
        return fused
    best = max(on_rows, key=lambda entry: entry.score(metric))
    target = best.score(metric)
    mixtures = (fused, *(_mixture(fused, best, share) for share in _SINGLE_SHARES))
    alone = LeaderboardEntry(
        "fused", f"{best.head} head", best.members, best.rows, best.labels, best.log_probabilities
    )
    return next((entry for entry in mixtures if entry.score(metric) >= target), alone)


def _is_measurably_better(
    single: LeaderboardEntry, fused: LeaderboardEntry, metric: Metric, seed: int
) -> bool:
    """Whether it is by more than a standard error of the difference: to follow less is to follow noise (docs/decisions.md)."""
    error = difference_error(
        metric, single.log_probabilities, fused.log_probabilities, fused.labels, seed=seed
    )
    return fused.score(metric) < single.score(metric) - error


def _on_rows_of(fused: LeaderboardEntry, single: LeaderboardEntry) -> LeaderboardEntry:
    """The single head's answers about the rows that the fused head answers, a subset of its own."""
    positions = np.searchsorted(single.rows, fused.rows)
    answers = single.log_probabilities[positions]
    return LeaderboardEntry(single.head, single.name, single.members, fused.rows, fused.labels, answers)


def _mixture(fused: LeaderboardEntry, single: LeaderboardEntry, share: float) -> LeaderboardEntry:
    """The mean of two entries' probabilities, the single head's with `share` of the weight."""
    # A candidate may be in both, with a temperature for each head's rows: it then counts as two members.
    members: dict[tuple[str, float], PlannedMember] = {}
    for entry, part in ((fused, 1 - share), (single, share)):
        for member in entry.members:
            key = (member.candidate.name, member.temperature)
            weight = part * member.weight + (members[key].weight if key in members else 0.0)
            members[key] = PlannedMember(member.candidate, weight, member.temperature)
    answers = mix(
        np.stack([fused.log_probabilities, single.log_probabilities]), np.asarray([1 - share, share])
    )
    name = f"{fused.name} with {share:.0%} {single.head} head"
    return LeaderboardEntry("fused", name, tuple(members.values()), fused.rows, fused.labels, answers)


def _single_entry(
    head: HeadName, candidate: Candidate, rows: np.ndarray, labels: np.ndarray
) -> LeaderboardEntry:
    answers = candidate.log_probabilities[rows]
    temperature = fit_temperature(answers, labels)
    member = PlannedMember(candidate, 1.0, temperature)
    calibrated = apply_temperature(answers, temperature)
    return LeaderboardEntry(head, candidate.name, (member,), rows, labels, calibrated)


def _stack_entry(entries: Sequence[LeaderboardEntry]) -> LeaderboardEntry:
    answers = np.stack([entry.log_probabilities for entry in entries])
    first = entries[0]
    weights = likelihood_weights(answers, first.labels)
    members = tuple(
        PlannedMember(entry.members[0].candidate, float(weight), entry.members[0].temperature)
        for entry, weight in zip(entries, weights, strict=True)
        if weight > 0
    )
    return LeaderboardEntry(first.head, STACK, members, first.rows, first.labels, mix(answers, weights))
