"""The embedding index: which embeddings each row has. It stands beside the product table, row by row."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from smartprod.catalog import reason_column, status_column
from smartprod.errors import EncoderError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from smartprod.encoders import Encoder, Modality

_METADATA_KEY = b"smartprod.encoders"

INDEX_SCHEMA = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),
        pa.field("image_keys", pa.list_(pa.string()), nullable=False),
        pa.field("image_key", pa.string()),
        pa.field("text_key", pa.string()),
        pa.field(status_column("images"), pa.string(), nullable=False),
        pa.field(reason_column("images"), pa.string()),
        pa.field(status_column("text"), pa.string(), nullable=False),
        pa.field(reason_column("text"), pa.string()),
    ]
)
"""`image_keys`: content keys of the images used, the main one first; `image_key`: the main one, null without image;
`text_key`: of the clean text, null without text. `status.images` is that of the main image as listed, even where
another one is used in its place: the reason then says so."""


@dataclass(frozen=True, slots=True)
class EncoderRecord:
    """What later stages need to know of an encoder, kept in the index's metadata.

    Attributes:
        name: As the configuration names it.
        modality: `image` or `text`.
        dim: Length of its embeddings.
        weights_hash: Hash of weights and preprocessing.
        fingerprint: What the store is keyed by.
    """

    name: str
    modality: Modality
    dim: int
    weights_hash: str
    fingerprint: str

    @classmethod
    def of(cls, encoder: Encoder) -> EncoderRecord:
        """Record an encoder."""
        return cls(encoder.name, encoder.modality, encoder.dim, encoder.weights_hash, encoder.fingerprint)


def with_encoders(index: pa.Table, encoders: Iterable[EncoderRecord]) -> pa.Table:
    """Write the encoders into the metadata of an index."""
    described = json.dumps([asdict(encoder) for encoder in encoders])
    return index.replace_schema_metadata({**(index.schema.metadata or {}), _METADATA_KEY: described.encode()})


def encoders_of(index: pa.Table) -> tuple[EncoderRecord, ...]:
    """Read the encoders from the metadata of an index.

    Raises:
        EncoderError: (SP422) The table carries none, so it is no embedding index.
    """
    described = (index.schema.metadata or {}).get(_METADATA_KEY)
    if described is None:
        raise EncoderError(
            "SP422",
            "The table does not say which encoders its embeddings come from.",
            fix="Run the stage `extract` again; other tools drop the metadata when they rewrite the file.",
        )
    return tuple(EncoderRecord(**record) for record in json.loads(described))
