from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest

from smartprod.config import load_config
from smartprod.embeddings import EmbeddingStore
from smartprod.evaluation.data import HeadPredictions
from smartprod.evaluation.domains import domain_auroc, domain_scores, measure_gap
from smartprod.evaluation.page import PageHead, build_page
from smartprod.evaluation.sections.domains import domain_sections
from tests.embedded_table import embedded_table


def points(middle, count=200, seed=0):
    return (np.random.default_rng(seed).normal(size=(count, 6)) + middle).astype(np.float32)


def test_domains_apart_are_told_apart_and_alike_are_not():
    assert domain_auroc(points(0), points(3, seed=1), seed=0) > 0.99
    assert 0.3 < domain_auroc(points(0, 1000), points(0, 1000, seed=1), seed=0) < 0.7
    assert math.isnan(domain_auroc(points(0, 4), points(3), seed=0))


def test_domains_are_scored_each_for_itself():
    probabilities = np.eye(2, dtype=np.float32)[[0, 0, 1, 1, 0]]
    predictions = HeadPredictions(
        "fused", np.array([0, 2, 3, 5, 6]), np.array([0, 0, 0, 1, -1]), probabilities
    )
    domains = np.array(["photo", "x", "photo", "studio", "", "studio", "studio"])
    photo, studio = domain_scores(predictions, domains)
    assert (photo.domain, photo.rows, photo.accuracy) == ("photo", 2, 1.0)
    assert (studio.domain, studio.rows, studio.accuracy) == ("studio", 2, 0.5)


@pytest.fixture
def artefacts(tmp_path):
    count = 90
    table = embedded_table(tmp_path, [row % 3 for row in range(count)])
    parts = ["train"] * 45 + ["unlabelled"] * 25 + ["test"] * 20
    split = pa.table({"part": parts, "domain": ["studio"] * 45 + ["photo <b>"] * 45})
    return table.artefacts["embedding_index"], split, EmbeddingStore(table.folder / "store")


@pytest.mark.parametrize("test_images", [False, True])
def test_domains_section_says_how_far_apart_they_lie_and_what_was_seen(artefacts, test_images):
    index, split, store = artefacts
    config = load_config(
        "demo", ["fuse.align.method=mean", f"catalog.domains.test_images={str(test_images).lower()}"]
    ).config
    predictions = HeadPredictions(
        "fused", np.arange(70, 90), np.arange(20) % 3, np.eye(3, dtype=np.float32)[np.arange(20) % 3]
    )
    (section,) = domain_sections(index, split, predictions, store, config)
    page = build_page(PageHead("x", "y"), [section])
    assert ("The alignment saw 20 photos of the test part" in page) is test_images
    assert "photo &lt;b&gt;" in page
    assert "photo <b>" not in page
    assert "Embeddings aligned" in page
    gap = measure_gap(index, split, store, config)
    assert (gap.method, len(gap.maps)) == ("mean", 2)
    assert not math.isnan(gap.after)


def test_domains_section_stands_only_where_there_are_two_domains(artefacts):
    index, split, store = artefacts
    config = load_config("demo", []).config
    (section,) = domain_sections(index, split, None, store, config)
    assert section.content.gap.method == "none"
    assert math.isnan(section.content.gap.after)
    alone = split.set_column(1, "domain", pa.array(["studio"] * 90))
    assert domain_sections(index, alone, None, store, config) == ()
    assert domain_sections(index, split.drop_columns("domain"), None, store, config) == ()
