from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from smartprod.config.schema import ExtractConfig
from smartprod.encoders import load_encoder
from smartprod.encoders.embedded import LITE0, MINILM, build_lite0, find_weights, map_by_order
from smartprod.errors import EncoderError
from tests.contracts.check_encoder import TEXTS, draw_pictures


def cosine(left, right):
    return (left * right).sum(1) / np.linalg.norm(left, axis=1) / np.linalg.norm(right, axis=1)


def test_embedded_weights_with_another_hash_are_refused():
    with pytest.raises(EncoderError, match="SHA-256") as caught:
        find_weights(replace(LITE0, sha256="0" * 64))
    assert caught.value.code == "SP405"
    assert LITE0.distribution in str(caught.value)


def test_embedded_weights_not_installed_name_the_package():
    with pytest.raises(EncoderError, match="not installed") as caught:
        find_weights(replace(LITE0, package="no_such_package_of_weights"))
    assert caught.value.code == "SP404"


@pytest.mark.parametrize("change", ["count", "shape", "name"])
def test_embedded_weights_that_do_not_fit_are_refused(change):
    import torch

    wanted = {"stem.weight": torch.zeros(2, 3), "stem.bias": torch.zeros(2)}
    stored = {
        "count": {"a.weight": torch.zeros(2, 3)},
        "shape": {"a.weight": torch.zeros(3, 2), "a.bias": torch.zeros(2)},
        "name": {"a.weight": torch.zeros(2, 3), "a.running_mean": torch.zeros(2)},
    }[change]
    with pytest.raises(EncoderError) as caught:
        map_by_order(stored, wanted, where="here")
    assert caught.value.code == "SP406"


def test_embedded_lite0_equals_timm_with_pillow():
    import torch

    encoder = load_encoder("lite0", modality="image", config=ExtractConfig(), threads=1)
    pictures = [picture for picture in draw_pictures(8) if min(picture.shape[:2]) >= 200]
    prepared = np.stack([encoder.prepare(picture) for picture in pictures])
    with torch.inference_mode():
        expected = (
            build_lite0().eval()(torch.from_numpy(np.stack([_with_pillow(p) for p in pictures]))).numpy()
        )
    assert cosine(encoder.encode(prepared), expected).min() > 0.999


def _with_pillow(picture):
    image = Image.fromarray(picture)
    scale = 256 / min(image.size)
    image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.BICUBIC)
    left, top = (image.width - 224) // 2, (image.height - 224) // 2
    pixels = np.asarray(image.crop((left, top, left + 224, top + 224)), np.float32)
    return (pixels / 127.5 - 1).transpose(2, 0, 1)


def test_embedded_minilm_equals_sentence_transformers():
    from sentence_transformers import SentenceTransformer

    encoder = load_encoder("minilm", modality="text", config=ExtractConfig(), threads=1)
    reference = SentenceTransformer(str(find_weights(MINILM).parent), device="cpu")
    assert encoder.max_tokens == reference.max_seq_length == 256
    assert cosine(encoder.encode(TEXTS), reference.encode(list(TEXTS))).min() > 0.9999
