from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from smartprod.encoders import import_torchvision
from smartprod.encoders.preprocessing import ImagePreprocessing

TIMM = ImagePreprocessing(64, (56, 56), "bicubic", (0.5,) * 3, (0.5,) * 3, rounding="half_even")
CROP = ImagePreprocessing(64, (56, 56), "bicubic", (0.5,) * 3, (0.5,) * 3)
SQUASH = ImagePreprocessing((48, 48), (48, 48), "bilinear", (0.5,) * 3, (0.5,) * 3)


@given(st.integers(1, 200), st.integers(1, 200))
@settings(deadline=None)  # the first call imports torch
def test_preprocessing_any_shape_gives_the_models_shape(height, width):
    image = np.full((height, width, 3), 9, np.uint8)
    for preprocessing, side in ((CROP, 56), (SQUASH, 48)):
        prepared = preprocessing.apply(image)
        assert prepared.shape == (3, side, side)
        assert (prepared == 9).all()


@given(st.integers(64, 190), st.integers(64, 190))
@settings(max_examples=30, deadline=None)
def test_preprocessing_equals_timms_transform_with_pillow(height, width):
    import_torchvision()
    from timm.data import create_transform

    transform = create_transform((3, 56, 56), interpolation="bicubic", crop_pct=56 / 64, normalize=False)
    picture = np.random.default_rng(height * width).integers(0, 256, (height, width, 3), np.uint8)
    expected = np.asarray(transform(Image.fromarray(picture)), np.int64)
    assert np.abs(TIMM.apply(picture) - expected).mean() < 1, "noise: one pixel aside would differ by tens"


@given(
    st.integers(64, 190), st.integers(64, 190)
)  # beyond three to one the ends are cut first, here as nowhere else
@settings(max_examples=30, deadline=None)
def test_preprocessing_equals_the_image_processor_of_transformers(height, width):
    import_torchvision()
    from transformers import CLIPImageProcessorPil

    processor = CLIPImageProcessorPil(
        size={"shortest_edge": 64},
        crop_size={"height": 56, "width": 56},
        do_rescale=False,
        do_normalize=False,
    )
    picture = np.random.default_rng(height * width).integers(0, 256, (height, width, 3), np.uint8)
    expected = processor(Image.fromarray(picture), return_tensors="np")["pixel_values"][0].astype(np.int64)
    assert np.abs(CROP.apply(picture) - expected).mean() < 1


def test_preprocessing_very_long_image_keeps_its_middle_and_small_memory():
    image = np.zeros((2, 60_000, 3), np.uint8)
    image[:, 29_990:30_010] = 200
    assert CROP.apply(image).mean() > 190


def test_preprocessing_crops_the_centre():
    image = np.zeros((100, 300, 3), np.uint8)
    image[:, 100:200] = 255
    assert CROP.apply(image).min() > 200


def test_preprocessing_reads_mirrored_views():
    image = np.random.default_rng(0).integers(0, 256, (80, 90, 3), np.uint8)
    np.testing.assert_array_equal(CROP.apply(image[::-1, ::-1]), CROP.apply(image[::-1, ::-1].copy()))
