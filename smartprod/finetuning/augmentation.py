"""How photos are changed in training: crops, simple changes, RandAugment, TrivialAugment.

Everything is a function of the photo and a generator, so that a photo is changed alike whichever thread takes it, and after a
resumption. timm's own policies draw from Python's global generator, which threads share; its operations are used, drawn here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from smartprod.encoders import import_torchvision
from smartprod.finetuning.views import Change, RandomView

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

    from smartprod.config.finetuning import AugmentationConfig
    from smartprod.finetuning.images import View

_GREY = (128, 128, 128)
_SPREAD = 0.05
"""Standard deviation of RandAugment's strength around its magnitude, as timm has it."""
_CHANCE = 0.5
"""How often each operation of RandAugment is done, as timm has it."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One change of RandAugment or TrivialAugment, in its strengths from 0 to 1.

    Attributes:
        name: Of timm's operation.
        signed: Whether it goes two ways, such as a rotation.
        argument: From a strength, -1 to 1 where `signed`, to what the operation takes; None where it takes nothing.
    """

    name: str
    signed: bool = False
    argument: Callable[[float], float] | None = None

    def __call__(self, image: Image.Image, strength: float, rng: np.random.Generator) -> Image.Image:
        """Change an image at a strength from 0 to 1."""
        from timm.data.auto_augment import NAME_TO_OP

        if self.signed and rng.random() < 0.5:
            strength = -strength
        arguments = [] if self.argument is None else [self.argument(strength)]
        changed: Image.Image = NAME_TO_OP[self.name](image, *arguments, fillcolor=_GREY, resample=_bicubic())
        return changed


def _bicubic() -> int:
    from PIL import Image

    return int(Image.Resampling.BICUBIC)


def _enhancements(most: float) -> list[Operation]:
    return [
        Operation(name, True, lambda strength: 1 + most * strength)
        for name in ("Color", "Contrast", "Brightness", "Sharpness")
    ]


def _moves(shear: float, shift: float, degrees: float) -> list[Operation]:
    return [
        *(Operation(name, True, lambda strength: shear * strength) for name in ("ShearX", "ShearY")),
        *(
            Operation(name, True, lambda strength: shift * strength)
            for name in ("TranslateXRel", "TranslateYRel")
        ),
        Operation("Rotate", True, lambda strength: degrees * strength),
    ]


def _tones(least_bits: int) -> list[Operation]:
    return [
        Operation("AutoContrast"),
        Operation("Equalize"),
        Operation("Posterize", False, lambda strength: round(8 - (8 - least_bits) * strength)),
        Operation("Solarize", False, lambda strength: round(256 * (1 - strength))),
    ]


RAND_OPERATIONS = (
    *_moves(shear=0.3, shift=0.45, degrees=30),
    *_enhancements(0.9),
    *_tones(least_bits=4),
    Operation("SolarizeAdd", False, lambda strength: round(110 * strength)),
    Operation("Invert"),
)
"""Cubuk et al. (2020), in timm's ranges."""

TRIVIAL_OPERATIONS = (
    *_moves(shear=0.99, shift=0.14, degrees=135),
    *_enhancements(0.99),
    *_tones(least_bits=2),
)
"""The wide space of Müller and Hutter (2021), who count doing nothing as one more."""


@dataclass(frozen=True, slots=True)
class RandAugment:
    """Several operations of one magnitude, each done half of the time (Cubuk et al., 2020).

    Attributes:
        magnitude: From 0 to 10.
        operations: How many are drawn.
    """

    magnitude: float = 9.0
    operations: int = 2

    def __call__(self, image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
        """Change a photo uint8 `[H, W, 3]`."""
        picture = _picture(image)
        for number in rng.integers(len(RAND_OPERATIONS), size=self.operations):
            strength = float(np.clip(rng.normal(self.magnitude / 10, _SPREAD), 0, 1))
            if rng.random() < _CHANCE:
                picture = RAND_OPERATIONS[number](picture, strength, rng)
        return np.asarray(picture)


@dataclass(frozen=True, slots=True)
class TrivialAugment:
    """One operation at any strength (Müller and Hutter, 2021)."""

    def __call__(self, image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
        """Change a photo uint8 `[H, W, 3]`."""
        number, strength = int(rng.integers(len(TRIVIAL_OPERATIONS) + 1)), float(rng.random())
        if number == len(TRIVIAL_OPERATIONS):
            return image
        return np.asarray(TRIVIAL_OPERATIONS[number](_picture(image), strength, rng))


@dataclass(frozen=True, slots=True)
class SimpleChanges:
    """A rotation and a shift, other colours, and half of the time each blur and noise.

    Attributes:
        degrees: Largest rotation.
        shift: Largest shift, as a fraction of the side.
        colour: Largest change of brightness, contrast and saturation, as a fraction.
        blur: Largest radius, as a fraction of the side.
        noise: Largest standard deviation, in grey levels.
    """

    degrees: float = 20.0
    shift: float = 0.1
    colour: float = 0.3
    blur: float = 0.008
    noise: float = 12.0

    def __call__(self, image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
        """Change a photo uint8 `[H, W, 3]`."""
        from PIL import Image, ImageEnhance, ImageFilter

        picture, side = _picture(image), min(image.shape[:2])
        right, down = (round(rng.uniform(-self.shift, self.shift) * side) for _ in range(2))
        picture = picture.rotate(
            rng.uniform(-self.degrees, self.degrees),
            Image.Resampling.BICUBIC,
            translate=(right, down),
            fillcolor=border_colour(image),
        )
        for enhance in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
            picture = enhance(picture).enhance(1 + rng.uniform(-self.colour, self.colour))
        if rng.random() < 0.5:
            picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0, self.blur) * side))
        changed = np.asarray(picture)
        if rng.random() < 0.5:
            noise = rng.standard_normal(changed.shape, dtype=np.float32) * rng.uniform(0, self.noise)
            changed = np.clip(np.rint(changed + noise), 0, 255).astype(np.uint8)
        return changed


def border_colour(image: NDArray[np.uint8]) -> tuple[int, int, int]:
    """The median colour along the border of uint8 `[H, W, 3]`: what a rotation best leaves in the corners."""
    border = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    red, green, blue = np.median(border, axis=0)
    return int(red), int(green), int(blue)


def _picture(image: NDArray[np.uint8]) -> Image.Image:
    from PIL import Image

    return Image.fromarray(np.ascontiguousarray(image))


@dataclass(frozen=True, slots=True)
class ChangedView:
    """A view whose result is changed: at the model's size, which is far below that of most photos.

    Attributes:
        view: From a photo uint8 `[H, W, 3]` to uint8 `[3, S, S]`.
        change: Of uint8 `[S, S, 3]`.
    """

    view: View
    change: Change

    def __call__(self, image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
        """Look at a photo uint8 `[H, W, 3]`; gives uint8 `[3, S, S]`."""
        seen = self.view(image, rng).transpose(1, 2, 0)
        return np.ascontiguousarray(self.change(seen, rng).transpose(2, 0, 1))


@dataclass(frozen=True, slots=True)
class PlainView:
    """A photo as extraction looks at it; chance changes nothing.

    Attributes:
        prepare: From uint8 `[H, W, 3]` to uint8 `[3, S, S]`.
    """

    prepare: Callable[[NDArray[np.uint8]], NDArray[np.uint8]]

    def __call__(self, image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
        """Look at a photo uint8 `[H, W, 3]`; gives uint8 `[3, S, S]`."""
        del rng
        return self.prepare(image)


def training_view(
    config: AugmentationConfig,
    *,
    size: int,
    interpolation: Literal["bilinear", "bicubic"],
    prepare: Callable[[NDArray[np.uint8]], NDArray[np.uint8]],
) -> View:
    """Give the way in which photos are looked at in training.

    Args:
        config: Which augmentation.
        size: Side of the model's pictures.
        interpolation: Of the model.
        prepare: How extraction looks at a photo, for `none`.
    """
    if config.kind == "none":
        return PlainView(prepare)
    view = RandomView(size, interpolation, least=config.smallest_crop)
    changes: dict[str, Any] = {
        "simple": SimpleChanges(),
        "randaugment": RandAugment(config.magnitude, config.operations),
        "trivialaugment": TrivialAugment(),
    }
    if config.kind not in changes:
        return view
    import_torchvision()  # timm, whose operations the threads use
    return ChangedView(view, changes[config.kind])
