"""Configuration of what happens after extraction: fusion, resampling, classifiers and decisions."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from smartprod.config.section import Fraction, Positive, Section

ClassifierKind = Literal[
    "logistic", "mlp", "lightgbm", "prototype", "neighbours", "discriminant", "two_level"
]
FusionKind = Literal["concat", "metric", "gated", "cross_attention", "stack"]
OpenSetMethod = Literal["rmds", "knn", "energy", "max_softmax", "mahalanobis", "vim", "none"]
Normalisation = Literal["l2", "standard", "whiten"]
AlignmentMethod = Literal["none", "mean", "standard", "coral"]
MetricLoss = Literal["arcface", "subcenter_arcface", "proxy_anchor", "supcon", "multi_similarity", "triplet"]
MetricMiner = Literal["auto", "none", "semihard", "hard", "multi_similarity"]
PAIR_LOSSES: tuple[MetricLoss, ...] = ("supcon", "multi_similarity", "triplet")
"""Losses of pairs or triplets of rows; the others compare rows with proxies of the classes."""
MlpLoss = Literal["cross_entropy", "focal", "logit_adjusted"]
RowSampling = Literal["rows", "sqrt", "balanced"]
Cosine = Annotated[float, Field(ge=-1, le=1)]
ResampleMethod = Literal[
    "none",
    "random_over",
    "random_under",
    "smote",
    "borderline_smote",
    "adasyn",
    "smote_tomek",
    "smote_enn",
    "tomek_links",
    "edited_nearest_neighbours",
    "cluster_centroids",
    "near_miss",
]


class ConcatConfig(Section):
    """Concatenation, which metric learning starts from too."""

    normalise: Normalisation = "l2"


class MetricLearningConfig(Section):
    """The projection head trained with a metric-learning loss (pytorch-metric-learning)."""

    loss: MetricLoss = "supcon"
    miner: MetricMiner = "auto"
    cross_batch_memory: Annotated[int, Field(ge=0)] = 0
    dim: Annotated[int, Field(ge=2)] = 128
    hidden: Annotated[int, Field(ge=0)] = 256
    dropout: Fraction = 0.2
    epochs: Annotated[int, Field(ge=1)] = 30
    batch_size: Annotated[int, Field(ge=4)] = 128
    samples_per_class: Annotated[int, Field(ge=1)] = 4
    learning_rate: Positive = 1e-3
    weight_decay: Annotated[float, Field(ge=0)] = 1e-4
    patience: Annotated[int, Field(ge=1)] = 5

    @model_validator(mode="after")
    def _check_pairs(self) -> MetricLearningConfig:
        """A miner and a memory are for losses of pairs, and a memory holds at least a batch."""
        if self.loss not in PAIR_LOSSES and (self.miner not in {"auto", "none"} or self.cross_batch_memory):
            raise ValueError(
                f"the loss {self.loss} compares no pairs: it takes no miner and no cross_batch_memory"
            )
        if 0 < self.cross_batch_memory < self.batch_size:
            raise ValueError("cross_batch_memory is 0 (off) or at least batch_size")
        return self


class FusionNetworkConfig(Section):
    """What fusion networks share: modality dropout, learned embeddings for what is missing."""

    dim: Annotated[int, Field(ge=2)] = 256
    dropout: Fraction = 0.3
    modality_dropout: Fraction = 0.2
    epochs: Annotated[int, Field(ge=1)] = 40
    batch_size: Annotated[int, Field(ge=4)] = 128
    learning_rate: Positive = 1e-3
    weight_decay: Annotated[float, Field(ge=0)] = 1e-3
    patience: Annotated[int, Field(ge=1)] = 10


class GatedConfig(FusionNetworkConfig):
    """Gated fusion: modalities weighted per product."""


class CrossAttentionConfig(FusionNetworkConfig):
    """Attention between the embeddings of all encoders."""

    layers: Annotated[int, Field(ge=1)] = 1
    heads: Annotated[int, Field(ge=1)] = 4

    @model_validator(mode="after")
    def _heads_divide(self) -> CrossAttentionConfig:
        if self.dim % self.heads:
            raise ValueError("dim must be a multiple of heads")
        return self


class AlignConfig(Section):
    """How image embeddings of other domains are moved to where those of the target domain lie."""

    method: AlignmentMethod = "none"


class FuseConfig(Section):
    """Candidates for the fused head; the best on validation is kept."""

    align: AlignConfig = AlignConfig()
    candidates: Annotated[tuple[FusionKind, ...], Field(min_length=1)] = (
        "concat",
        "metric",
        "gated",
        "stack",
    )
    concat: ConcatConfig = ConcatConfig()
    metric: MetricLearningConfig = MetricLearningConfig()
    gated: GatedConfig = GatedConfig()
    cross_attention: CrossAttentionConfig = CrossAttentionConfig()


class OtherImagesConfig(Section):
    """Other images of the products of small classes, added to the training rows."""

    minimum: Annotated[int, Field(ge=0)] = 0
    up_to: Annotated[int, Field(ge=1)] = 400
    similarity: Cosine = 0.5
    exceptions: dict[str, Cosine] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _minimum_can_be_reached(self) -> OtherImagesConfig:
        if self.minimum > self.up_to:
            raise ValueError("up_to must not be below minimum")
        return self


class ResampleConfig(Section):
    """Class balance of the training rows, in embedding space."""

    method: ResampleMethod = "none"
    neighbours: Annotated[int, Field(ge=1)] = 5
    other_images: OtherImagesConfig = OtherImagesConfig()


class LogisticConfig(Section):
    """Multinomial logistic regression."""

    C: Annotated[tuple[Positive, ...], Field(min_length=1)] = (30.0, 300.0)
    max_iterations: Annotated[int, Field(ge=10)] = 400


class MlpConfig(Section):
    """A neural classifier on embeddings."""

    hidden: Annotated[int, Field(ge=0)] = 256
    dropout: Fraction = 0.4
    epochs: Annotated[int, Field(ge=1)] = 40
    batch_size: Annotated[int, Field(ge=4)] = 128
    learning_rate: Positive = 2e-3
    weight_decay: Annotated[float, Field(ge=0)] = 1e-2
    loss: MlpLoss = "cross_entropy"
    focal_gamma: Annotated[float, Field(ge=0)] = 2.0
    sampling: RowSampling = "rows"
    label_smoothing: Fraction = 0.05
    patience: Annotated[int, Field(ge=1)] = 10
    batch_norm: bool = False
    head_classes: Annotated[int, Field(ge=2)] | None = None
    tail_epochs: Annotated[int, Field(ge=1)] = 10


class LightgbmConfig(Section):
    """Gradient-boosted trees."""

    rounds: Annotated[int, Field(ge=1)] = 200
    learning_rate: Positive = 0.1
    leaves: Annotated[int, Field(ge=2)] = 15
    min_rows_per_leaf: Annotated[int, Field(ge=1)] = 5
    feature_fraction: Annotated[float, Field(gt=0, le=1)] = 0.2
    patience: Annotated[int, Field(ge=1)] = 15
    directions: Annotated[int, Field(ge=2)] | None = 128


class PrototypeConfig(Section):
    """Nearest class mean on the unit sphere."""

    temperature: Positive = 0.05


class NeighboursConfig(Section):
    """Nearest neighbours by cosine; the nearer, the more their vote weighs."""

    neighbours: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)] = (3, 5, 10, 20)
    temperature: Positive = 0.05
    rows_per_class: Annotated[int, Field(ge=1)] = 300


class TwoLevelConfig(Section):
    """Logistic regression on two levels: coarse classes, and the classes within each."""

    level: Annotated[int, Field(ge=1)] | None = 1
    C: Positive = 30.0


class DiscriminantConfig(Section):
    """Linear discriminant analysis with a shrunk covariance."""

    shrinkage: Fraction = 0.2


class ClassifierConfig(Section):
    """The classifier on top of embeddings: `auto` compares `candidates` on validation."""

    kind: Literal["auto"] | ClassifierKind = "auto"
    candidates: Annotated[tuple[ClassifierKind, ...], Field(min_length=1)] = ("logistic", "mlp", "prototype")
    metric: Literal["macro_f1", "accuracy", "log_loss"] = "macro_f1"
    class_weight: Literal["auto", "balanced", "sqrt", "none"] = "auto"
    time_limit: Positive | None = None
    logit_adjustment: Annotated[float, Field(gt=0)] | None = None
    logistic: LogisticConfig = LogisticConfig()
    mlp: MlpConfig = MlpConfig()
    lightgbm: LightgbmConfig = LightgbmConfig()
    prototype: PrototypeConfig = PrototypeConfig()
    neighbours: NeighboursConfig = NeighboursConfig()
    discriminant: DiscriminantConfig = DiscriminantConfig()
    two_level: TwoLevelConfig = TwoLevelConfig()


class OpenSetConfig(Section):
    """When a product is unlike everything seen in training: the answer is `other`."""

    method: OpenSetMethod = "rmds"
    false_rejection_rate: Fraction = 0.01
    neighbours: Annotated[int, Field(ge=1)] = 1
    rows_per_class: Annotated[int, Field(ge=1)] = 300


class DecideConfig(Section):
    """How heads, thresholds and rejection make one answer."""

    mode: Literal["fused", "image-then-text", "cheapest-first"] = "fused"
    cheapest: Literal["auto", "words", "image", "text"] = "auto"
    cheapest_may_lose: Fraction = 0.005
    calibration: Literal["auto", "temperature", "vector", "isotonic", "none"] = "auto"
    target_accuracy: Fraction = 0.95
    confidence_level: Annotated[float, Field(gt=0, lt=1)] = 0.9
    review_below: Fraction | None = None
    back_off: bool = True
    costs: Annotated[str, Field(min_length=1)] | None = None
    prediction_sets: Annotated[float, Field(gt=0, lt=1)] | None = None
    open_set: OpenSetConfig = OpenSetConfig()
