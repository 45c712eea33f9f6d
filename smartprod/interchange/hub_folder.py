"""A Hugging Face repository folder: the model folder as it is, below a model card that the hub can read."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING

from smartprod._version import __version__
from smartprod.decision import Decider
from smartprod.interchange.new_folder import new_folder
from smartprod.model import (
    kept_products,
    leave_out_products,
    load_model,
    products_section,
    read_scores,
    with_section,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from huggingface_hub import EvalResult

    from smartprod.config import KeptProducts
    from smartprod.model import HeadFigures, SavedModel

MODEL_FOLDER = "model"
"""Where the model lies in the repository: its manifest covers every file of it, while cards are edited on the hub."""
CARD_FILE = "README.md"

_GIT_ATTRIBUTES = "*.safetensors filter=lfs diff=lfs merge=lfs -text\n"
_TASKS = {"image": "image-classification", "text": "text-classification", "fused": "other"}
_MOST_LABELS = 200


@dataclass(frozen=True, slots=True)
class HubCard:
    """What a person has to say about a model that is given away.

    Attributes:
        licence: An identifier that the hub knows, such as `apache-2.0`; None leaves it open, and the card says so.
        datasets: Hub names of the training data.
    """

    licence: str | None = None
    datasets: tuple[str, ...] = ()


def export_hub(
    model: str | Path, out: Path, *, card: HubCard, reference: KeptProducts = "embeddings"
) -> Path:
    """Write a model as a Hugging Face repository folder, which `smartprod.load` reads too.

    What is left out changes the identity of the model (the hash of its manifest), and none of its answers.

    Args:
        model: A model folder; it is verified first.
        out: A folder that does not exist yet, or is empty.
        card: What the card says besides figures and limits.
        reference: What may go along of the training products that the model keeps; titles and photos with `full` only.

    Returns:
        The folder.

    Raises:
        ModelError: The model is missing, damaged or altered.
        UsageError: (SP731) There is something at the target already.
    """
    given = load_model(model)
    with new_folder(out) as folder:
        copy = folder / MODEL_FOLDER
        shutil.copytree(given.folder, copy)
        if isinstance(given.decider, Decider):
            leave_out_products(copy, given.decider, keep=reference)
        saved = load_model(copy)
        (folder / ".gitattributes").write_text(_GIT_ATTRIBUTES, encoding="utf-8", newline="\n")
        text = json.dumps(_description(saved), indent=2, ensure_ascii=False) + "\n"
        (folder / "config.json").write_text(text, encoding="utf-8", newline="\n")
        (folder / CARD_FILE).write_text(_card(saved, card), encoding="utf-8", newline="\n")
    return out


def _description(model: SavedModel) -> dict[str, object]:
    return {
        "library": "smartprod",
        "smartprod": __version__,
        "model": MODEL_FOLDER,
        "identity": model.identity,
        "several_labels": model.gives_several_labels,
        "classes": list(model.classes),
        "encoders": [asdict(encoder) for encoder in model.record.encoders],
    }


def _card(model: SavedModel, card: HubCard) -> str:
    """The model's own card below a front matter, with its labels and how it is loaded from the hub."""
    own = (model.folder / CARD_FILE).read_text(encoding="utf-8")
    if isinstance(model.decider, Decider):
        own = with_section(own, products_section(kept_products(model.folder), model.decider))
    body, _, usage = own.partition("## Use\n")
    _, heading, changes = usage.partition("\n## ")  # such as classes that were added since the training
    body = (body.rstrip() + f"\n{heading}{changes}").rstrip().replace("`heads/heads.json`", "`config.json`")
    body = body.replace("`reference/`", f"`{MODEL_FOLDER}/reference/`")
    lines = ["---", _front_matter(model, card, list(read_scores(own))), "---", "", body, ""]
    lines += ["## Licence", "", *_licence_lines(card), "", "## Labels", "", *_label_lines(model.classes), ""]
    return "\n".join([*lines, *_usage_lines(model)]) + "\n"


def _front_matter(model: SavedModel, card: HubCard, scores: Sequence[HeadFigures]) -> str:
    from huggingface_hub import ModelCardData

    modalities = sorted({encoder.modality for encoder in model.record.encoders})
    data = ModelCardData(
        language="en" if any(each.name == "minilm" for each in model.record.encoders) else None,
        license=card.licence or "other",
        license_name=None if card.licence else "not-stated",
        library_name="smartprod",
        tags=["product-classification", *modalities],
        datasets=list(card.datasets) or None,
        metrics=["accuracy", "f1"],
        model_name=model.record.run,
        eval_results=list(_results(scores)) or None,
    )
    text: str = data.to_yaml()
    return text if card.datasets else f"{text}\n# datasets: [USER/NAME]  (name the training data here)"


def _results(scores: Sequence[HeadFigures]) -> Iterator[EvalResult]:
    from huggingface_hub import EvalResult

    for each in scores:
        for name, kind, value in (
            ("accuracy", "accuracy", each.accuracy),
            ("macro-F1", "f1", each.macro_f1),
        ):
            if not isnan(value):
                yield EvalResult(
                    task_type=_TASKS[each.head],
                    task_name=f"Product classification, {each.head} head",
                    dataset_type="products",
                    dataset_name=f"{each.rows:,} {each.part} rows of the training table",
                    dataset_split=each.part,
                    metric_type=kind,
                    metric_name=name,
                    metric_value=value,
                )


def _licence_lines(card: HubCard) -> Iterator[str]:
    if card.licence is None:
        yield "No licence is stated for this model yet: ask whoever trained it before using it."
    else:
        yield f"This model: {card.licence}. Each encoder has the licence that the table above names."


def _label_lines(classes: Sequence[str]) -> Iterator[str]:
    for name in classes[:_MOST_LABELS]:
        yield f"- {name}"
    if len(classes) > _MOST_LABELS:
        yield f"- and {len(classes) - _MOST_LABELS:,} more: `config.json` lists all of them"


def _usage_lines(model: SavedModel) -> Iterator[str]:
    column = model.config.catalog.columns.title or "title"
    yield from ("## Use", "", "```sh")
    yield "smartprod score new.csv --model hf:USER/NAME@REVISION -o scored.parquet"
    yield from ("```", "", "```python", "import smartprod", "")
    yield 'classifier = smartprod.load("hf:USER/NAME@REVISION")  # or the path of this folder'
    yield f'classifier.predict([{{"{column}": "Red ceramic mug"}}])'
    yield from ("```", "")
    yield f"Every file of `{MODEL_FOLDER}/` is verified by its SHA-256 before it is used; nothing is unpickled."
