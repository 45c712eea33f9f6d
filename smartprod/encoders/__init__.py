"""Image and text encoders: what turns a picture or a text into an embedding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartprod.encoders.base import Encoder, ImageEncoder, Modality, TextEncoder
from smartprod.encoders.device import Device, choose_device, use_torch_threads
from smartprod.encoders.loading import (
    EncoderEntry,
    encoder_identity,
    has_weights,
    list_encoders,
    load_encoder,
)
from smartprod.encoders.offline import configure_offline, is_offline, network_as_given
from smartprod.encoders.specs import OwnEncoder, own_encoder
from smartprod.encoders.torchvision_mend import import_torchvision
from smartprod.encoders.trainable import TrainableImageModel, open_trainable_image
from smartprod.encoders.trainable_text import TrainableTextModel, open_trainable_text
from smartprod.first_use import imported_on_first_use

if TYPE_CHECKING:
    from smartprod.encoders.exported import (
        OPSET,
        ExportedEncoder,
        export_image_encoder,
        export_text_encoder,
        torch_to_onnx,
    )

__all__ = [
    "OPSET",
    "Device",
    "Encoder",
    "EncoderEntry",
    "ExportedEncoder",
    "ImageEncoder",
    "Modality",
    "OwnEncoder",
    "TextEncoder",
    "TrainableImageModel",
    "TrainableTextModel",
    "choose_device",
    "configure_offline",
    "encoder_identity",
    "export_image_encoder",
    "export_text_encoder",
    "has_weights",
    "import_torchvision",
    "is_offline",
    "list_encoders",
    "load_encoder",
    "network_as_given",
    "open_trainable_image",
    "open_trainable_text",
    "own_encoder",
    "torch_to_onnx",
    "use_torch_threads",
]

_EXPORTED = {
    "OPSET",
    "ExportedEncoder",
    "export_image_encoder",
    "export_text_encoder",
    "torch_to_onnx",
}

# It needs numpy and the runtimes
__getattr__ = imported_on_first_use(__name__, dict.fromkeys(_EXPORTED, "exported"))
