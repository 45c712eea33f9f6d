"""Which rows an encoder learns from and which judge it, with their classes as numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from smartprod.errors import TrainingError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from smartprod.config.finetuning import FinetuneTrainingConfig


@dataclass(frozen=True, slots=True, eq=False)
class LabelledRows:
    """Rows of a table and their classes.

    Attributes:
        rows: Positions in the table, int64 `[N]`.
        labels: Class indices, int64 `[N]`.
    """

    rows: NDArray[np.int64]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, slots=True, eq=False)
class LearnedRows:
    """What there is to learn from.

    Attributes:
        classes: Class names in index order: those that have training rows.
        train: The rows that are learned from.
        val: The rows that judge each epoch; of classes that are learned.
    """

    classes: tuple[str, ...]
    train: LabelledRows
    val: LabelledRows

    @property
    def counts(self) -> NDArray[np.int64]:
        """Training rows of each class `[C]`."""
        return np.bincount(self.train.labels, minlength=len(self.classes))

    def lines(self) -> list[str]:
        """Tell how many rows and classes there are."""
        return [
            f"{len(self.train):,} rows of {len(self.classes):,} classes; judged by {len(self.val):,} rows"
        ]


def choose_rows(
    split: pa.Table, usable: Sequence[bool], config: FinetuneTrainingConfig, *, where: str
) -> LearnedRows:
    """Choose the rows of train and val that have a label and something to look at.

    Args:
        split: The artefact of that name.
        usable: Whether a row has what the encoder takes, for all N rows.
        config: Which parts are learned from.
        where: The key of the configuration that asks for it, for errors.

    Raises:
        TrainingError: (SP442) There are fewer than two classes to tell apart.
    """
    learned = {"train"} if config.learn_from == "train" else {"train", "val"}
    parts, labels = split["part"].to_pylist(), split["label"].to_pylist()

    def select(wanted: Callable[[int], bool]) -> list[int]:
        return [row for row in range(len(parts)) if usable[row] and labels[row] is not None and wanted(row)]

    train = select(lambda row: parts[row] in learned)
    classes = sorted({labels[row] for row in train})
    if len(classes) < 2:
        raise TrainingError(
            "SP442",
            f"an encoder cannot learn from {len(train):,} rows of {len(classes)} classes",
            where=where,
            fix="label rows of at least two classes, or leave the encoder as it is (null)",
        )
    numbers = {label: number for number, label in enumerate(classes)}
    val = select(lambda row: parts[row] not in learned and parts[row] == "val" and labels[row] in numbers)
    return LearnedRows(tuple(classes), _labelled(train, labels, numbers), _labelled(val, labels, numbers))


def _labelled(rows: list[int], labels: Sequence[str], numbers: dict[str, int]) -> LabelledRows:
    return LabelledRows(np.array(rows, np.int64), np.array([numbers[labels[row]] for row in rows], np.int64))
