"""Fine-tuned encoders as artefacts: what kind they are of, and how extraction is told to take them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from smartprod.encoders import has_weights

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from smartprod.config import Config
    from smartprod.embeddings.index import EncoderRecord
    from smartprod.encoders import Modality
    from smartprod.pipeline import Manifest, RunFolder

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
    told = folder / KIND_FILE
    told.write_text(text, encoding="utf-8", newline="\n")
    for path in folder.rglob("*"):  # safetensors makes its files private to the user
        if path.is_file():
            path.chmod(told.stat().st_mode)


def with_finetuned_encoders(
    config: Config, run: RunFolder, encoders: Iterable[EncoderRecord] | None = None
) -> Config:
    """Name the fine-tuned encoders of a run in `extract.image` and `extract.text`, as `finetuned-image` and `finetuned-text`.

    They stand in place of the encoders named there, or before them where `keep_original` says so and where they have no weights
    (`hashed-words`); a modality without a fine-tuned encoder stays as it is.

    Args:
        config: The configuration.
        run: Where the artefacts are.
        encoders: What the products were embedded with; a fine-tuned one that is not among them is left out. None: all.
    """
    used = None if encoders is None else {encoder.name for encoder in encoders}
    update: dict[str, Any] = {
        modality: _names(config, run, modality)
        for modality in MODALITIES
        if used is None or _own_name(modality) in used
    }
    return config.model_copy(update={"extract": config.extract.model_copy(update=update)})


def extraction_manifest(run: RunFolder) -> Manifest | None:
    """The manifest of the latest extraction of a run, with plain or with fine-tuned encoders; None before the first."""
    found = [run.manifest(stage) for stage in ("extract", "extract-finetuned")]
    return max((each for each in found if each is not None), key=lambda each: each.finished, default=None)


def _own_name(modality: Modality) -> str:
    return f"finetuned-{modality}"


def _names(config: Config, run: RunFolder, modality: Modality) -> tuple[str, ...]:
    originals: tuple[str, ...] = getattr(config.extract, modality)
    folder = run.artefact_path(f"{modality}_encoder")
    kind_file = folder / KIND_FILE
    kind = json.loads(kind_file.read_text(encoding="utf-8"))["kind"] if kind_file.is_file() else None
    if kind is None:
        return originals
    own = f"{_own_name(modality)}={kind}:{folder.absolute()}"
    keep = getattr(config.finetune, modality).keep_original
    return (own, *(name for name in originals if keep or not has_weights(name)))
