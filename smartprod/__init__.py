"""Learn product categories from text, attributes and photos; say which answers are unsure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartprod._version import __version__
from smartprod.first_use import imported_on_first_use

if TYPE_CHECKING:
    from pathlib import Path

    from smartprod.interchange import ProductClassifier
    from smartprod.model import ModelClassifier

__all__ = ["ProductClassifier", "__version__", "load"]


def load(model: str | Path) -> ModelClassifier:
    """Load a trained model as a scikit-learn-like classifier.

    Args:
        model: A model folder written by `smartprod run all`, such as `runs/demo/model`; a repository folder written by
            `smartprod export --to hub`; or `hf:user/name@revision`, a repository of the Hugging Face hub.

    Returns:
        An object with `predict` and `predict_proba` over a data frame, an Arrow table or a list of dicts.

    Raises:
        ModelError: The model is missing, damaged or altered (its hashes do not match), or cannot be downloaded.
    """
    from smartprod.interchange import locate_model
    from smartprod.model import load_classifier

    return load_classifier(locate_model(model))


__getattr__ = imported_on_first_use(__name__, {"ProductClassifier": "interchange"})  # it needs scikit-learn
