"""The page itself: two tabs, what stands where, and what a click does."""

from __future__ import annotations

import html
import logging
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from smartprod.errors import SmartprodError
from smartprod.explanation import explanation_sections, explanation_style
from smartprod.page.batch import score_upload
from smartprod.page.examples import write_examples

if TYPE_CHECKING:
    from smartprod.page.limits import PageLimits
    from smartprod.page.model import PageModel

_LOGGER = logging.getLogger("smartprod.page")
_SYSTEM_FONTS = (
    "ui-sans-serif",
    "system-ui",
    "sans-serif",
)  # the default theme fetches its fonts from elsewhere
_SHOWN_LINES = 16
_EMPTY = "<div class='why'><p class='muted'>The answer appears here.</p></div>"
STYLE = (
    explanation_style()
    + """
.gradio-container { max-width: 1180px !important; width: 100% !important; margin: 0 auto !important; }
.gradio-container main, .gradio-container .wrap { width: 100%; }
.why table, .why tr, .why td { border: 0 !important; background: none !important; }
.why td.number { text-align: right !important; }
#examples .caption-label { font-size: .75rem; }
#examples .grid-wrap { height: auto !important; max-height: none !important; min-height: 0 !important; }
#examples { min-height: 0 !important; height: auto !important; }
.why { background: transparent; padding: 0; }
.why h1 { font-size: 1.25rem; }
.why .problem { border-left: 4px solid rgb(var(--for)); }
.why pre { white-space: pre-wrap; font-size: .85rem; margin: 0; }
footer { display: none !important; }
"""
)


@dataclass(frozen=True, slots=True)
class PageFolders:
    """Where the page keeps files while it runs.

    Attributes:
        model: The model folder.
        scratch: For uploads and answers; removed when the page stops.
    """

    model: Path
    scratch: Path


def build_page(model: PageModel, folders: PageFolders) -> gr.Blocks:
    """Lay out the page."""
    classes = len(model.explainer.answerer.model.classes)
    with gr.Blocks(title="smartprod", analytics_enabled=False, delete_cache=(3_600, 3_600)) as page:
        gr.Markdown(
            f"# smartprod\nWhich of {classes:,} categories does a product belong to, and how sure is that?"
        )
        with gr.Tab("One product"):
            _one_product(model, folders)
        with gr.Tab("A table"):
            _table(model, folders)
    return page


def theme() -> gr.Theme:
    """A theme that needs no network."""
    return gr.themes.Default(font=list(_SYSTEM_FONTS), font_mono=["ui-monospace", "monospace"])


def _one_product(model: PageModel, folders: PageFolders) -> None:
    """Lay out the first tab.

    Nothing here goes through Gradio's queue: its browser side loses the answer of a click that is sent while the stream of the event
    before it is being closed, and the page would wait for ever. `PageModel` itself lets one visitor in at a time.
    """
    with gr.Row():
        with gr.Column(scale=2):
            photo = gr.File(label="Photo", file_count="single", type="filepath", height=150, elem_id="photo")
            preview = gr.HTML(elem_id="preview")
            title = gr.Textbox(label="Title", max_lines=3, elem_id="title")
            description = gr.Textbox(
                label="Description", info="Plain text or HTML.", lines=4, max_lines=12, elem_id="description"
            )
            with gr.Row():
                ask = gr.Button("Classify", variant="primary", elem_id="classify")
                why = gr.Button("Explain", elem_id="explain")
            examples = write_examples(model.explainer.similar, folders.scratch / "examples")
            gr.Markdown(_examples_line(len(examples), carried=model.explainer.similar.carries_products))
            gallery = gr.Gallery(
                [(str(each.photo), each.title) for each in examples],
                label="Examples", show_label=False,
                columns=3, height="auto", object_fit="cover", allow_preview=False, interactive=False, buttons=[],
                visible=bool(examples), elem_id="examples",
            )  # fmt: skip
        with gr.Column(scale=3):
            answer = gr.HTML(_EMPTY, elem_id="answer")
    inputs = [photo, title, description]

    def show(photo: str | None, title: str, description: str) -> str:
        return _told(lambda: _sections(model, photo, title, description, in_detail=False), folders)

    def explain(photo: str | None, title: str, description: str) -> str:
        return _told(lambda: _sections(model, photo, title, description, in_detail=True), folders)

    ask.click(show, inputs, answer, api_name="classify", queue=False)
    title.submit(show, inputs, answer, api_name=False, queue=False)
    why.click(explain, inputs, answer, api_name="explain", queue=False)
    photo.change(
        lambda given: _preview(given, model.limits),
        photo, preview,
        api_name=False, show_progress="hidden", queue=False,
    )  # fmt: skip

    def pick(event: gr.SelectData) -> tuple[str, str, str, str]:
        example = examples[int(event.index)]
        return str(example.photo), example.title, "", show(str(example.photo), example.title, "")

    gallery.select(pick, None, [*inputs, answer], api_name=False, queue=False)


def _examples_line(examples: int, *, carried: bool) -> str:
    if not carried:
        return "The model carries no training products, so there are no examples to click."
    return "Examples from the training table: click one." if examples else ""


def _table(model: PageModel, folders: PageFolders) -> None:
    limits = model.limits
    gr.Markdown(
        "A `.csv` or `.tsv` file with the columns of the training table, or a `.zip` of one and its photos; the image column names them "
        f"as they lie beside the table. At most {limits.rows:,} rows and {limits.upload_megabytes:g} MB."
    )
    upload = gr.File(label="Table", file_count="single", type="filepath", height=140, elem_id="table")
    start = gr.Button("Score the table", variant="primary", elem_id="score")
    summary = gr.HTML(elem_id="summary")
    result = gr.File(label="Answers", interactive=False, visible=False, elem_id="result")

    def score(upload: str | None, progress: gr.Progress = gr.Progress()) -> tuple[str, Any]:  # noqa: B008
        if upload is None:
            return _notice("Upload a table first.", ""), gr.File(visible=False)
        folder = Path(tempfile.mkdtemp(prefix="table-", dir=folders.scratch))
        found: list[Path] = []

        def work() -> str:
            done = score_upload(
                Path(upload),
                model=model.explainer.answerer.model,
                folder=folder,
                limits=limits,
                told=lambda rows, of: progress((rows, of or rows), desc="rows", unit="rows"),
            )
            found.append(done.file)
            lines = html.escape("\n".join(done.lines[:_SHOWN_LINES]))
            warning = f"<p><b>{html.escape(done.warning)}</b></p>" if done.warning else ""
            return f"<div class='why'><section><h2>Scored</h2>{warning}<pre>{lines}</pre></section></div>"

        told = _told(work, folders)
        return told, gr.File(str(found[0]), visible=True) if found else gr.File(visible=False)

    start.click(score, upload, [summary, result], api_name="score", concurrency_limit=1)


def _sections(model: PageModel, photo: str | None, title: str, description: str, *, in_detail: bool) -> str:
    given = None if photo is None else Path(photo)
    explanation = model.answer(given, title or "", description or "", in_detail=in_detail)
    return f"<div class='why'>{explanation_sections(explanation)}</div>"


def _told(work: Callable[[], str], folders: PageFolders) -> str:
    """Do something for a visitor; what goes wrong is told as a sentence, without a path of this machine."""
    try:
        return work()
    except SmartprodError as error:
        return _notice(_without_paths(error.what, folders), _without_paths(error.fix or "", folders))
    except Exception:
        # The visitor must see a sentence, and the page go on; the terminal gets the whole traceback.
        _LOGGER.exception("a visitor's request failed")
        return _notice("Something went wrong that should not.", "The terminal of the page says what.")


def _notice(what: str, fix: str) -> str:
    sentences = " ".join(_sentence(part) for part in (what, fix) if part)
    return f"<div class='why'><section class='problem'>{html.escape(sentences)}</section></div>"


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _without_paths(text: str, folders: PageFolders) -> str:
    """Name files of the page by their last part."""
    text = re.sub(rf"{re.escape(str(folders.scratch))}[^\s'\"`]*/", "", text)
    return text.replace(str(folders.model), "the model")


def _preview(photo: str | None, limits: PageLimits) -> str:
    """Show the photo small; one that cannot be shown is told when it is answered for."""
    if photo is None:
        return ""
    from smartprod.page.examples import small_copy

    copy = small_copy(Path(photo), limits)
    return (
        ""
        if copy is None
        else f"<img src='{copy}' alt='The photo' style='max-height:220px;border-radius:8px'>"
    )
