from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from smartprod.classifiers import Head, HeadSet, load_heads, save_heads
from smartprod.classifiers.head import Member
from smartprod.classifiers.prototype import PrototypeClassifier
from smartprod.decision import Decider, DecisionSettings, ModeThresholds, load_decider, save_decision
from smartprod.decision.calibration import fit_calibrator
from smartprod.decision.costs import ClassCosts
from smartprod.decision.open_set import fit_relative_mahalanobis
from smartprod.decision.open_set.logits import MaxSoftmax
from smartprod.embeddings import ModalityEmbeddings
from smartprod.errors import ModelError
from smartprod.fusion import ProductEmbeddings
from smartprod.fusion.representation import ConcatRepresentation, SingleRepresentation

CLASSES = ("Home > Mugs", "Home > Pots", "Toys")
SETTINGS = DecisionSettings(
    mode="fused",
    cheapest="text",
    accept=0.9,
    ask_next=0.9,
    back_off=True,
    open_set="none",
    open_set_thresholds={},
    separator=" > ",
)


def head(name, representation, modalities, dim) -> Head:
    """Class c lies in direction c of the first three dimensions."""
    classifier = PrototypeClassifier(
        np.zeros(dim, np.float32), np.eye(3, dim, dtype=np.float32), np.arange(3), 3, 0.1
    )
    return Head(name, modalities, (Member(f"{name}+prototype", representation, classifier, 1.0, 1.0),))


HEADS = HeadSet(
    CLASSES,
    {
        "image": head("image", SingleRepresentation("image"), ("image",), 3),
        "text": head("text", SingleRepresentation("text"), ("text",), 3),
        "fused": head("fused", ConcatRepresentation(1.0), ("image", "text"), 6),
    },
)


def products(*images) -> ProductEmbeddings:
    """Products with an image embedding (None: missing) and no text."""
    present = np.asarray([image is not None for image in images], bool)
    values = np.asarray([image or (0, 0, 0) for image in images], np.float32).reshape(-1, 3)
    nothing = ModalityEmbeddings(np.zeros_like(values), np.zeros(len(images), bool))
    return ProductEmbeddings(ModalityEmbeddings(values, present), nothing)


def decider(**changes) -> Decider:
    return Decider(HEADS, dataclasses.replace(SETTINGS, **changes), {})


def by_softmax(**thresholds: float) -> Decider:
    settings = dataclasses.replace(SETTINGS, open_set="max_softmax", open_set_thresholds=thresholds)
    return Decider(HEADS, settings, {"image": MaxSoftmax()})


def test_decider_accepts_backs_off_reviews_and_gives_reasons():
    decisions = decider().decide(products((1, 0, 0), (1, 1, 0), (1, 1, 1), None))
    assert decisions.decision.tolist() == ["accepted", "backed_off", "review", "review"]
    assert decisions.category.tolist() == ["Home > Mugs", "Home", "Home > Mugs", None]
    assert decisions.head.tolist() == ["image", "image", "image", ""]
    assert decisions.reason.tolist() == [
        None, "the category below is not sure enough", "confidence below 0.900", "no readable image or text",
    ]  # fmt: skip
    np.testing.assert_allclose(decisions.confidence, [0.9999, 0.9999, 1 / 3, np.nan], atol=1e-3)
    assert np.isnan(decisions.probabilities[3]).all()


def test_decider_without_back_off_reviews_what_is_unsure():
    decisions = decider(back_off=False).decide(products((1, 1, 0)))
    assert decisions.decision.tolist() == ["review"]
    assert decisions.category.tolist() == ["Home > Mugs"]


def test_decider_accepts_at_the_threshold_itself():
    confidence = float(decider().decide(products((1, 0.3, 0))).confidence[0])
    assert decider(accept=confidence).decide(products((1, 0.3, 0))).decision.tolist() == ["accepted"]


def test_decider_backs_off_from_a_threshold_of_its_own():
    unsure = products((1, 0.8, 0))
    total = float(decider(back_off_from=0.0).decide(unsure).confidence[0])
    assert 0.9 < total <= 1
    assert decider(back_off_from=total).decide(unsure).decision.tolist() == ["backed_off"]
    assert decider(back_off_from=1.1).decide(unsure).decision.tolist() == ["review"]


def test_decider_with_costs_answers_what_costs_least():
    costly = ClassCosts("listed", (("Home > Pots", "Home > Mugs", 50.0),))
    some = products((1, 0.9, 0), (1, 0, 0), None)
    plain, careful = (decider(accept=0.1, costs=costs).decide(some) for costs in (None, costly))
    assert plain.category.tolist() == ["Home > Mugs", "Home > Mugs", None]
    assert careful.category.tolist() == ["Home > Pots", "Home > Mugs", None]
    np.testing.assert_array_equal(careful.confidence[0], careful.probabilities[0, 1])
    np.testing.assert_array_equal(plain.probabilities, careful.probabilities)


def test_decider_unattainable_threshold_accepts_nothing():
    threshold = float(np.nextafter(np.float32(1), np.float32(2)))
    decisions = decider(accept=threshold).decide(products((1, 0, 0), (1, 1, 0)))
    assert decisions.decision.tolist() == ["review", "review"]


def test_decider_answers_other_for_products_unlike_any():
    known = np.asarray([(1, 0.1, 0), (1, 0, 0.1), (0.1, 1, 0), (0, 1, 0.1)] * 6, np.float32)
    known += np.random.default_rng(0).normal(0, 0.05, known.shape).astype(np.float32)
    detector = fit_relative_mahalanobis(known, np.asarray([0, 0, 1, 1] * 6))
    settings = dataclasses.replace(
        SETTINGS, open_set="rmds", open_set_thresholds={"image": float(detector.score(known, known).max())}
    )
    decisions = Decider(HEADS, settings, {"image": detector}).decide(products((1, 0.05, 0), (1, 1, 0), None))
    assert decisions.decision.tolist() == ["accepted", "other", "review"]
    assert decisions.category.tolist() == ["Home > Mugs", None, None]
    assert decisions.reason[1] == "unlike anything seen in training"
    assert np.isfinite(decisions.confidence[1])


def test_decider_by_softmax_calls_unsure_answers_other():
    assert by_softmax(image=-0.4).decide(products((1, 0, 0), (1, 1, 1))).decision.tolist() == [
        "accepted",
        "other",
    ]


def test_decider_head_without_a_threshold_rejects_nothing():
    assert by_softmax(text=-0.4).decide(products((1, 1, 1))).decision.tolist() == ["review"]


def test_decider_of_no_products_decides_nothing():
    decisions = decider().decide(products())
    assert (len(decisions.decision), decisions.probabilities.shape) == (0, (0, 3))


def test_decider_round_trip_is_exact(tmp_path):
    known = np.random.default_rng(0).normal(size=(30, 3)).astype(np.float32)
    detector = fit_relative_mahalanobis(known, np.arange(30) % 3)
    settings = dataclasses.replace(
        SETTINGS,
        open_set="rmds",
        open_set_thresholds={"image": 0.5},
        other_modes={"image-then-text": ModeThresholds(0.8, 0.7, 0.6)},
        back_off_from=0.75,
        costs=ClassCosts("listed", (("Toys", "Home > Pots", 2.5),)),
    )
    first = Decider(HEADS, settings, {"image": detector})
    save_heads(HEADS, tmp_path / "heads")
    save_decision(first, tmp_path / "decision")
    second = load_decider(tmp_path / "decision", tmp_path / "heads")
    assert second.settings == first.settings
    some = products((1, 0, 0), (1, 1, 0.2), (-1, 0.3, 1), None)
    for field in dataclasses.fields(first.decide(some)):
        left, right = (getattr(each.decide(some), field.name) for each in (first, second))
        np.testing.assert_array_equal(left, right)
    save_decision(second, tmp_path / "again")
    assert (tmp_path / "again/decision.json").read_bytes() == (
        tmp_path / "decision/decision.json"
    ).read_bytes()


@pytest.mark.parametrize("content", ["{", "[]", '"text"', "{}", '{"detectors": [], "surprise": 1}'])
def test_decider_damaged_settings_are_refused(tmp_path, content):
    save_heads(HEADS, tmp_path)
    (tmp_path / "decision.json").write_text(content)
    with pytest.raises(ModelError, match="SP707"):
        load_decider(tmp_path, tmp_path)


def test_decider_threshold_that_is_no_number_is_not_saved(tmp_path):
    with pytest.raises(ModelError, match="SP706"):
        save_decision(decider(accept=float("nan")), tmp_path)


@pytest.mark.parametrize("content", ["{", "[]", json.dumps({"classes": [], "heads": []}), "{}"])
def test_heads_damaged_list_is_refused(tmp_path, content):
    save_heads(HEADS, tmp_path)
    (tmp_path / "heads.json").write_text(content)
    with pytest.raises(ModelError, match="SP705"):
        load_heads(tmp_path)


def test_decider_gives_sets_where_they_were_learned_and_none_otherwise():
    some = products((1, 0, 0), (1, 1, 0), None)
    assert decider().decide(some).sets is None
    sets = decider(least_in_set=0.3).decide(some).sets
    assert sets.tolist() == [[True, False, False], [True, True, False], [False, False, False]]


def test_decider_other_mode_has_its_own_set_threshold():
    settings = dataclasses.replace(
        SETTINGS, least_in_set=0.3, other_modes={"image-then-text": ModeThresholds(0.8, 0.7, None, 0.1)}
    )
    other = settings.for_mode("image-then-text")
    assert (other.accept, other.ask_next, other.least_in_set) == (0.8, 0.7, 0.1)
    assert other.for_mode("fused") == dataclasses.replace(
        settings, other_modes=other.for_mode("fused").other_modes
    )


def test_decider_calibrates_each_head_and_keeps_the_calibrators_when_saved(tmp_path):
    rng = np.random.default_rng(0)
    calibrators = {
        name: fit_calibrator(
            method, np.log(rng.dirichlet(np.ones(3), 60)).astype(np.float32), rng.integers(0, 3, 60)
        )
        for name, method in (("image", "isotonic"), ("text", "none"), ("fused", "vector"))
    }
    first = Decider(HEADS, dataclasses.replace(SETTINGS, least_in_set=0.2), {}, calibrators=calibrators)
    save_heads(HEADS, tmp_path / "heads")
    save_decision(first, tmp_path / "decision")
    second = load_decider(tmp_path / "decision", tmp_path / "heads")
    assert {name: each.method for name, each in second.calibrators.items()} == {
        "image": "isotonic", "text": "none", "fused": "vector",
    }  # fmt: skip
    some = products((1, 0.4, 0), (0.2, 1, 0.9))
    found, again, plain = (each.decide(some) for each in (first, second, decider()))
    np.testing.assert_array_equal(found.probabilities, again.probabilities)
    np.testing.assert_array_equal(found.sets, again.sets)
    assert not np.allclose(found.probabilities, plain.probabilities)
