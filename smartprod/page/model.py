"""The model behind the page: opened once, asked by one visitor at a time."""

from __future__ import annotations

import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from smartprod.explanation import Explainer
from smartprod.model import ProductInput, product_rows
from smartprod.page.uploads import UploadError

if TYPE_CHECKING:
    from smartprod.explanation import Explanation
    from smartprod.page.limits import PageLimits


@dataclass(frozen=True, slots=True, eq=False)
class PageModel:
    """Answers for products that are typed and uploaded.

    Attributes:
        explainer: The open model.
        limits: What is taken at most.
    """

    explainer: Explainer
    limits: PageLimits
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, photo: Path | None, title: str, description: str, *, in_detail: bool) -> Explanation:
        """Answer for one product.

        Args:
            photo: The uploaded photo.
            title: What was typed as its title.
            description: What was typed as its description, plain or HTML.
            in_detail: Whether words and photo are looked at too.

        Raises:
            UploadError: (SP884) There is nothing to answer for; (SP885) it is over a limit.
        """
        if photo is None and not title.strip() and not description.strip():
            raise UploadError(
                "SP884", "there is nothing to answer for", fix="add a photo, a title or a description"
            )
        if len(title) + len(description) > self.limits.characters:
            raise UploadError(
                "SP885", f"the text is longer than {self.limits.characters:,} characters", fix="shorten it"
            )
        images = () if photo is None else (self._content(photo),)
        product = ProductInput(title=title or None, description=description or None, images=images)
        with self._lock, tempfile.TemporaryDirectory(prefix="smartprod-") as scratch:
            catalog = self.explainer.answerer.config.catalog
            return self.explainer.explain(
                product_rows([product], catalog, scratch=Path(scratch)), in_detail=in_detail
            )

    def _content(self, photo: Path) -> bytes:
        most = self.limits.photo_megabytes
        if photo.stat().st_size > most * 1e6:
            raise UploadError("SP886", f"the photo is larger than {most:g} MB", fix="upload a smaller one")
        return photo.read_bytes()
