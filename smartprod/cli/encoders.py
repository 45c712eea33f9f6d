"""`smartprod encoders`: list the encoders by name."""

from __future__ import annotations

import typer

HEADINGS = ("name", "modality", "dim", "offline", "source", "note")


def encoders() -> None:
    """List the image and text encoders that have a short name; others are given by hub id or folder."""
    from smartprod.encoders import list_encoders

    rows = [
        (
            entry.name,
            str(entry.modality),
            str(entry.dim or "-"),
            "yes" if entry.offline else "no",
            entry.source,
            entry.note,
        )
        for entry in list_encoders()
    ]
    widths = [max(len(row[column]) for row in (HEADINGS, *rows)) for column in range(len(HEADINGS))]
    for row in (HEADINGS, *rows):
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        typer.secho(line, bold=row is HEADINGS)
