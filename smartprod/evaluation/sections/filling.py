"""Small classes that were filled with other images of their products."""

from __future__ import annotations

from smartprod.evaluation.data import ReportData
from smartprod.evaluation.other_images import other_images_section
from smartprod.evaluation.page import PageSection


def filling_section(data: ReportData) -> PageSection | None:
    """Show what was filled with what; None where no class was."""
    counts = dict(zip(data.classes, data.train_counts.tolist(), strict=True))
    content = other_images_section(data.other_images, counts, data.products)
    if content is None:
        return None
    return PageSection(
        "other-images",
        "Small categories filled with other images",
        "other_images.html.j2",
        content,
        link="Other images",
    )
