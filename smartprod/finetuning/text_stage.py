"""The stage `finetune-text`: texts and their classes to an encoder that knows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartprod.finetuning.stage import check_finetuning, train_nothing
from smartprod.pipeline import RunFolder, StageContext, stage

if TYPE_CHECKING:
    import pyarrow as pa

    from smartprod.config import Config


def text_finetuning_identity(config: Config, run: RunFolder) -> str:
    """Describe the encoder to start from, without opening it."""
    del run
    from smartprod.encoders import encoder_identity

    name = config.finetune.text.encoder
    return "" if name is None else encoder_identity(name)


@stage(
    "finetune-text",
    reads=["clean_text", "split"],
    writes=["text_encoder", "text_training"],
    config=["finetune.text"],
    libraries=["torch", "transformers", "sentence-transformers", "timm", "pytorch-metric-learning"],
    packages=["smartprod.encoders"],
    identity=text_finetuning_identity,
    check=check_finetuning,
)
def finetune_text(context: StageContext, clean_text: pa.Table, split: pa.Table) -> dict[str, object]:
    """Train a text encoder further on the texts of the training rows."""
    if context.config.finetune.text.encoder is None:
        return train_nothing(context, "text")
    folder = context.folder("text_encoder")
    from smartprod.finetuning.text_training import train_text_encoder

    return {"text_encoder": folder, "text_training": train_text_encoder(context, clean_text, split, folder)}
