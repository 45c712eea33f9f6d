"""The named things that stages hand over: what each is, and where in the run folder it lies."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath

from smartprod.errors import PipelineError


class ArtefactKind(StrEnum):
    """How an artefact is held in memory and on disk.

    `PARQUET`: a `pyarrow.Table`, or a `TableFile` where it is streamed. `JSON`: a dict or list. `ARRAYS`: an `Arrays` (named numpy arrays with string
    metadata), as safetensors. `TEXT`: a str, as UTF-8. `FOLDER`: a folder that the stage fills itself; readers
    receive its `Path`.
    """

    PARQUET = "parquet"
    JSON = "json"
    ARRAYS = "arrays"
    TEXT = "text"
    FOLDER = "folder"


@dataclass(frozen=True, slots=True)
class Artefact:
    """A named thing that one stage writes and others read.

    Attributes:
        name: The name under which stages declare it, such as `products`.
        kind: Its form in memory and on disk.
        path: Where it lies, relative to the run folder, with `/`: `catalog/products.parquet` belongs to the
            folder of the stage, `report.html` stands at the top of the run folder.
        doc: One line for people.
    """

    name: str
    kind: ArtefactKind
    path: str
    doc: str


_artefacts: dict[str, Artefact] = {}


def register_artefact(artefact: Artefact) -> Artefact:
    """Make an artefact known to stages; registering the same one again changes nothing.

    Raises:
        PipelineError: Its path leaves the run folder, or its name or path is taken by another artefact.
    """
    path = PurePosixPath(artefact.path)
    if path.is_absolute() or ".." in path.parts or "\\" in artefact.path or not path.name:
        raise PipelineError(
            "SP921",
            f"the path {artefact.path!r} of artefact `{artefact.name}` leaves the run folder",
            fix="give a path relative to the run folder, such as `mystage/mytable.parquet`",
        )
    for other in _artefacts.values():
        if other != artefact and (other.name == artefact.name or other.path == artefact.path):
            raise PipelineError(
                "SP922",
                f"artefact `{artefact.name}` ({artefact.path}) collides with `{other.name}` ({other.path})",
                fix="give it a name and a path of its own",
            )
    _artefacts[artefact.name] = artefact
    return artefact


def get_artefact(name: str) -> Artefact:
    """Look an artefact up by name.

    Raises:
        PipelineError: No artefact has this name.
    """
    try:
        return _artefacts[name]
    except KeyError:
        raise PipelineError(
            "SP923",
            f"no artefact is called `{name}`",
            fix=f"declare it with register_artefact; known: {', '.join(sorted(_artefacts))}",
        ) from None


def list_artefacts() -> tuple[Artefact, ...]:
    """All artefacts, in the order in which they were registered."""
    return tuple(_artefacts.values())


for _artefact in (
    Artefact("products", ArtefactKind.PARQUET, "catalog/products.parquet", "every input row with statuses"),
    Artefact("clean_text", ArtefactKind.PARQUET, "clean/clean_text.parquet", "one clean text per row"),
    Artefact(
        "embedding_index",
        ArtefactKind.PARQUET,
        "extract/embedding_index.parquet",
        "which embeddings each row has, and where in the store they are",
    ),
    Artefact(
        "split", ArtefactKind.PARQUET, "split/split.parquet", "train, val or test, and the class, of each row"
    ),
    Artefact("split_account", ArtefactKind.JSON, "split/account.json", "class policy and leakage account"),
    Artefact(
        "representations", ArtefactKind.FOLDER, "fuse/representations", "per-modality and fused embeddings"
    ),
    Artefact(
        "training_rows", ArtefactKind.ARRAYS, "resample/training_rows.safetensors", "rows and weights to fit"
    ),
    Artefact(
        "other_images",
        ArtefactKind.PARQUET,
        "resample/other_images.parquet",
        "other images of the products of small classes, and which of them are taken",
    ),
    Artefact("image_encoder", ArtefactKind.FOLDER, "finetune-image/encoder", "the fine-tuned image encoder"),
    Artefact("image_training", ArtefactKind.JSON, "finetune-image/training.json", "its epochs and scores"),
    Artefact("text_encoder", ArtefactKind.FOLDER, "finetune-text/encoder", "the fine-tuned text encoder"),
    Artefact("text_training", ArtefactKind.JSON, "finetune-text/training.json", "its epochs and scores"),
    Artefact("joint_training", ArtefactKind.JSON, "finetune-joint/training.json", "epochs of both together"),
    Artefact("heads", ArtefactKind.FOLDER, "classify/heads", "fitted heads and their logits"),
    Artefact("leaderboard", ArtefactKind.JSON, "classify/leaderboard.json", "every candidate and its scores"),
    Artefact(
        "decision", ArtefactKind.FOLDER, "decide/decision", "calibration, thresholds, open set, back-off"
    ),
    Artefact("findings", ArtefactKind.PARQUET, "quality/findings.parquet", "what to look at in the data"),
    Artefact("findings_csv", ArtefactKind.TEXT, "quality/findings.csv", "the same for a spreadsheet"),
    Artefact(
        "explanations",
        ArtefactKind.PARQUET,
        "explain/explanations.parquet",
        "why some test products got their answers",
    ),
    Artefact("label_heads", ArtefactKind.FOLDER, "classify-labels/heads", "fitted heads for several labels"),
    Artefact(
        "label_leaderboard",
        ArtefactKind.JSON,
        "classify-labels/leaderboard.json",
        "every candidate for several labels and its score",
    ),
    Artefact(
        "label_decision", ArtefactKind.FOLDER, "decide-labels/decision", "thresholds of every label and head"
    ),
    Artefact("report", ArtefactKind.TEXT, "report.html", "the report, one self-contained page"),
    Artefact("metrics", ArtefactKind.JSON, "metrics.json", "scores of every head"),
    Artefact(
        "answers", ArtefactKind.PARQUET, "report/answers.parquet", "what was answered about every test row"
    ),
    Artefact("model", ArtefactKind.FOLDER, "model", "the model folder to score with"),
):
    register_artefact(_artefact)
