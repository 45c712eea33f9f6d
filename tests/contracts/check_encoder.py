"""The contract of encoders: whatever `load_encoder` returns must pass these."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from smartprod.encoders import Encoder, ImageEncoder, TextEncoder

TEXTS = (
    "red cotton t-shirt",
    "A very long text about a steel kettle. " * 80,
    "чайник из стали",
    "x",
    "red cotton t-shirt, size L",
    "w" * 5_000,
    "茶壶 🫖",
)

TOLERANCE = 1e-4


def draw_pictures(count: int) -> list[NDArray[np.uint8]]:
    """Draw RGB pictures of several shapes, portrait, landscape and tiny."""
    rng = np.random.default_rng(0)
    pictures = []
    for number in range(count):
        height, width = [(40, 60), (300, 200), (256, 256), (1, 1), (700, 90)][number % 5]
        down, across = np.mgrid[0:height, 0:width]
        tint = rng.integers(0, 256, 3)
        pictures.append(((down + across * (number + 1))[..., None] + tint).astype(np.uint8))
    return pictures


def check_described(encoder: Encoder) -> None:
    assert encoder.name
    assert encoder.modality in ("image", "text")
    assert encoder.dim > 0
    assert len(encoder.fingerprint) == 64
    assert int(encoder.fingerprint, 16) >= 0
    assert encoder.weights_hash != encoder.fingerprint


def check_fingerprint_is_stable(open_encoder: Callable[[], Encoder]) -> None:
    first, second = open_encoder(), open_encoder()
    assert (first.fingerprint, first.weights_hash) == (second.fingerprint, second.weights_hash)


def check_image_encoder(encoder: ImageEncoder) -> None:
    """Hold an image encoder to everything the contract promises."""
    check_described(encoder)
    assert encoder.min_side > 0
    prepared = [encoder.prepare(picture) for picture in draw_pictures(7)]
    assert {(image.dtype, image.shape[0]) for image in prepared} == {(np.dtype(np.uint8), 3)}
    assert len({image.shape for image in prepared}) == 1
    batch = np.stack(prepared)
    _check_embeddings(encoder.encode(batch), count=7, dim=encoder.dim)
    _check_batches(lambda chosen: encoder.encode(batch[list(chosen)]), count=7)
    assert encoder.encode(batch[:0]).shape == (0, encoder.dim)
    assert encoder.images_per_call >= 1
    _check_company(encoder, batch)


def check_text_encoder(encoder: TextEncoder) -> None:
    """Hold a text encoder to everything the contract promises."""
    check_described(encoder)
    _check_embeddings(encoder.encode(TEXTS), count=len(TEXTS), dim=encoder.dim)
    _check_batches(lambda chosen: encoder.encode([TEXTS[i] for i in chosen]), count=len(TEXTS))
    assert encoder.encode([]).shape == (0, encoder.dim)


def check_text_alone_decides(encoders: Sequence[TextEncoder]) -> None:
    """A text's embedding is the same to the last bit alone, in any company and in any order.

    It holds on a processor; a graphics card chooses other kernels for other batch sizes.

    Args:
        encoders: One encoder, opened for several numbers of threads and of texts per step.
    """
    words = ["red cotton t-shirt, size l."] * 12
    texts = [*TEXTS, *(" ".join([*words[:count], word]) for count in range(0, 12, 2) for word in "axl")]
    together = encoders[0].encode(texts)
    rng = np.random.default_rng(0)
    for encoder in encoders:
        for size in (1, 2, 7, len(texts)):
            chosen = rng.permutation(len(texts))[:size]
            found = encoder.encode([texts[i] for i in chosen])
            np.testing.assert_array_equal(found, together[chosen], err_msg=f"{size} texts at a time")


def _check_company(encoder: ImageEncoder, batch: NDArray[np.uint8]) -> None:
    """An image's stored embedding is the same, bit for bit: alone, in other company, elsewhere, and from other threads."""
    everything = encoder.encode(batch).astype(np.float16)
    count = len(batch)
    for i in range(count):
        np.testing.assert_array_equal(encoder.encode(batch[i : i + 1])[0].astype(np.float16), everything[i])
    order = [*range(count // 2, count), *range(count // 2), *range(count)]
    np.testing.assert_array_equal(encoder.encode(batch[order]).astype(np.float16), everything[order])
    with ThreadPoolExecutor(3) as pool:
        from_threads = list(pool.map(lambda i: encoder.encode(batch[i : i + 2]), range(count - 1)))
    for i, pair in enumerate(from_threads):
        np.testing.assert_array_equal(pair.astype(np.float16), everything[i : i + 2])


def _check_embeddings(embeddings: NDArray[np.float32], *, count: int, dim: int) -> None:
    assert embeddings.dtype == np.float32
    assert embeddings.shape == (count, dim)
    assert np.isfinite(embeddings).all()
    assert len(np.unique(embeddings.round(5), axis=0)) > 1, "different inputs, different embeddings"


def _check_batches(encode: Callable[[Sequence[int]], NDArray[np.float32]], *, count: int) -> None:
    """The same input gives the same embedding: again, alone, in another order, and twice in one batch."""
    everything = encode(range(count))
    np.testing.assert_array_equal(encode(range(count)), everything)
    scale = max(1.0, float(np.abs(everything).max()))
    alone = np.concatenate([encode([i]) for i in range(count)])
    np.testing.assert_allclose(alone, everything, atol=TOLERANCE * scale)
    order = [*reversed(range(count)), 0]
    np.testing.assert_allclose(encode(order), everything[order], atol=TOLERANCE * scale)
