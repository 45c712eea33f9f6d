"""Reference rows: some held-out products of the training kept in the model folder, as embeddings.

They show what a change of the classes costs, and how near products of a class lie to each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from smartprod.decision import HeadAnswers
from smartprod.embeddings import ModalityEmbeddings
from smartprod.fusion import MODALITIES, ProductEmbeddings
from smartprod.state import State, load_state, save_state

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pyarrow as pa

    from smartprod.classifiers import HeldOutAnswers

REFERENCE_FOLDER = "reference"
_NAME = "held_out"
_MOST_ROWS = 2_000
_MOST_NUMBERS = 8_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """Held-out products of the training.

    Attributes:
        products: Embeddings of M products, with the precision of float16.
        labels: Their class indices among the classes of the training, int64 [M].
        answers: What each head answered before calibration when it had not seen them: log-probabilities float32
            [K, C] for the K rows at `positions`.
    """

    products: ProductEmbeddings
    labels: np.ndarray
    answers: Mapping[str, HeadAnswers]


def choose_reference(held_out: Mapping[str, HeldOutAnswers], *, dims: int, seed: int) -> np.ndarray:
    """Choose table rows to keep: all held-out ones, or, where there are too many, some of every class.

    Args:
        held_out: Held-out answers by head.
        dims: Length of all embeddings of a product.
        seed: Of the choice.

    Returns:
        Positions in the product table, ascending, int64 [M]; at most 2,000 and 16 MB.
    """
    rows, first = np.unique(np.concatenate([each.rows for each in held_out.values()]), return_index=True)
    labels = np.concatenate([each.labels for each in held_out.values()])[first]
    numbers = dims + sum(each.log_probabilities.shape[1] for each in held_out.values())
    most = min(_MOST_ROWS, _MOST_NUMBERS // max(numbers, 1))
    if len(rows) <= most:
        return rows
    order = np.random.default_rng(seed).permutation(len(rows))
    by_class = order[np.argsort(labels[order], kind="stable")]
    sizes = np.bincount(labels)
    place = np.empty(len(rows), dtype=np.int64)
    place[by_class] = np.arange(len(rows)) - (np.cumsum(sizes) - sizes)[labels[by_class]]
    return np.sort(rows[np.lexsort((order, place))[:most]])  # the first of every class, then the second ones


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceRows:
    """What is kept: held-out answers by head, chosen table rows int64 [M], their embeddings, and what is shown of them."""

    held_out: Mapping[str, HeldOutAnswers]
    rows: np.ndarray
    products: ProductEmbeddings
    shown: pa.Table | None = None


def save_reference(reference: ReferenceRows, folder: Path) -> None:
    """Write the reference rows below a model folder."""
    held_out, rows, products = reference.held_out, reference.rows, reference.products
    labels = np.zeros(len(rows), dtype=np.int64)
    arrays: dict[str, np.ndarray] = {}
    for name, each in held_out.items():
        kept = np.flatnonzero(np.isin(each.rows, rows))
        positions = np.searchsorted(rows, each.rows[kept])
        labels[positions] = each.labels[kept]
        arrays[f"answers/{name}/positions"] = positions
        arrays[f"answers/{name}/log_probabilities"] = _half(each.log_probabilities[kept])
    for name in MODALITIES:
        modality = products.modality(name)
        arrays[f"{name}/values"] = _half(modality.values)
        arrays[f"{name}/present"] = modality.present
    save_state(State("reference", {}, arrays | {"labels": labels}), folder / REFERENCE_FOLDER, _NAME)


def load_reference(folder: Path) -> Reference | None:
    """Read the reference rows of a model folder; None where it keeps none."""
    if not (folder / REFERENCE_FOLDER).is_dir():
        return None
    arrays = load_state(folder / REFERENCE_FOLDER, _NAME).arrays
    image, text = (
        ModalityEmbeddings(arrays[f"{name}/values"].astype(np.float32), arrays[f"{name}/present"])
        for name in MODALITIES
    )
    names = sorted({key.split("/")[1] for key in arrays if key.startswith("answers/")})
    answers = {
        name: HeadAnswers(
            arrays[f"answers/{name}/positions"],
            arrays[f"answers/{name}/log_probabilities"].astype(np.float32),
        )
        for name in names
    }
    return Reference(ProductEmbeddings(image, text), arrays["labels"], answers)


def _half(values: np.ndarray) -> np.ndarray:
    return values.astype(np.float16)
