from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps, UnidentifiedImageError

from smartprod.demo.broken import BROKEN_KINDS, SPECIAL_KINDS

PARTS = ("products", "new")


def row_of(catalogue, part: str, kind: str) -> dict[str, str]:
    rows = [row for row in getattr(catalogue, part) if catalogue.truth[row["id"]]["broken"] == kind]
    assert rows, f"no row of kind {kind} in {part}"
    return rows[0]


def special_file(catalogue, kind: str) -> tuple[Path, Image.Image]:
    row = next(row for row in catalogue.products if catalogue.truth[row["id"]]["special"] == kind)
    mask = Image.open(catalogue.folder / row["mask"])
    return catalogue.folder / row["image"], mask


@pytest.mark.parametrize("part", PARTS)
def test_broken_every_kind_is_in_both_parts(small_catalogue, part: str):
    kinds = {small_catalogue.truth[row["id"]]["broken"] for row in getattr(small_catalogue, part)}
    assert kinds == {"", *BROKEN_KINDS}


@pytest.mark.parametrize("part", PARTS)
def test_broken_truncated_jpeg_opens_but_does_not_load(small_catalogue, part: str):
    path = small_catalogue.folder / row_of(small_catalogue, part, "truncated_jpeg")["image"]
    with Image.open(path) as image:
        assert image.format == "JPEG"
        with pytest.raises(OSError, match="truncated"):
            image.load()


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("kind", ["text_named_jpg", "zero_byte_file"])
def test_broken_file_that_is_no_image(small_catalogue, part: str, kind: str):
    path = small_catalogue.folder / row_of(small_catalogue, part, kind)["image"]
    assert path.suffix == ".jpg"
    assert (path.stat().st_size == 0) == (kind == "zero_byte_file")
    with pytest.raises(UnidentifiedImageError):
        Image.open(path)


@pytest.mark.parametrize("part", PARTS)
def test_broken_cells_are_as_named(small_catalogue, part: str):
    missing = row_of(small_catalogue, part, "missing_image_file")
    assert missing["image"]
    assert not (small_catalogue.folder / missing["image"]).exists()
    assert row_of(small_catalogue, part, "empty_image_cell")["image"] == ""
    assert row_of(small_catalogue, part, "image_is_url")["image"].startswith("https://")
    silent = row_of(small_catalogue, part, "missing_text")
    assert (silent["title"], silent["description"]) == ("", "")
    assert (small_catalogue.folder / silent["image"]).exists()
    nothing = row_of(small_catalogue, part, "missing_both")
    assert (nothing["title"], nothing["description"], nothing["image"]) == ("", "", "")
    markup = row_of(small_catalogue, part, "markup_only")
    assert markup["title"] == ""
    assert "<" in markup["description"]


def test_broken_rows_without_an_image_name_offer_no_other_image(small_catalogue):
    for kind in ("empty_image_cell", "missing_both", "image_is_url"):
        assert json.loads(row_of(small_catalogue, "products", kind)["other_images"]) == []


def test_all_other_images_load_and_have_masks_of_their_size(small_catalogue):
    for row in small_catalogue.products + small_catalogue.new:
        if small_catalogue.truth[row["id"]]["broken"]:
            continue
        with Image.open(small_catalogue.folder / row["image"]) as image:
            upright = ImageOps.exif_transpose(image)
            upright.load()
        with Image.open(small_catalogue.folder / row["mask"]) as mask:
            assert mask.size == upright.size
            assert 0.01 < np.asarray(mask, dtype=bool).mean() < 0.9
        for other in json.loads(row["other_images"]):
            with Image.open(small_catalogue.folder / other) as image:
                image.load()


def test_special_files_are_what_they_are_called(small_catalogue):
    found = {row["special"] for row in small_catalogue.truth.values()}
    assert found == {"", *SPECIAL_KINDS}
    modes = {kind: Image.open(special_file(small_catalogue, kind)[0]).mode for kind in SPECIAL_KINDS}
    assert modes == {
        "cmyk": "CMYK",
        "exif_rotated": "RGB",
        "png16": "I;16",
        "transparent": "P",
        "big": "RGB",
    }
    assert max(Image.open(special_file(small_catalogue, "big")[0]).size) == 3000


def test_special_exif_rotated_matches_its_mask_only_when_turned(small_catalogue):
    path, mask = special_file(small_catalogue, "exif_rotated")
    outside = ~np.asarray(mask, dtype=bool)
    stored = np.asarray(Image.open(path).convert("L"))
    turned = np.asarray(ImageOps.exif_transpose(Image.open(path)).convert("L"))
    assert turned[outside].std() < stored[outside].std()


def test_special_transparent_png_is_clear_outside_the_product(small_catalogue):
    path, mask = special_file(small_catalogue, "transparent")
    alpha = np.asarray(Image.open(path).convert("RGBA"))[:, :, 3]
    assert ((alpha > 0) == np.asarray(mask, dtype=bool)).mean() > 0.99


def test_special_png16_uses_more_than_eight_bits(small_catalogue):
    path, _ = special_file(small_catalogue, "png16")
    assert int(np.asarray(Image.open(path)).max()) > 20_000
