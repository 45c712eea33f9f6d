"""Category cells to normalised paths."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from smartprod.catalog.cell_text import NULL_WORDS

if TYPE_CHECKING:
    from collections.abc import Sequence


class CategoryPaths:
    """Parse category cells into normalised paths; equal cells are parsed once.

    Args:
        separator: Between the levels of a path. Where it has space around it, as in ` > `, some space must stand there
            in the cell as well, so that `T-Shirts` is not parted by ` - `.
        several: Between the paths of a cell with several, or None where a cell holds one.
    """

    def __init__(self, separator: str, several: str | None) -> None:
        self._separator = separator
        self._several = several
        self._known: dict[str, list[str]] = {}
        token = separator.strip()
        before = r"(?<!\S)" if separator[:1].isspace() else ""
        after = r"(?!\S)" if separator[-1:].isspace() else ""
        self._pattern = re.compile(before + re.escape(token) + after if token else re.escape(separator))

    def of_text(self, text: str) -> list[str]:
        """Parse a cell of text into its paths, in order and each once."""
        known = self._known.get(text)
        if known is None:
            known = self.of_list(text.split(self._several) if self._several else [text])
            self._known[text] = known
        return list(known)

    def of_list(self, cells: Sequence[str | None]) -> list[str]:
        """Parse a list of paths, in order and each once; null words and empty ones are left out."""
        paths = (self._normalise(cell) for cell in cells if cell and cell.strip() not in NULL_WORDS)
        return list(dict.fromkeys(path for path in paths if path))

    def _normalise(self, text: str) -> str:
        levels = (level.strip() for level in self._pattern.split(text))
        return self._separator.join(level for level in levels if level)
