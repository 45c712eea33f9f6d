"""Image encoders: one class for all, and a builder for each kind of model."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np

from smartprod.encoders.device import choose_device
from smartprod.encoders.embedded import LITE0, LITE0_PREPROCESSING, build_lite0, find_weights
from smartprod.encoders.runtimes import ImageModel, RuntimeOptions, open_runtime
from smartprod.encoders.views import PictureOptions, look_several_times

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch
    from numpy.typing import NDArray

    from smartprod.encoders.base import Modality
    from smartprod.encoders.preprocessing import ImagePreprocessing
    from smartprod.encoders.runtimes import ImageRuntime

PREPROCESSING_VERSION = 2
"""Raised when `ImagePreprocessing.apply` changes what it returns; part of every fingerprint."""


class PixelEncoder:
    """An image encoder: preprocessing and a model in some runtime (see `base.ImageEncoder`)."""

    modality: Modality = "image"

    def __init__(
        self, *, name: str, weights_hash: str, preprocessing: ImagePreprocessing, runtime: ImageRuntime
    ) -> None:
        self.name = name
        self.weights_hash = weights_hash
        self.fingerprint = hashlib.sha256(f"{weights_hash} {runtime.precision}".encode()).hexdigest()
        self.preprocessing = preprocessing
        self.runtime = runtime
        self.dim = int(runtime.run(np.zeros((1, 3, *preprocessing.crop), np.uint8)).shape[1])

    @property
    def min_side(self) -> int:
        """Shorter side in pixels that `prepare` resizes to."""
        return self.preprocessing.min_side

    @property
    def images_per_call(self) -> int:
        """Images that one call of `encode` takes best; 1 where every calling thread runs the model for itself."""
        return self.runtime.images_per_call

    def prepare(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Resize and crop RGB uint8 `[H, W, 3]` to uint8 `[3, S, S]`; safe to call from many threads."""
        return self.preprocessing.apply(image)

    def encode(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embed prepared images uint8 `[B, 3, S, S]` to float32 `[B, dim]`."""
        if len(batch) == 0:
            return np.zeros((0, self.dim), np.float32)
        return self.runtime.run(batch)


def open_image_encoder(
    *,
    name: str,
    source_hash: str,
    preprocessing: ImagePreprocessing,
    convolutional: bool,
    build: Callable[[], torch.nn.Module],
    options: RuntimeOptions,
    picture: PictureOptions,
) -> PixelEncoder:
    """Put an image model into a runtime.

    Args:
        name: As the configuration names it.
        source_hash: Hash of the weights and of the settings that come with them.
        preprocessing: How the model wants its pictures.
        convolutional: Whether it is a convolutional network.
        build: Builds the model, normalised float `[B, 3, S, S]` to `[B, D]`.
        options: Which runtime, and how.
        picture: Which views and layers.
    """
    crop, preprocessing = preprocessing.crop, picture.preprocessing(preprocessing)
    parts = [source_hash, asdict(preprocessing), PREPROCESSING_VERSION, *picture.describe()]
    described = json.dumps(parts, sort_keys=True)
    model = ImageModel(
        name=name,
        weights_hash=hashlib.sha256(described.encode()).hexdigest(),
        input_size=preprocessing.crop,
        convolutional=convolutional,
        build=lambda: _with_normalisation(
            look_several_times(build(), picture, name=name, crop=crop), preprocessing
        ),
    )
    opened = open_runtime(model, options=options, device=choose_device())
    return PixelEncoder(
        name=name, weights_hash=model.weights_hash, preprocessing=preprocessing, runtime=opened
    )


def open_lite0(options: RuntimeOptions, picture: PictureOptions) -> PixelEncoder:
    """Open the embedded image encoder; builds the torch model only where no export is cached."""
    find_weights(LITE0)
    return open_image_encoder(
        name="lite0",
        source_hash=LITE0.sha256,
        preprocessing=LITE0_PREPROCESSING,
        convolutional=True,
        build=build_lite0,
        options=options,
        picture=picture,
    )


def _with_normalisation(model: torch.nn.Module, preprocessing: ImagePreprocessing) -> torch.nn.Module:
    """Put the step from uint8 to normalised float in front of a model, so that every runtime does it alike."""
    import torch

    class Normalised(torch.nn.Module):
        scale: torch.Tensor
        shift: torch.Tensor

        def __init__(self) -> None:
            super().__init__()
            mean = torch.tensor(preprocessing.mean).view(1, 3, 1, 1)
            std = torch.tensor(preprocessing.std).view(1, 3, 1, 1)
            self.register_buffer("scale", 1 / (255 * std))
            self.register_buffer("shift", mean / std)
            self.model = model

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            return self.model(pixels.float() * self.scale - self.shift)

    return Normalised().eval()
