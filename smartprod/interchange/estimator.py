"""A scikit-learn estimator over product tables: `fit` runs the whole pipeline, `predict` answers with its model."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from smartprod.config import load_config
from smartprod.model import load_classifier, write_inputs
from smartprod.pipeline import RunConsole, find_pipeline, run_pipeline

_DEFAULTS = "base"


class _Silence(RunConsole):
    """Prints nothing, not even the last line."""

    def result(self, text: str) -> None:
        """Keep it."""


class ProductClassifier(ClassifierMixin, BaseEstimator):
    """Learns the category of products, as `smartprod run all` does.

    Products are a pandas or Polars DataFrame, an Arrow table, or a list of dicts; a matrix of numbers has no title and
    no photo, and is refused. An image is a path, the bytes of an image file, or a Pillow image.

    Args:
        config: A YAML file, or the name of a shipped configuration; None: the defaults.
        settings: Keys of the configuration and their values, such as `{"classifier.candidates": ["logistic"]}`.
        run_folder: Folder for the run, its report and its model, which then outlive the estimator; None: a temporary one.
        image_root: Folder that image paths start from and none may leave; None: the current folder. Images in memory
            have no path: a table has either the one or the other.
        mode: Mode of the answers; None: the model's own.

    Attributes:
        classes_: The classes, sorted, in the order of the columns of `predict_proba`.
        classifier_: The fitted model as `smartprod.load` gives it, with `decide` for decisions and reasons.
    """

    def __init__(
        self,
        config: str | None = None,
        *,
        settings: Mapping[str, Any] | None = None,
        run_folder: str | Path | None = None,
        image_root: str | Path | None = None,
        mode: str | None = None,
    ) -> None:
        self.config = config
        self.settings = settings
        self.run_folder = run_folder
        self.image_root = image_root
        self.mode = mode

    def fit(self, X: Any, y: Sequence[Any] | None = None) -> Self:
        """Run the pipeline on a table.

        Args:
            X: The products.
            y: The class of each; None takes the category column of the table.

        Returns:
            The estimator.

        Raises:
            UsageError: It is no table (SP720, SP730), or products and classes are not equally many (SP739).
            SmartprodError: A stage of the pipeline failed.
        """
        scratch = tempfile.TemporaryDirectory(prefix="smartprod-")
        folder = Path(scratch.name)
        labels = None if y is None else np.asarray(y).tolist()
        names = None if labels is None else [str(label) for label in labels]
        plain = load_config(self.config or _DEFAULTS, self._overrides({}))
        table = folder / "products.parquet"
        write_inputs(X, table, config=plain.config.catalog, category=names)
        given = any(path != table for path in folder.iterdir())
        root = folder if given else Path(self.image_root or ".").absolute()
        loaded = load_config(
            self.config or _DEFAULTS,
            self._overrides({
                "catalog.path": str(table),
                "catalog.image_root": str(root),
                "run.folder": str(Path(self.run_folder or folder / "runs").absolute()),
                **({} if self.run_folder else {"report.explained_rows": 0}),  # nobody will read that report
                **({} if names is None else {"catalog.columns.category": plain.config.catalog.columns.category or "category"}),
            }),
        )  # fmt: skip
        outcome = run_pipeline(find_pipeline("all", loaded.config), loaded, console=_Silence(quiet=True))
        self._scratch = scratch  # removed with the estimator
        self.classifier_ = load_classifier(
            outcome.run.artefact_path("model"), mode=self.mode, image_root=self.image_root
        )
        self._order_classes({} if labels is None else dict(zip(names or (), labels, strict=True)))
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Name the most probable class of each of N products; None where a product has nothing to go by, [N]."""
        probabilities = self.predict_proba(X)
        answered = ~np.isnan(probabilities).any(axis=1)
        best = self.classes_[np.nan_to_num(probabilities).argmax(axis=1)]
        if answered.all():
            return best
        named = best.astype(object)
        named[~answered] = None
        return named

    def predict_proba(self, X: Any) -> np.ndarray:
        """Give calibrated probabilities, float32 [N, C]; a row of NaN where a product has nothing to go by."""
        check_is_fitted(self, "classifier_")
        return self.classifier_.predict_proba(X)[:, self._columns]

    def score(self, X: Any, y: Sequence[Any], sample_weight: Sequence[float] | None = None) -> float:
        """The share of products that are answered right; one with nothing to go by counts as wrong."""
        right = np.asarray([one == other for one, other in zip(self.predict(X), y, strict=True)], dtype=float)
        return float(np.average(right, weights=sample_weight))

    def __sklearn_tags__(self) -> Any:
        """Tables of text and photos, which may lack any cell; no matrices."""
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        tags.input_tags.dict = True
        tags.input_tags.allow_nan = True
        tags.target_tags.required = False
        return tags

    def _overrides(self, own: Mapping[str, Any]) -> list[str]:
        """Settings as the command line writes them; those of the estimator itself go last."""
        return [f"{key}={json.dumps(value)}" for key, value in {**(self.settings or {}), **own}.items()]

    def _order_classes(self, labels: Mapping[str, Any]) -> None:
        """Sort the classes as they were given, and find the column of each."""
        given = [labels.get(name, name) for name in self.classifier_.classes_.tolist()]
        self.classes_, self._columns = np.unique(np.asarray(given), return_index=True)
