"""`model.yaml`: what a model is, the encoders it needs, and the configuration it was made with."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from smartprod.config import Config
from smartprod.config.schema import EngineConfig
from smartprod.embeddings import EncoderRecord
from smartprod.errors import ModelError
from smartprod.model.own_encoders import portable_encoders

if TYPE_CHECKING:
    from pathlib import Path

RECORD_FILE = "model.yaml"
FORMAT = 1
# What belongs to the machine or the table that the model was trained on, and has no meaning elsewhere; nor may a model
# folder from somebody else decide that images are fetched.
_LEFT_OUT: dict[str, tuple[str, ...]] = {
    "run": ("folder", "threads"),
    "catalog": ("path", "format", "image_root", "demo", "remote"),
    "extract": ("store", "decode_threads"),
    "engine": tuple(EngineConfig.model_fields),
}


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """The content of `model.yaml`; no time and no path of a machine, so that the same training gives the same bytes.

    Attributes:
        smartprod: Version that saved the model.
        run: Name of the run.
        classes: Number of classes; their names stand with the heads.
        encoders: What products have to be embedded with, image encoders first.
        config: The configuration in force, without the paths of the machine that trained.
    """

    smartprod: str
    run: str
    classes: int
    encoders: tuple[EncoderRecord, ...]
    config: Config


def write_record(record: ModelRecord, folder: Path) -> None:
    """Write `model.yaml`."""
    import yaml

    document = {
        "format": FORMAT,
        "smartprod": record.smartprod,
        "run": record.run,
        "classes": record.classes,
        "encoders": [asdict(encoder) for encoder in record.encoders],
        "config": _portable(record.config),
    }
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=110)
    (folder / RECORD_FILE).write_text(text, encoding="utf-8", newline="\n")


def read_record(folder: Path) -> ModelRecord:
    """Read `model.yaml`.

    Raises:
        ModelError: It is of an unknown format (SP716), or not what this version writes (SP717).
    """
    import yaml
    from pydantic import ValidationError

    path = folder / RECORD_FILE
    try:
        document: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        if document["format"] != FORMAT:
            raise ModelError(
                "SP716",
                f"the model is of format {document['format']}; this version of smartprod reads format {FORMAT}",
                where=str(path),
                fix=f"use the version that saved it ({document.get('smartprod', 'unknown')}), or train again",
            )
        return ModelRecord(
            smartprod=document["smartprod"],
            run=document["run"],
            classes=document["classes"],
            encoders=tuple(EncoderRecord(**encoder) for encoder in document["encoders"]),
            config=Config.model_validate(document["config"]),
        )
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        yaml.YAMLError,
        ValidationError,
    ) as error:
        raise ModelError(
            "SP717",
            f"`{RECORD_FILE}` cannot be read: {error}",
            where=str(path),
            fix="use the version of smartprod that saved the model, or train again",
        ) from error


def _portable(config: Config) -> dict[str, Any]:
    values = portable_encoders(config).model_dump(mode="json")
    for section, keys in _LEFT_OUT.items():
        for key in keys:
            del values[section][key]
    return values
