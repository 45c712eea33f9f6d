"""Explanations of the real demo model."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from smartprod.errors import UsageError
from smartprod.explanation import explain_row, explanation_lines, explanation_page
from smartprod.explanation.variants import log_odds
from smartprod.explanation.words import MOST_PIECES, split_pieces
from smartprod.model import load_classifier


@pytest.fixture(scope="module")
def explained(demo):
    """A product with photo and text, explained in detail."""
    row = demo.rows(domain="studio", count=1)[0]
    return demo.explain(row)


def test_explainer_modalities_and_base_sum_to_the_confidence(demo, explained):
    assert {share.modality for share in explained.modalities} == {"image", "text"}
    assert explained.base + sum(share.share for share in explained.modalities) == pytest.approx(
        explained.confidence, abs=1e-5
    )
    assert explained.path[-1].category == explained.explained
    assert explained.path[-1].confidence == pytest.approx(explained.confidence, abs=1e-5)
    confidences = [step.confidence for step in explained.path]
    assert confidences == sorted(confidences, reverse=True)


def test_explainer_a_word_weighs_what_the_model_says_without_it(demo, explained):
    classifier = load_classifier(demo.explainer.answerer.model.folder, image_root=demo.catalogue)
    classifier._answerer = demo.explainer.answerer  # its encoders are open
    text = "".join(word.text for word in explained.words)
    position = int(np.argmax([abs(word.weight) for word in explained.words]))
    without = "".join(word.text for number, word in enumerate(explained.words) if number != position)
    image = demo.products["images"][explained.row].as_py()[0]
    given_texts = [{"title": title, "image": image} for title in (text, without)]
    best = list(classifier.classes_).index(explained.explained)
    odds = log_odds(classifier.predict_proba(given_texts)[:, best])
    assert odds[0] - odds[1] == pytest.approx(explained.words[position].weight, abs=0.05)


def test_explainer_words_are_the_clean_text_in_order(explained):
    assert explained.title.split()[0] in explained.words[0].text
    assert len(explained.words) > 3


@given(st.text(alphabet="ab. \n", max_size=2_000))
def test_explainer_pieces_lose_no_word_and_are_not_too_many(text):
    pieces = split_pieces(text)
    assert "".join(pieces).split() == text.split()
    assert len(pieces) <= MOST_PIECES
    assert all(piece.strip() for piece in pieces)


@pytest.mark.slow
def test_explainer_finds_the_object_on_the_photo(demo):
    """On most photos the drawn object weighs more than its ground; the demo catalogue has the masks."""
    is_found = []
    for row in demo.rows(domain="studio", count=5):
        explanation = demo.explain(row)
        identity = explanation.id
        weights = explanation.photo.weights
        with Image.open(demo.catalogue / "masks" / f"{identity}.png") as mask:
            covered = np.asarray(mask.convert("L").resize(weights.shape[::-1], Image.Resampling.BOX)) / 255
        on_object = float((weights * covered).sum() / covered.sum())
        elsewhere = float((weights * (1 - covered)).sum() / (1 - covered).sum())
        is_found.append(on_object > elsewhere)
    assert sum(is_found) >= 4


def test_explainer_nearest_product_of_a_training_product_is_itself(demo):
    kept = demo.explainer.similar._kept
    product = demo.explainer.answerer.embed(demo.products.slice(kept.shown[0].row, 1))
    nearest = demo.explainer.similar.nearest(product, count=3)
    assert nearest[0].product.row == kept.shown[0].row
    assert nearest[0].similarity == pytest.approx(1, abs=0.01)
    others = demo.explainer.similar.nearest(product, count=3, without_id=kept.shown[0].id)
    assert kept.shown[0].id not in {each.product.id for each in others}
    assert len(others) == 3


def test_explainer_shown_products_have_small_photos(demo):
    shown = demo.explainer.similar._kept.shown
    with_photo = [product for product in shown if product.photo]
    assert len(with_photo) > 0.8 * len(shown)
    assert max(len(product.photo) for product in with_photo) <= 8_000
    assert all(product.photo.startswith(b"\xff\xd8") for product in with_photo)


def test_explainer_without_detail_asks_about_no_variants(demo, explained):
    quick = demo.explain(explained.row, in_detail=False)
    assert (quick.words, quick.photo) == ((), None)
    assert quick.modalities == explained.modalities


def test_explainer_tells_why_not_another_category(demo, explained):
    second = explained.top[1].category
    asked = demo.explain(explained.row, in_detail=False, category=second)
    assert (asked.explained, asked.answer) == (second, explained.answer)
    assert asked.confidence == pytest.approx(explained.top[1].confidence, abs=1e-6)
    assert asked.base + sum(share.share for share in asked.modalities) == pytest.approx(
        asked.confidence, abs=1e-5
    )
    lines = "\n".join(explanation_lines(asked))
    assert f"asked about: {second}" in lines
    assert f"most probable: {explained.explained}" in lines


def test_explainer_refuses_a_category_that_the_model_lacks(demo, explained):
    with pytest.raises(UsageError, match=r"SP875.*\n.*\n.*did you mean `Fashion > Shoes > Boot`"):
        demo.explain(explained.row, category="Boot")


def test_explainer_a_product_with_nothing_has_no_explanation(demo, demo_run):
    empty = next(
        row
        for row in range(demo.products.num_rows)
        if not demo.products["images"][row].as_py() and not demo.products["title"][row].as_py()
        and not demo.products["description"][row].as_py() and not demo.products["attributes"][row].as_py()
    )  # fmt: skip
    explanation = demo.explain(empty)
    assert (explanation.explained, explanation.words, explanation.photo) == (None, (), None)
    assert "no answer" in "\n".join(explanation_lines(explanation))
    assert "No readable image or text" in explanation_page(explanation)


def test_explainer_lines_and_page_tell_the_same(explained):
    lines = "\n".join(explanation_lines(explained))
    page = explanation_page(explained)
    for told in (explained.explained, "accepted" if explained.decision == "accepted" else "review"):
        assert told in lines
        assert told.replace(">", "&gt;") in page
    assert "nearest training products" in lines.lower()
    assert page.count("data:image/jpeg;base64,") >= 2 + sum(
        1 for each in explained.similar if each.product.photo
    )
    assert not re.findall(r"""(?:src|href)\s*=\s*["']?(?:https?:)?//""", page)


def test_explainer_page_escapes_what_a_product_says(demo, explained):
    from dataclasses import replace

    page = explanation_page(replace(explained, title="<script>alert(1)</script>"))
    assert "<script>" not in page


def test_explainer_refuses_a_row_that_is_not_there(demo_run):
    with pytest.raises(UsageError, match="SP876"):
        explain_row(str(demo_run.catalogue / "products.csv"), 100_000, model=demo_run.model)
    with pytest.raises(UsageError, match="SP876"):
        explain_row(str(demo_run.catalogue / "products.csv"), -1, model=demo_run.model)


def test_explainer_command_writes_the_page(demo_run, tmp_path, capsys):
    from smartprod.cli.main import main

    page, table = tmp_path / "why.html", str(demo_run.catalogue / "products.csv")
    with pytest.raises(SystemExit) as ended:
        main(["explain", table, "--row", "3", "--model", str(demo_run.model), "-o", str(page)])
    assert ended.value.code == 0
    assert "where the" in capsys.readouterr().out
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
