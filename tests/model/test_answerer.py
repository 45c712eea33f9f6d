from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from smartprod.catalog import read_products
from smartprod.cleaning import clean_products
from smartprod.config.schema import CatalogConfig
from smartprod.fusion import ProductEmbeddings
from smartprod.model import Answerer, load_model


@pytest.fixture(scope="module")
def products(demo_run):
    return read_products(CatalogConfig(path=str(demo_run.new_table)))


@pytest.fixture(scope="module")
def opened(demo_run):
    with Answerer.open(load_model(demo_run.model)) as answerer:
        yield answerer


def in_mode(answerer: Answerer, **settings) -> Answerer:
    decider = replace(answerer.decider, settings=replace(answerer.decider.settings, **settings))
    return replace(answerer, decider=decider)


@pytest.mark.parametrize(
    ("settings", "second"),
    [
        ({"mode": "cheapest-first", "cheapest": "text"}, "image"),
        ({"mode": "cheapest-first", "cheapest": "image"}, "text"),
        ({"mode": "image-then-text"}, "text"),
    ],
    ids=["text first", "image first", "image then text"],
)
def test_answerer_dear_modality_is_embedded_for_unsure_rows_only_with_the_same_answers(
    opened, products, settings, second
):
    extractor = opened.extractor
    tally = getattr(extractor, f"{second}_tally")
    start = tally.computed
    embedded = extractor.run(products, clean_products(products, opened.config.clean))
    everything = ProductEmbeddings(embedded.image, embedded.text)
    whole = tally.computed - start
    certain = opened.decider.decide(everything).probabilities.max(axis=1)
    answerer = in_mode(opened, **settings, ask_next=float(np.nanmedian(certain)) * 0.8)

    frugal = answerer.answer(products).decisions
    assert 0 < tally.computed - start - whole < whole

    thorough = answerer.decider.decide(everything)
    assert len(set(frugal.head)) > 2
    for name in ("category", "head", "decision", "reason"):
        assert getattr(frugal, name).tolist() == getattr(thorough, name).tolist(), name
    np.testing.assert_allclose(frugal.confidence, thorough.confidence, atol=2e-3)


def test_answerer_row_that_is_not_looked_at_keeps_the_status_of_the_catalog(opened, products):
    answers = in_mode(opened, mode="cheapest-first", cheapest="text", ask_next=0.0).answer(products)
    answered_by_text = answers.decisions.head == "text"
    assert answered_by_text.sum() > 40
    statuses = np.asarray(answers.index["status.images"].to_pylist())
    assert "corrupt" not in statuses[answered_by_text]
    assert "forbidden" in statuses
    assert set(answers.decisions.head[~answered_by_text]) == {"image", ""}


def test_answerer_empty_table_has_one_empty_step(opened, products):
    steps = list(opened.steps(products.slice(0, 0)))
    assert [len(each.decisions.category) for each in steps] == [0]
    assert steps[0].decisions.probabilities.shape == (0, 28)
