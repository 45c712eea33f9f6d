"""One look for all charts: Bokeh figures without a document of their own, whose colours the page gives.

A chart is drawn on a canvas, which needs real colours, while a page with a light and a dark mode has names for them.
So each name of the palette has a colour that nothing else uses, and the page's script (`templates/charts.js`) replaces
it before it draws, and again when the theme changes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from bokeh.models import GlyphRenderer
    from bokeh.plotting import figure as Figure  # noqa: N812  (it is a class)

_NAMES = ("ink", "muted", "grid", "accent", "bad", "paper", *(f"series-{number}" for number in range(8)))
_COLOURS = tuple(f"#01f3a7{number:02x}" for number in range(len(_NAMES)))

INK, MUTED, GRID, ACCENT, BAD, PAPER = _COLOURS[:6]
SERIES = _COLOURS[6:]
"""Colours of series; their real values, told apart by colour-blind readers too, stand in the page's style."""

PALETTE = dict(zip(_COLOURS, _NAMES, strict=True))
"""What the page's script replaces: the name of the colour in the page's style, by the colour in a chart."""

FONT_SIZE = "11px"
THIN_DOWN = 400
"""Points of a line that are drawn at most; more cannot be told apart on a screen."""

Tool: TypeAlias = Literal["pan", "box_zoom", "ypan", "ybox_zoom"]


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """A series as the page's legend shows it.

    Attributes:
        colour: Name of its colour in the page's style, such as `series-0`.
        name: Its name.
        dashes: For a line, its SVG dash pattern (`none` if solid); empty for a dot.
        glyphs: Name of the renderers that a click on the entry hides and shows; empty for none.
    """

    colour: str
    name: str
    dashes: str = ""
    glyphs: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart ready for the page.

    Attributes:
        spec: What Bokeh draws, JSON that is safe inside a `<script>` element.
        label: What the chart shows, for readers who cannot see it.
        width: Width in pixels beyond which it does not grow.
        height: Height in pixels; 0: as high as wide.
        legend: Entries for a legend above it.
        name: Name under which the page's script finds it; empty for none.
    """

    spec: str
    label: str
    width: int
    height: int
    legend: tuple[LegendEntry, ...] = ()
    name: str = ""


def new_figure(
    *,
    height: int,
    x_label: str = "",
    y_label: str = "",
    title: str = "",
    tools: Sequence[Tool] = (),
    **ranges: Any,
) -> Figure:
    """An empty figure in the report's look, as wide as the page gives it room.

    Args:
        height: Of the whole figure in pixels.
        x_label: Below the figure; empty for none.
        y_label: On its left.
        title: Above it.
        tools: What dragging can do, the first at once; with any, Ctrl and the wheel zoom. None: a still figure.
        **ranges: `x_range`, `y_range`, `x_axis_type`, `y_axis_type` as Bokeh takes them.
    """
    from bokeh.models import ResetTool, WheelZoomTool
    from bokeh.plotting import figure

    drawn = figure(
        height=height, sizing_mode="stretch_width", tools=",".join(tools), title=title or None, **ranges
    )
    if tools:
        # The bare wheel scrolls the page.
        wheel = WheelZoomTool(modifiers="ctrl", dimensions="height" if tools[0].startswith("y") else "both")
        drawn.add_tools(wheel, ResetTool())
        drawn.toolbar.active_scroll = wheel
        drawn.toolbar.active_drag = drawn.tools[0]
    else:
        drawn.toolbar_location = None
    drawn.toolbar.logo = None
    drawn.toolbar.autohide = False
    drawn.background_fill_color = drawn.border_fill_color = drawn.outline_line_color = None
    drawn.min_border_right = 12
    if drawn.title is not None:
        drawn.title.update(text_color=INK, text_font_size="12px", text_font="system-ui, sans-serif")
    for axis, label in ((drawn.xaxis, x_label), (drawn.yaxis, y_label)):
        axis.axis_label = label or None
        axis.axis_label_text_color = axis.major_label_text_color = MUTED
        axis.axis_label_text_font_size = axis.major_label_text_font_size = FONT_SIZE
        axis.axis_label_text_font_style = "normal"
        axis.axis_label_text_font = axis.major_label_text_font = "system-ui, sans-serif"
        axis.axis_line_color = GRID
        axis.major_tick_line_color = axis.minor_tick_line_color = None
    drawn.grid.grid_line_color = GRID
    return drawn


def make_square(drawn: Figure) -> None:
    """Give a figure without axes or with fixed ones the same unit of length in both directions, however wide it is."""
    drawn.height = None
    drawn.aspect_ratio = 1
    drawn.sizing_mode = "stretch_width"
    drawn.min_border = drawn.min_border_right = 4


def to_chart(
    drawn: Figure, *, label: str, width: int = 720, legend: tuple[LegendEntry, ...] = (), name: str = ""
) -> Chart:
    """Make a figure ready for the page.

    Args:
        drawn: The figure.
        label: What it shows, for readers who cannot see it.
        width: Width in pixels beyond which it does not grow.
        legend: Entries for a legend above it.
        name: Name under which the page's script finds it.
    """
    from bokeh.embed import json_item

    spec = json.dumps(json_item(drawn), ensure_ascii=False, separators=(",", ":"), allow_nan=True)
    return Chart(
        _numbered_from_one(spec).replace("<", "\\u003c"), label, width, drawn.height or 0, legend, name
    )


def _numbered_from_one(spec: str) -> str:
    """Count the parts of a chart from one, not from the start of the process: the same chart is the same text."""
    numbers: dict[str, str] = {}

    def renamed(match: re.Match[str]) -> str:
        number = numbers.setdefault(match[2], f"m{len(numbers) + 1}")
        return f'{match[1]}"{number}"'

    # Inside a text of the data the quotes would be escaped, so only real keys are met.
    return re.sub(r'("id":|"root_id":|"ref":)"(p\d+)"', renamed, spec)


def add_hover(drawn: Figure, renderers: Sequence[GlyphRenderer], html: str) -> None:
    """Show something about what the pointer is at, or a finger taps.

    Args:
        drawn: The figure.
        renderers: The glyphs it is about.
        html: Markup of our own; `@column` and `@column{0.0 %}` stand for values, which Bokeh escapes.
    """
    from bokeh.models import HoverTool

    # The box lies in a shadow tree, which no style sheet of the page reaches, but the page's colours do.
    framed = (
        '<div style="margin:-5px;padding:7px 10px;max-width:17rem;overflow-wrap:anywhere;'
        f'font:12px/1.4 system-ui,sans-serif;background:var(--paper);color:var(--ink)">{html}</div>'
    )
    drawn.add_tools(HoverTool(tooltips=framed, renderers=list(renderers), visible=False, show_arrow=False))


def percent_axes(drawn: Figure, *, x: bool = False, y: bool = False) -> None:
    """Label an axis from 0 to 1 in per cent."""
    for axis in (*(drawn.xaxis if x else ()), *(drawn.yaxis if y else ())):
        from bokeh.models import NumeralTickFormatter

        axis.formatter = NumeralTickFormatter(format="0 %")


def name_axis(axis: Any, names: Sequence[str], *, length: int = 26) -> None:
    """Label the whole numbers of an axis with names, as many as there is room for.

    Args:
        axis: The axis.
        names: Name of 0, 1, and so on.
        length: Characters after which a name is cut.
    """
    from bokeh.models import NoOverlap, SingleIntervalTicker

    axis.ticker = SingleIntervalTicker(interval=1, num_minor_ticks=0)
    axis.major_label_overrides = {number: shorten(name, length=length) for number, name in enumerate(names)}
    axis.major_label_policy = NoOverlap(min_distance=1)
    axis.major_label_text_color = INK


def thinned(count: int) -> list[int]:
    """Evenly spread positions out of `count`, first and last included, `THIN_DOWN` at most."""
    if count <= THIN_DOWN:
        return list(range(count))
    return [round(number * (count - 1) / (THIN_DOWN - 1)) for number in range(THIN_DOWN)]


def shorten(text: str, *, length: int = 26) -> str:
    """Cut a name that is too long for a label."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"
