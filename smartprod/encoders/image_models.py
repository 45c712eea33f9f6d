"""Image models by name or folder: timm and transformers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from smartprod.encoders.images import PixelEncoder, open_image_encoder
from smartprod.encoders.preprocessing import ImagePreprocessing, Interpolation
from smartprod.encoders.runtimes import is_convolutional
from smartprod.encoders.sources import hash_folder, resolve_folder
from smartprod.encoders.torchvision_mend import import_torchvision
from smartprod.errors import EncoderError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    import torch

    from smartprod.encoders.runtimes import RuntimeOptions
    from smartprod.encoders.specs import EncoderSpec
    from smartprod.encoders.views import PictureOptions


@dataclass(frozen=True, slots=True, eq=False)
class ReadImageModel:
    """An image model as it was read from its folder.

    Attributes:
        folder: Where its files are.
        model: The library's own model.
        module: The same, normalised float `[B, 3, S, S]` to `[B, D]`.
        preprocessing: How it wants its pictures.
        processor: Of transformers, what prepares pictures; None of timm.
    """

    folder: Path
    model: Any
    module: torch.nn.Module
    preprocessing: ImagePreprocessing
    processor: Any = None


def open_timm(spec: EncoderSpec, options: RuntimeOptions, picture: PictureOptions) -> PixelEncoder:
    """Open a timm model: its pooled output before the classifier.

    Raises:
        UsageError: (SP413) timm has no such model.
        EncoderError: Its files are missing (SP402, SP403) or cannot be loaded (SP408).
    """
    return _open_read(read_timm(spec), spec, options, picture, library="timm")


def read_timm(spec: EncoderSpec) -> ReadImageModel:
    """Read a timm model without its classifier.

    Raises:
        UsageError: (SP413) timm has no such model.
        EncoderError: Its files are missing (SP402, SP403) or cannot be loaded (SP408).
    """
    import_torchvision()
    import timm
    from timm.data import resolve_data_config

    folder = resolve_folder(spec, repository=_timm_repository(spec))
    try:
        model = timm.create_model(f"local-dir:{folder}", pretrained=True, num_classes=0)
    except Exception as error:
        raise cannot_load(spec, folder, error) from error
    settings = resolve_data_config({}, model=model, use_test_size=True)
    return ReadImageModel(folder, model, model, _timm_preprocessing(spec, settings))


def _timm_repository(spec: EncoderSpec) -> str:
    if spec.folder is not None or "/" in spec.location:
        return spec.location
    import timm

    settings = (
        timm.get_pretrained_cfg(spec.location) if timm.is_model(spec.location.partition(".")[0]) else None
    )
    if settings is None or not settings.hf_hub_id:
        close = get_close_matches(spec.location, timm.list_pretrained(), n=3)
        hint = f"Did you mean {' or '.join(close)}? " if close else ""
        raise UsageError(
            "SP413",
            f"timm has no pretrained model named {spec.location!r}.",
            where=f"encoder {spec.name}",
            fix=hint + "Its names have the form <architecture>.<weights>.",
        )
    repository: str = settings.hf_hub_id
    return f"timm/{spec.location}" if repository == "timm/" else repository


def _timm_preprocessing(spec: EncoderSpec, settings: dict[str, Any]) -> ImagePreprocessing:
    channels, height, width = settings["input_size"]
    if channels != 3:
        raise _unsupported(spec, f"it takes {channels} channels instead of 3")
    scaled = (math.floor(height / settings["crop_pct"]), math.floor(width / settings["crop_pct"]))
    whole = settings.get("crop_mode") == "squash" or height != width
    return ImagePreprocessing(
        resize=scaled if whole else scaled[0],
        crop=(height, width),
        interpolation=_interpolation(settings["interpolation"]),
        mean=_triple(settings["mean"]),
        std=_triple(settings["std"]),
        rounding="half_even",
    )


def open_transformers_image(
    spec: EncoderSpec, options: RuntimeOptions, picture: PictureOptions
) -> PixelEncoder:
    """Open a transformers vision model: its own pooled output where its weights have one, else the first token.

    For BEiT that is the layer-normalised mean of the patch tokens; a pooler that the weights lack (ViT) would be
    random, so the class token is taken instead.

    Raises:
        EncoderError: Its files are missing (SP402, SP403) or cannot be loaded (SP408).
    """
    return _open_read(read_transformers_image(spec), spec, options, picture, library="transformers-image")


def read_transformers_image(spec: EncoderSpec) -> ReadImageModel:
    """Read a transformers vision model, with the pooling that `open_transformers_image` describes.

    Raises:
        EncoderError: Its files are missing (SP402, SP403) or cannot be loaded (SP408).
    """
    import_torchvision()
    from transformers import AutoImageProcessor, AutoModel

    folder = resolve_folder(spec, repository=spec.location)
    try:
        processor = AutoImageProcessor.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        model, account = AutoModel.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False, output_loading_info=True
        )
    except Exception as error:
        raise cannot_load(spec, folder, error) from error
    has_pooler = check_weights_complete(spec, folder, account["missing_keys"])
    return ReadImageModel(
        folder,
        model,
        _pooled_vision_model(model, has_pooler=has_pooler),
        _processor_preprocessing(spec, processor),
        processor,
    )


def _pooled_vision_model(model: Any, *, has_pooler: bool) -> torch.nn.Module:
    import torch

    class PooledVisionModel(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            if hasattr(self.model, "get_image_features"):  # CLIP and its kin: the tower's projected output
                output = self.model.get_image_features(pixel_values=pixels)
                return output if isinstance(output, torch.Tensor) else output.pooler_output
            output = self.model(pixel_values=pixels)
            pooled = getattr(output, "pooler_output", None)
            if pooled is not None and has_pooler:
                return pooled.flatten(1)
            hidden = output.last_hidden_state
            return hidden.mean((2, 3)) if hidden.ndim == 4 else hidden[:, 0]

    return PooledVisionModel()


def _processor_preprocessing(spec: EncoderSpec, processor: Any) -> ImagePreprocessing:
    size = dict(processor.size)
    shortest = size.get("shortest_edge")
    resize = int(shortest) if shortest else (int(size["height"]), int(size["width"]))
    crop = (resize, resize) if isinstance(resize, int) else resize
    if getattr(processor, "do_center_crop", False):
        wanted = dict(processor.crop_size)
        crop = (int(wanted["height"]), int(wanted["width"]))
    elif isinstance(resize, int) and (share := getattr(processor, "crop_pct", None)):
        resize = int(resize / share)  # ConvNeXt: `shortest_edge` names the size after the crop
    largest = min(resize, resize) if isinstance(resize, int) else min(resize)
    if max(crop) > largest and not isinstance(resize, int):
        raise _unsupported(spec, f"it crops {crop} out of images resized to {resize}")
    return ImagePreprocessing(
        resize=max(resize, *crop) if isinstance(resize, int) else resize,
        crop=crop,
        interpolation=_interpolation(processor.resample),
        mean=_triple(processor.image_mean or (0.0, 0.0, 0.0)),
        std=_triple(processor.image_std or (1.0, 1.0, 1.0)),
    )


def _interpolation(name: Any) -> Interpolation:
    """Map timm's names and Pillow's numbers to the two antialiased filters that torch has on uint8."""
    return "bilinear" if name in ("bilinear", 2) else "bicubic"


def _triple(values: Any) -> tuple[float, float, float]:
    red, green, blue = (float(value) for value in values)
    return red, green, blue


def check_weights_complete(spec: EncoderSpec, folder: Path, missing: Any) -> bool:
    """Refuse a model whose weights are not all there, and say whether its pooler is.

    Raises:
        EncoderError: (SP409) Weights other than the pooler's are missing, so they would be random numbers.
    """
    lost = sorted(key for key in missing if "pooler" not in key)
    if lost:
        raise EncoderError(
            "SP409",
            f"The weights of the encoder {spec.name!r} lack {len(lost)} tensors, such as {lost[0]}.",
            where=str(folder),
            fix="Give a folder or repository with the weights of the whole model.",
        )
    return not missing


def cannot_load(spec: EncoderSpec, folder: Path, error: Exception) -> EncoderError:
    """Tell a library's failure to load a model as one coded error."""
    reason = (str(error).strip().splitlines() or [""])[0]
    return EncoderError(
        "SP408",
        f"The encoder {spec.name!r} could not be loaded: {type(error).__name__}: {reason[:300]}",
        where=str(folder),
        fix="Check that the folder is complete and that its model suits the kind named before the colon. Code that "
        "comes with a model is never run, and weights are read as safetensors or as plain tensors only.",
    )


def _unsupported(spec: EncoderSpec, reason: str) -> EncoderError:
    return EncoderError(
        "SP410",
        f"The image model {spec.name!r} cannot be used: {reason}.",
        fix="Choose a model for RGB images.",
    )


def _open_read(
    read: ReadImageModel,
    spec: EncoderSpec,
    options: RuntimeOptions,
    picture: PictureOptions,
    *,
    library: str,
) -> PixelEncoder:
    return open_image_encoder(
        name=spec.name,
        source_hash=f"{library} {hash_folder(read.folder)}",
        preprocessing=read.preprocessing,
        convolutional=is_convolutional(read.model),
        build=lambda: read.module,
        options=options,
        picture=picture,
    )
