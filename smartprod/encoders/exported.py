"""Encoders as ONNX files that other tools run, and the same encoders run through those files to hold them against torch."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smartprod.encoders.images import PixelEncoder
from smartprod.encoders.loading import load_encoder, open_text_model
from smartprod.encoders.onnx_runtime import OnnxRuntime, lowest_cosine, probe_images
from smartprod.encoders.specs import parse_spec
from smartprod.encoders.texts import TokenEncoder
from smartprod.encoders.torch_runtime import TorchRuntime

if TYPE_CHECKING:
    import torch

    from smartprod.config.schema import ExtractConfig
    from smartprod.encoders.base import ImageEncoder, TextEncoder

OPSET = 17
_TINY = 1e-12
_PROBE_TEXTS = ("a", "Red ceramic mug, 300 ml", "Schwarze Lederjacke für Damen", "word " * 600)


@dataclass(frozen=True, slots=True, eq=False)
class ExportedEncoder:
    """An encoder as an ONNX file.

    Attributes:
        name: As the configuration names it.
        content: The file; its output `embedding` has length 1.
        inputs: Names of its inputs.
        preprocessing: What has to be done before it, as JSON values.
        encoder: The encoder, run through the file.
        agreement: Lowest cosine of its embeddings of some probes with those of torch.
        save_tokenizer: Writes the tokenizer's files to a folder; None of an image encoder.
    """

    name: str
    content: bytes
    inputs: tuple[str, ...]
    preprocessing: Mapping[str, object]
    encoder: ImageEncoder | TextEncoder
    agreement: float
    save_tokenizer: Callable[[Path], object] | None = None


def torch_to_onnx(
    module: torch.nn.Module,
    example: Sequence[torch.Tensor],
    *,
    inputs: Mapping[str, Mapping[int, str]],
    output: str,
) -> bytes:
    """Export a torch module.

    Args:
        module: From the inputs, in their order, to one tensor of rows.
        example: One tensor for each input, with two rows or more.
        inputs: Axes of each input that may have any length, with their names; the first one is that of the rows.
        output: Name of the output.

    Returns:
        The ONNX file.
    """
    import torch

    rows = next(iter(inputs.values()))[0]
    axes = {name: dict(each) for name, each in inputs.items()} | {output: {0: rows}}
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")  # the exporter reports every traced constant
        file = Path(folder) / "model.onnx"
        torch.onnx.export(
            module.eval(),
            tuple(example),
            file,
            input_names=list(inputs),
            output_names=[output],
            dynamic_axes=axes,
            opset_version=OPSET,
            dynamo=False,
        )
        return file.read_bytes()


def export_image_encoder(name: str, *, config: ExtractConfig) -> ExportedEncoder:
    """Export an image encoder: uint8 `pixels` `[B, 3, S, S]` to float32 `embedding` `[B, D]`.

    Raises:
        EncoderError: Its files are missing, damaged or cannot be loaded (SP402 to SP411).
        Exception: Whatever the exporter has against it.
    """
    import torch

    in_torch = config.model_copy(update={"runtime": "torch", "compile": False})
    opened = load_encoder(name, modality="image", config=in_torch, threads=1)
    if not isinstance(opened, PixelEncoder) or not isinstance(opened.runtime, TorchRuntime):
        raise TypeError(f"{type(opened).__name__} is no torch model")
    preprocessing = opened.preprocessing
    content = torch_to_onnx(
        _unit_length(opened.runtime.module.to("cpu")),
        [torch.zeros((2, 3, *preprocessing.crop), dtype=torch.uint8)],
        inputs={"pixels": {0: "images"}},
        output="embedding",
    )
    through = PixelEncoder(
        name=name,
        weights_hash=opened.weights_hash,
        preprocessing=preprocessing,
        runtime=OnnxRuntime(content),
    )
    # Mean and standard deviation are part of the graph, which takes whole numbers from 0 to 255.
    steps = {key: value for key, value in asdict(preprocessing).items() if key not in {"mean", "std"}}
    described = {"colours": "RGB", "layout": "uint8 [B, 3, height, width]", "antialias": True, **steps}
    probes = probe_images(preprocessing.crop)
    agreement = lowest_cosine(through.encode(probes), opened.encode(probes))
    return ExportedEncoder(name, content, ("pixels",), described, through, agreement)


def export_text_encoder(name: str, *, config: ExtractConfig) -> ExportedEncoder:
    """Export a text encoder: a tokenizer's int64 tensors `[B, T]` to float32 `embedding` `[B, D]`.

    Raises:
        EncoderError: Its files are missing, damaged or cannot be loaded (SP402 to SP411).
        Exception: Whatever the exporter has against it.
    """
    model = open_text_model(parse_spec(name))
    tokens = model.tokenizer.pad(
        {"input_ids": model.tokenizer(["a red mug", "a mug"])["input_ids"]}, return_tensors="pt"
    )
    names = tuple(tokens)  # without what the encoder does not use
    content = torch_to_onnx(
        _unit_length(_with_inputs(model.module, names)),
        [tokens[each] for each in names],
        inputs={each: {0: "texts", 1: "tokens"} for each in names},
        output="embedding",
    )
    through = TokenEncoder(
        replace(model, module=_through_file(content, names)), batch_size=config.text_batch_size, threads=1
    )
    opened = TokenEncoder(model, batch_size=config.text_batch_size, threads=1)
    agreement = lowest_cosine(through.encode(_PROBE_TEXTS), opened.encode(_PROBE_TEXTS))
    described: dict[str, object] = {"tokenizer": "a tokenizer of the transformers library"}
    described |= {"max_tokens": model.max_tokens, "truncation": "right", "prompt": model.prompt}
    return ExportedEncoder(
        name,
        content,
        names,
        described,
        through,
        agreement,
        model.tokenizer.save_pretrained,
    )


def _unit_length(module: torch.nn.Module) -> torch.nn.Module:
    """Scale what a module gives to length 1, as heads take embeddings; zeros stay."""
    import torch

    class UnitLength(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.module = module

        def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
            embedding = self.module(*inputs).float()
            return embedding / embedding.norm(dim=1, keepdim=True).clamp(min=_TINY)

    return UnitLength()


def _with_inputs(module: torch.nn.Module, names: Sequence[str]) -> torch.nn.Module:
    """Let a module that takes a dict take its values one after the other."""
    import torch

    class WithInputs(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.module = module

        def forward(self, *values: torch.Tensor) -> torch.Tensor:
            return self.module(dict(zip(names, values, strict=True)))

    return WithInputs()


def _through_file(content: bytes, names: Sequence[str]) -> torch.nn.Module:
    """Run an exported text model in the place of its torch module."""
    import onnxruntime
    import torch

    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])

    class ThroughFile(torch.nn.Module):
        def forward(self, inputs: dict[str, Any]) -> torch.Tensor:
            feed = {each: inputs[each].cpu().numpy() for each in names}
            return torch.from_numpy(session.run(None, feed)[0])

    return ThroughFile()
