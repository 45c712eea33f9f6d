"""Other tools: a model as ONNX files, as a Hugging Face repository and back from one; a scikit-learn estimator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartprod.first_use import imported_on_first_use

if TYPE_CHECKING:
    from smartprod.interchange.estimator import ProductClassifier
    from smartprod.interchange.hub_download import locate_model
    from smartprod.interchange.hub_folder import HubCard, export_hub
    from smartprod.interchange.hub_push import push_to_hub
    from smartprod.interchange.onnx_export import OnnxAccount, export_onnx
    from smartprod.interchange.onnx_sample import SampleTable

_HOMES = {
    "HubCard": "hub_folder",
    "OnnxAccount": "onnx_export",
    "ProductClassifier": "estimator",
    "SampleTable": "onnx_sample",
    "export_hub": "hub_folder",
    "export_onnx": "onnx_export",
    "locate_model": "hub_download",
    "push_to_hub": "hub_push",
}

__all__ = [
    "HubCard",
    "OnnxAccount",
    "ProductClassifier",
    "SampleTable",
    "export_hub",
    "export_onnx",
    "locate_model",
    "push_to_hub",
]

__getattr__ = imported_on_first_use(__name__, _HOMES)
