from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest

from smartprod.config.schema import ExtractConfig
from smartprod.encoders import load_encoder
from smartprod.errors import EncoderError


def open_image(name, runtime="auto"):
    return load_encoder(name, modality="image", config=ExtractConfig(runtime=runtime), threads=1)


@pytest.fixture
def noise():
    return np.random.default_rng(0).integers(0, 256, (2, 3, 32, 32), np.uint8)


def test_image_models_timm_folder_is_read_with_its_own_preprocessing(timm_folder):
    import timm
    import torch

    encoder = open_image(f"timm:{timm_folder}")
    settings = json.loads((timm_folder / "config.json").read_text())["pretrained_cfg"]
    side = settings["input_size"][1]
    prepared = encoder.prepare(np.full((side * 3, side * 2, 3), 77, np.uint8))
    assert prepared.shape == (3, side, side)
    model = timm.create_model(f"local-dir:{timm_folder}", pretrained=True, num_classes=0).eval()
    mean, std = (np.array(settings[name], np.float32)[:, None, None] for name in ("mean", "std"))
    with torch.inference_mode():
        expected = model(torch.from_numpy((prepared / np.float32(255) - mean) / std)[None]).numpy()
    np.testing.assert_allclose(encoder.encode(prepared[None]), expected, atol=1e-4)


def test_image_models_timm_fingerprint_differs_with_weights_and_preprocessing(
    save_timm, timm_folder, tmp_path
):
    other_weights = save_timm("test_efficientnet", seed=1)
    other_settings = Path(shutil.copytree(timm_folder, tmp_path / "settings"))
    config = json.loads((other_settings / "config.json").read_text())
    config["pretrained_cfg"]["mean"] = [0.1, 0.2, 0.3]
    (other_settings / "config.json").write_text(json.dumps(config))
    same = Path(shutil.copytree(timm_folder, tmp_path / "same"))
    hashes = [
        open_image(f"timm:{folder}").weights_hash
        for folder in (timm_folder, other_weights, other_settings, same)
    ]
    assert len(set(hashes)) == 3
    assert hashes[0] == hashes[3], "the place of the folder does not matter"


def test_image_models_beit_gives_normalised_mean_of_patch_tokens(beit_folder, noise):
    import torch
    from transformers import BeitModel

    encoder = open_image(f"transformers-image:{beit_folder}")
    model = BeitModel.from_pretrained(beit_folder).eval()
    with torch.inference_mode():
        hidden = model(torch.from_numpy(noise) / 127.5 - 1).last_hidden_state[:, 1:].mean(1)
        expected = model.pooler.layernorm(hidden).numpy()
    np.testing.assert_allclose(encoder.encode(noise), expected, atol=1e-4)


def test_image_models_vit_without_pooler_gives_its_class_token(tmp_path, noise):
    import torch
    from transformers import ViTConfig, ViTImageProcessor, ViTModel

    config = ViTConfig(
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        image_size=32,
        patch_size=8,
    )
    model = ViTModel(config, add_pooling_layer=False).eval()
    model.save_pretrained(tmp_path)
    ViTImageProcessor(size={"height": 32, "width": 32}).save_pretrained(tmp_path)
    with torch.inference_mode():
        expected = model(torch.from_numpy(noise) / 127.5 - 1).last_hidden_state[:, 0].numpy()
    np.testing.assert_allclose(
        open_image(f"transformers-image:{tmp_path}").encode(noise), expected, atol=1e-4
    )


def test_image_models_folder_without_config_is_named(tmp_path):
    with pytest.raises(EncoderError, match=r"config\.json") as caught:
        open_image(f"timm:{tmp_path}")
    assert caught.value.code == "SP402"


def test_image_models_that_takes_no_rgb_images_is_refused(save_timm):
    grey = save_timm("test_efficientnet", in_chans=1)
    config = json.loads((grey / "config.json").read_text())
    config["model_args"] = {"in_chans": 1}
    config["pretrained_cfg"]["input_size"][0] = 1
    (grey / "config.json").write_text(json.dumps(config))
    with pytest.raises(EncoderError, match=r"SP410(.|\n)*1 channels instead of 3(.|\n)*RGB"):
        open_image(f"timm:{grey}")


def test_image_models_damaged_weights_are_one_coded_error(beit_folder, tmp_path):
    folder = Path(shutil.copytree(beit_folder, tmp_path / "beit"))
    (folder / "model.safetensors").write_bytes(b"damaged")
    with pytest.raises(EncoderError) as caught:
        open_image(f"transformers-image:{folder}")
    assert caught.value.code == "SP408"
    assert str(folder) in str(caught.value)


def test_image_models_incomplete_weights_are_refused(beit_folder, tmp_path):
    from safetensors.torch import load_file, save_file

    folder = Path(shutil.copytree(beit_folder, tmp_path / "beit"))
    tensors = load_file(folder / "model.safetensors")
    lost = next(name for name in tensors if "layer.1" in name)
    save_file(
        {k: v for k, v in tensors.items() if k != lost},
        folder / "model.safetensors",
        metadata={"format": "pt"},
    )
    with pytest.raises(EncoderError, match="lack 1 tensors") as caught:
        open_image(f"transformers-image:{folder}")
    assert caught.value.code == "SP409"


class _Bomb:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self):
        return Path.touch, (self.marker,)


@pytest.mark.parametrize(
    ("kind", "file"), [("timm", "pytorch_model.bin"), ("transformers-image", "pytorch_model.bin")]
)
def test_image_models_pickled_weights_are_never_run(timm_folder, beit_folder, tmp_path, kind, file):
    folder = Path(shutil.copytree(timm_folder if kind == "timm" else beit_folder, tmp_path / kind))
    (folder / "model.safetensors").unlink()
    marker = tmp_path / "run"
    (folder / file).write_bytes(pickle.dumps({"weight": _Bomb(marker)}, protocol=2))
    with pytest.raises(EncoderError) as caught:
        open_image(f"{kind}:{folder}")
    assert caught.value.code == "SP408"
    assert not marker.exists()
