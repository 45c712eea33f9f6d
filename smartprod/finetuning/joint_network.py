"""Image and text encoder as one network, and the sum of three losses that trains it (imported only with torch)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn

from smartprod.finetuning.losses import ClassificationObjective, Objective
from smartprod.finetuning.text_models import ScaledEmbedding

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from smartprod.config.finetuning import FinetuneConfig, FinetuneTrainingConfig
    from smartprod.finetuning.batches import Batch
    from smartprod.finetuning.network import FinetuneNetwork


@dataclass(frozen=True, slots=True)
class JointInputs:
    """The names under which a batch of products holds its tensors, B rows.

    Attributes:
        pixels: uint8 `[I, 3, S, S]`, of the I rows that have an image, in order.
        has_image: bool `[B]`.
        has_text: bool `[B]`.
        text: What a name of the tokenizer's tensors starts with; each is `[B, T]`.
    """

    pixels: str = "pixels"
    has_image: str = "has_image"
    has_text: str = "has_text"
    text: str = "text."


INPUTS = JointInputs()


class JointEncoder(nn.Module):
    """Two encoders side by side; the embedding of what a product lacks is zero.

    Both embeddings have the length sqrt(dim): what is told apart later are directions.

    Args:
        image: Normalised float `[B, 3, S, S]` to `[B, dims[0]]`.
        text: The tokenizer's tensors to `[B, dims[1]]`.
        prepare: From uint8 pixels to normalised ones.
        dims: Lengths of the two embeddings.
        settings: How each of them is trained.
    """

    def __init__(
        self,
        image: nn.Module,
        text: nn.Module,
        *,
        prepare: nn.Module,
        dims: tuple[int, int],
        settings: FinetuneConfig,
    ) -> None:
        super().__init__()
        self.prepare = prepare
        self.image = ScaledEmbedding(image, dim=dims[0])
        self.text = ScaledEmbedding(text, dim=dims[1])
        self.dims = dims
        self._settings = settings

    def parts(self) -> list[tuple[str, nn.Module, FinetuneTrainingConfig]]:
        """The two encoders, each with the start of its parameters' names and its own settings."""
        return [
            ("image.module.", self.image.module, self._settings.image),
            ("text.module.", self.text.module, self._settings.text),
        ]

    def forward(self, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
        """Embeddings float32 `[B, sum(dims)]`, the image's first."""
        has_image, has_text = inputs[INPUTS.has_image], inputs[INPUTS.has_text]
        tokens = {
            name.removeprefix(INPUTS.text): value
            for name, value in inputs.items()
            if name.startswith(INPUTS.text)
        }
        texts = self.text(tokens) * has_text[:, None]  # [B, dims[1]]
        images = texts.new_zeros(len(has_image), self.dims[0])
        pixels = inputs[INPUTS.pixels]
        if len(pixels):
            images = images.masked_scatter(has_image[:, None], self.image(self.prepare(pixels)))
        return torch.cat([images, texts], dim=1)


class JointObjective(Objective):
    """Loss of the image, loss of the text and loss of both together, each over the rows that have what it is about.

    Args:
        config: Losses, their weights and what the classifiers are like.
        counts: Training rows of each class, `[C]`.
        dims: Lengths of the image's and the text's embedding.
    """

    def __init__(self, config: FinetuneConfig, *, counts: NDArray, dims: tuple[int, int]) -> None:
        super().__init__()
        settings = config.image
        self._dims = list(dims)
        self._weights = config.joint
        self.fused = ClassificationObjective(settings, counts=counts, dim=sum(dims))
        self.image_head, self.text_head = (
            nn.Sequential(nn.Dropout(settings.dropout), nn.Linear(dim, len(counts))) for dim in dims
        )

    def forward(self, network: FinetuneNetwork, batch: Batch, progress: float) -> torch.Tensor:
        """The weighted sum of the three mean losses, a scalar."""
        del progress
        weights, targets = self._weights, batch.targets
        embeddings = network.embed(batch.inputs)  # [B, D]
        image, text = embeddings.split(self._dims, dim=1)
        loss = weights.fused_weight * self.fused.of_embeddings(network, embeddings, targets)
        for weight, head, embedding, present in (
            (weights.image_weight, self.image_head, image, batch.inputs[INPUTS.has_image]),
            (weights.text_weight, self.text_head, text, batch.inputs[INPUTS.has_text]),
        ):
            if weight and present.any():
                logits = head(embedding[present])
                loss = loss + weight * self.fused.classification(logits, targets[present])
        return loss
