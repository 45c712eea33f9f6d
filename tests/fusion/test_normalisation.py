from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from smartprod.embeddings import ModalityEmbeddings
from smartprod.fusion import ProductEmbeddings
from smartprod.fusion.normalisation import Normaliser, fit_normaliser
from tests.embedded_table import embedded_products


def stretched(count: int = 400) -> ProductEmbeddings:
    """Embeddings that vary 9 times as much in their first direction as in the others."""
    rng = np.random.default_rng(0)
    blocks = []
    for dim in (6, 5):
        values = rng.normal(size=(count, dim)).astype(np.float32)
        values[:, 0] *= 9
        blocks.append(ModalityEmbeddings(values, np.ones(count, bool)))
    return ProductEmbeddings(*blocks)


def test_normalisation_l2_leaves_embeddings_alone():
    assert fit_normaliser(stretched(), "l2", seed=0) is None


@pytest.mark.parametrize(("method", "ratio"), [("standard", 1), ("whiten", 3)])
def test_normalisation_takes_the_stretch_back(method, ratio):
    """All the way for `standard`, half way for `whiten`; rows have length 1, so only the ratio of spreads is left."""
    products = stretched()
    normaliser = fit_normaliser(products, method, seed=0)
    for name in ("image", "text"):
        found = normaliser.apply(products, name)
        np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-5)
        spread = np.sort(found.std(axis=0))[::-1]
        assert spread[0] / spread[1] == pytest.approx(ratio, rel=0.35)


def test_normalisation_is_fitted_on_rows_that_have_the_modality():
    products = stretched(40)
    present = np.arange(40) < 30
    hidden = replace(products.image, values=np.where(present[:, None], products.image.values, np.float32(0)), present=present)  # fmt: skip
    some = fit_normaliser(ProductEmbeddings(hidden, products.text), "whiten", seed=0)
    only = fit_normaliser(products.take(present), "whiten", seed=0)
    np.testing.assert_array_equal(some.encoders["image"][0].scale, only.encoders["image"][0].scale)
    assert (some.apply(ProductEmbeddings(hidden, products.text), "image")[~present] == 0).all()


def test_normalisation_treats_every_encoder_for_itself():
    products = stretched()
    two = replace(products.image, values=np.hstack([products.image.values, 100 * products.text.values]), dims=(6, 5))  # fmt: skip
    normaliser = fit_normaliser(ProductEmbeddings(two, products.text), "whiten", seed=0)
    found = normaliser.apply(ProductEmbeddings(two, products.text), "image")
    np.testing.assert_allclose(np.linalg.norm(found[:, :6], axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(found[:, 6:], axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("method", ["standard", "whiten"])
@pytest.mark.parametrize("count", [1, 2, 5])
def test_normalisation_few_or_equal_rows_stay_finite(method, count):
    products = embedded_products(np.zeros(count, int))
    same = products.take(np.zeros(count, int))
    for train in (products, same):
        normaliser = fit_normaliser(train, method, seed=0)
        for name in ("image", "text"):
            assert np.isfinite(normaliser.apply(products, name)).all()


def test_normalisation_comes_back_from_its_arrays_beside_others():
    products = stretched()
    normaliser = fit_normaliser(products, "whiten", seed=0)
    again = Normaliser.from_arrays({"center": np.zeros(3), **normaliser.arrays()})
    for name in ("image", "text"):
        np.testing.assert_array_equal(again.apply(products, name), normaliser.apply(products, name))
    assert Normaliser.from_arrays({"center": np.zeros(3)}) is None
