"""The model card: what a model is, how good it is, what it promises, and how to use it; from figures alone."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan, nan
from typing import TYPE_CHECKING

from smartprod.encoders import list_encoders

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from smartprod.decision import DecisionSettings
    from smartprod.embeddings import EncoderRecord
    from smartprod.model.record import ModelRecord

CARD_FILE = "README.md"
_LICENCES = {"embedded": "Apache-2.0", "hashed": "none needed"}
"""Licences of encoders that come with this package or its dependencies, by their source."""


@dataclass(frozen=True, slots=True)
class HeadFigures:
    """The scores of one head on one part.

    Attributes:
        head: `image`, `text` or `fused`.
        made_of: Name of the chosen candidate, such as `concat+mlp`.
        part: `validation` or `test`.
        rows: Rows scored.
        accuracy, macro_f1: NaN where not known.
    """

    head: str
    made_of: str
    part: str
    rows: int
    accuracy: float
    macro_f1: float


@dataclass(frozen=True, slots=True)
class TrainingFigures:
    """What the card tells about the training.

    Attributes:
        rows: Labelled rows that the heads were fitted on.
        heads: Scores of the heads.
        accepted_share: Share of the test rows (or held-out ones, without a test part) whose answer was accepted.
        accepted_accuracy: Share of those that were right; NaN where not known.
        measured_on: What the two figures were measured on, such as `test rows`.
    """

    rows: int
    heads: tuple[HeadFigures, ...]
    accepted_share: float
    accepted_accuracy: float
    measured_on: str


def model_card(
    record: ModelRecord, settings: DecisionSettings, figures: TrainingFigures, *, products: Sequence[str] = ()
) -> str:
    """Write the card as Markdown; `products` is its section about training products."""
    lines = [
        f"# Product classifier `{record.run}`",
        "",
        f"Saved by smartprod {record.smartprod}. It answers with one of {record.classes:,} categories "
        f"(`heads/heads.json` lists them) for a product's {_inputs(record.encoders)}, and says when it is not sure.",
        "",
        "## Training",
        "",
        f"Fitted on {figures.rows:,} labelled products. Scores of each head on rows that it had not seen:",
        "",
        *_score_table(figures.heads),
        "",
        "## Decisions",
        "",
        *_decision_lines(record, settings, figures),
        "",
        *encoder_lines(record),
        "",
        "## Limits",
        "",
        *_limits(record, settings),
        "",
        *([*products, ""] if products else ()),
        *usage_lines(record),
    ]
    return "\n".join(lines)


def encoder_lines(record: ModelRecord) -> list[str]:
    """The section about the encoders."""
    return [
        "## Encoders",
        "",
        *_encoder_table(record.encoders),
        "",
        "The encoders' weights are not in this folder. They are opened by name, and refused if their hash differs.",
    ]


def usage_lines(record: ModelRecord) -> list[str]:
    """The section that says how the model is used."""
    return [
        "## Use",
        "",
        "```sh",
        "smartprod score new.csv --model THIS_FOLDER -o scored.parquet",
        "```",
        "",
        "```python",
        "import smartprod",
        "",
        'classifier = smartprod.load("THIS_FOLDER")',
        f"classifier.predict([{_example(record)}])",
        "```",
        "",
    ]


def _inputs(encoders: Sequence[EncoderRecord]) -> str:
    named = {"image": "photos", "text": "text"}
    return " and ".join(named[each] for each in dict.fromkeys(encoder.modality for encoder in encoders))


def _score_table(heads: Sequence[HeadFigures]) -> Iterator[str]:
    yield "| head | made of | part | rows | accuracy | macro-F1 |"
    yield "|---|---|---|---:|---:|---:|"
    for each in heads:
        yield (
            f"| {each.head} | {each.made_of} | {each.part} | {each.rows:,} | {_score(each.accuracy)} | "
            f"{_score(each.macro_f1)} |"
        )


def read_scores(card: str) -> Iterator[HeadFigures]:
    """Read the scores of the heads from a card; a card without that table gives none."""
    for line in card.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 6 and cells[0] in {"image", "text", "fused"}:
            rows, accuracy, macro_f1 = int(cells[3].replace(",", "")), cells[4], cells[5]
            yield HeadFigures(
                cells[0], cells[1], cells[2], rows, _read_score(accuracy), _read_score(macro_f1)
            )


def _decision_lines(
    record: ModelRecord, settings: DecisionSettings, figures: TrainingFigures
) -> Iterator[str]:
    decide = record.config.decide
    yield f"- Mode `{settings.mode}`."
    if settings.mode != "fused":
        yield f"- The next head is asked where the first one is less than {settings.ask_next:.3f} sure."
    if decide.review_below is not None:
        yield f"- Answers with a confidence of at least {settings.accept:.3f} are accepted (`decide.review_below`); no accuracy is promised."
    elif settings.accept > 1:
        yield f"- No threshold kept {decide.target_accuracy:.0%} accuracy on the held-out rows: no answer is accepted."
    else:
        yield (
            f"- Answers with a confidence of at least {settings.accept:.3f} are accepted. The threshold was learned on "
            f"held-out rows so that accepted answers are right at least {decide.target_accuracy:.0%} of the time, with "
            f"{decide.confidence_level:.0%} confidence, for products like those of the training table."
        )
    if not isnan(figures.accepted_share):
        right = "" if isnan(figures.accepted_accuracy) else f", {figures.accepted_accuracy:.1%} of them right"
        yield f"- Of the {figures.measured_on}, {figures.accepted_share:.1%} were accepted{right}."
    enough = settings.accept if settings.back_off_from is None else settings.back_off_from
    if settings.back_off and enough <= 1:
        yield (
            "- An unsure answer backs off to the deepest category above it that is at least "
            f"{enough:.3f} sure, where categories are paths."
        )
    if settings.costs is not None:
        yield "- Answered is the category of least expected cost (`decide.costs`), not the most probable one."
    if settings.open_set_thresholds:
        yield (
            f"- Products unlike anything seen in training are answered `other` ({settings.open_set}); at most "
            f"{decide.open_set.false_rejection_rate:.1%} of products of the trained categories are expected to be, by mistake."
        )


def _encoder_table(encoders: Sequence[EncoderRecord]) -> Iterator[str]:
    known = {entry.name: entry for entry in list_encoders()}
    yield "| encoder | reads | numbers | weights | licence | note |"
    yield "|---|---|---:|---|---|---|"
    for each in encoders:
        entry = known.get(each.name)
        licence = _LICENCES.get(entry.source if entry else "", "see its source")
        note = (
            ""
            if entry is None
            else entry.note
            if entry.source in _LICENCES
            else f"{entry.source}; {entry.note}"
        )
        yield f"| {each.name} | {each.modality} | {each.dim:,} | `{each.weights_hash[:16]}` | {licence} | {note} |"


def _limits(record: ModelRecord, settings: DecisionSettings) -> Iterator[str]:
    if any(each.name == "minilm" for each in record.encoders):
        yield "- The text encoder reads English only; texts in other languages are answered with little to go by."
    yield "- It knows the categories that it was trained with and no others; train again when the catalogue changes."
    yield "- Confidences and thresholds hold for products like those of the training table; check them on new shops, seasons or photo styles."
    if settings.open_set == "none":
        yield "- Products of an unknown category are answered with a known one: open-set rejection is off."
    elif not settings.open_set_thresholds:
        yield (
            "- Products of an unknown category are answered with a known one: too few held-out rows to keep the "
            "false-rejection rate that was asked for."
        )


def _example(record: ModelRecord) -> str:
    columns = record.config.catalog.columns
    modalities = {each.modality for each in record.encoders}
    text = [f'"{columns.title}": "Red ceramic mug"'] if columns.title and "text" in modalities else []
    image = [f'"{columns.images[0]}": "images/mug.jpg"'] if columns.images and "image" in modalities else []
    return "{" + ", ".join([*text, *image]) + "}"


def _score(value: float) -> str:
    return "–" if isnan(value) else f"{value:.3f}"


def _read_score(text: str) -> float:
    return nan if text == "–" else float(text)
