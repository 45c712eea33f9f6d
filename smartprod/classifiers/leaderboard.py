"""The leaderboard: candidates and their mixtures compared on held-out rows, and the heads that are chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from smartprod.classifiers.scores import Metric, accuracy, goodness, log_loss, macro_f1
from smartprod.classifiers.stacking import choose_members, mix, standard_error
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


def compare(
    candidates: Sequence[Candidate], data: LearningData, *, metric: Metric, with_stack: bool, seed: int
) -> dict[HeadName, list[LeaderboardEntry]]:
    """Score every candidate for every head it can serve, and the mixture of each head's good candidates.

    Args:
        candidates: All candidates with their held-out answers.
        data: The labelled products.
        metric: What decides.
        with_stack: Whether mixtures compete too.
        seed: Seed of the bootstrap.

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
            entries.append(_stack_entry(entries, metric, seed))
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
    """Choose the entry of each head; the fused one is never worse on held-out rows than the best single head.

    Args:
        board: Entries by head, best first.
        metric: What decides.
        seed: Seed of the bootstrap.
    """
    chosen = {head: _choose(entries, metric, seed) for head, entries in board.items()}
    if "fused" in chosen:
        singles = [chosen[head] for head in ("image", "text") if head in chosen]
        chosen["fused"] = _lean_on_best_single(chosen["fused"], singles, metric)
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
    """The best entry, or the stack where it is as good but for chance: within one standard error, at a lower log-loss."""
    best = entries[0]
    stack = next((entry for entry in entries if entry.name == STACK), None)
    if stack is None or stack is best:
        return best
    error = standard_error(goodness(metric), best.log_probabilities, best.labels, seed=seed)
    close = best.score(metric) - stack.score(metric) <= error and stack.log_loss < best.log_loss
    return stack if close else best


def _lean_on_best_single(
    fused: LeaderboardEntry, singles: Sequence[LeaderboardEntry], metric: Metric
) -> LeaderboardEntry:
    """Mix in the best single head, as little as it takes not to be worse than it on the same rows."""
    if not singles:
        return fused
    best = max((_on_rows_of(fused, single) for single in singles), key=lambda entry: entry.score(metric))
    target = best.score(metric)
    mixtures = (fused, *(_mixture(fused, best, share) for share in _SINGLE_SHARES))
    alone = LeaderboardEntry(
        "fused", f"{best.head} head", best.members, best.rows, best.labels, best.log_probabilities
    )
    return next((entry for entry in mixtures if entry.score(metric) >= target), alone)


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


def _stack_entry(entries: Sequence[LeaderboardEntry], metric: Metric, seed: int) -> LeaderboardEntry:
    scores = [entry.score(metric) for entry in entries]
    best = entries[int(np.argmax(scores))]
    error = standard_error(goodness(metric), best.log_probabilities, best.labels, seed=seed)
    near = [entries[number] for number in choose_members(scores, error)]
    members = tuple(
        PlannedMember(entry.members[0].candidate, 1 / len(near), entry.members[0].temperature)
        for entry in near
    )
    answers = mix(np.stack([entry.log_probabilities for entry in near]), np.full(len(near), 1 / len(near)))
    return LeaderboardEntry(best.head, STACK, members, best.rows, best.labels, answers)
