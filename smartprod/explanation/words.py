"""Words that mattered: each is left out in turn, and the model is asked again (occlusion, Zeiler and Fergus, 2014)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from smartprod.explanation.explanation import WordWeight
from smartprod.explanation.variants import log_odds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smartprod.explanation.variants import Variants

MOST_PIECES = 64
_WORD = re.compile(r"\S+\s*")
_SENTENCE_END = re.compile(r"[.!?…。！？]\s*$")


def word_weights(variants: Variants, explained: int) -> tuple[WordWeight, ...]:
    """Weigh the pieces of the clean text.

    Args:
        variants: The product.
        explained: Class index.

    Returns:
        The pieces in their order; joined they are the clean text. Empty without text.
    """
    pieces = split_pieces(variants.text or "")
    if not pieces:
        return ()
    without = ["".join(pieces[:number] + pieces[number + 1 :]).strip() for number in range(len(pieces))]
    probabilities = variants.probabilities_of_texts([variants.text or "", *without])[:, explained]
    odds = log_odds(probabilities)
    return tuple(
        WordWeight(piece, float(odds[0] - left)) for piece, left in zip(pieces, odds[1:], strict=True)
    )


def split_pieces(text: str, *, most: int = MOST_PIECES) -> list[str]:
    """Split text into words, or, where there are too many, into runs of words that end with their sentence."""
    words = _WORD.findall(text.lstrip())
    longest = -(-len(words) // most)
    while True:
        pieces = _runs(words, longest)
        if len(pieces) <= most:
            return pieces
        longest += 1


def _runs(words: Sequence[str], longest: int) -> list[str]:
    """Join words to runs of at most `longest`; a run of several words does not cross the end of a sentence."""
    runs: list[list[str]] = []
    for word in words:
        is_full = (
            not runs or len(runs[-1]) >= longest or (longest <= 8 and _SENTENCE_END.search(runs[-1][-1]))
        )
        if is_full:
            runs.append([])
        runs[-1].append(word)
    return ["".join(run) for run in runs]
