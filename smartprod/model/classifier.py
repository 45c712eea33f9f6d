"""A saved model as a scikit-learn-like classifier over data frames, Arrow tables and lists of dicts."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from smartprod.model.loading import SavedModel, load_model

if TYPE_CHECKING:
    from types import TracebackType

    import pandas as pd

    from smartprod.model.answerer import Answerer, Answers


class ModelClassifier:
    """Answers for products given as a pandas or Polars DataFrame, an Arrow table, or a list of dicts.

    Anything that gives an Arrow stream (`__arrow_c_stream__`) will do. Columns are named as in the training table. An image is a path, or the bytes of an image file, or a Pillow image.
    The encoders are opened at the first answer; `close`, or a `with` block, ends their threads.

    Args:
        model: The saved model.
        mode: Another mode than the model's own: `fused`, `image-then-text` or `cheapest-first`.
        image_root: Folder that image paths start from and none may leave; the current folder by default.

    Raises:
        UsageError: There is no such mode.
    """

    def __init__(
        self, model: SavedModel, *, mode: str | None = None, image_root: str | Path | None = None
    ) -> None:
        model.decider_for(mode)
        self.model = model
        self.mode = mode or model.decider.settings.mode
        root = None if image_root is None else str(image_root)
        self._catalog = model.config.catalog.model_copy(update={"image_root": root})
        self._answerer: Answerer | None = None

    @property
    def classes_(self) -> np.ndarray:
        """Category paths in the order of the columns of `predict_proba`, object [C]."""
        return np.asarray(self.model.classes, dtype=object)

    def predict(self, products: Any) -> np.ndarray:
        """Name the most probable category of each of N products, sure or not.

        Returns:
            Category paths, None where a product has nothing that a head could read, object [N].
        """
        probabilities = self.predict_proba(products)
        answered = ~np.isnan(probabilities).any(axis=1)
        predicted = np.full(len(probabilities), None, dtype=object)
        predicted[answered] = self.classes_[probabilities[answered].argmax(axis=1)]
        return predicted

    def predict_proba(self, products: Any) -> np.ndarray:
        """Give calibrated probabilities.

        Returns:
            float32 [N, C] in the order of `classes_`; a row of NaN where a product has nothing that a head could read.
        """
        answers = self._answer(products)
        return np.concatenate([each.decisions.probabilities for each in answers]).astype(np.float32)

    def decide(self, products: Any) -> pd.DataFrame:
        """Answer with everything that `smartprod score` writes: category, confidence, decision, status, reason, ...

        Returns:
            One row per product, in their order, with the columns of `answered_schema()`.
        """
        import pyarrow as pa

        from smartprod.model.answer_rows import answered_table

        modalities = [encoder.modality for encoder in self.model.record.encoders]
        tables = [
            answered_table(
                each,
                classes=self.model.classes,
                modalities=modalities,
                top_k=self.model.config.score.top_k,
            )
            for each in self._answer(products)
        ]
        return pa.concat_tables(tables).to_pandas()

    def _answer(self, products: Any) -> list[Answers]:
        from smartprod.model.inputs import read_inputs

        with tempfile.TemporaryDirectory(prefix="smartprod-") as scratch:
            rows = read_inputs(products, self._catalog, scratch=Path(scratch))
            return list(self._open().steps(rows))

    def _open(self) -> Answerer:
        if self._answerer is None:
            from smartprod.model.answerer import Answerer

            self._answerer = Answerer.open(self.model, mode=self.mode)
        return self._answerer

    def close(self) -> None:
        """Let go of the encoders; a later answer opens them again."""
        if self._answerer is not None:
            self._answerer.close()
            self._answerer = None

    def __enter__(self) -> ModelClassifier:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        encoders = " + ".join(encoder.name for encoder in self.model.record.encoders)
        return (
            f"ModelClassifier({str(self.model.folder)!r}, {len(self.model.classes)} classes, "
            f"heads {'/'.join(self.model.decider.head_set.heads)}, mode {self.mode!r}, encoders {encoders})"
        )


def load_classifier(
    folder: str | Path, *, mode: str | None = None, image_root: str | Path | None = None
) -> ModelClassifier:
    """Load a model folder as a classifier; see `ModelClassifier`.

    Raises:
        ModelError: The folder is missing, damaged, altered, or of another version.
        UsageError: There is no such mode.
    """
    return ModelClassifier(load_model(folder), mode=mode, image_root=image_root)
