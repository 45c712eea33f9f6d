"""One look for all charts: figures without a global state, and SVG that takes its colours from the page.

Matplotlib needs real colours, a page with a light and a dark mode needs names. So each name of the palette has a
colour that nothing else uses, and after drawing it is replaced by `var(--name)`.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from io import StringIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, MUTED, GRID, ACCENT, BAD, PAPER = ("#010101", "#010102", "#010103", "#010104", "#010105", "#010106")
SERIES = tuple(f"#0102{number:02x}" for number in range(8))
"""Colours of series; their real values, told apart by colour-blind readers too, stand in the page's style."""

PIXELS_PER_POINT = 1.4
"""An 8-point label is shown at 11 pixels."""

_NAMES = {INK: "ink", MUTED: "muted", GRID: "grid", ACCENT: "accent", BAD: "bad", PAPER: "paper"} | {
    colour: f"series-{number}" for number, colour in enumerate(SERIES)
}

_LOOK = {
    "svg.fonttype": "none",  # text stays text: small, sharp, in the page's font
    "svg.hashsalt": "smartprod",  # the same chart is the same file
    "text.parse_math": False,  # a class may be called "$a$"
    "font.size": 8,
    "axes.edgecolor": GRID,
    "axes.labelcolor": MUTED,
    "axes.titlecolor": INK,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
}


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """A series as the page's legend shows it.

    Attributes:
        colour: Name of its colour in the page's style, such as `series-0`.
        name: Its name.
        dashes: For a line, its SVG dash pattern (`none` if solid); empty for a dot.
    """

    colour: str
    name: str
    dashes: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart ready for the page.

    Attributes:
        svg: Inline SVG element, safe to insert as it is.
        width: Width in pixels at which its text is readable.
        legend: Entries for a legend beside it.
    """

    svg: str
    width: int
    legend: tuple[LegendEntry, ...] = ()


@contextmanager
def look() -> Iterator[None]:
    """Draw in the report's look, without touching anybody's matplotlib settings."""
    import matplotlib as mpl

    with mpl.rc_context(_LOOK), warnings.catch_warnings():
        # Matplotlib's own font lacks many scripts; the browser, which draws the text, has them.
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        warnings.filterwarnings(
            "ignore", message="Matplotlib currently does not support", category=UserWarning
        )
        yield


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of a size in inches, drawn only to SVG."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def to_chart(figure: Figure, *, label: str, legend: tuple[LegendEntry, ...] = ()) -> Chart:
    """Write a figure as inline SVG.

    Args:
        figure: What was drawn, within `look()`.
        label: What the chart shows, for readers who cannot see it.
        legend: Entries for the page's legend.
    """
    stream = StringIO()
    figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    width = round(figure.get_figwidth() * 72 * PIXELS_PER_POINT)
    return Chart(_inline(stream.getvalue(), label=label), width, legend)


def _inline(document: str, *, label: str) -> str:
    svg = document[document.index("<svg") :]
    view_box = re.search(r'viewBox="[^"]*"', svg)
    assert view_box is not None  # matplotlib always writes one
    body = svg[svg.index(">") + 1 :].strip()
    body = re.sub(r"<metadata>.*?</metadata>", "", body, count=1, flags=re.DOTALL)
    body = re.sub(r"<style[^>]*>.*?</style>", "", body, flags=re.DOTALL)  # would hold for the whole page
    body = re.sub(r"<[^>]*>", lambda match: _themed(match.group()), body)
    body = re.sub(r"\n\s*", "\n", body)
    return f'<svg {view_box.group()} role="img" aria-label="{escape(label)}">{body}'


def _themed(tag: str) -> str:
    """Give one tag the page's colours and font, and no more digits than can be seen; texts stay as they are."""
    tag = re.sub(r' id="[a-zA-Z0-9.]+_\d+"', "", tag)  # names of groups repeat from chart to chart
    tag = re.sub(r"(\d\.\d{2})\d+", r"\1", tag)
    tag = re.sub(r"font-family: [^;\"]*;?|(?<=px) '[^\";]*", "", tag)
    return re.sub(r"#0[01]0[12]0[0-9]\b", lambda match: f"var(--{_NAMES[match.group()]})", tag)


def percent_axes(axes: Axes, *, x: bool = False, y: bool = False) -> None:
    """Label an axis from 0 to 1 in per cent."""
    from matplotlib.ticker import PercentFormatter

    if x:
        axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    if y:
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))


def shorten(text: str, *, length: int = 26) -> str:
    """Cut a name that is too long for a label."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"
