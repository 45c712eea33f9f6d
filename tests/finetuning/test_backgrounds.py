import numpy as np
import pytest
from PIL import Image

from smartprod.config.finetuning import AugmentationConfig
from smartprod.errors import UsageError
from smartprod.finetuning.backgrounds import find_product, noise, solid, texture, training_backgrounds


def studio_photo(side=120):
    image = np.full((side, side, 3), 246, np.uint8)
    image[40:90, 30:80] = (30, 90, 160)
    image[55:70, 45:60] = 250  # a white label inside the product is no background
    return image


def replacer(**settings):
    return training_backgrounds(AugmentationConfig(background_share=1.0, **settings))


@pytest.mark.parametrize("paint", [solid, noise, texture])
def test_backgrounds_are_painted_alike_for_the_same_chances(paint):
    first, second = (paint(40, 30, np.random.default_rng(4)) for _ in range(2))
    assert (first.shape, first.dtype) == ((40, 30, 3), np.uint8)
    assert np.array_equal(first, second)
    assert not np.array_equal(first, paint(40, 30, np.random.default_rng(5)))


def test_backgrounds_white_that_touches_the_border_is_the_background():
    mask = find_product(studio_photo())
    assert mask[60, 52] == 1
    assert mask[50, 40] == 1
    assert mask[5, 5] == 0


@pytest.mark.parametrize("grey", [10, 120, 255])
def test_backgrounds_leave_photos_without_a_product_on_white(grey):
    image = np.full((50, 50, 3), grey, np.uint8)
    assert find_product(image) is None
    assert np.array_equal(replacer(backgrounds="solid")("a.jpg", image, np.random.default_rng(0)), image)


def test_backgrounds_keep_the_product(tmp_path):
    image = studio_photo()
    changed = replacer(backgrounds="noise")("a.jpg", image, np.random.default_rng(1))
    assert np.array_equal(changed[45:85, 35:75], image[45:85, 35:75])
    assert not np.array_equal(changed[:20, :20], image[:20, :20])


def test_backgrounds_take_masks_named_like_the_photos_and_photos_of_a_folder(tmp_path):
    masks, photos = tmp_path / "masks", tmp_path / "photos"
    masks.mkdir(), photos.mkdir()
    mask = np.zeros((60, 60), np.uint8)
    mask[:, :30] = 255
    Image.fromarray(mask).save(masks / "red.png")
    Image.fromarray(np.full((64, 64, 3), (10, 200, 10), np.uint8)).save(photos / "meadow.png")
    (photos / "broken.jpg").write_bytes(b"no picture")
    change = replacer(backgrounds="photos", background_photos=str(photos), mask_folder=str(masks))
    red = np.full((120, 120, 3), (220, 20, 20), np.uint8)  # decoded at twice the size of its mask
    changed = change("somewhere/red.jpg", red, np.random.default_rng(0))
    assert changed[60, 20].tolist() == [220, 20, 20]
    assert changed[60, 100].tolist() == [10, 200, 10]
    assert np.array_equal(change("somewhere/blue.jpg", red, np.random.default_rng(0)), red)


def test_backgrounds_without_readable_photos_are_refused(tmp_path):
    with pytest.raises(UsageError, match="SP475"):
        replacer(backgrounds="photos", background_photos=str(tmp_path))
    with pytest.raises(UsageError, match="SP476"):
        replacer(backgrounds="solid", mask_folder=str(tmp_path / "none"))


def test_backgrounds_change_the_stated_share_of_the_photos():
    change = training_backgrounds(AugmentationConfig(backgrounds="solid", background_share=0.3))
    image = studio_photo(60)
    changed = [not np.array_equal(change("a", image, np.random.default_rng(i)), image) for i in range(200)]
    assert 0.2 < np.mean(changed) < 0.4
    assert training_backgrounds(AugmentationConfig()) is None
