import numpy as np
import pytest
import torch

from smartprod.config.finetuning import AugmentationConfig
from smartprod.finetuning.batches import Batch
from smartprod.finetuning.mixing import PhotoMixer, training_mix


def batch(rows=5, side=8):
    pixels = torch.arange(rows, dtype=torch.uint8)[:, None, None, None].repeat(1, 3, side, side) * 50
    return Batch(pixels, torch.arange(rows) % 3)


@pytest.mark.parametrize("alphas", [(0.4, 0.0), (0.0, 1.0), (0.4, 1.0)])
def test_mixing_gives_classes_the_share_of_the_picture_that_they_have(alphas):
    mixer = PhotoMixer(3, *alphas)
    for seed in range(20):
        mixed = mixer(batch(), np.random.default_rng(seed))
        assert mixed.inputs.dtype == torch.uint8
        assert mixed.targets.sum(dim=1).allclose(torch.ones(5))
        # Each picture is 50 x its number throughout: its mean tells how much of which partner is in it.
        partner = torch.from_numpy(partner_of(seed, alphas))
        own = mixed.inputs.float().mean(dim=(1, 2, 3))
        expected = torch.arange(5) * 50.0
        for row in range(5):
            share = 1.0 if partner[row] == row else float(
                (own[row] - expected[partner[row]]) / (expected[row] - expected[partner[row]])
            )  # fmt: skip
            if row % 3 != int(partner[row]) % 3:
                assert float(mixed.targets[row, row % 3]) == pytest.approx(share, abs=0.02)


def partner_of(seed, alphas):
    rng = np.random.default_rng(seed)
    rng.random()
    return rng.permutation(5)


def test_mixing_leaves_the_other_batches_as_they_are():
    given = batch()
    kept = PhotoMixer(3, 1.0, 0.0, share=0.0)(given, np.random.default_rng(0))
    assert torch.equal(kept.inputs, given.inputs)
    assert kept.targets.argmax(dim=1).tolist() == given.targets.tolist()


def test_mixing_is_the_same_for_the_same_chances():
    mixer = PhotoMixer(3, 0.2, 1.0)
    first, second = (mixer(batch(6, 16), np.random.default_rng([3, 1])) for _ in range(2))
    assert torch.equal(first.inputs, second.inputs)
    assert torch.equal(first.targets, second.targets)


def test_mixing_is_off_by_default():
    assert training_mix(AugmentationConfig(), classes=3) is None
    assert training_mix(AugmentationConfig(mixup=0.2), classes=3) == PhotoMixer(3, 0.2, 0.0)
