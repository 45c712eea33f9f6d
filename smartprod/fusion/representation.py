"""Representations: functions from the embeddings of a product to the one vector that a classifier sees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol, runtime_checkable

import numpy as np

from smartprod.fusion.normalisation import Normaliser
from smartprod.fusion.products import MODALITIES, Modality, ProductEmbeddings
from smartprod.state import State

if TYPE_CHECKING:
    from collections.abc import Sequence


@runtime_checkable
class Representation(Protocol):
    """Anything that embeds products for a classifier.

    `requires` are the modalities without which it cannot embed a product; the caller leaves such rows out.
    """

    @property
    def name(self) -> str:
        """Name under which it is saved and listed, such as `concat`."""
        ...

    @property
    def requires(self) -> tuple[Modality, ...]:
        """Modalities that every embedded product must have."""
        ...

    def embed(self, products: ProductEmbeddings) -> np.ndarray:
        """Embed N products as float32 [N, D]."""
        ...

    def state(self) -> State:
        """The fitted state."""
        ...


@dataclass(frozen=True, slots=True)
class SingleRepresentation:
    """One modality's embedding as it is; its name is the modality's."""

    modality: Modality
    kind: ClassVar[str] = "single"

    @property
    def name(self) -> str:
        """`image` or `text`."""
        return self.modality

    @property
    def requires(self) -> tuple[Modality, ...]:
        """The one modality."""
        return (self.modality,)

    def embed(self, products: ProductEmbeddings) -> np.ndarray:
        """Return the modality's embeddings, float32 [N, D]."""
        return products.modality(self.modality).values

    def state(self) -> State:
        """The fitted state."""
        return State(self.kind, {"modality": self.modality})

    @classmethod
    def from_state(cls, state: State) -> SingleRepresentation:
        """Build it again from its state."""
        return cls("image" if state.settings["modality"] == "image" else "text")


@dataclass(frozen=True, slots=True, eq=False)
class ConcatRepresentation:
    """Image and text embeddings side by side; the text block is multiplied by a learned weight.

    The weight of a block decides how far a linear classifier with a norm penalty trusts it.

    Attributes:
        text_weight: Of the text block; the image block weighs 1.
        normaliser: What blocks go through first; None leaves them.
    """

    text_weight: float
    normaliser: Normaliser | None = None
    kind: ClassVar[str] = "concat"
    name: ClassVar[str] = "concat"
    requires: ClassVar[tuple[Modality, ...]] = MODALITIES

    def embed(self, products: ProductEmbeddings) -> np.ndarray:
        """Return [image, weight * text], float32 [N, D]; a missing block is zero."""
        image, text = (
            products.modality(name).values
            if self.normaliser is None
            else self.normaliser.apply(products, name)
            for name in MODALITIES
        )
        return np.hstack([image, np.float32(self.text_weight) * text])

    def state(self) -> State:
        """The fitted state."""
        arrays = {} if self.normaliser is None else self.normaliser.arrays()
        return State(self.kind, {"text_weight": self.text_weight}, arrays)

    @classmethod
    def from_state(cls, state: State) -> ConcatRepresentation:
        """Build it again from its state."""
        return cls(float(str(state.settings["text_weight"])), Normaliser.from_arrays(state.arrays))


def single_representations(products: ProductEmbeddings) -> Sequence[SingleRepresentation]:
    """One representation for each modality that any of the products has."""
    return [SingleRepresentation(name) for name in MODALITIES if products.modality(name).present.any()]
