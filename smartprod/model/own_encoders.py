"""Encoders that travel with a model: those with a name of their own, whose files would not be found elsewhere.

In `model.yaml` such an encoder is named relative to the model folder: `finetuned-image=timm:./encoders/finetuned-image`.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from smartprod.encoders import OwnEncoder, own_encoder

if TYPE_CHECKING:
    from pathlib import Path

    from smartprod.config import Config

ENCODERS_FOLDER = "encoders"
_LEAD = f"./{ENCODERS_FOLDER}/"


def copy_encoders(config: Config, folder: Path) -> None:
    """Copy the encoders with a name of their own into a model folder; those that lie in it already stay."""
    for name in (*config.extract.image, *config.extract.text):
        own = own_encoder(name)
        if own is not None and not (folder / ENCODERS_FOLDER / own.name).exists():
            shutil.copytree(own.folder, folder / ENCODERS_FOLDER / own.name)


def portable_encoders(config: Config) -> Config:
    """Name the encoders that travel with the model relative to its folder."""
    return _renamed(config, lambda own: f"{own.name}={own.kind}:{_LEAD}{own.name}")


def located_encoders(config: Config, folder: Path) -> Config:
    """Name the encoders that travel with a model by where its folder is now."""

    def locate(own: OwnEncoder) -> str:
        if own.location != f"{_LEAD}{own.name}":
            return own.spec
        return f"{own.name}={own.kind}:{folder.absolute() / ENCODERS_FOLDER / own.name}"

    return _renamed(config, locate)


def _renamed(config: Config, rename: Callable[[OwnEncoder], str]) -> Config:
    update: dict[str, Any] = {
        modality: tuple(
            name if (own := own_encoder(name)) is None else rename(own)
            for name in getattr(config.extract, modality)
        )
        for modality in ("image", "text")
    }
    return config.model_copy(update={"extract": config.extract.model_copy(update=update)})
