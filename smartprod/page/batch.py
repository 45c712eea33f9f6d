"""A table of products: scored in a folder of its own, with its progress told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from smartprod.catalog import count_records
from smartprod.errors import TooManyBadRowsError
from smartprod.page.uploads import UploadError, take_upload
from smartprod.pipeline import ProgressMeter, RunConsole
from smartprod.scoring import score_table

if TYPE_CHECKING:
    from pathlib import Path

    from smartprod.model import SavedModel
    from smartprod.page.limits import PageLimits

Told = Callable[[int, int | None], None]
"""Told how many rows are done, of how many."""


@dataclass(frozen=True, slots=True)
class BatchResult:
    """A scored table.

    Attributes:
        file: The answers as CSV.
        lines: The summary.
        warning: What is wrong with the table as a whole; empty where nothing is.
    """

    file: Path
    lines: tuple[str, ...]
    warning: str = ""


class _PageConsole(RunConsole):
    """Keeps the lines, and tells of progress."""

    def __init__(self, told: Told) -> None:
        super().__init__(quiet=True)
        self.lines: list[str] = []
        self._told = told

    def line(self, text: str) -> None:
        """Keep an account line."""
        self.lines.append(text)

    def result(self, text: str) -> None:
        """Say nothing: the last line names a path of this machine."""

    @contextmanager
    def progress(self, total: int | None, description: str, *, unit: str = "rows") -> Iterator[ProgressMeter]:
        """Tell the page of the advance of a loop."""
        del description, unit
        yield _PageMeter(total, self._told)


class _PageMeter(ProgressMeter):
    def __init__(self, total: int | None, told: Told) -> None:
        super().__init__(total)
        self._told = told

    def _show(self) -> None:
        self._told(self.done, self.total)


def score_upload(
    upload: Path, *, model: SavedModel, folder: Path, limits: PageLimits, told: Told
) -> BatchResult:
    """Score an uploaded table.

    Args:
        upload: A CSV or TSV file, or a zip of one and its photos.
        model: The model of the page.
        folder: An empty folder for the upload and the answers.
        limits: What is taken at most.
        told: Told of the rows that are done.

    Raises:
        UploadError: The upload is not taken.
        SmartprodError: It cannot be read as a table of this model.
    """
    taken = take_upload(upload, folder, limits)
    catalog = model.config.catalog.model_copy(
        update={"path": str(taken.table), "image_root": str(taken.image_root)}
    )
    rows = count_records(catalog)
    if rows > limits.rows:
        raise UploadError(
            "SP887",
            f"the table has {rows:,} rows",
            fix=f"upload {limits.rows:,} at most, or use `smartprod score`",
        )
    console, out, warning = _PageConsole(told), folder / "scored.csv", ""
    try:
        score_table(
            taken.table,
            model=model.folder,
            out=out,
            image_root=taken.image_root,
            overrides=(
                "score.part_rows=256",
                f"extract.max_image_megapixels={min(limits.photo_megapixels, model.config.extract.max_image_megapixels)}",
                f"extract.max_image_megabytes={min(limits.photo_megabytes, model.config.extract.max_image_megabytes)}",
            ),
            console=console,
        )
    except TooManyBadRowsError as error:
        warning = error.what
    return BatchResult(out, (f"{rows:,} rows, {taken.photos:,} photos", *console.lines), warning)
