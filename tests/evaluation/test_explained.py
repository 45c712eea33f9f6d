"""Explanations in the report: shown where they are about the answer that it tells of, and linked from its tiles."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from smartprod.evaluation import ReportData
from smartprod.evaluation.report import build_report
from smartprod.explanation import (
    Explanation,
    KeptExplanations,
    ModalityShare,
    PathStep,
    PhotoMap,
    SimilarProduct,
    WordWeight,
    explanations_table,
    read_explanations,
)
from smartprod.model import ShownProduct

PHOTO = b"\xff\xd8photo"


def explanation(row: int, explained: str, **changes) -> Explanation:
    """A made-up explanation with something nasty in every text."""
    facts = {
        "row": row,
        "id": "<i>id</i>",
        "title": "<script>alert(1)</script>",
        "answer": explained,
        "explained": explained,
        "confidence": 0.8,
        "decision": "accepted",
        "head": "fused",
        "head_reason": "image and text could both be read",
        "status": "ok",
        "reason": None,
        "top": (PathStep(explained, 0.8), PathStep("<u>other</u>", 0.1)),
        "path": (PathStep("Clothes", 0.9), PathStep(explained, 0.8)),
        "base": 0.1,
        "modalities": (ModalityShare("image", 0.9, 0.95), ModalityShare("text", -0.2, 0.05)),
        "words": (WordWeight("<b>shirt</b> ", 1.5), WordWeight("red", -0.4)),
        "photo": PhotoMap(PHOTO, PHOTO, np.arange(4, dtype=np.float32).reshape(2, 2)),
        "similar": (SimilarProduct(ShownProduct(3, None, "<em>like</em>", "A > B", PHOTO), 0.75, 0.5, None),),
    }
    return Explanation(**facts | changes)


def mistake(data: ReportData) -> tuple[int, str]:
    """The surest mistake of the fused head: its row and answer."""
    head = data.test[-1]
    wrong = np.flatnonzero(head.predicted != head.labels)
    surest = wrong[head.confidence[wrong].argmax()]
    return int(head.rows[surest]), data.classes[head.predicted[surest]]


@pytest.fixture(scope="module")
def explained(report_data) -> ReportData:
    data = replace(report_data, together=report_data.test[-1], embedding_map=None)
    return replace(data, explanations=(explanation(*mistake(data)),))


def test_explained_answer_is_linked_from_the_mistake_and_opens_where_the_link_leads(explained):
    html = build_report(explained)
    row, _ = mistake(explained)
    assert html.count(f'href="#why-{row}"') >= 1
    assert html.count(f'<details class="explained" id="why-{row}">') == 1
    assert "Why: 1 answer explained" in html
    assert "The image adds 90.0 points and the text takes away 20.0 points: from 10.0\u00a0% " in html
    assert "(in the table)" not in html, "the right category is not among the most probable ones"


def test_explained_answer_marks_the_category_of_the_table(explained):
    first = explained.explanations[0]
    label = explained.classes[explained.test[-1].labels[first.row]]
    data = replace(explained, explanations=(replace(first, top=(*first.top, PathStep(label, 0.05))),))
    assert build_report(data).count("(in the table)") == 1


def test_explained_texts_are_escaped(explained):
    html = build_report(explained)
    section = html[html.index('<section id="why">') : html.index('<section id="sure">')]
    assert not set(re.findall(r"<(script|i|u|em)>", section))
    assert "&lt;b&gt;shirt&lt;/b&gt;" in section
    assert section.count("data:image/jpeg;base64,") == 3


def test_explained_section_is_left_out_without_explanations(explained):
    html = build_report(replace(explained, explanations=()))
    assert 'id="why"' not in html
    assert "#why-" not in html


def test_explained_section_says_in_a_sentence_why_there_are_none(explained):
    html = build_report(replace(explained, explanations=(), unexplained="No answer could be explained: gone"))
    assert "<p>No answer could be explained: gone</p>" in html


def test_explained_answer_that_the_report_does_not_tell_of_is_counted_and_not_shown(explained):
    row, answer = mistake(explained)
    another = next(name for name in explained.classes if name != answer)
    told = "1 explanation left out: asked again, the model answered otherwise"
    for others in ((), explained.explanations):
        html = build_report(replace(explained, explanations=(*others, explanation(row, another))))
        assert html.count('<details class="explained"') == len(others)
        assert told in html
    assert told not in build_report(explained)


@pytest.mark.parametrize("changes", [{}, {"photo": None, "words": (), "similar": None, "modalities": ()}])
def test_explained_answers_come_back_from_their_table(changes):
    first = explanation(7, "A > B", **changes)
    read = read_explanations(explanations_table(KeptExplanations((first,), "")))
    (back,) = read.explanations
    if first.photo is not None:
        np.testing.assert_array_equal(back.photo.weights, first.photo.weights)
        assert (back.photo.photo, back.photo.overlay) == (PHOTO, PHOTO)
    for name in ("row", "title", "top", "path", "modalities", "words", "similar", "reason", "base"):
        assert getattr(back, name) == getattr(first, name)
    assert read_explanations(explanations_table(KeptExplanations((), "why"))).reason == "why"
