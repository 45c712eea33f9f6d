"""Encoders by name: open one, list what there is, and identify one without loading it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, overload

from smartprod.encoders.catalogue import CATALOGUE
from smartprod.encoders.embedded import EMBEDDED, is_installed
from smartprod.encoders.sources import is_in_hub_cache, stat_folder
from smartprod.encoders.specs import parse_spec
from smartprod.errors import UsageError

if TYPE_CHECKING:
    from smartprod.config.schema import ExtractConfig
    from smartprod.encoders.base import ImageEncoder, Modality, TextEncoder
    from smartprod.encoders.specs import EncoderSpec
    from smartprod.encoders.texts import TextModel


@dataclass(frozen=True, slots=True)
class EncoderEntry:
    """One line of `smartprod encoders`.

    Attributes:
        name: The short name to write into the configuration.
        modality: `image` or `text`.
        dim: Length of one embedding.
        source: `embedded`, `hashed`, or the full spec that the name stands for.
        offline: Whether it works now without a network.
        note: What it is good for.
    """

    name: str
    modality: Modality
    dim: int
    source: str
    offline: bool
    note: str


def list_encoders() -> list[EncoderEntry]:
    """List the encoders that have a short name, embedded ones first."""
    return [
        EncoderEntry(
            name=name,
            modality=entry.modality,
            dim=entry.dim,
            source=entry.spec,
            offline=_works_offline(parse_spec(name)),
            note=entry.note,
        )
        for name, entry in CATALOGUE.items()
    ]


def _works_offline(spec: EncoderSpec) -> bool:
    if spec.kind == "hashed":
        return True
    if spec.kind == "embedded":
        return is_installed(EMBEDDED[spec.location])
    repository = spec.location if "/" in spec.location else f"timm/{spec.location}"
    return is_in_hub_cache(repository)


@overload
def load_encoder(
    name: str, *, modality: Literal["image"], config: ExtractConfig, threads: int
) -> ImageEncoder: ...
@overload
def load_encoder(
    name: str, *, modality: Literal["text"], config: ExtractConfig, threads: int
) -> TextEncoder: ...
def load_encoder(
    name: str, *, modality: Modality, config: ExtractConfig, threads: int
) -> ImageEncoder | TextEncoder:
    """Open an encoder by the name that the configuration gives it.

    Args:
        name: Short name or spec, see `smartprod encoders`.
        modality: What it is wanted for.
        config: Runtime and batch sizes.
        threads: Threads for a text model; an image model on the processor runs in the threads that call it.

    Raises:
        UsageError: The name is unknown (SP401, SP413), or it names an encoder of the other modality (SP412).
        EncoderError: Its files are missing, damaged or cannot be loaded (SP402 to SP411).
    """
    spec = parse_spec(name)
    if spec.modality != modality:
        raise UsageError(
            "SP412",
            f"{name!r} encodes {spec.modality}s, and was named for {modality}s.",
            where=f"extract.{modality}",
            fix=f"Move it to extract.{spec.modality}.",
        )
    return _open_image(spec, config) if modality == "image" else _open_text(spec, config, threads)


def _open_image(spec: EncoderSpec, config: ExtractConfig) -> ImageEncoder:
    from smartprod.encoders import image_models, images
    from smartprod.encoders.runtimes import RuntimeOptions
    from smartprod.encoders.views import PictureOptions

    options = RuntimeOptions(config.runtime, config.image_batch_size, config.compile)
    picture = PictureOptions(config.views, config.layers)
    if spec.kind == "embedded":
        return images.open_lite0(options, picture)
    opener = image_models.open_timm if spec.kind == "timm" else image_models.open_transformers_image
    return opener(spec, options, picture)


def _open_text(spec: EncoderSpec, config: ExtractConfig, threads: int) -> TextEncoder:
    if spec.kind == "hashed":
        from smartprod.encoders.hashed_words import HashedWordsEncoder

        return HashedWordsEncoder()
    from smartprod.encoders.int8 import to_int8
    from smartprod.encoders.texts import TokenEncoder

    model = open_text_model(spec)
    if config.text_precision == "int8":
        model = to_int8(model, threads=threads)
    return TokenEncoder(model, batch_size=config.text_batch_size, threads=threads)


def open_text_model(spec: EncoderSpec) -> TextModel:
    """Open a text model that has weights, in torch, before it is given texts.

    Raises:
        EncoderError: Its files are missing, damaged or cannot be loaded (SP402 to SP411).
    """
    from smartprod.encoders import text_models

    if spec.kind == "embedded":
        return text_models.open_minilm()
    if spec.kind == "sentence-transformers":
        return text_models.open_sentence_transformers(spec)
    return text_models.open_transformers_text(spec)


def has_weights(name: str) -> bool:
    """Whether an encoder is a model that could learn; `hashed-words` is none."""
    return parse_spec(name).kind != "hashed"


def encoder_identity(name: str) -> str:
    """Describe an encoder's weights cheaply, without opening it or importing a model library.

    Hashed: how it hashes. Embedded: the known SHA-256. Folder: sizes and times of its files. Hub: repository and revision.
    """
    spec = parse_spec(name)
    if spec.kind == "hashed":
        from smartprod.encoders.hashed_words import HashedWordsEncoder

        detail = HashedWordsEncoder.weights_hash
    elif spec.kind == "embedded":
        detail = EMBEDDED[spec.location].sha256
    elif spec.folder is not None:
        detail = stat_folder(spec.folder)
    else:
        detail = spec.revision or "main"
    return f"{spec.kind}:{spec.location}:{detail}"
