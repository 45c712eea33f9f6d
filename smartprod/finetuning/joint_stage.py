"""The stage `finetune-joint`: photos, texts and their classes to two encoders that learned together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartprod.errors import UsageError
from smartprod.finetuning.stage import check_finetuning, finetuning_identity
from smartprod.finetuning.text_stage import text_finetuning_identity
from smartprod.pipeline import RunFolder, StageContext, stage

if TYPE_CHECKING:
    import pyarrow as pa

    from smartprod.config import Config


def joint_identity(config: Config, run: RunFolder) -> str:
    """Describe both encoders to start from and the image files as they are now."""
    return f"{finetuning_identity(config, run)} {text_finetuning_identity(config, run)}"


def check_joint(config: Config) -> None:
    """Refuse what joint training lacks or does not do, before anything is computed.

    Raises:
        UsageError: An encoder is missing (SP464), or something is asked for that is not done here (SP465).
    """
    check_finetuning(config)
    for modality in ("image", "text"):
        if getattr(config.finetune, modality).encoder is None:
            raise UsageError(
                "SP464",
                f"Joint training needs an image and a text encoder to start from; finetune.{modality}.encoder is null.",
                where=f"finetune.{modality}.encoder",
                fix="Name one, or train one modality alone: `smartprod run finetune`.",
            )
    image = config.finetune.image
    changes = image.augmentation
    refused = {
        "augmentation.mixup": changes.mixup > 0,
        "augmentation.cutmix": changes.cutmix > 0,
        "augmentation.backgrounds": changes.backgrounds != "none",
        "domain.method": image.domain.method != "none",
        "head_classes": image.head_classes is not None,
        "training_size": image.training_size is not None,
    }
    asked = [key for key, given in refused.items() if given]
    if asked:
        raise UsageError(
            "SP465",
            f"Joint training does not do what finetune.image.{asked[0]} asks for.",
            where=", ".join(f"finetune.image.{key}" for key in asked),
            fix="Leave it at its default, or train the image encoder alone: `smartprod run finetune`.",
        )


@stage(
    "finetune-joint",
    reads=["products", "clean_text", "split"],
    writes=["image_encoder", "text_encoder", "joint_training"],
    config=[
        "finetune.image",
        "finetune.text",
        "finetune.joint",
        "extract.max_image_megapixels",
        "extract.max_image_megabytes",
    ],
    libraries=[
        "torch",
        "timm",
        "transformers",
        "sentence-transformers",
        "pytorch-metric-learning",
        "pillow",
        "simplejpeg",
    ],
    packages=["smartprod.encoders"],
    identity=joint_identity,
    check=check_joint,
)
def finetune_joint(
    context: StageContext, products: pa.Table, clean_text: pa.Table, split: pa.Table
) -> dict[str, object]:
    """Train an image and a text encoder together: loss of the image, of the text and of both."""
    from smartprod.finetuning.joint_training import train_both_encoders

    folders = context.folder("image_encoder"), context.folder("text_encoder")
    history = train_both_encoders(context, products, clean_text, split, folders)
    return {"image_encoder": folders[0], "text_encoder": folders[1], "joint_training": history}
