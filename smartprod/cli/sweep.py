"""`smartprod sweep`: compare variants of a configuration on held-out rows."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from smartprod.cli.options import ConfigOption, DebugOption, OverridesArgument, QuietOption


class MetricChoice(StrEnum):
    """What decides."""

    MACRO_F1 = "macro_f1"
    ACCURACY = "accuracy"
    LOG_LOSS = "log_loss"


class HeadChoice(StrEnum):
    """Whose scores count."""

    FUSED = "fused"
    IMAGE = "image"
    TEXT = "text"


def sweep(  # noqa: PLR0913  (one parameter for each option)
    overrides: OverridesArgument = None,
    *,
    config: ConfigOption = None,
    variants: Annotated[
        list[str],
        typer.Option(
            "--try",
            metavar="KEY=A,B,...",
            help="Values to try of a setting; again for another one. With --trials also KEY=LOW..HIGH or KEY=log:LOW..HIGH.",
        ),
    ],
    trials: Annotated[
        int | None,
        typer.Option(
            "--trials", min=1, help="Let Optuna choose this many variants; default: every combination."
        ),
    ] = None,
    metric: Annotated[
        MetricChoice, typer.Option("--metric", help="What decides, on held-out rows.")
    ] = MetricChoice.MACRO_F1,
    head: Annotated[
        HeadChoice | None,
        typer.Option("--head", help="Whose scores count; default: fused where there is one."),
    ] = None,
    seconds: Annotated[
        float | None, typer.Option("--seconds", min=0, help="Begin no variant after this long.")
    ] = None,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Train variants of a configuration and compare them on held-out rows, never on test rows.

    Each variant is a run in runs/NAME/sweep/NUMBER that shares everything before the first stage it changes. The same
    command goes on where a sweep was stopped.
    """
    from smartprod.config import load_config
    from smartprod.pipeline import RunConsole, limit_threads
    from smartprod.sweep import SweepSettings, parse_dimension, sweep

    loaded = load_config(config, overrides or ())
    limit_threads(loaded.config.run.threads)
    settings = SweepSettings(metric.value, trials, seconds, None if head is None else head.value)
    sweep(loaded, [parse_dimension(text) for text in variants], settings, console=RunConsole(quiet=quiet))
