"""The frame of a page: one self-contained HTML file made of sections, with charts that Bokeh draws.

A section is one template in `templates/sections/` and one frozen dataclass that it shows. Every text that comes from
the data is escaped by the template engine; a chart's data is JSON that cannot end its `<script>` element. The page
forbids itself to load anything, and to run any script but its own two, known by their hashes.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING

from smartprod.evaluation.plots.canvas import PALETTE

if TYPE_CHECKING:
    from jinja2 import Environment

NO_VALUE = "–"

_CHART = '<figure class="chart"'


@dataclass(frozen=True, slots=True)
class PageSection:
    """One part of a page.

    Attributes:
        anchor: Its id in the page.
        title: Its heading.
        template: File in `templates/sections/` that shows it, with what follows as `content`.
        content: What there is to show, a dataclass of the section's own.
        link: Its name in the list of contents; empty: the heading.
    """

    anchor: str
    title: str
    template: str
    content: object
    link: str = ""


@dataclass(frozen=True, slots=True)
class PageHead:
    """What stands above the sections.

    Attributes:
        title: Heading of the page.
        kicker: What kind of page it is.
        created: When it was made, in words; empty leaves it out.
        separator: What separates the levels of a category path.
    """

    title: str
    kicker: str
    created: str = ""
    separator: str = " > "


def build_page(head: PageHead, sections: Sequence[PageSection]) -> str:
    """Put sections together to one HTML document that loads nothing from anywhere."""
    environment = page_environment()
    values = {"head": head, "sections": sections, "separator": head.separator}
    body = environment.get_template("body.html.j2").render(values)
    scripts = (_bokeh_script(), _own_script()) if _CHART in body else (_own_script(),)
    return environment.get_template("page.html.j2").render(
        values, body=body, scripts=scripts, policy=_policy(scripts), palette=json.dumps(PALETTE)
    )


def _policy(scripts: Sequence[str]) -> str:
    """The content security policy: nothing from anywhere, these scripts only; Bokeh styles its elements inline."""
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode('ascii')}'"
        for script in scripts
    )
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


@cache
def _bokeh_script() -> str:
    """Bokeh's script from the installed package, without its notes."""
    import bokeh

    path = Path(bokeh.__file__).parent / "server" / "static" / "js" / "bokeh.min.js"
    return path.read_text(encoding="utf-8")


@cache
def _own_script() -> str:
    folder = Path(__file__).parent / "templates"
    return "\n".join((folder / name).read_text(encoding="utf-8") for name in ("charts.js", "page.js"))


def page_environment() -> Environment:
    """The template engine with the filters of a page; every text from the data is escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("smartprod.evaluation"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(percent=percent, score=score, count=count, value=sortable, decimal=decimal)
    return environment


def percent(number: float, digits: int = 1) -> str:
    """A share in per cent, with a space that does not break; a dash for NaN."""
    return NO_VALUE if isnan(number) else f"{100 * number:.{digits}f}\u00a0%"


def score(number: float) -> str:
    """A score with three digits; a dash for NaN."""
    return NO_VALUE if isnan(number) else f"{number:.3f}"


def decimal(number: float | None, digits: int = 1) -> str:
    """A number with separators and some digits; a dash for NaN and None."""
    return NO_VALUE if number is None or isnan(number) else f"{number:,.{digits}f}"


def count(number: int | None) -> str:
    """A whole number with separators; a dash for None."""
    return NO_VALUE if number is None else f"{number:,}"


def sortable(number: float | None) -> str:
    """A number for the page's sorting; NaN and None sort below everything."""
    return "-1" if number is None or isnan(number) else f"{number:.6f}"
