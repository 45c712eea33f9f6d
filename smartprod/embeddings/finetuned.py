"""Fine-tuned encoders as artefacts: what kind they are of, and how extraction is told to take them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from smartprod.config import Config
    from smartprod.encoders import Modality
    from smartprod.pipeline import RunFolder

KIND_FILE = "encoder.json"
MODALITIES: tuple[Modality, ...] = ("image", "text")


def save_encoder_kind(folder: Path, kind: str) -> None:
    """Write beside the files of an encoder which library opens them: `timm`, `transformers-image`, ..."""
    _write(folder, {"kind": kind})


def save_no_encoder(folder: Path, *, note: str) -> None:
    """Write into an empty folder that nothing was fine-tuned, and why."""
    _write(folder, {"kind": None, "note": note})


def _write(folder: Path, document: dict[str, Any]) -> None:
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    (folder / KIND_FILE).write_text(text, encoding="utf-8", newline="\n")


def with_finetuned_encoders(config: Config, run: RunFolder) -> Config:
    """Name the fine-tuned encoders of a run in `extract.image` and `extract.text`, as `finetuned-image` and `finetuned-text`.

    They stand in place of the encoders named there, or before them where `keep_original` says so; a modality without a
    fine-tuned encoder stays as it is.
    """
    update: dict[str, Any] = {str(each): _names(config, run, each) for each in MODALITIES}
    return config.model_copy(update={"extract": config.extract.model_copy(update=update)})


def _names(config: Config, run: RunFolder, modality: Modality) -> tuple[str, ...]:
    originals: tuple[str, ...] = getattr(config.extract, modality)
    folder = run.artefact_path(f"{modality}_encoder")
    kind_file = folder / KIND_FILE
    kind = json.loads(kind_file.read_text(encoding="utf-8"))["kind"] if kind_file.is_file() else None
    if kind is None:
        return originals
    own = f"finetuned-{modality}={kind}:{folder.absolute()}"
    keep = getattr(config.finetune, modality).keep_original
    return (own, *originals) if keep else (own,)
