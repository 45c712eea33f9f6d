from __future__ import annotations

import os

import pytest

from smartprod.config import Config
from smartprod.encoders import configure_offline


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch):
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "TOKENIZERS_PARALLELISM"):
        monkeypatch.setenv(name, "before")
        monkeypatch.delenv(name)
    import huggingface_hub.constants as hub

    monkeypatch.setattr(hub, "HF_HUB_OFFLINE", True)


def configured(offline: str, image: str) -> bool:
    return configure_offline(
        Config.model_validate({"run": {"offline": offline}, "extract": {"image": [image]}})
    )


def test_offline_auto_closes_the_network_for_embedded_encoders():
    assert configured("auto", "lite0")
    assert os.environ["HF_HUB_OFFLINE"] == os.environ["TRANSFORMERS_OFFLINE"] == "1"
    assert os.environ["TOKENIZERS_PARALLELISM"] == "false"


def test_offline_auto_closes_the_network_for_folders(tmp_path):
    assert configured("auto", f"timm:{tmp_path}")


def test_offline_auto_leaves_the_network_to_hub_models(monkeypatch):
    assert not configured("auto", "beit")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert configured("auto", "beit"), "the user's own setting stays"


def test_offline_yes_and_no_always_hold():
    assert configured("yes", "beit")
    assert not configured("no", "lite0")
