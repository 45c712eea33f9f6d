"""Learn product categories from text, attributes and photos; say which answers are unsure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartprod._version import __version__

if TYPE_CHECKING:
    from pathlib import Path

    from smartprod.model import ProductClassifier

__all__ = ["__version__", "load"]


def load(folder: str | Path) -> ProductClassifier:
    """Load a trained model folder as a scikit-learn-like classifier.

    Args:
        folder: A model folder written by `smartprod run all`, such as `runs/demo/model`.

    Returns:
        An object with `predict` and `predict_proba` over a DataFrame or a list of dicts.

    Raises:
        ModelError: The folder is missing, damaged or altered (its hashes do not match).
    """
    from smartprod.model import load_classifier

    return load_classifier(folder)
