"""Image models that can be trained further, and how they are saved so that they can be opened again by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smartprod.encoders.specs import parse_spec
from smartprod.errors import UsageError

if TYPE_CHECKING:
    import torch

    from smartprod.encoders.preprocessing import ImagePreprocessing
    from smartprod.encoders.specs import EncoderSpec, Kind


@dataclass(frozen=True, slots=True, eq=False)
class TrainableImageModel:
    """An image model with all its weights free, before it is given a classifier.

    Attributes:
        name: As the configuration names it.
        kind: The library that opens what `save` writes: `timm` or `transformers-image`.
        module: Normalised float `[B, 3, S, S]` to pooled float `[B, dim]`.
        preprocessing: How it wants its pictures.
        dim: Length of its output.
        convolutional: Whether most of its weights are convolutions.
        save: Writes weights and settings to a folder, in the layout of the hub.
    """

    name: str
    kind: Kind
    module: torch.nn.Module
    preprocessing: ImagePreprocessing
    dim: int
    convolutional: bool
    save: Callable[[Path], None]


def open_trainable_image(name: str, *, image_size: int | None = None) -> TrainableImageModel:
    """Open an image model to train it: `lite0`, a timm or a transformers model.

    Args:
        name: As in `extract.image`.
        image_size: Side of the pictures in pixels; None for the size that the model was made for.

    Raises:
        UsageError: The name is unknown (SP401, SP413), is no image encoder (SP440), or the model cannot take pictures of
            that size (SP441).
        EncoderError: Its files are missing (SP402, SP403) or cannot be loaded (SP408).
    """
    spec = parse_spec(name)
    if spec.modality != "image":
        raise UsageError(
            "SP440",
            f"{name!r} encodes texts, and was named to be trained on images.",
            where="finetune.image.encoder",
            fix="Name an image encoder: `smartprod encoders` lists them.",
        )
    if spec.kind == "transformers-image":
        return _open_transformers(spec, image_size)
    return _open_timm(spec, image_size)


def _open_timm(spec: EncoderSpec, image_size: int | None) -> TrainableImageModel:
    from smartprod.encoders.embedded import LITE0_PREPROCESSING, build_lite0
    from smartprod.encoders.image_models import read_timm
    from smartprod.encoders.runtimes import is_convolutional

    if spec.kind == "embedded":
        model: Any = build_lite0()
        preprocessing = LITE0_PREPROCESSING
    else:
        read = read_timm(spec)
        model, preprocessing = read.model, read.preprocessing
    if image_size is not None:
        preprocessing = _resized(spec, model, preprocessing, image_size)

    def save(folder: Path) -> None:
        import timm

        _lay_out_plainly(model)
        timm.models.save_for_hf(
            model, folder, safe_serialization=True, data_config=_timm_settings(preprocessing)
        )

    return TrainableImageModel(
        spec.name, "timm", model, preprocessing, int(model.num_features), is_convolutional(model), save
    )


def _timm_settings(preprocessing: ImagePreprocessing) -> dict[str, Any]:
    """Say in timm's words how pictures are prepared."""
    whole = not isinstance(preprocessing.resize, int)
    share = 1.0 if whole else preprocessing.crop[0] / preprocessing.resize  # type: ignore[operator]
    return {
        "input_size": (3, *preprocessing.crop),
        "interpolation": preprocessing.interpolation,
        "mean": preprocessing.mean,
        "std": preprocessing.std,
        "crop_pct": share,
        "crop_mode": "squash" if whole else "center",
    }


def _resized(spec: EncoderSpec, model: Any, plain: ImagePreprocessing, image_size: int) -> ImagePreprocessing:
    """Let a timm model take pictures of another size, in the same proportion to the crop."""
    if hasattr(model, "set_input_size"):
        model.set_input_size(img_size=image_size)
    elif model.pretrained_cfg.get("fixed_input_size"):
        raise _fixed_size(spec)
    if not isinstance(plain.resize, int):
        return replace(plain, resize=(image_size, image_size), crop=(image_size, image_size))
    return replace(
        plain, resize=round(plain.resize * image_size / plain.crop[0]), crop=(image_size, image_size)
    )


def _open_transformers(spec: EncoderSpec, image_size: int | None) -> TrainableImageModel:
    import torch

    from smartprod.encoders.image_models import read_transformers_image
    from smartprod.encoders.runtimes import is_convolutional

    read = read_transformers_image(spec)
    if image_size is not None and (image_size, image_size) != read.preprocessing.crop:
        raise _fixed_size(spec)
    with torch.no_grad():  # BEiT remembers tensors, which must not be those of inference mode
        dim = int(read.module.eval()(torch.zeros(1, 3, *read.preprocessing.crop)).shape[1])

    def save(folder: Path) -> None:
        _lay_out_plainly(read.model)
        read.model.save_pretrained(folder, safe_serialization=True)
        read.processor.save_pretrained(folder)

    return TrainableImageModel(
        spec.name,
        "transformers-image",
        read.module,
        read.preprocessing,
        dim,
        is_convolutional(read.model),
        save,
    )


def _lay_out_plainly(model: torch.nn.Module) -> None:
    """Bring the weights to the processor, in the order that safetensors takes: training puts the channels last."""
    model.cpu()
    for parameter in model.parameters():
        parameter.data = parameter.data.contiguous()


def _fixed_size(spec: EncoderSpec) -> UsageError:
    return UsageError(
        "SP441",
        f"The encoder {spec.name!r} takes pictures of one size only.",
        where="finetune.image.image_size",
        fix="Leave it out (null).",
    )
