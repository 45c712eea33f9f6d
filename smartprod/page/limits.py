"""What the page takes at most."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PageLimits:
    """Limits of the page.

    Attributes:
        photo_megabytes: Largest photo.
        photo_megapixels: Largest photo that is opened.
        characters: Longest title and description together.
        upload_megabytes: Largest file of any kind.
        unpacked_megabytes: Most that a zip may hold when it is unpacked.
        files: Most files in a zip.
        rows: Most rows of a table.
    """

    photo_megabytes: float = 20.0
    photo_megapixels: float = 60.0
    characters: int = 100_000
    upload_megabytes: float = 200.0
    unpacked_megabytes: float = 1_000.0
    files: int = 20_000
    rows: int = 10_000
