from __future__ import annotations

from math import isnan, nan

import numpy as np
import pytest

from smartprod.evaluation.routing import NO_HEAD, EncodingCosts, ModeAnswers, mode_lines, summarise_modes


def mode(heads, right, *, image, text, name="image-then-text") -> ModeAnswers:
    return ModeAnswers(
        name,
        np.asarray(heads, object),
        np.asarray(right, bool),
        np.asarray(image, bool),
        np.asarray(text, bool),
    )


COSTS = EncodingCosts(np.asarray([1, 1, 1, 0], bool), np.asarray([1, 1, 0, 0], bool), 0.01, 0.02)
IMAGE_FIRST = mode(["image", "text", "image", NO_HEAD], [1, 0, 1, 0], image=[1, 1, 1, 1], text=[0, 1, 0, 1])


def test_routing_tells_who_answered_how_many_and_how_well():
    (summary,) = summarise_modes([IMAGE_FIRST], COSTS)
    assert [(each.head, each.rows, each.share, each.accuracy) for each in summary.heads] == [
        ("image", 2, 0.5, 1.0), ("text", 1, 0.25, 0.0), ("none", 1, 0.25, 0.0),
    ]  # fmt: skip
    assert summary.accuracy == 0.5


def test_routing_counts_as_saved_only_what_was_there_to_embed():
    (summary,) = summarise_modes([IMAGE_FIRST], COSTS)
    assert (summary.images_saved, summary.texts_saved) == (0, 0.5)
    assert summary.milliseconds == pytest.approx((3 * 10 + 1 * 20) / 4)
    assert summary.milliseconds_of_all == pytest.approx((3 * 10 + 2 * 20) / 4)


def test_routing_without_rates_knows_no_time_and_a_modality_that_is_not_there_costs_nothing():
    nothing = np.zeros(4, bool)
    unknown = summarise_modes([IMAGE_FIRST], EncodingCosts(COSTS.has_image, COSTS.has_text))[0]
    assert isnan(unknown.milliseconds)
    images_only = summarise_modes([IMAGE_FIRST], EncodingCosts(COSTS.has_image, nothing, 0.01, nan))[0]
    assert images_only.milliseconds == pytest.approx(7.5)
    assert isnan(images_only.texts_saved)


def test_routing_lines_mark_the_mode_in_force_and_show_a_dash_for_what_is_unknown():
    fused = mode(["fused"] * 4, [1] * 4, image=[1] * 4, text=[1] * 4, name="fused")
    lines = mode_lines(summarise_modes([IMAGE_FIRST, fused], EncodingCosts(COSTS.has_image, COSTS.has_text)))
    assert lines[1].split() == ["image-then-text", "*", "all", "4", "100.0%", "0.500", "0.0%", "50.0%", "-"]
    assert [line.split()[0] for line in lines[2:5]] == ["image", "text", "none"]
    assert lines[5].split()[:2] == ["fused", "all"]
    assert mode_lines(()) == []
