"""The stage `finetune-image`: photos and their classes to an encoder that knows them."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from smartprod.finetuning.trackers import check_trackers
from smartprod.pipeline import RunFolder, StageContext, stage

if TYPE_CHECKING:
    import pyarrow as pa

    from smartprod.config import Config
    from smartprod.encoders import Modality


def finetuning_identity(config: Config, run: RunFolder) -> str:
    """Describe the encoder to start from and the image files as they are now, without opening either."""
    from smartprod.embeddings import image_files_identity
    from smartprod.encoders import encoder_identity

    name = config.finetune.image.encoder
    if name is None:
        return ""
    return f"{encoder_identity(name)} {image_files_identity(run)}"


def check_finetuning(config: Config) -> None:
    """Refuse trackers that are not installed, before anything is computed."""
    check_trackers(config.finetune.trackers)


@stage(
    "finetune-image",
    reads=["products", "split"],
    writes=["image_encoder", "image_training"],
    config=[
        "finetune.image",
        "catalog.domains",
        "extract.max_image_megapixels",
        "extract.max_image_megabytes",
    ],
    libraries=["torch", "timm", "transformers", "pytorch-metric-learning", "pillow", "simplejpeg"],
    packages=["smartprod.encoders"],
    identity=finetuning_identity,
    check=check_finetuning,
)
def finetune_image(context: StageContext, products: pa.Table, split: pa.Table) -> dict[str, object]:
    """Train an image encoder further on the photos of the training rows."""
    if context.config.finetune.image.encoder is None:
        return train_nothing(context, "image")
    folder = context.folder("image_encoder")
    from smartprod.finetuning.image_training import train_image_encoder

    return {"image_encoder": folder, "image_training": train_image_encoder(context, products, split, folder)}


def train_nothing(context: StageContext, modality: Modality) -> dict[str, object]:
    """Leave a modality's encoders as they are, and say so in both artefacts."""
    from smartprod.embeddings import save_no_encoder

    folder = context.folder(f"{modality}_encoder")
    told = (
        f"finetune.{modality}.encoder is null: nothing is trained, "
        f"and extraction takes the encoders of extract.{modality}"
    )
    context.say(told)
    save_no_encoder(folder, note=told)
    return {f"{modality}_encoder": folder, f"{modality}_training": {"epochs": [], "note": told}}


def training_key(context: StageContext, *more: object) -> str:
    """Describe what a training depends on: a checkpoint of another one is not gone on from."""
    described = json.dumps([dict(context.depends_on), *map(str, more)], sort_keys=True)
    return hashlib.sha256(described.encode()).hexdigest()
