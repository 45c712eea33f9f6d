"""A trained model for other tools: as ONNX files, as a Hugging Face repository, and back from one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smartprod.interchange.hub_download import locate_model
    from smartprod.interchange.hub_folder import HubCard, export_hub
    from smartprod.interchange.hub_push import push_to_hub

_HOMES = {
    "HubCard": "hub_folder",
    "export_hub": "hub_folder",
    "locate_model": "hub_download",
    "push_to_hub": "hub_push",
}

__all__ = ["HubCard", "export_hub", "locate_model", "push_to_hub"]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
