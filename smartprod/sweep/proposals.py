"""Which variant is tried next: the whole grid in order, or what Optuna's TPE expects most of (Akiba et al., 2019)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from smartprod.errors import UsageError
from smartprod.sweep.space import Choices, Dimension, grid

if TYPE_CHECKING:
    from smartprod.evaluation import SweepTable

_ATTEMPTS = 32
"""How often another proposal is asked for in place of one that was tried before."""


class GridProposals:
    """Every combination, in order."""

    def __init__(self, dimensions: Sequence[Dimension]) -> None:
        self.all = grid(dimensions)

    def each(self, table: Callable[[], SweepTable]) -> Iterator[Mapping[str, str]]:
        """Give the combinations one by one."""
        del table
        yield from self.all


class OptunaProposals:
    """A number of variants, each proposed from the results so far.

    A proposal depends on the seed, its place and the results before it alone, so a sweep that was stopped goes on
    as if it had not been.

    Args:
        dimensions: What varies.
        trials: How many variants.
        seed: Of the sampler.

    Raises:
        UsageError: (SP948) Optuna is not installed.
    """

    def __init__(self, dimensions: Sequence[Dimension], *, trials: int, seed: int) -> None:
        try:
            import optuna
        except ImportError as error:
            raise UsageError(
                "SP948",
                "--trials lets Optuna choose, which is not installed",
                where="--trials",
                fix="pip install 'smartprod[sweep]', or leave --trials out to try every combination",
            ) from error
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._trials, self._seed = trials, seed
        self._distributions = {dimension.key: _distribution(dimension) for dimension in dimensions}

    def each(self, table: Callable[[], SweepTable]) -> Iterator[Mapping[str, str]]:
        """Give the variants one by one; `table` is asked for the results so far each time.

        It ends early where nothing is left that was not tried.
        """
        tried: list[Mapping[str, str]] = []
        for place in range(self._trials):
            values = self._propose(table(), tried, place)
            if values is None:
                return
            tried.append(values)
            yield values

    def _propose(
        self, table: SweepTable, tried: Sequence[Mapping[str, str]], place: int
    ) -> Mapping[str, str] | None:
        import optuna

        for attempt in range(_ATTEMPTS):
            seed = (self._seed * 1_000_003 + place) * _ATTEMPTS + attempt
            study = optuna.create_study(
                direction="maximize",
                sampler=optuna.samplers.TPESampler(seed=seed % 2**32, n_startup_trials=8),
            )
            for trial in table.trials:
                if trial.scores is not None and trial.values in tried:
                    study.add_trial(
                        optuna.trial.create_trial(
                            params={key: self._number(key, text) for key, text in trial.values.items()},
                            distributions=self._distributions,
                            value=trial.score(table.metric),
                        )
                    )
            asked = study.ask(self._distributions).params
            values = {key: _text(asked[key]) for key in self._distributions}
            if values not in tried:
                return values
        return None

    def _number(self, key: str, text: str) -> Any:
        """A value as the distribution has it."""
        from optuna.distributions import CategoricalDistribution, IntDistribution

        distribution = self._distributions[key]
        if isinstance(distribution, CategoricalDistribution):
            return text
        if isinstance(distribution, IntDistribution):
            return int(text)
        return min(max(float(text), distribution.low), distribution.high)  # it was rounded to be written


def _distribution(dimension: Dimension) -> Any:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(dimension, Choices):
        return CategoricalDistribution(dimension.values)
    if dimension.whole:
        return IntDistribution(int(dimension.low), int(dimension.high), log=dimension.log)
    return FloatDistribution(dimension.low, dimension.high, log=dimension.log)


def _text(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
