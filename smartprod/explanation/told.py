"""An explanation as a few lines for the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from smartprod.explanation.explanation import Explanation

_MOST_WORDS = 6
_LEAST_WEIGHT = 0.05  # in log-odds: one percentage point at a probability of one half
NO_PRODUCTS = "The model carries no training products, so none can be shown beside this one."
_DECISIONS = {
    "accepted": "accepted",
    "backed_off": "backed off to a category that is sure enough",
    "other": "no known category",
    "review": "for a person to review",
}


def told_decision(decision: str) -> str:
    """Say a decision in words."""
    return _DECISIONS.get(decision, decision)


def told_percent(share: float) -> str:
    """A share in per cent, with a space that does not break."""
    return f"{share * 100:.1f}\u00a0%"


def told_contribution(explanation: Explanation) -> str:
    """Say in one sentence what image and text add to the probability of the category; empty where nothing could be read."""
    shares = sorted(explanation.modalities, key=lambda each: -each.share)
    if not shares:
        return ""
    told = [
        f"the {each.modality} {'adds' if each.share >= 0 else 'takes away'} {abs(each.share) * 100:.1f} points"
        for each in shares
    ]
    sentence = " and ".join(told)
    return f"{sentence[0].upper()}{sentence[1:]}: from {told_percent(explanation.base)} before anything is known to {told_percent(explanation.confidence)}."


def strongest_words(explanation: Explanation, *, against: bool = False) -> tuple[tuple[str, float], ...]:
    """The pieces of text that speak most for the category, or most against it, with their weights."""
    sign = -1 if against else 1
    ordered = sorted(explanation.words, key=lambda word: -sign * word.weight)
    return tuple(
        (word.text.strip(" \n\t.,;:!?()\"'•"), word.weight)
        for word in ordered[:_MOST_WORDS]
        if sign * word.weight >= _LEAST_WEIGHT
    )


def explanation_lines(explanation: Explanation) -> Iterator[str]:
    """Write an explanation as lines of text."""
    each = explanation
    yield f"row {each.row}{f' ({each.id})' if each.id else ''}: {each.title or 'without a title'}"
    answer = each.answer or ("other" if each.decision == "other" else "no answer")
    yield f"answer: {answer}; {told_decision(each.decision)}"
    if each.reason:
        yield f"  {each.reason}"
    if each.explained is None:
        return
    is_best = each.top[0].category == each.explained
    yield (
        f"{'most probable' if is_best else 'asked about'}: {each.explained}, {each.confidence:.1%}, "
        f"by the {each.head} head: {each.head_reason}"
    )
    if len(each.path) > 1:
        yield "  " + ", ".join(
            f"{step.category.split(' > ')[-1]} {step.confidence:.1%}" for step in each.path
        )
    others = [step for step in each.top if step.category != each.explained][:3]
    told = "; ".join(f"{step.category} {step.confidence:.1%}" for step in others)
    yield f"{'next' if is_best else 'most probable'}: {told or 'nothing'}"
    yield f"where the {each.confidence:.1%} come from: {each.base:.1%} before anything is known" + "".join(
        f", {share.share * 100:+.1f} points by the {share.modality} (alone {share.alone:.1%})"
        for share in each.modalities
    )
    for title, against in (("words for it", False), ("words against it", True)):
        found = strongest_words(each, against=against)
        if found:
            yield f"{title}: " + ", ".join(f"{text} ({weight:+.2f})" for text, weight in found)
    if each.photo is not None:
        yield f"on the photo: {_place(explanation)}"
    if each.similar is None:
        yield NO_PRODUCTS
    if each.similar:
        yield "nearest training products:"
        for similar in each.similar:
            product = similar.product
            told = product.title or product.id or f"row {product.row}"
            yield f"  {similar.similarity:.2f}  {product.category or 'without a category'}  {told[:60]}"


def _place(explanation: Explanation) -> str:
    """Say in words where the part of the photo is that matters most."""
    assert explanation.photo is not None
    weights = explanation.photo.weights
    row, column = divmod(int(weights.argmax()), weights.shape[1])
    if float(weights.max()) < _LEAST_WEIGHT:
        return "no single part matters"
    names = (("upper", "middle", "lower"), ("left", "middle", "right"))
    vertical, horizontal = (
        options[min(3 * place // weights.shape[0], 2)]
        for options, place in zip(names, (row, column), strict=True)
    )
    where = "the middle" if vertical == horizontal == "middle" else f"the {vertical} {horizontal}"
    return f"{where} matters most ({float(weights.max()):+.2f})"
