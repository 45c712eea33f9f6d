from __future__ import annotations

from dataclasses import replace
from math import nan

import pytest

from smartprod.decision import DecisionSettings
from smartprod.model import HeadFigures, TrainingFigures, load_model
from smartprod.model.card import model_card
from smartprod.model.stage import training_figures

FIGURES = TrainingFigures(
    rows=1_234,
    heads=(
        HeadFigures("fused", "concat+mlp", "validation", 900, 0.91234, 0.85),
        HeadFigures("fused", "concat+mlp", "test", 200, 0.9, nan),
    ),
    accepted_share=0.8,
    accepted_accuracy=0.964,
    measured_on="200 test rows",
)
SETTINGS = DecisionSettings(
    mode="fused",
    cheapest="text",
    accept=0.75,
    ask_next=0.5,
    back_off=True,
    open_set="rmds",
    open_set_thresholds={"fused": 1.5},
    separator=" > ",
)


@pytest.fixture(scope="module")
def record(demo_run):
    return load_model(demo_run.model).record


def test_card_tells_training_scores_and_promise_from_the_figures(record):
    card = model_card(record, SETTINGS, FIGURES)
    assert "Fitted on 1,234 labelled products" in card
    assert "| fused | concat+mlp | validation | 900 | 0.912 | 0.850 |" in card
    assert "| fused | concat+mlp | test | 200 | 0.900 | – |" in card
    assert "at least 0.750 are accepted" in card
    assert "right at least 80% of the time, with 90% confidence" in card
    assert "Of the 200 test rows, 80.0% were accepted, 96.4% of them right" in card
    assert "answered `other`" in card


def test_card_promises_nothing_where_no_threshold_keeps_it(record):
    card = model_card(record, replace(SETTINGS, accept=1.0000001), FIGURES)
    assert "no answer is accepted" in card
    assert "right at least" not in card


def test_card_promises_nothing_for_a_threshold_of_the_users_own(record):
    decide = record.config.decide.model_copy(update={"review_below": 0.75})
    record = replace(record, config=record.config.model_copy(update={"decide": decide}))
    card = model_card(record, replace(SETTINGS, open_set="none", mode="image-then-text"), FIGURES)
    assert "no accuracy is promised" in card
    assert "open-set rejection is off" in card
    assert "less than 0.500 sure" in card


def test_card_tells_when_no_product_can_be_rejected(record):
    card = model_card(record, replace(SETTINGS, open_set_thresholds={}), FIGURES)
    assert "answered `other`" not in card
    assert "too few held-out rows" in card


def test_card_names_encoders_licences_and_the_language(record):
    card = model_card(record, SETTINGS, FIGURES)
    assert "| lite0 | image | 1,280 |" in card
    assert card.count("| Apache-2.0 |") == 2
    assert "English only" in card
    foreign = replace(record, encoders=(replace(record.encoders[1], name="labse"),))
    card = model_card(foreign, SETTINGS, FIGURES)
    assert "see its source" in card
    assert "reads English only" not in card
    assert "for a product's text," in card


def test_card_figures_come_from_leaderboard_and_metrics():
    leaderboard = [
        {"head": "text", "name": "text+mlp", "rows": 9, "accuracy": 0.5, "macro_f1": 0.4, "chosen": True},
        {
            "head": "text",
            "name": "text+logistic",
            "rows": 9,
            "accuracy": 0.4,
            "macro_f1": 0.3,
            "chosen": False,
        },
    ]
    metrics = {
        "test": {"text": {"rows": 5, "accuracy": 0.6, "macro_f1": None}},
        "decisions": {"rows": 6, "accepted_share": 0.5, "accepted_accuracy": None},
    }
    figures = training_figures(9, leaderboard, metrics)
    assert [(each.part, each.rows, each.accuracy) for each in figures.heads] == [
        ("validation", 9, 0.5),
        ("test", 5, 0.6),
    ]
    assert (figures.accepted_share, figures.measured_on) == (0.5, "6 test rows")
    without = training_figures(9, leaderboard, {"test": {}, "decisions": None})
    assert [each.part for each in without.heads] == ["validation"]
