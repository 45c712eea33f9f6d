"""Who answers in each mode, how well, and what is saved by not asking everybody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import NDArray

NO_HEAD = "none"
_ORDER = ("words", "image", "text", "fused", NO_HEAD)


@dataclass(frozen=True, slots=True, eq=False)
class ModeAnswers:
    """What one mode does with the test rows, before anything is held back.

    Attributes:
        mode: Its name.
        head: Head that answered each row, `NO_HEAD` where none could, object [N].
        right: Whether the best guess is the true category, bool [N].
        image, text: Whether the mode has the image or the text of the row embedded, bool [N]; a row without one counts
            as the others do.
    """

    mode: str
    head: NDArray[np.object_]
    right: NDArray[np.bool_]
    image: NDArray[np.bool_]
    text: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class EncodingCosts:
    """What there is to embed, and what it costs.

    Attributes:
        has_image, has_text: Whether each test row has one that the encoders could read, bool [N].
        image_seconds, text_seconds: Per image and per text, by the extraction of this run; NaN where nothing was
            computed in it.
    """

    has_image: NDArray[np.bool_]
    has_text: NDArray[np.bool_]
    image_seconds: float = nan
    text_seconds: float = nan


@dataclass(frozen=True, slots=True)
class HeadShare:
    """The rows that one head answers in a mode.

    Attributes:
        head: Its name, `none` for rows that nobody can answer.
        rows: How many.
        share: Of all rows.
        accuracy: Share of them whose best guess is the true category.
    """

    head: str
    rows: int
    share: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class ModeSummary:
    """One mode in numbers.

    Attributes:
        mode: Its name.
        accuracy: Of all rows; one that nobody answers is wrong.
        heads: Who answers, the cheapest first.
        images_saved, texts_saved: Share of the images and texts that are not embedded; NaN where there are none.
        milliseconds: Estimated encoder time per row.
        milliseconds_of_all: The same where everything is embedded.
    """

    mode: str
    accuracy: float
    heads: tuple[HeadShare, ...]
    images_saved: float
    texts_saved: float
    milliseconds: float
    milliseconds_of_all: float


def summarise_modes(modes: Sequence[ModeAnswers], costs: EncodingCosts) -> tuple[ModeSummary, ...]:
    """Count who answers in each mode, how well, and what it costs."""
    return tuple(_summary(mode, costs) for mode in modes)


def _summary(mode: ModeAnswers, costs: EncodingCosts) -> ModeSummary:
    count = len(mode.head)
    shares = []
    for head in _ORDER:
        rows = mode.head == head
        if rows.any():
            number = int(rows.sum())
            shares.append(HeadShare(head, number, number / count, float(mode.right[rows].mean())))
    seconds = (costs.image_seconds, costs.text_seconds)
    spent = (mode.image & costs.has_image, mode.text & costs.has_text)
    return ModeSummary(
        mode=mode.mode,
        accuracy=float(mode.right.mean()) if count else nan,
        heads=tuple(shares),
        images_saved=_saved(spent[0], costs.has_image),
        texts_saved=_saved(spent[1], costs.has_text),
        milliseconds=_milliseconds(spent, seconds),
        milliseconds_of_all=_milliseconds((costs.has_image, costs.has_text), seconds),
    )


def _saved(spent: NDArray[np.bool_], there: NDArray[np.bool_]) -> float:
    return 1 - float(spent.sum() / there.sum()) if there.any() else nan


def _milliseconds(embedded: Sequence[NDArray[np.bool_]], seconds: Sequence[float]) -> float:
    """Mean encoder time of a row; a modality that no row has costs nothing, known or not."""
    parts = [float(rows.mean()) * each for rows, each in zip(embedded, seconds, strict=True) if rows.any()]
    return 1000 * sum(parts)


def mode_lines(summaries: Sequence[ModeSummary]) -> list[str]:
    """Tell who answers in each mode, one line per head; the mode in force comes first."""
    if not summaries:
        return []
    lines = [
        f"{'mode':<19}{'head':<7}{'rows':>7}{'share':>9}{'accuracy':>10}{'images saved':>14}{'texts saved':>13}{'ms/row':>8}"
    ]
    for number, summary in enumerate(summaries):
        mark = " *" if number == 0 else ""
        rows = sum(share.rows for share in summary.heads)
        lines.append(
            f"{summary.mode + mark:<19}{'all':<7}{rows:>7,}{1.0:>9.1%}{summary.accuracy:>10.3f}"
            f"{_percent(summary.images_saved):>14}{_percent(summary.texts_saved):>13}{_number(summary.milliseconds):>8}"
        )
        lines += [
            f"{'':<19}{share.head:<7}{share.rows:>7,}{share.share:>9.1%}{share.accuracy:>10.3f}"
            for share in summary.heads
        ]
    return lines


def _percent(share: float) -> str:
    return "-" if np.isnan(share) else f"{share:.1%}"


def _number(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.1f}"
