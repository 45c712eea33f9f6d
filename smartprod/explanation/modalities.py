"""What image and text each add: Shapley values over the two modalities (Shapley, 1953), with the real heads for each set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartprod.explanation.explanation import ModalityShare
from smartprod.fusion import MODALITIES

if TYPE_CHECKING:
    from smartprod.explanation.variants import Variants


def modality_shares(variants: Variants, explained: int, *, base: float) -> tuple[ModalityShare, ...]:
    """Share the probability of a class among the modalities of a product.

    A set of modalities is worth the probability that the model gives with these alone, which is what it would answer for a
    product that lacks the others; the empty set is worth `base`. So is a set that no head answers for.

    Args:
        variants: The product.
        explained: Class index.
        base: Probability of the class for a product of which nothing is known.

    Returns:
        One for each modality that the product has; with `base` they sum to its probability.
    """

    def worth(*, image: bool, text: bool) -> float:
        probabilities = variants.probabilities_with(image=image, text=text)
        return base if probabilities is None else float(probabilities[explained])

    present = [name for name in MODALITIES if variants.product.modality(name).present[0]]
    alone = {name: worth(image=name == "image", text=name == "text") for name in present}
    if len(present) < len(MODALITIES):
        return tuple(ModalityShare(name, alone[name] - base, alone[name]) for name in present)
    together = worth(image=True, text=True)
    other = {"image": "text", "text": "image"}
    return tuple(
        ModalityShare(
            name,
            ((alone[name] - base) + (together - alone[other[name]])) / 2,  # type: ignore[index]
            alone[name],
        )
        for name in present
    )
