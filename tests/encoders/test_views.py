from __future__ import annotations

import numpy as np
import pytest
import torch

from smartprod.config.schema import ExtractConfig
from smartprod.encoders import load_encoder
from smartprod.encoders.embedded import LITE0_PREPROCESSING
from smartprod.encoders.views import PictureOptions, look_several_times
from smartprod.errors import UsageError


def open_image(name, **keys):
    return load_encoder(name, modality="image", config=ExtractConfig(**keys), threads=1)


def unit(rows):
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


class Mean(torch.nn.Module):
    """The mean colour of a picture."""

    def forward(self, pixels):
        return pixels.mean((2, 3))


@pytest.fixture
def photo():
    return np.random.default_rng(0).integers(0, 256, (300, 260, 3), dtype=np.uint8)


def test_views_plain_options_leave_model_preprocessing_and_fingerprint_alone(timm_folder):
    model = Mean()
    assert look_several_times(model, PictureOptions(), name="any", crop=(8, 8)) is model
    assert PictureOptions().preprocessing(LITE0_PREPROCESSING) is LITE0_PREPROCESSING
    assert PictureOptions().describe() == []


def test_views_each_choice_has_its_own_fingerprint(timm_folder):
    name = f"timm:{timm_folder}"
    opened = [
        open_image(name, views=views, layers=layers)
        for views in ("one", "flip", "five_crops")
        for layers in ("final", "several")
    ]
    assert len({encoder.fingerprint for encoder in opened}) == 6
    assert len({encoder.weights_hash for encoder in opened}) == 6
    assert [encoder.dim for encoder in opened[::2]] == [opened[0].dim] * 3
    assert all(encoder.dim > opened[0].dim for encoder in opened[1::2])


def test_views_of_a_mirror_image_are_those_of_the_picture(timm_folder, photo):
    encoder = open_image(f"timm:{timm_folder}", views="flip")
    prepared = encoder.prepare(photo)[None]
    mirrored = np.ascontiguousarray(prepared[..., ::-1])
    np.testing.assert_allclose(encoder.encode(mirrored), encoder.encode(prepared), atol=1e-5)
    plain = open_image(f"timm:{timm_folder}")
    expected = unit(unit(plain.encode(prepared)) + unit(plain.encode(mirrored)))
    np.testing.assert_allclose(encoder.encode(prepared), expected, atol=1e-5)


def test_views_five_crops_are_corners_and_middle(timm_folder):
    pixels = torch.zeros(1, 3, 12, 12)
    pixels[0, 0, :4, :4], pixels[0, 1, 8:, 8:], pixels[0, 2, 4:8, 4:8] = 1, 1, 1
    looked = look_several_times(Mean(), PictureOptions("five_crops"), name="any", crop=(4, 4))(pixels)
    # One corner is red, one green, the middle blue; the two empty corners add nothing.
    np.testing.assert_allclose(looked.numpy(), np.full((1, 3), 3**-0.5), atol=1e-6)


def test_views_five_crops_prepare_a_larger_picture(photo):
    encoder = open_image("lite0", views="five_crops")
    assert encoder.prepare(photo).shape == (3, 288, 288)
    assert encoder.min_side == 288


def test_views_several_layers_end_with_what_the_final_one_says(timm_folder, photo):
    plain, several = (open_image(f"timm:{timm_folder}", layers=layers) for layers in ("final", "several"))
    prepared = plain.prepare(photo)[None]
    embedding = several.encode(prepared)
    np.testing.assert_allclose(unit(embedding[:, : plain.dim]), unit(plain.encode(prepared)), atol=1e-5)
    np.testing.assert_array_less(0.1, np.linalg.norm(embedding[:, plain.dim :]))


def test_views_model_that_hides_its_layers_is_told(beit_folder):
    with pytest.raises(UsageError, match="does not show its layers") as caught:
        open_image(f"transformers-image:{beit_folder}", layers="several")
    assert caught.value.code == "SP434"
