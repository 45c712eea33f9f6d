"""Configuration of fine-tuning: image and text encoders that learn from the table."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from smartprod.config.learning import MetricLoss, MlpLoss, RowSampling
from smartprod.config.section import Fraction, Positive, Section

Precision = Literal["auto", "fp32", "bf16", "fp16"]
Augmentation = Literal["none", "crops", "simple", "randaugment", "trivialaugment"]
Background = Literal["none", "solid", "noise", "texture", "photos"]
DomainMethod = Literal["none", "adversarial", "coral"]
ClassWeights = Literal["none", "sqrt", "balanced"]
Tracker = Literal["tensorboard", "wandb", "mlflow"]
NotNegative = Annotated[float, Field(ge=0)]


class FinetuneTrainingConfig(Section):
    """How an encoder is trained further; the part that images and texts share."""

    encoder: str | None = None
    keep_original: bool = False
    learn_from: Literal["train", "train_and_val"] = "train"
    epochs: Annotated[int, Field(ge=1)] = 12
    frozen_epochs: Annotated[int, Field(ge=0)] = 1
    frozen_layers: Fraction = 0.0
    learning_rate: Positive = 5e-4
    head_learning_rate: Positive = 2e-3
    layer_decay: Annotated[float, Field(gt=0, le=1)] = 0.9
    warmup_epochs: NotNegative = 1.0
    weight_decay: NotNegative = 0.05
    batch_size: Annotated[int, Field(ge=2)] = 32
    accumulate: Annotated[int, Field(ge=1)] = 1
    gradient_clip: NotNegative = 1.0
    loss: MlpLoss = "cross_entropy"
    focal_gamma: NotNegative = 2.0
    logit_adjustment: NotNegative = 1.0
    metric_loss: Literal["none"] | MetricLoss = "none"
    metric_weight: Positive = 0.5
    samples_per_class: Annotated[int, Field(ge=2)] = 4
    label_smoothing: Fraction = 0.1
    class_weights: ClassWeights = "none"
    sampling: RowSampling = "rows"
    ema_decay: Annotated[float, Field(ge=0, lt=1)] = 0.99
    patience: Annotated[int, Field(ge=1)] = 6
    precision: Precision = "auto"
    hidden: Annotated[int, Field(ge=0)] = 0
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.2
    checkpoint_steps: Annotated[int, Field(ge=1)] = 200
    lora_rank: Annotated[int, Field(ge=0)] = 0


class AugmentationConfig(Section):
    """How photos are changed in training."""

    kind: Augmentation = "crops"
    smallest_crop: Annotated[float, Field(gt=0, le=1)] = 0.5
    magnitude: Annotated[float, Field(ge=0, le=10)] = 9.0
    operations: Annotated[int, Field(ge=1)] = 2
    mixup: NotNegative = 0.0
    cutmix: NotNegative = 0.0
    mixed_batches: Fraction = 1.0
    backgrounds: Background = "none"
    background_share: Fraction = 0.5
    background_photos: Annotated[str, Field(min_length=1)] | None = None
    mask_folder: Annotated[str, Field(min_length=1)] | None = None
    mask_column: Annotated[str, Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _check_backgrounds(self) -> AugmentationConfig:
        """Photos and masks need a folder."""
        if self.backgrounds == "photos" and self.background_photos is None:
            raise ValueError("backgrounds: photos needs background_photos, the folder they lie in")
        if self.mask_column is not None and self.mask_folder is None:
            raise ValueError("mask_column needs mask_folder, the folder that its paths start from")
        return self


class FinetuneDomainConfig(Section):
    """What makes the embeddings of learned and of unlabelled photos alike."""

    method: DomainMethod = "none"
    weight: Positive = 1.0
    hidden: Annotated[int, Field(ge=1)] = 256


class FinetuneImageConfig(FinetuneTrainingConfig):
    """How an image encoder is trained further."""

    image_size: Annotated[int, Field(ge=32)] | None = None
    training_size: Annotated[int, Field(ge=32)] | None = None
    original_share: Fraction = 0.0
    head_classes: Annotated[int, Field(ge=2)] | None = None
    tail_epochs: Annotated[int, Field(ge=1)] = 10
    tail_learning_rate: Fraction = 0.1
    tail_replay: Annotated[int, Field(ge=0)] = 20
    augmentation: AugmentationConfig = AugmentationConfig()
    domain: FinetuneDomainConfig = FinetuneDomainConfig()


class FinetuneTextConfig(FinetuneTrainingConfig):
    """How a text encoder is trained further."""

    epochs: Annotated[int, Field(ge=1)] = 8
    frozen_epochs: Annotated[int, Field(ge=0)] = 0
    learning_rate: Positive = 1e-4
    weight_decay: NotNegative = 0.01
    class_weights: ClassWeights = "sqrt"
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    patience: Annotated[int, Field(ge=1)] = 3
    max_tokens: Annotated[int, Field(ge=8)] | None = None


class FinetuneJointConfig(Section):
    """How much each loss counts where both encoders are trained together."""

    image_weight: NotNegative = 1.0
    text_weight: NotNegative = 1.0
    fused_weight: Positive = 1.0


class FinetuneConfig(Section):
    """Encoders that learn from the table before they embed it; off by default."""

    image: FinetuneImageConfig = FinetuneImageConfig()
    text: FinetuneTextConfig = FinetuneTextConfig()
    joint: FinetuneJointConfig = FinetuneJointConfig()
    trackers: tuple[Tracker, ...] = ()
