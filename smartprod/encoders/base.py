"""What every encoder is: a name, a size, a fingerprint, and `encode`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

Modality = Literal["image", "text"]


class Encoder(Protocol):
    """The part of the contract that both modalities share; `tests/contracts/check_encoder.py` checks it.

    A saved model asks for a `weights_hash`; the embedding store is keyed by the `fingerprint`.
    """

    @property
    def name(self) -> str:
        """The name that the configuration uses."""
        ...

    @property
    def modality(self) -> Modality:
        """`image` or `text`."""
        ...

    @property
    def dim(self) -> int:
        """Length D of one embedding."""
        ...

    @property
    def weights_hash(self) -> str:
        """Hash of weights and preprocessing."""
        ...

    @property
    def fingerprint(self) -> str:
        """Hash of weights, preprocessing and precision."""
        ...


@runtime_checkable
class ImageEncoder(Encoder, Protocol):
    """Turns pictures into embeddings, in two steps, both safe to call from many threads.

    An embedding depends on its picture alone, bit for bit: not on the batch around it, its place, or the number of threads.
    """

    @property
    def min_side(self) -> int:
        """Shorter side in pixels that `prepare` resizes to; decoding below three times of it loses detail."""
        ...

    @property
    def images_per_call(self) -> int:
        """Images that one call of `encode` takes best.

        1 on a processor, where every calling thread runs the model for itself; more on a GPU.
        """
        ...

    def prepare(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Resize and crop one RGB image uint8 `[H, W, 3]` to the model's uint8 `[3, S, S]`."""
        ...

    def encode(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embed prepared images uint8 `[B, 3, S, S]` to float32 `[B, dim]`."""
        ...


@runtime_checkable
class TextEncoder(Encoder, Protocol):
    """Turns texts into embeddings."""

    def encode(self, batch: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts to float32 `[B, dim]`, in the order given."""
        ...
