"""The contract of representations: whatever the `fuse` stage fits must pass these."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from smartprod.embeddings import ModalityEmbeddings
from smartprod.fusion import (
    MODALITIES,
    LearningData,
    ProductEmbeddings,
    Representation,
    representation_from_state,
)
from smartprod.state import load_state, save_state

Fit = Callable[[LearningData, int], Representation]


def check_representation(fit: Fit, data: LearningData, folder: Path) -> None:
    """Hold a way to fit a representation (on data, with a seed) to everything the contract promises.

    Some products of `data` have to lack an image, and some a text.
    """
    before = [getattr(data.products, name).values.copy() for name in MODALITIES]
    representation = fit(data, 0)
    assert isinstance(representation, Representation)
    assert representation.name
    assert set(representation.requires) <= set(MODALITIES)
    rows = np.flatnonzero(data.products.having(representation.requires))
    products = data.products.take(rows)
    embedding = representation.embed(products)
    for name, copy in zip(MODALITIES, before, strict=True):
        np.testing.assert_array_equal(getattr(data.products, name).values, copy)

    assert embedding.dtype == np.float32
    assert embedding.ndim == 2
    assert len(embedding) == len(rows)
    assert np.isfinite(embedding).all()
    assert len(np.unique(embedding.round(5), axis=0)) > 1
    assert representation.embed(products.take(np.arange(0))).shape == (0, embedding.shape[1])
    alone = np.concatenate([representation.embed(products.take(np.asarray([row]))) for row in range(5)])
    np.testing.assert_allclose(alone, embedding[:5], atol=1e-5)
    np.testing.assert_array_equal(fit(data, 0).embed(products), embedding)
    _check_layouts(representation, products, embedding)
    _check_round_trip(representation, products, embedding, folder)


def _check_layouts(
    representation: Representation, products: ProductEmbeddings, embedding: np.ndarray
) -> None:
    """Reversed and Fortran-ordered embeddings are embedded like plain ones."""
    backwards = [_changed(each, lambda array: array[::-1]) for each in (products.image, products.text)]
    np.testing.assert_allclose(
        representation.embed(ProductEmbeddings(*backwards)), embedding[::-1], atol=1e-5
    )
    columns = [
        replace(each, values=np.asfortranarray(each.values)) for each in (products.image, products.text)
    ]
    np.testing.assert_allclose(representation.embed(ProductEmbeddings(*columns)), embedding, atol=1e-5)


def _changed(each: ModalityEmbeddings, change: Callable[[np.ndarray], np.ndarray]) -> ModalityEmbeddings:
    return replace(each, values=change(each.values), present=change(each.present))


def _check_round_trip(
    representation: Representation, products: ProductEmbeddings, embedding: np.ndarray, folder: Path
) -> None:
    save_state(representation.state(), folder, "saved")
    loaded = representation_from_state(load_state(folder, "saved"))
    assert (loaded.name, loaded.requires) == (representation.name, representation.requires)
    np.testing.assert_array_equal(loaded.embed(products), embedding)
    save_state(loaded.state(), folder, "again")
    for file in folder.glob("saved.*"):
        assert (folder / f"again{file.suffix}").read_bytes() == file.read_bytes()
