"""The typed configuration: every key, its type and its default; unknown keys are refused.

`configs/base.yaml` states the same defaults with a comment for each key; a test holds the two together.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from smartprod.config.finetuning import FinetuneConfig
from smartprod.config.learning import ClassifierConfig, DecideConfig, FuseConfig, ResampleConfig
from smartprod.config.section import Fraction, Positive, Section


class RunConfig(Section):
    """Where a run lives and what makes it repeatable."""

    name: Annotated[str, Field(pattern=r"^\w[\w.\-]*(/\w[\w.\-]*)*$")] = "run"
    folder: str = "runs"
    pipeline: str = "all"
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    threads: Annotated[int, Field(ge=1)] | None = None
    offline: Literal["auto", "yes", "no"] = "auto"


class ColumnsConfig(Section):
    """Which column of the table holds what; a name that the table lacks counts as absent."""

    id: str | None = "id"
    title: str | None = "title"
    description: str | None = "description"
    attributes: str | None = "attributes"
    images: tuple[str, ...] = ("image", "other_images")
    category: str | None = "category"
    split: str | None = "split"
    group: str | None = "group_id"
    domain: str | None = "domain"
    extra: tuple[str, ...] = ()


class ClassPolicyConfig(Section):
    """Which classes are learned: merges first, then drops, then rare classes, then the cap."""

    level: Annotated[int, Field(ge=1)] | None = None
    merge: dict[str, str] = Field(default_factory=dict)
    drop: tuple[str, ...] = ()
    min_rows: Annotated[int, Field(ge=1)] = 1
    rare: Literal["keep", "merge_to_parent", "drop"] = "keep"
    max_rows: Annotated[int, Field(ge=1)] | None = None


class DemoCatalogueConfig(Section):
    """The rendered demo catalogue, used where `catalog.path` is `demo`."""

    products: Annotated[int, Field(ge=60)] = 1200
    seed: Annotated[int, Field(ge=0)] = 0


class RemoteConfig(Section):
    """Images that a table lists by address: which of them are fetched, and how."""

    allow: bool = False
    schemes: tuple[Literal["https", "http", "s3", "gs", "az", "abfs"], ...] = ("https",)
    hosts: tuple[str, ...] = ()
    allow_private: bool = False
    connect_seconds: Positive = 5.0
    read_seconds: Positive = 10.0
    total_seconds: Positive = 60.0
    retries: Annotated[int, Field(ge=0, le=20)] = 3
    max_wait_seconds: Positive = 30.0
    redirects: Annotated[int, Field(ge=0, le=20)] = 5
    connections: Annotated[int, Field(ge=1, le=256)] = 16
    connections_per_host: Annotated[int, Field(ge=1, le=64)] = 4
    cache: str | None = None
    cache_gigabytes: Positive = 10.0
    cache_days: Positive = 30.0


class NativeConfig(Section):
    """How the formats of other systems are read: kazan, abo, fashion, labels, and images in folders."""

    image_folder: str | None = None
    languages: tuple[str, ...] = ("en",)
    image_column: str | None = None
    labels_column: str | None = None
    label_separator: Annotated[str, Field(min_length=1)] = ","
    level_separator: Annotated[str, Field(min_length=1)] = "/"
    first_folder: Literal["category", "part"] = "category"


class DomainsConfig(Section):
    """Where photos come from (`columns.domain`), for `fuse.align` and `finetune.image.domain`."""

    target: tuple[str, ...] = ()
    test_images: bool = False


class CatalogConfig(Section):
    """The product table and how to read it."""

    path: str = "demo"
    format: Literal[
        "auto", "csv", "tsv", "parquet", "jsonl", "folder", "kazan", "abo", "fashion", "labels"
    ] = "auto"
    encoding: str = "utf-8"
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    image_root: str | None = None
    labels: str | None = None
    category_separator: str = " > "
    categories_separator: str | None = None
    columns: ColumnsConfig = ColumnsConfig()
    native: NativeConfig = NativeConfig()
    classes: ClassPolicyConfig = ClassPolicyConfig()
    domains: DomainsConfig = DomainsConfig()
    max_field_characters: Annotated[int, Field(ge=1_000)] = 1_000_000
    max_bad_fraction: Fraction = 0.5
    remote: RemoteConfig = RemoteConfig()
    demo: DemoCatalogueConfig = DemoCatalogueConfig()


class CleanConfig(Section):
    """From HTML, attributes and short fields to one text."""

    fields: tuple[str, ...] = ("title", "attributes", "description")
    name_fields: bool = False
    skip_attributes: tuple[str, ...] = ()
    max_characters: Annotated[int, Field(ge=100)] = 20_000


class ExtractConfig(Section):
    """Encoders, and how images and texts reach them."""

    image: tuple[str, ...] = ("lite0",)
    text: tuple[str, ...] = ("minilm", "hashed-words")
    views: Literal["one", "flip", "five_crops"] = "one"
    layers: Literal["final", "several"] = "final"
    store: str | None = None
    runtime: Literal["auto", "torch", "onnxruntime"] = "auto"
    compile: bool = False
    text_precision: Literal["full", "int8"] = "full"
    part_rows: Annotated[int, Field(ge=1)] = 2_048
    images_per_product: Annotated[int, Field(ge=1)] = 1
    image_batch_size: Annotated[int, Field(ge=1)] | None = None
    text_batch_size: Annotated[int, Field(ge=1)] = 128
    decode_threads: Annotated[int, Field(ge=1)] | None = None
    max_image_megapixels: Annotated[float, Field(gt=0)] = 100.0
    max_image_megabytes: Annotated[float, Field(gt=0)] = 50.0

    @model_validator(mode="after")
    def _has_an_encoder(self) -> ExtractConfig:
        if not self.image and not self.text:
            raise ValueError(
                "image and text are both empty, so nothing would be read: name one encoder at least"
            )
        return self


class SplitConfig(Section):
    """Train, validation and test: the table's own column, or stratified and grouped."""

    use_column: bool = True
    val_fraction: Fraction = 0.15
    test_fraction: Fraction = 0.15
    group_by: tuple[Literal["group", "image", "text"], ...] = ("group", "image", "text")
    long_text_characters: Annotated[int, Field(ge=1)] = 120
    folds: Annotated[int, Field(ge=1)] = 5
    folds_up_to_rows: Annotated[int, Field(ge=0)] = 20_000


class ShotsConfig(Section):
    """Which classes count as small and as large in the report."""

    few: Annotated[int, Field(ge=1)] = 20
    many: Annotated[int, Field(ge=1)] = 100
    head_classes: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _in_order(self) -> ShotsConfig:
        if self.few > self.many:
            raise ValueError("few must not be above many")
        return self


class QualityConfig(Section):
    """What `smartprod doctor` and the stage `quality` look for."""

    near_image: Annotated[float, Field(gt=0, le=1)] = 0.95
    near_text: Annotated[float, Field(gt=0, le=1)] = 0.95
    least_rows: Annotated[int, Field(ge=1)] = 10
    shown: Annotated[int, Field(ge=0)] = 12


class ReportConfig(Section):
    """What the report shows."""

    confused_pairs: Annotated[int, Field(ge=0)] = 8
    examples_per_pair: Annotated[int, Field(ge=1)] = 4
    map_points: Annotated[int, Field(ge=50)] = 2_000
    macro_categories: Annotated[int, Field(ge=2)] | None = None
    explained_rows: Annotated[int, Field(ge=0, le=30)] = 6
    shots: ShotsConfig = ShotsConfig()


KeptProducts = Literal["none", "embeddings", "full"]
"""What a model keeps of some training products, from the least to the most."""


class ExportConfig(Section):
    """What the model folder holds besides the model."""

    reference: KeptProducts = "full"


class ScoreConfig(Section):
    """Batch scoring of new tables."""

    top_k: Annotated[int, Field(ge=1)] = 3
    part_rows: Annotated[int, Field(ge=1)] = 2_048
    max_bad_fraction: Fraction = 0.5


class EngineConfig(Section):
    """Where the parts of extraction and scoring are done; changes no result."""

    kind: Literal["local", "ray"] = "local"
    address: Annotated[str, Field(pattern=r"^(auto|[^\s/]+:\d+)$")] | None = None
    workers: Annotated[int, Field(ge=1)] | None = None
    threads_per_worker: Annotated[int, Field(ge=1)] | None = None
    gpus_per_worker: Annotated[float, Field(ge=0)] = 0.0


class Config(Section):
    """Everything a run can be told."""

    run: RunConfig = RunConfig()
    catalog: CatalogConfig = CatalogConfig()
    clean: CleanConfig = CleanConfig()
    extract: ExtractConfig = ExtractConfig()
    split: SplitConfig = SplitConfig()
    finetune: FinetuneConfig = FinetuneConfig()
    fuse: FuseConfig = FuseConfig()
    resample: ResampleConfig = ResampleConfig()
    classifier: ClassifierConfig = ClassifierConfig()
    decide: DecideConfig = DecideConfig()
    quality: QualityConfig = QualityConfig()
    report: ReportConfig = ReportConfig()
    export: ExportConfig = ExportConfig()
    score: ScoreConfig = ScoreConfig()
    engine: EngineConfig = EngineConfig()
