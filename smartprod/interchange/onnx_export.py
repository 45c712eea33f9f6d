"""A model as ONNX files: each encoder and each head one file, held against the model itself, and what stays outside."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from smartprod.decision import Decider
from smartprod.encoders import (
    configure_offline,
    export_image_encoder,
    export_text_encoder,
    has_weights,
)
from smartprod.errors import ModelError
from smartprod.interchange.new_folder import new_folder
from smartprod.interchange.onnx_description import describe_export, input_sizes
from smartprod.interchange.onnx_sample import reference_sample, table_sample
from smartprod.model import load_model

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smartprod.encoders import ExportedEncoder
    from smartprod.interchange.onnx_sample import Measured, SampleTable
    from smartprod.model import SavedModel

DESCRIPTION_FILE = "model.json"
MOST_DIFFERENCE = 0.01
"""Of a probability, files against model: the model rounds embeddings to float16 on their way, other tools need not."""
LEAST_AGREEMENT = 0.9999
"""Cosine of an encoder's embeddings, file against model."""


@dataclass(frozen=True, slots=True)
class OnnxAccount:
    """What was exported.

    Attributes:
        folder: Where.
        files: Names of the ONNX files.
        agreements: Lowest cosine of an embedding by encoder: file against model, on probes.
        differences: Largest difference of a probability by head: files against model.
        sample: What they were measured on.
        outside: What stays outside of the files, a sentence each.
    """

    folder: Path
    files: tuple[str, ...]
    agreements: dict[str, float]
    differences: dict[str, float]
    sample: str
    outside: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        """Tell it to a person."""
        yield f"{self.folder}: {', '.join(self.files)}"
        for name, agreement in self.agreements.items():
            yield f"encoder {name}: cosine of its embeddings with the model's at least {agreement:.6f}"
        for name, difference in self.differences.items():
            yield f"head {name}: probabilities differ by at most {difference:.1e} on {self.sample}"
        yield "outside of the files:"
        yield from (f"  - {each}" for each in self.outside)


def export_onnx(
    model: str | Path, out: Path, *, sample: SampleTable | None = None, partial: bool = False
) -> OnnxAccount:
    """Export encoders and heads as ONNX files, with `model.json` about inputs, preprocessing and labels.

    Args:
        model: A model folder.
        out: A folder that does not exist yet, or is empty.
        sample: Products to hold the files against the model with, from their photos and texts on; without them the heads
            are held against it with the embeddings of the model's own reference rows.
        partial: Leave out what cannot be exported, and say so, instead of refusing.

    Raises:
        ModelError: The model is damaged; it gives several labels (SP736); a part cannot be exported (SP737), or answers
            differently from the model (SP738).
        UsageError: (SP731) There is something at the target already.
    """
    saved = load_model(model)
    decider = saved.decider
    if not isinstance(decider, Decider):
        raise ModelError(
            "SP736",
            "a model that gives several labels has no ONNX form",
            where=str(model),
            fix="serve it instead: smartprod serve",
        )
    configure_offline(saved.config)
    outside = _Outside(partial=partial)
    with new_folder(out) as folder:
        encoders = _export_encoders(saved, folder, outside)
        heads = _export_heads(saved, decider, folder, outside)
        measured = reference_sample(saved) if sample is None else table_sample(saved, encoders, sample)
        differences = {name: _difference(decider, name, content, measured) for name, content in heads.items()}
        files = tuple(sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.onnx")))
        agreements = {each.name: each.agreement for each in encoders}
        left = tuple(_sentences(saved, decider, outside))
        account = OnnxAccount(out, files, agreements, differences, measured.described, left)
        described = describe_export(saved, decider, encoders, account)
        text = json.dumps(described, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        (folder / DESCRIPTION_FILE).write_text(text, encoding="utf-8", newline="\n")
    return account


class _Outside:
    """Collects the parts that stay outside, or refuses the first of them that has to go in."""

    def __init__(self, *, partial: bool) -> None:
        self.parts: dict[str, str] = {}
        self._partial = partial

    def leave(self, part: str, error: Exception) -> None:
        """A part cannot be exported."""
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        if not self._partial:
            raise ModelError(
                "SP737",
                f"{part} cannot be exported to ONNX: {reason[:300]}",
                fix="give --partial to export the rest and keep this part in smartprod, or train without it",
            ) from error
        self.parts[part] = reason


def _export_encoders(model: SavedModel, folder: Path, outside: _Outside) -> list[ExportedEncoder]:
    section = model.config.extract
    exported = []
    (folder / "encoders").mkdir()
    for record, spec in zip(model.record.encoders, (*section.image, *section.text), strict=True):
        if not has_weights(spec):
            continue
        try:
            if record.modality == "text" and section.text_precision != "full":
                raise ValueError(f"its precision is {section.text_precision}")  # noqa: TRY301
            export = export_image_encoder if record.modality == "image" else export_text_encoder
            encoder = replace(export(spec, config=section), name=record.name)
        except Exception as error:  # noqa: BLE001  (exporters fail in ways of their own)
            outside.leave(f"the encoder {record.name}", error)
            continue
        _require(
            encoder.agreement >= LEAST_AGREEMENT,
            f"the encoder {record.name}",
            f"cosine {encoder.agreement:.6f}",
        )
        (folder / "encoders" / f"{record.name}.onnx").write_bytes(encoder.content)
        if encoder.save_tokenizer is not None:
            encoder.save_tokenizer(folder / "encoders" / f"{record.name}-tokenizer")
        exported.append(encoder)
    return exported


def _export_heads(model: SavedModel, decider: Decider, folder: Path, outside: _Outside) -> dict[str, bytes]:
    from smartprod.interchange.head_graphs import head_to_onnx

    exported = {}
    (folder / "heads").mkdir()
    for name, head in decider.head_set.heads.items():
        try:
            if decider.edits:
                raise ValueError("its classes were changed after the training")  # noqa: TRY301
            exported[name] = head_to_onnx(head, decider.calibrators.get(name), sizes=input_sizes(model))
        except Exception as error:  # noqa: BLE001  (as above)
            outside.leave(f"the head {name}", error)
            continue
        (folder / "heads" / f"{name}.onnx").write_bytes(exported[name])
    return exported


def _difference(decider: Decider, name: str, content: bytes, measured: Measured) -> float:
    """The largest difference of a probability, over the products that the head can answer."""
    import onnxruntime

    expected = decider.answers(measured.of_model)[name]
    if len(expected.positions) == 0:
        return 0.0
    asked = measured.of_files.take(expected.positions)
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    modalities = decider.head_set.heads[name].modalities
    given = session.run(None, {each: asked.modality(each).values for each in modalities})[0]
    difference = float(np.abs(given - expected.probabilities).max())
    _require(difference <= MOST_DIFFERENCE, f"the head {name}", f"a probability by {difference:.4f}")
    return difference


def _require(holds: bool, part: str, difference: str) -> None:
    if not holds:
        raise ModelError(
            "SP738",
            f"{part} answers differently as an ONNX file: {difference}",
            fix="nothing was written; report this with your config, and use `smartprod serve` meanwhile",
        )


def _sentences(model: SavedModel, decider: Decider, outside: _Outside) -> Iterator[str]:
    """What stays outside of the files."""
    section = model.config.extract
    yield "cleaning a product's fields to one text (the section clean of model.yaml)"
    yield "tokenising texts, and decoding, resizing and cropping photos (see preprocessing)"
    yield "the mean of the embeddings of a product's photos, scaled to length 1 again, where there are several"
    for spec in (*section.image, *section.text):
        if not has_weights(spec):
            yield f"the encoder {spec}, which is no network: scikit-learn's HashingVectorizer (smartprod/encoders/hashed_words.py)"
    if decider.words is not None:
        yield "the words head, which hashes words and multiplies once"
    yield "the decision: which head answers, thresholds, open set, costs and back-off (decision in model.json has the thresholds)"
    for part, reason in outside.parts.items():
        yield f"{part}, which has no ONNX form: {reason}"
