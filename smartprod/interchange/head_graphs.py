"""Heads as torch modules, so that they can be exported: the same arithmetic as in numpy, for products with all inputs.

Only what a head does to embeddings is here; which head is asked, and what becomes of its answer, is the decision's.
Imported with torch only.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from smartprod.encoders import torch_to_onnx

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from smartprod.classifiers import Head

_TINY = 1e-12
_LOG_FLOOR = float(np.log(1e-7))
"""Of a class without training rows, before normalising: as the classifiers have it."""
_IDENTITY = 0.01
"""Share of the probability itself in isotonic scaling."""


class NoGraphError(Exception):
    """A part that cannot be written as a graph; its text names the part."""


def head_to_onnx(head: Head, calibrator: Any, *, sizes: Mapping[str, int]) -> bytes:
    """Export a head: the embeddings of its modalities, float32 `[B, D]` each, to `probabilities` `[B, C]`.

    Args:
        head: The head.
        calibrator: Its calibration; None leaves its answers as they are.
        sizes: Length of the embedding of each modality.

    Raises:
        NoGraphError: A part of it cannot be written as a graph.
    """
    graph = HeadGraph(head, calibrator)
    torch.backends.mha.set_fastpath_enabled(False)  # its fused kernel has no ONNX form
    try:
        return torch_to_onnx(
            graph,
            [nn.functional.normalize(torch.ones(2, sizes[name]), dim=1) for name in head.modalities],
            inputs={name: {0: "products"} for name in head.modalities},
            output="probabilities",
        )
    finally:
        torch.backends.mha.set_fastpath_enabled(True)


class HeadGraph(nn.Module):
    """A head with its calibration.

    Args:
        head: The head.
        calibrator: Its calibration; None leaves its answers as they are.

    Raises:
        NoGraphError: A part of it cannot be written as a graph.
    """

    def __init__(self, head: Head, calibrator: Any) -> None:
        super().__init__()
        self.modalities = head.modalities
        self.representations = nn.ModuleList(_representation(each.representation) for each in head.members)
        self.classifiers = nn.ModuleList(_classifier(each.classifier) for each in head.members)
        self.temperatures = [each.temperature for each in head.members]
        self.weights = [each.weight for each in head.members]
        self.calibration = _Calibration(calibrator)

    def forward(self, *embeddings: torch.Tensor) -> torch.Tensor:
        """Map the embeddings of the head's modalities, each `[B, D]`, to probabilities `[B, C]`."""
        by_modality = dict(zip(self.modalities, embeddings, strict=True))
        answers = []
        for representation, classifier, temperature in zip(
            self.representations, self.classifiers, self.temperatures, strict=True
        ):
            answers.append((classifier(representation(by_modality)) / temperature).log_softmax(dim=1))
        mixed = answers[0]
        if len(answers) > 1:
            shares = [weight * each.exp() for weight, each in zip(self.weights, answers, strict=True)]
            mixed = torch.stack(shares).sum(dim=0).clamp(min=_TINY).log()
        return self.calibration(mixed).exp().float()


class _Single(nn.Module):
    def __init__(self, modality: str) -> None:
        super().__init__()
        self.modality = modality

    def forward(self, embeddings: dict[str, torch.Tensor]) -> torch.Tensor:
        return embeddings[self.modality]


class _Concat(nn.Module):
    def __init__(self, concat: Any) -> None:
        super().__init__()
        self.text_weight = concat.text_weight
        normaliser = concat.normaliser
        self.parts = nn.ModuleDict()
        if normaliser is not None:
            for name in ("image", "text"):
                self.parts[name] = nn.ModuleList(_Normaliser(each) for each in normaliser.encoders[name])

    def forward(self, embeddings: dict[str, torch.Tensor]) -> torch.Tensor:
        image, text = (self._normalised(name, embeddings[name]) for name in ("image", "text"))
        return torch.cat([image, self.text_weight * text], dim=1)

    def _normalised(self, name: str, values: torch.Tensor) -> torch.Tensor:
        if not len(self.parts):
            return values
        parts: Any = self.parts[name]
        blocks = values.split([part.size for part in parts], dim=1)
        return torch.cat([part(block) for part, block in zip(parts, blocks, strict=True)], dim=1)


class _Normaliser(nn.Module):
    def __init__(self, normaliser: Any) -> None:
        super().__init__()
        self.size = len(normaliser.center)
        self.center, self.scale = _tensor(normaliser.center), _tensor(normaliser.scale)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        shifted = values - self.center
        return _unit(shifted * self.scale if self.scale.ndim == 1 else shifted @ self.scale)


class _Metric(nn.Module):
    def __init__(self, metric: Any) -> None:
        super().__init__()
        self.concat, self.network = _Concat(metric.concat), metric.network
        self.center = _tensor(metric.center)

    def forward(self, embeddings: dict[str, torch.Tensor]) -> torch.Tensor:
        return self.network(self.concat(embeddings) - self.center)


class _Fusion(nn.Module):
    def __init__(self, fusion: Any) -> None:
        super().__init__()
        self.network = fusion.network

    def forward(self, embeddings: dict[str, torch.Tensor]) -> torch.Tensor:
        image, text = embeddings["image"], embeddings["text"]
        present = torch.ones_like(image[:, :2], dtype=torch.bool)
        return self.network.fuse(image, text, present)


class _OverClasses(nn.Module):
    """Turns logits of the P classes with training rows into log-probabilities of all C classes."""

    def __init__(self, present: np.ndarray, classes: int) -> None:
        super().__init__()
        place = np.full(classes, len(present))  # the column of the floor
        place[present] = np.arange(len(present))
        self.place = torch.from_numpy(place) if len(present) < classes else None

    def forward(self, logits: torch.Tensor) -> torch.Tensor:
        found = logits.log_softmax(dim=1).float()
        if self.place is None:
            return found
        floor = torch.full_like(found[:, :1], _LOG_FLOOR)
        return torch.cat([found, floor], dim=1)[:, self.place].log_softmax(dim=1)


class _Linear(nn.Module):
    """Logistic regression, and discriminant analysis in float64."""

    def __init__(self, fitted: Any) -> None:
        super().__init__()
        self.weight, self.bias = _tensor(fitted.weight), _tensor(fitted.bias)
        self.over_classes = _OverClasses(fitted.present, fitted.classes)

    def forward(self, embedding: torch.Tensor) -> torch.Tensor:
        return self.over_classes(embedding.to(self.weight.dtype) @ self.weight.T + self.bias)


class _Network(nn.Module):
    def __init__(self, fitted: Any) -> None:
        super().__init__()
        self.center, self.scale, self.network = _tensor(fitted.center), fitted.scale, fitted.network
        self.over_classes = _OverClasses(fitted.present, fitted.classes)

    def forward(self, embedding: torch.Tensor) -> torch.Tensor:
        return self.over_classes(self.network((embedding - self.center) / self.scale))


class _Prototypes(nn.Module):
    def __init__(self, fitted: Any) -> None:
        super().__init__()
        self.center, self.prototypes = _tensor(fitted.center), _tensor(fitted.prototypes)
        self.temperature = fitted.temperature
        self.over_classes = _OverClasses(fitted.present, fitted.classes)

    def forward(self, embedding: torch.Tensor) -> torch.Tensor:
        cosine = _unit(embedding - self.center) @ self.prototypes.T
        return self.over_classes(cosine / self.temperature)


class _TwoLevels(nn.Module):
    def __init__(self, fitted: Any) -> None:
        super().__init__()
        self.coarse_weight, self.coarse_bias = _tensor(fitted.coarse_weight), _tensor(fitted.coarse_bias)
        self.weight, self.bias = _tensor(fitted.weight), _tensor(fitted.bias)
        self.coarse = _tensor(fitted.coarse)
        self.groups = [_tensor(np.flatnonzero(fitted.coarse == each)) for each in np.unique(fitted.coarse)]
        self.places = _tensor(np.argsort(np.argsort(fitted.coarse, kind="stable"), kind="stable"))
        self.over_classes = _OverClasses(fitted.present, fitted.classes)

    def forward(self, embedding: torch.Tensor) -> torch.Tensor:
        coarse = (embedding @ self.coarse_weight.T + self.coarse_bias).log_softmax(dim=1)
        logits = embedding @ self.weight.T + self.bias
        within = torch.cat([logits[:, lines].log_softmax(dim=1) for lines in self.groups], dim=1)
        return self.over_classes(within[:, self.places] + coarse[:, self.coarse])


class _Adjusted(nn.Module):
    def __init__(self, fitted: Any) -> None:
        super().__init__()
        self.inner, self.offset = _classifier(fitted.inner), _tensor(fitted.offset)

    def forward(self, embedding: torch.Tensor) -> torch.Tensor:
        return (self.inner(embedding) - self.offset).log_softmax(dim=1)


class _Calibration(nn.Module):
    def __init__(self, calibrator: Any) -> None:
        super().__init__()
        self.method = "none" if calibrator is None else calibrator.method
        if self.method == "temperature":
            self.temperature = calibrator.temperature
        elif self.method == "vector":
            self.weights, self.biases = _tensor(calibrator.weights), _tensor(calibrator.biases)
        elif self.method == "isotonic":
            self.start = float(calibrator.values[0])
            self.steps = list(_steps(calibrator.knots, calibrator.values))
        elif self.method != "none":
            raise NoGraphError(f"the calibration `{self.method}`")

    def forward(self, answers: torch.Tensor) -> torch.Tensor:
        if self.method == "temperature":
            return (answers / self.temperature).log_softmax(dim=1)
        if self.method == "vector":
            return (answers * self.weights + self.biases).log_softmax(dim=1)
        if self.method == "isotonic":
            probabilities = answers.double().exp()
            curve = torch.full_like(probabilities, self.start)
            for knot, width, slope in self.steps:
                curve = curve + slope * (probabilities - knot).clamp(min=0.0, max=width)
            bent = ((1 - _IDENTITY) * curve + _IDENTITY * probabilities).clamp(min=_TINY)
            return (bent / bent.sum(dim=1, keepdim=True)).log()
        return answers.log_softmax(dim=1)


def _steps(knots: Sequence[float], values: Sequence[float]) -> Any:
    """The segments of a rising curve: where each begins, how wide it is, how steep; level ones are left out."""
    for (left, right), (low, high) in zip(pairwise(knots), pairwise(values), strict=True):
        width = max(float(right - left), _TINY)
        if high > low:
            yield float(left), width, float(high - low) / width


_CLASSIFIERS = {
    "logistic": _Linear,
    "discriminant": _Linear,
    "mlp": _Network,
    "prototype": _Prototypes,
    "two_level": _TwoLevels,
}


def _classifier(fitted: Any) -> nn.Module:
    if hasattr(fitted, "offset"):
        return _Adjusted(fitted)
    if fitted.kind not in _CLASSIFIERS:
        raise NoGraphError(f"the classifier `{fitted.kind}`")
    return _CLASSIFIERS[fitted.kind](fitted)


def _representation(fitted: Any) -> nn.Module:
    if fitted.kind == "single":
        return _Single(fitted.modality)
    if fitted.kind == "concat":
        return _Concat(fitted)
    if fitted.kind == "metric":
        return _Metric(fitted)
    if fitted.kind in {"gated", "cross_attention"}:
        return _Fusion(fitted)
    raise NoGraphError(f"the representation `{fitted.kind}`")


def _unit(rows: torch.Tensor) -> torch.Tensor:
    return rows / rows.norm(dim=1, keepdim=True).clamp(min=_TINY)


def _tensor(array: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(array))
