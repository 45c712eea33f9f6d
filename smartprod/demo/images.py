"""Render the image files of one product; called in worker processes."""

from __future__ import annotations

import io
from pathlib import Path
from random import Random

from PIL import Image

from smartprod.demo.broken import damage, encode_special
from smartprod.demo.extras import material_close_up, size_chart
from smartprod.demo.plan import ImagePlan, ProductPlan
from smartprod.demo.scene import View, render_view

_RENDERED_AT_MOST = 800


def write_images(folder: Path, plan: ProductPlan) -> int:
    """Render and write a product's images and the mask of its main image; return the number of image files written.

    Depends on nothing but the plan, so any worker may take any product.
    """
    written = 0
    for number, image in enumerate(plan.images):
        # A seed per image: a duplicate's pictures are its original's, byte for byte.
        rng = Random(f"{plan.picture_seed}:{number}")
        if image.kind == "product":
            view = render_view(
                plan.category.drawing,
                plan.style,
                plan.design,
                domain=plan.domain,
                size=min(image.size, _RENDERED_AT_MOST),
                rng=rng,
            )
            view = _enlarge(_trim(view, rng) if not plan.special else view, image.size)
        else:
            picture = (
                size_chart(image.size, rng)
                if image.kind == "chart"
                else material_close_up(plan.style, image.size, rng)
            )
            view = View(picture, Image.new("L", picture.size))
        content: bytes | None = _encode(view, image, plan, number, rng)
        if number == 0 and content is not None:
            content = damage(plan.broken, content)
        if content is not None:
            (folder / image.path).write_bytes(content)
            written += 1
        if number == 0 and has_mask(plan):
            view.mask.point([0] * 128 + [255] * 128, "1").save(folder / mask_path(plan), "PNG")
    return written


def has_mask(plan: ProductPlan) -> bool:
    """Whether the main image can be read, so that a mask of it is given."""
    return plan.broken in ("", "missing_text", "markup_only")


def mask_path(plan: ProductPlan) -> str:
    """Where the mask of the main image goes: same size as the upright image, white on the product."""
    return f"masks/{plan.id}.png"


def _encode(view: View, image: ImagePlan, plan: ProductPlan, number: int, rng: Random) -> bytes:
    if number == 0 and plan.special:
        return encode_special(plan.special, view.picture, view.mask)
    buffer = io.BytesIO()
    if image.path.endswith(".png"):
        view.picture.save(buffer, "PNG", compress_level=3)
    elif image.path.endswith(".webp"):
        view.picture.save(buffer, "WEBP", quality=rng.randint(60, 90), method=2)
    else:
        quality = rng.randint(80, 94) if plan.domain == "studio" else rng.randint(24, 70)
        view.picture.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def _trim(view: View, rng: Random) -> View:
    """Cut a quarter of the pictures to a portrait or landscape format, never through the product."""
    box = view.mask.getbbox()
    if box is None or rng.random() >= 0.25:
        return view
    side = view.picture.width
    left, top, right, bottom = box
    cut = round(side * rng.uniform(0.05, 0.14))
    if right - left < bottom - top:
        crop = (min(cut, left), 0, max(side - cut, right), side)
    else:
        crop = (0, min(cut, top), side, max(side - cut, bottom))
    return View(view.picture.crop(crop), view.mask.crop(crop))


def _enlarge(view: View, size: int) -> View:
    if size <= _RENDERED_AT_MOST:
        return view
    shape = (size, round(size * view.picture.height / view.picture.width))
    return View(
        view.picture.resize(shape, Image.Resampling.BICUBIC),
        view.mask.resize(shape, Image.Resampling.BILINEAR),
    )
