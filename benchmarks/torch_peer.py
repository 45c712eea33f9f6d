"""The loop that a user would write: timm's transform with Pillow, a DataLoader, torch eager with channels last."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from smartprod.encoders import import_torchvision
from smartprod.encoders.embedded import build_lite0

BATCH_SIZES = (8, 32)
WORKERS = (0, 1, 2)


@dataclass(frozen=True, slots=True, eq=False)
class PeerModel:
    """A model for both sides.

    Attributes:
        spec: The name that our configuration takes.
        module: The torch module, normalised float `[B, 3, S, S]` to `[B, D]`.
        transform: From a Pillow image to its input.
    """

    spec: str
    module: torch.nn.Module
    transform: Callable[[Image.Image], torch.Tensor]


def _lite0(_: Path) -> PeerModel:
    module = build_lite0()
    return PeerModel("lite0", module, _timm_transform(module))


def _efficientnetv2_b3(folder: Path) -> PeerModel:
    """Save a model with random weights as the hub does; the speed is the same."""
    import_torchvision()
    import timm

    torch.manual_seed(0)
    module = timm.create_model("tf_efficientnetv2_b3", pretrained=False)
    timm.models.save_for_hf(module, folder / "efficientnetv2-b3", safe_serialization=True)
    module.reset_classifier(0)
    return PeerModel(f"timm:{folder / 'efficientnetv2-b3'}", module, _timm_transform(module))


def _beit_base(folder: Path) -> PeerModel:
    """Likewise for BEiT-base, the layer-normalised mean of whose patches is the embedding."""
    import_torchvision()
    from timm.data import create_transform
    from transformers import BeitConfig, BeitImageProcessor, BeitModel

    torch.manual_seed(0)
    folder = folder / "beit-base"
    BeitModel(BeitConfig()).save_pretrained(folder)
    BeitImageProcessor(size={"height": 224, "width": 224}, do_center_crop=False).save_pretrained(folder)
    model = BeitModel.from_pretrained(folder)

    class Pooled(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            return self.model(pixel_values=pixels).pooler_output

    transform = create_transform(
        (3, 224, 224),
        interpolation="bicubic",
        mean=(0.5,) * 3,
        std=(0.5,) * 3,
        crop_pct=1,
        crop_mode="squash",
    )
    return PeerModel(f"transformers-image:{folder}", Pooled(), transform)


MODELS = {"lite0": _lite0, "efficientnetv2-b3": _efficientnetv2_b3, "beit-base": _beit_base}


def _timm_transform(module: torch.nn.Module) -> Callable[[Image.Image], torch.Tensor]:
    from timm.data import create_transform, resolve_data_config

    return create_transform(**resolve_data_config({}, model=module, use_test_size=True), is_training=False)


class _Photos(torch.utils.data.Dataset):
    def __init__(self, photos: list[Path], transform: Callable[[Image.Image], torch.Tensor]) -> None:
        self._photos = photos
        self._transform = transform

    def __len__(self) -> int:
        return len(self._photos)

    def __getitem__(self, position: int) -> torch.Tensor:
        return self._transform(Image.open(self._photos[position]).convert("RGB"))


class PeerLoop:
    """Embeds photos the usual way."""

    def __init__(self, model: PeerModel, *, threads: int) -> None:
        self._module = model.module.eval().to(memory_format=torch.channels_last)
        self._transform = model.transform
        self._threads = threads
        self.batch_size, self.workers = BATCH_SIZES[0], 0

    def choose(self, photos: list[Path]) -> None:
        """Try several batch sizes and numbers of workers, and keep the quickest."""
        self.run(photos[:4])
        seconds = {}
        for self.batch_size, self.workers in product(BATCH_SIZES, WORKERS):
            started = time.perf_counter()
            self.run(photos)
            seconds[self.batch_size, self.workers] = time.perf_counter() - started
        self.batch_size, self.workers = min(seconds, key=seconds.__getitem__)

    def run(self, photos: list[Path]) -> np.ndarray:
        """Give the embeddings `[N, D]` of photos."""
        torch.set_num_threads(self._threads)
        loader = torch.utils.data.DataLoader(
            _Photos(photos, self._transform), batch_size=self.batch_size, num_workers=self.workers
        )
        with torch.inference_mode():
            batches = (batch.contiguous(memory_format=torch.channels_last) for batch in loader)
            return np.concatenate([self._module(batch).numpy() for batch in batches])
