"""`model.json` beside exported files: what goes in, what comes out, and what the numbers mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartprod._version import __version__
from smartprod.encoders import OPSET

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smartprod.decision import Decider
    from smartprod.encoders import ExportedEncoder
    from smartprod.interchange.onnx_export import OnnxAccount
    from smartprod.model import SavedModel


def input_sizes(model: SavedModel) -> dict[str, int]:
    """The length of a product's embedding by modality: those of its encoders side by side."""
    encoders = model.record.encoders
    return {name: sum(each.dim for each in encoders if each.modality == name) for name in ("image", "text")}


def describe_export(
    model: SavedModel, decider: Decider, encoders: Sequence[ExportedEncoder], account: OnnxAccount
) -> dict[str, object]:
    """Describe exported files as JSON values."""
    settings = decider.settings
    return {
        "format": 1,
        "smartprod": __version__,
        "model": model.identity,
        "opset": OPSET,
        "labels": list(model.classes),
        "encoders": _encoders(model, encoders),
        "heads": _heads(model, decider, account),
        "decision": {
            "mode": settings.mode,
            "accept": settings.accept,
            "ask_next": settings.ask_next,
            "open_set": settings.open_set,
        },
        "outside": list(account.outside),
        "verified": {
            "on": account.sample,
            "encoder_cosine": account.agreements,
            "probability_difference": account.differences,
        },
    }


def _encoders(model: SavedModel, exported: Sequence[ExportedEncoder]) -> list[dict[str, object]]:
    """All encoders in the order in which their embeddings stand side by side; without a file where there is none."""
    files = {each.name: each for each in exported}
    entries = []
    for record in model.record.encoders:
        found = files.get(record.name)
        entry: dict[str, object] = {"name": record.name, "modality": record.modality, "dim": record.dim}
        entry |= {"weights_hash": record.weights_hash, "file": None}
        if found is not None:
            entry |= {"file": f"encoders/{record.name}.onnx", "inputs": list(found.inputs)}
            entry |= {
                "output": "embedding, float32 [B, dim], of length 1",
                "preprocessing": dict(found.preprocessing),
            }
            if found.save_tokenizer is not None:
                entry["tokenizer"] = f"encoders/{record.name}-tokenizer"
        entries.append(entry)
    return entries


def _heads(model: SavedModel, decider: Decider, account: OnnxAccount) -> list[dict[str, object]]:
    sizes = input_sizes(model)
    return [
        {
            "name": name,
            "file": f"heads/{name}.onnx",
            "inputs": [
                {
                    "name": modality,
                    "dim": sizes[modality],
                    "encoders": [each.name for each in model.record.encoders if each.modality == modality],
                }
                for modality in head.modalities
            ],
            "output": "probabilities, float32 [B, labels], calibrated",
        }
        for name, head in decider.head_set.heads.items()
        if f"heads/{name}.onnx" in account.files
    ]
