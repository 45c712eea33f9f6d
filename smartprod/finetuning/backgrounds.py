"""Other backgrounds behind products: solid colours, noise, textures or photos, through a mask of the product.

Masks are files (white on the product). Where there is none, a near-white area that touches the border is the background, which
holds for studio photos; photos of anything else keep theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from smartprod.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from smartprod.config.finetuning import AugmentationConfig

_LEAST_WHITE = 200
_MOST_TINT = 24
"""Largest difference between the channels of what counts as white."""
_LEAST_BACKGROUND, _LEAST_PRODUCT = 0.1, 0.03
"""Shares of the picture below which a found mask is not believed."""
_MASK_SIDE = 256
_PHOTO_SIDE = 320
_PHOTO_NAMES = {".jpg", ".jpeg", ".png", ".webp"}

Painter = Callable[[int, int, np.random.Generator], "NDArray[np.uint8]"]
"""Paints a background uint8 `[H, W, 3]` of a height and a width."""


@dataclass(frozen=True, slots=True)
class BackgroundReplacer:
    """Puts something else behind the product of a photo.

    Attributes:
        paint: What comes behind it.
        share: Fraction of the photos that are changed.
        masks: Mask file of each photo, by its path.
        mask_folder: Folder of masks named like the photos.
    """

    paint: Painter
    share: float = 0.5
    masks: Mapping[str, Path] = field(default_factory=dict)
    mask_folder: Path | None = None

    def __call__(self, path: str, image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
        """Change the photo uint8 `[H, W, 3]` that lies at `path`, or leave it where no product is found."""
        if rng.random() >= self.share:
            return image
        height, width = image.shape[:2]
        mask = self._read_mask(path, height, width)
        if mask is None:
            mask = find_product(image)
        return image if mask is None else lay_over(image, mask, self.paint(height, width, rng))

    def _read_mask(self, path: str, height: int, width: int) -> NDArray[np.float32] | None:
        file = self.masks.get(path)
        if file is None and self.mask_folder is not None:
            file = self.mask_folder / f"{Path(path).stem}.png"
        if file is None or not file.is_file():
            return None
        return read_mask(file, height=height, width=width)


def read_mask(file: Path, *, height: int, width: int) -> NDArray[np.float32] | None:
    """Read how much of each pixel is product, 0 to 1, `[height, width]`; None where the file is no image."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(file) as opened:
            mask = opened.convert("L").resize((width, height), Image.Resampling.BILINEAR)
    except (OSError, UnidentifiedImageError):
        return None
    return np.asarray(mask, np.float32) / np.float32(255)


def find_product(image: NDArray[np.uint8]) -> NDArray[np.float32] | None:
    """Find the product of a studio photo: all but the near-white area that touches the border.

    Args:
        image: uint8 `[H, W, 3]`.

    Returns:
        How much of each pixel is product, 0 to 1, `[H, W]`; None where hardly any or nearly all of it is white.
    """
    from PIL import Image
    from scipy.ndimage import binary_fill_holes, label

    height, width = image.shape[:2]
    scale = min(1.0, _MASK_SIDE / max(height, width))
    small = np.asarray(
        Image.fromarray(np.ascontiguousarray(image)).resize(
            (max(1, round(width * scale)), max(1, round(height * scale))), Image.Resampling.BOX
        )
    ).astype(np.int16)
    white = (small.min(axis=2) >= _LEAST_WHITE) & (small.max(axis=2) - small.min(axis=2) <= _MOST_TINT)
    areas, _ = label(white)
    border = np.unique(np.concatenate([areas[0], areas[-1], areas[:, 0], areas[:, -1]]))
    product = binary_fill_holes(~np.isin(areas, border[border > 0]))
    share = float(product.mean())
    if not _LEAST_PRODUCT <= share <= 1 - _LEAST_BACKGROUND:
        return None
    grown = Image.fromarray(product.astype(np.uint8) * 255).resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(grown, np.float32) / np.float32(255)


def lay_over(
    image: NDArray[np.uint8], mask: NDArray[np.float32], background: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """Lay the product of an image `[H, W, 3]`, where its mask `[H, W]` is 1, over a background `[H, W, 3]`."""
    opacity = mask[:, :, None]
    return np.rint(image * opacity + background * (1 - opacity)).astype(np.uint8)


def solid(height: int, width: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Paint one colour."""
    return np.broadcast_to(rng.integers(256, size=3).astype(np.uint8), (height, width, 3))


def noise(height: int, width: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Paint a colour with noise of its own in each pixel."""
    spread = rng.uniform(10, 70) * rng.standard_normal((height, width, 3), dtype=np.float32)
    return np.clip(rng.integers(256, size=3) + spread, 0, 255).astype(np.uint8)


def texture(height: int, width: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Paint clouds, streaks or weave between two colours: noise of several sizes, stretched."""
    from PIL import Image

    colours = rng.integers(256, size=(2, 3)).astype(np.float32)
    field_ = np.zeros((height, width), np.float32)
    for octave in range(4):
        down, right = (int(rng.integers(2, 5)) * 2**octave for _ in range(2))
        coarse = rng.standard_normal((down, right), dtype=np.float32) / 2**octave
        field_ += np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))
    share = 1 / (1 + np.exp(-rng.uniform(0.5, 4) * field_))[:, :, None]
    return np.rint(colours[0] * share + colours[1] * (1 - share)).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class PhotoPainter:
    """Paints a random part of a random photo.

    Attributes:
        files: Photos to draw from.
    """

    files: tuple[Path, ...]

    def __call__(self, height: int, width: int, rng: np.random.Generator) -> NDArray[np.uint8]:
        """Give a background uint8 `[H, W, 3]`."""
        from PIL import Image

        photo = _read_photo(self.files[int(rng.integers(len(self.files)))])
        side = int(min(photo.shape[:2]) * rng.uniform(0.5, 1))
        top, left = (int(rng.integers(0, length - side + 1)) for length in photo.shape[:2])
        part = Image.fromarray(photo[top : top + side, left : left + side])
        return np.asarray(part.resize((width, height), Image.Resampling.BICUBIC))


@lru_cache(maxsize=256)
def _read_photo(file: Path) -> NDArray[np.uint8]:
    """Read a photo, made small: backgrounds are out of focus anyway."""
    from PIL import Image

    with Image.open(file) as opened:
        opened.draft("RGB", (_PHOTO_SIDE, _PHOTO_SIDE))
        photo = opened.convert("RGB")
    photo.thumbnail((2 * _PHOTO_SIDE, 2 * _PHOTO_SIDE))
    return np.asarray(photo)


def training_backgrounds(
    config: AugmentationConfig, masks: Mapping[str, Path] | None = None
) -> BackgroundReplacer | None:
    """Give what replaces the backgrounds of training photos; None where nothing does.

    Args:
        config: What is put there, and where masks lie.
        masks: Mask file of each photo, by its path, where a column of the table names them.

    Raises:
        UsageError: The folder of backgrounds holds no photo that can be read (SP475), or that of masks is missing (SP476).
    """
    if config.backgrounds == "none" or config.background_share == 0:
        return None
    folder = None if config.mask_folder is None else Path(config.mask_folder)
    if folder is not None and not folder.is_dir():
        raise UsageError(
            "SP476",
            "The folder of masks does not exist.",
            where=f"finetune.image.augmentation.mask_folder: {folder}",
            fix="Name the folder of masks, files named like the photos and ending in .png, or leave it null.",
        )
    painters: dict[str, Painter] = {"solid": solid, "noise": noise, "texture": texture}
    if config.backgrounds == "photos":
        painters["photos"] = PhotoPainter(_background_photos(Path(str(config.background_photos))))
    return BackgroundReplacer(painters[config.backgrounds], config.background_share, masks or {}, folder)


def _background_photos(folder: Path) -> tuple[Path, ...]:
    from PIL import Image, UnidentifiedImageError

    readable = []
    for file in sorted(folder.glob("*")) if folder.is_dir() else []:
        if file.suffix.lower() not in _PHOTO_NAMES:
            continue
        try:
            with Image.open(file) as opened:
                opened.load()
        except (OSError, UnidentifiedImageError):
            continue  # a background more or less is of no weight; without any, the error below says so
        readable.append(file)
    if not readable:
        raise UsageError(
            "SP475",
            "No background photo can be read.",
            where=f"finetune.image.augmentation.background_photos: {folder}",
            fix="Name a folder with .jpg, .png or .webp photos in it.",
        )
    return tuple(readable)
