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
    """Turns pictures into embeddings, in two steps: `prepare` in decode threads, `encode` on the device."""

    @property
    def min_side(self) -> int:
        """Shorter side in pixels that `prepare` resizes to; decoding below twice of it loses detail."""
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
