"""The account of an extraction: rows with an embedding, statuses, and how much was computed or reused."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from smartprod.catalog import status_column
from smartprod.embeddings.image_batch import Tally
from smartprod.errors import TooManyBadRowsError

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa

    from smartprod.config import Config
    from smartprod.embeddings.index import EncoderRecord
    from smartprod.pipeline import StageContext

_FIELDS = ("images", "text")


@dataclass(slots=True)
class ExtractionAccount:
    """Counts over the rows of an embedding index, part by part.

    Attributes:
        rows: Rows so far.
        with_image: Rows that have an image embedding.
        with_text: Rows that have a text embedding.
        without_any: Rows that have neither.
        statuses: Rows by status, of `images` and of `text`.
        images: Images computed and reused.
        texts: Texts computed and reused.
    """

    rows: int = 0
    with_image: int = 0
    with_text: int = 0
    without_any: int = 0
    statuses: dict[str, Counter[str]] = field(default_factory=lambda: {name: Counter() for name in _FIELDS})
    images: Tally = field(default_factory=Tally)
    texts: Tally = field(default_factory=Tally)

    def add(self, index: pa.Table, *, images: Tally, texts: Tally) -> None:
        """Count the rows of a part, and what its embeddings took."""
        self.rows += index.num_rows
        self.with_image += index.num_rows - index["image_key"].null_count
        self.with_text += index.num_rows - index["text_key"].null_count
        self.without_any += rows_without_embedding(index)
        for name in _FIELDS:
            self.statuses[name].update(index[status_column(name)].to_pylist())
        self.images.add(images)
        self.texts.add(texts)

    def tell(self, context: StageContext, encoders: Iterable[EncoderRecord]) -> None:
        """Give rows, figures and lines to the stage's context."""
        context.rows(self.rows, self.rows)
        context.metric("rows_with_image", self.with_image)
        context.metric("rows_with_text", self.with_text)
        context.say(
            f"{self.with_image:,} of {self.rows:,} rows have an image embedding, {self.with_text:,} a text embedding"
        )
        for encoder in encoders:
            context.say(
                f"  {encoder.modality:<6} {encoder.name}: {encoder.dim} numbers, {encoder.fingerprint[:12]}"
            )
        _tell_tally(context, "images", self.images)
        _tell_tally(context, "texts", self.texts)
        for line in self._status_lines():
            context.say(f"  {line}")
        for name, counts in self.statuses.items():
            for status, count in counts.items():
                context.metric(f"{name}_{status}", count)

    def check_usable(self, config: Config) -> None:
        """Refuse a table in which too many rows ended up with no embedding at all.

        Raises:
            TooManyBadRowsError: (SP424) Beyond `catalog.max_bad_fraction`.
        """
        allowed = config.catalog.max_bad_fraction
        if self.without_any > allowed * self.rows:
            raise TooManyBadRowsError(
                "SP424",
                f"{self.without_any:,} of {self.rows:,} rows have neither an image nor a text embedding; allowed are {allowed:.1%}.",
                where="; ".join(self._status_lines()),
                fix="Mend catalog.image_root or the files; or raise catalog.max_bad_fraction.",
            )

    def _status_lines(self) -> list[str]:
        return [
            f"{name}: " + ", ".join(f"{count:,} {status}" for status, count in sorted(counts.items()))
            for name, counts in self.statuses.items()
        ]


def _tell_tally(context: StageContext, items: str, tally: Tally) -> None:
    context.metric(f"{items}_computed", tally.computed)
    context.metric(f"{items}_reused", tally.reused)
    if tally.computed:
        context.metric(f"{items}_per_second", round(tally.rate, 1))
    rate = f" at {tally.rate:,.1f} per second" if tally.computed else ""
    context.say(f"  {items}: {tally.computed:,} computed{rate}, {tally.reused:,} reused from the store")


def rows_without_embedding(index: pa.Table) -> int:
    """Count the rows of an embedding index that have neither an image nor a text."""
    return pc.sum(pc.and_(pc.is_null(index["image_key"]), pc.is_null(index["text_key"]))).as_py() or 0
