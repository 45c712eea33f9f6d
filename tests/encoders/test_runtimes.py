from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from smartprod.config.schema import ExtractConfig
from smartprod.encoders import load_encoder, runtimes
from smartprod.encoders.runtimes import OnnxRuntime, TorchRuntime
from smartprod.errors import EncoderError


@pytest.fixture
def own_cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("SMARTPROD_CACHE", str(tmp_path))
    return tmp_path / "onnx"


def open_image(name, runtime):
    return load_encoder(name, modality="image", config=ExtractConfig(runtime=runtime), threads=1)


def runtime_of(encoder):
    return type(encoder._runtime)


def test_runtimes_agree_and_share_a_fingerprint(timm_folder, own_cache):
    fast, slow = open_image(f"timm:{timm_folder}", "auto"), open_image(f"timm:{timm_folder}", "torch")
    assert (runtime_of(fast), runtime_of(slow)) == (OnnxRuntime, TorchRuntime)
    assert fast.fingerprint == slow.fingerprint
    batch = np.random.default_rng(0).integers(
        0, 256, (5, 3, *fast.prepare(np.zeros((9, 9, 3), np.uint8)).shape[1:]), np.uint8
    )
    np.testing.assert_allclose(fast.encode(batch), slow.encode(batch), atol=1e-3)


def test_runtimes_auto_leaves_transformers_to_torch(beit_folder):
    assert runtime_of(open_image(f"transformers-image:{beit_folder}", "auto")) is TorchRuntime


def test_runtimes_export_is_kept_and_a_damaged_one_is_made_again(timm_folder, own_cache):
    open_image(f"timm:{timm_folder}", "auto")
    (kept,) = own_cache.iterdir()
    content = kept.read_bytes()
    open_image(f"timm:{timm_folder}", "auto")
    assert [file.name for file in own_cache.iterdir()] == [kept.name]
    kept.write_bytes(content[:-100])
    open_image(f"timm:{timm_folder}", "auto")
    assert any(
        file.read_bytes()[:1000] == content[:1000] and len(file.read_bytes()) == len(content)
        for file in own_cache.iterdir()
    )


def test_runtimes_export_that_differs_falls_back_with_a_warning(timm_folder, own_cache, monkeypatch):
    monkeypatch.setattr(runtimes, "MINIMUM_AGREEMENT", 1.1)
    with pytest.warns(UserWarning, match="Continuing with torch"):
        encoder = open_image(f"timm:{timm_folder}", "auto")
    assert runtime_of(encoder) is TorchRuntime
    with pytest.raises(EncoderError, match="differ from torch's") as caught:
        open_image(f"timm:{timm_folder}", "onnxruntime")
    assert caught.value.code == "SP407"


def test_runtimes_cache_that_cannot_be_written_only_warns(timm_folder, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("SMARTPROD_CACHE", str(tmp_path / "file"))
    with pytest.warns(UserWarning, match="could not be kept"):
        assert runtime_of(open_image(f"timm:{timm_folder}", "auto")) is OnnxRuntime
