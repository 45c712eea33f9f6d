"""Why a model answers as it does: what each modality, word and part of the photo adds, and the nearest training products.

`Explainer` asks the real model about variants of a product; `Explanation` is what it found, for a page, a report or a terminal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartprod.first_use import imported_on_first_use

if TYPE_CHECKING:
    from smartprod.explanation.explainer import Explainer, explain_row
    from smartprod.explanation.explanation import Explanation, ModalityShare, PathStep, PhotoMap, WordWeight
    from smartprod.explanation.kept import KeptExplanations, explanations_table, read_explanations
    from smartprod.explanation.page import (
        explanation_page,
        explanation_parts,
        explanation_sections,
        explanation_style,
    )
    from smartprod.explanation.similar import SimilarProduct, SimilarProducts
    from smartprod.explanation.told import explanation_lines, told_contribution

_HOMES = {
    "Explainer": "explainer",
    "Explanation": "explanation",
    "KeptExplanations": "kept",
    "ModalityShare": "explanation",
    "PathStep": "explanation",
    "PhotoMap": "explanation",
    "SimilarProduct": "similar",
    "SimilarProducts": "similar",
    "WordWeight": "explanation",
    "explain_row": "explainer",
    "explanation_lines": "told",
    "explanation_page": "page",
    "explanation_parts": "page",
    "explanation_sections": "page",
    "explanation_style": "page",
    "explanations_table": "kept",
    "read_explanations": "kept",
    "told_contribution": "told",
}

__all__ = [
    "Explainer",
    "Explanation",
    "KeptExplanations",
    "ModalityShare",
    "PathStep",
    "PhotoMap",
    "SimilarProduct",
    "SimilarProducts",
    "WordWeight",
    "explain_row",
    "explanation_lines",
    "explanation_page",
    "explanation_parts",
    "explanation_sections",
    "explanation_style",
    "explanations_table",
    "read_explanations",
    "told_contribution",
]

__getattr__ = imported_on_first_use(__name__, _HOMES)
