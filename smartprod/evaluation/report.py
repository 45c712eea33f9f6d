"""The report: one self-contained HTML file that a person reads from top to bottom.

The order of its sections stands here; what each shows stands in `sections/`, its words in `templates/sections/`.
"""

from __future__ import annotations

from smartprod.config.schema import ReportConfig
from smartprod.evaluation.data import ReportData
from smartprod.evaluation.page import PageHead, PageSection, build_page
from smartprod.evaluation.sections.categories import categories_section
from smartprod.evaluation.sections.certainty import certainty_section
from smartprod.evaluation.sections.embeddings import embeddings_section
from smartprod.evaluation.sections.explanations import explanations_section
from smartprod.evaluation.sections.filling import filling_section
from smartprod.evaluation.sections.findings import findings_section
from smartprod.evaluation.sections.heads import heads_section
from smartprod.evaluation.sections.making import making_section
from smartprod.evaluation.sections.mistakes import mistakes_section
from smartprod.evaluation.sections.opening import opening_section
from smartprod.evaluation.sections.products import products_section
from smartprod.evaluation.sections.sweeping import sweep_section
from smartprod.evaluation.sections.training import training_section
from smartprod.evaluation.sections.tree import tree_section
from smartprod.evaluation.summary import evaluate, short_names


def build_report(data: ReportData, *, config: ReportConfig | None = None, seed: int = 0) -> str:
    """Build the report.

    Args:
        data: Everything there is to tell.
        config: How much of it to show.
        seed: Seed of the embedding map.

    Returns:
        One HTML document that loads nothing from anywhere.

    Raises:
        SmartprodError: `SP656` when no head has predictions for any part.
    """
    head = PageHead(data.run_name, "Report of the run", data.created, data.separator)
    return build_page(head, report_sections(data, config or ReportConfig(), seed=seed))


def report_sections(data: ReportData, config: ReportConfig, *, seed: int) -> list[PageSection]:
    """Fill the sections of the report in the order in which they are read."""
    evaluation = evaluate(data)
    names = short_names(data.classes, separator=data.separator)
    sections = [
        opening_section(data, evaluation, names),
        products_section(data, names),
        heads_section(data, evaluation),
        sweep_section(data.sweep),
        categories_section(data, evaluation, names),
        mistakes_section(
            data, evaluation, names, pairs=config.confused_pairs, tiles=config.examples_per_pair
        ),
        explanations_section(data, names),
        certainty_section(data, evaluation),
        tree_section(data, evaluation, names),
        embeddings_section(data, evaluation, names, points=config.map_points, seed=seed),
        filling_section(data),
        training_section(data),
        *data.sections,
        findings_section(data),
        making_section(data),
    ]
    return [section for section in sections if section is not None]
