"""The learned and the chosen numbers of a decider: what `decision.json` holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from smartprod.decision.answers import Mode
from smartprod.decision.costs import ClassCosts


@dataclass(frozen=True, slots=True)
class ModeThresholds:
    """The thresholds of one mode, as in `DecisionSettings`."""

    accept: float
    ask_next: float
    back_off_from: float | None = None
    least_in_set: float | None = None


@dataclass(frozen=True, slots=True)
class DecisionSettings:
    """The learned and the chosen numbers of a decider.

    Attributes:
        mode: How heads are combined.
        cheapest: Head that answers first in the mode `cheapest-first`: `words`, `image` or `text`.
        accept: Confidence from which an answer is accepted.
        ask_next: Confidence below which the first head of a mode asks the next.
        back_off: Whether unsure answers back off to an ancestor.
        open_set: Method, such as `rmds`, or `none`.
        open_set_thresholds: Score above which each head's product counts as unlike anything seen.
        separator: What separates the levels of a class path.
        other_modes: Thresholds of the modes that are not in force.
        back_off_from: Probability from which an ancestor is answered; None: as `accept`.
        costs: What wrong answers cost; None: all alike.
        least_in_set: Probability from which a class belongs to the prediction set of a product; None: there are no sets.
    """

    mode: Mode
    cheapest: str
    accept: float
    ask_next: float
    back_off: bool
    open_set: str
    open_set_thresholds: Mapping[str, float]
    separator: str
    other_modes: Mapping[Mode, ModeThresholds] = field(default_factory=dict)
    back_off_from: float | None = None
    costs: ClassCosts | None = None
    least_in_set: float | None = None

    def for_mode(self, mode: Mode) -> DecisionSettings:
        """The settings with another mode and its thresholds in force; `mode` is this one or in `other_modes`."""
        if mode == self.mode:
            return self
        learned = self.other_modes[mode]
        others = {name: each for name, each in self.other_modes.items() if name != mode}
        others[self.mode] = ModeThresholds(self.accept, self.ask_next, self.back_off_from, self.least_in_set)
        return replace(
            self,
            mode=mode,
            accept=learned.accept,
            ask_next=learned.ask_next,
            back_off_from=learned.back_off_from,
            least_in_set=learned.least_in_set,
            other_modes=others,
        )
