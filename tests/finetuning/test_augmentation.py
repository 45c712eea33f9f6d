import numpy as np
import pytest

from smartprod.config.finetuning import AugmentationConfig
from smartprod.finetuning.augmentation import (
    RAND_OPERATIONS,
    TRIVIAL_OPERATIONS,
    RandAugment,
    SimpleChanges,
    TrivialAugment,
    border_colour,
    training_view,
)

KINDS = ("none", "crops", "simple", "randaugment", "trivialaugment")


def photo(side=96):
    image = np.full((side, side + 20, 3), 250, np.uint8)
    image[30:60, 40:80] = (200, 30, 60)
    return image


def view_of(kind, **settings):
    def prepare(image):
        return np.ascontiguousarray(image[:64, :64].transpose(2, 0, 1))

    config = AugmentationConfig(kind=kind, **settings)
    return training_view(config, size=64, interpolation="bicubic", prepare=prepare)


@pytest.mark.parametrize("kind", KINDS)
def test_augmentation_gives_a_picture_of_the_models_size_and_the_same_one_for_the_same_chances(kind):
    view, image = view_of(kind), photo()
    kept = image.copy()
    first = view(image, np.random.default_rng([1, 2]))
    assert (first.shape, first.dtype) == ((3, 64, 64), np.uint8)
    assert np.array_equal(first, view(image, np.random.default_rng([1, 2])))
    assert np.array_equal(image, kept), "the photo itself was changed"


@pytest.mark.parametrize("kind", KINDS[1:])
def test_augmentation_changes_with_the_epoch(kind):
    view, image = view_of(kind), photo()
    seen = {view(image, np.random.default_rng([7, epoch])).tobytes() for epoch in range(12)}
    assert len(seen) > 6


def test_augmentation_none_looks_at_the_photo_as_extraction_does():
    image = photo()
    seen = view_of("none")(image, np.random.default_rng(0))
    assert np.array_equal(seen, image[:64, :64].transpose(2, 0, 1))


def test_augmentation_keeps_the_whole_photo_where_crops_may_not_be_smaller():
    view = view_of("crops", smallest_crop=1.0)
    reds = [view(photo(), np.random.default_rng(i))[0].astype(int).mean() for i in range(5)]
    assert max(reds) - min(reds) < 12


@pytest.mark.parametrize("change", [RandAugment(), TrivialAugment(), SimpleChanges()])
def test_augmentation_draws_nothing_from_the_generators_that_threads_share(change):
    import random

    random.seed(5)
    np.random.seed(5)
    before = random.getstate(), np.random.get_state()[1].tolist()
    for i in range(20):
        change(photo(), np.random.default_rng(i))
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before


@pytest.mark.parametrize("operation", {each.name: each for each in (*RAND_OPERATIONS, *TRIVIAL_OPERATIONS)}.values(),
                         ids=lambda each: each.name)  # fmt: skip
def test_augmentation_operations_do_more_at_a_higher_strength(operation):
    from PIL import Image

    slope = np.linspace(20, 235, 64)
    shades = np.stack(
        [np.tile(slope, (64, 1)), np.tile(slope[:, None], (1, 64)), np.full((64, 64), 90)], axis=2
    )
    grain = np.random.default_rng(1).normal(0, 9, shades.shape)
    picture = Image.fromarray(np.clip(shades + grain, 0, 255).astype(np.uint8))
    faint, strong = (
        np.asarray(operation(picture, strength, np.random.default_rng(0))).astype(int)
        for strength in (0.1, 1.0)
    )
    original = np.asarray(picture).astype(int)
    changes = [np.abs(each - original).mean() for each in (faint, strong)]
    assert changes[1] > 0
    assert operation.argument is None or changes[1] > changes[0]


def test_augmentation_fills_corners_with_the_colour_of_the_border():
    assert border_colour(photo()) == (250, 250, 250)
    turned = SimpleChanges(degrees=30, shift=0, colour=0, blur=0, noise=0)(photo(), np.random.default_rng(3))
    assert turned[0, 0].tolist() == [250, 250, 250]
