"""Assemble the finished parts of an extraction into one embedding index, a part at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartprod.embeddings.index import INDEX_SCHEMA, with_encoders
from smartprod.embeddings.part import ExtractedPart, read_part
from smartprod.errors import JobError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from smartprod.embeddings.account import ExtractionAccount
    from smartprod.embeddings.index import EncoderRecord
    from smartprod.engines import Part, PartPlan
    from smartprod.pipeline import StageContext, TableFile


def encoders_of_parts(plan: PartPlan, folder: Path) -> tuple[EncoderRecord, ...]:
    """Read which encoders the parts of a plan were made with; there has to be a part."""
    return read_part(folder / plan.parts[0].file_name).encoders


def assemble_index(
    context: StageContext,
    plan: PartPlan,
    encoders: Sequence[EncoderRecord],
    account: ExtractionAccount,
) -> TableFile:
    """Stream all parts into the embedding index, whose bytes do not tell which call made which part.

    Args:
        context: Of the stage; the parts lie in its parts folder.
        plan: The plan that they are of.
        encoders: Written into the metadata.
        account: Counts the rows of every part.

    Returns:
        The artefact `embedding_index`.

    Raises:
        JobError: A part has not the rows that the plan says (SP431), or was made with other encoders (SP432).
    """
    schema = with_encoders(INDEX_SCHEMA.empty_table(), encoders).schema
    with context.table_writer("embedding_index", schema) as writer:
        for part in plan.parts:
            path = context.parts_folder / part.file_name
            extracted = read_part(path)
            _check(extracted, part, path, encoders)
            account.add(extracted.index, images=extracted.images, texts=extracted.texts)
            writer.write(extracted.index)
    return writer.table


def _check(extracted: ExtractedPart, part: Part, path: Path, encoders: Sequence[EncoderRecord]) -> None:
    rows = extracted.index["row"]
    expected = part.start, part.start + part.rows - 1
    if len(rows) != part.rows or (rows[0].as_py(), rows[-1].as_py()) != expected:
        raise JobError(
            "SP431",
            f"a finished part does not hold the rows {expected[0]:,} to {expected[1]:,} but {len(rows):,} others",
            where=str(path),
            fix="add --fresh to extract everything again; what is in the embedding store is used",
        )
    if extracted.encoders != tuple(encoders):
        raise JobError(
            "SP432",
            "two parts were made with different encoders, or on machines that compute in different precisions",
            where=str(path),
            fix="run all workers on machines of one kind, with the same versions; then add --fresh",
        )
