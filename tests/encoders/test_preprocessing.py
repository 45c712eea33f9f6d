from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from smartprod.encoders.preprocessing import ImagePreprocessing

CROP = ImagePreprocessing(64, (56, 56), "bicubic", (0.5,) * 3, (0.5,) * 3)
SQUASH = ImagePreprocessing((48, 48), (48, 48), "bilinear", (0.5,) * 3, (0.5,) * 3)


@given(st.integers(1, 200), st.integers(1, 200))
def test_preprocessing_any_shape_gives_the_models_shape(height, width):
    image = np.full((height, width, 3), 9, np.uint8)
    for preprocessing, side in ((CROP, 56), (SQUASH, 48)):
        prepared = preprocessing.apply(image)
        assert prepared.shape == (3, side, side)
        assert (prepared == 9).all()


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
