"""The model behind the service: opened once, asked by one thread."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smartprod.model import Answerer, ProductInput, answered_table, product_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from smartprod.model import SavedModel
    from smartprod.service.limits import ServiceLimits


@dataclass(frozen=True, slots=True, eq=False)
class ServedModel:
    """A model with its encoders open.

    Attributes:
        answerer: The open model.
    """

    answerer: Answerer

    def answer(self, products: Sequence[ProductInput]) -> list[dict[str, Any]]:
        """Answer for N products; the columns of `answered_schema()` by name, and no path of this machine in a reason."""
        model = self.answerer.model
        with tempfile.TemporaryDirectory(prefix="smartprod-") as scratch:
            rows = product_rows(products, self.answerer.config.catalog, scratch=Path(scratch))
            tables = [
                answered_table(
                    answers,
                    classes=model.classes,
                    modalities=[encoder.modality for encoder in model.record.encoders],
                    top_k=model.config.score.top_k,
                )
                for answers in self.answerer.steps(rows)
            ]
        return [row for table in tables for row in table.to_pylist()]


@contextmanager
def open_served(
    model: SavedModel, *, mode: str | None, threads: int | None, limits: ServiceLimits
) -> Iterator[ServedModel]:
    """Open the encoders of a model, and answer once, so that the first request waits for nothing."""
    extract = model.config.extract.model_copy(
        update={
            "max_image_megapixels": min(model.config.extract.max_image_megapixels, limits.image_megapixels),
            "max_image_megabytes": min(model.config.extract.max_image_megabytes, limits.image_megabytes),
        }
    )
    run = model.config.run.model_copy(update={"threads": threads})
    config = model.config.model_copy(update={"extract": extract, "run": run})
    with Answerer.open(model, mode=mode, config=config) as answerer:
        served = ServedModel(answerer)
        served.answer([ProductInput(title="warm", images=(_grey_image(),))])
        yield served


def _grey_image() -> bytes:
    import io

    from PIL import Image

    content = io.BytesIO()
    Image.new("RGB", (256, 256), (127, 127, 127)).save(content, "JPEG")
    return content.getvalue()
