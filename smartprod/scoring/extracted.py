"""A run whose extraction is done, as a table to score: no photo is opened, no text cleaned, nothing encoded."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from smartprod.errors import UsageError
from smartprod.pipeline import RunFolder, TableFile

if TYPE_CHECKING:
    from smartprod.embeddings import EncoderRecord
    from smartprod.pipeline import TableReader

_TOLD = ("row", "id", "status.", "reason.")


@dataclass(frozen=True, slots=True)
class ExtractedRun:
    """The products of a run and their embeddings.

    Attributes:
        products: The artefact `products`.
        index: The artefact `embedding_index`.
        store: The embedding store that the run used.
    """

    products: str
    index: str
    store: str

    @staticmethod
    def is_run(table: Path) -> bool:
        """Whether a path is a run folder, rather than a table."""
        return RunFolder(table).config_path.is_file() and (table / "catalog").is_dir()

    @classmethod
    def open(cls, folder: Path, *, store: Path | None) -> ExtractedRun:
        """Find what a run extracted.

        Args:
            folder: The run folder.
            store: The embedding store; None: the one that the run's configuration names.

        Raises:
            UsageError: The extraction is not done (SP813), or of another state of the table (SP814).
        """
        run = RunFolder(folder)
        catalog, extract = run.manifest("catalog"), run.manifest("extract")
        if catalog is None or extract is None:
            raise UsageError(
                "SP813",
                "this run has no finished extraction to score from",
                where=str(folder),
                fix="finish it with `smartprod run extract`, or score the product table itself",
            )
        if extract.parts.get("input products") != catalog.fingerprint:
            raise UsageError(
                "SP814",
                "the products of this run were read anew after its extraction: embeddings and rows do not belong together",
                where=str(folder),
                fix="bring the extraction up to date with `smartprod run extract`",
            )
        return cls(
            str(run.artefact_path("products")),
            str(run.artefact_path("embedding_index")),
            str(store or _store_of(run)),
        )

    def fingerprint(self) -> str:
        """Identify the rows and their index cheaply, by size and time of change, in hexadecimal."""
        digest = hashlib.sha256()
        for path in (Path(self.products), Path(self.index)):
            facts = path.stat()
            digest.update(
                f"{path}\t{facts.st_size}\t{facts.st_mtime_ns}\n".encode("utf-8", "surrogateescape")
            )
        return digest.hexdigest()

    def count(self) -> int:
        """How many rows there are."""
        return TableFile(Path(self.products)).num_rows

    def encoders(self) -> tuple[EncoderRecord, ...]:
        """What the products were embedded with."""
        from smartprod.embeddings import encoders_of

        return encoders_of(TableFile(Path(self.index)).schema.empty_table())

    def open_products(self) -> TableReader:
        """Open what an answer tells of each row besides its category; texts and image paths are not read."""
        file = TableFile(Path(self.products))
        return file.open([name for name in file.schema.names if name.startswith(_TOLD)])

    def open_index(self) -> TableReader:
        """Open the embedding index."""
        return TableFile(Path(self.index)).open()


def _store_of(run: RunFolder) -> Path:
    from smartprod.config import load_config
    from smartprod.embeddings import store_folder

    config = load_config(str(run.config_path)).config
    beside = config.run.model_copy(update={"folder": str(run.root.parent)})  # the run may have been moved
    return store_folder(config.model_copy(update={"run": beside}))
