"""Every kind of image model that fine-tuning names: frozen, unfrozen, layer by layer, saved and opened again."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from smartprod.config import Config
from smartprod.config.finetuning import FinetuneImageConfig
from smartprod.encoders import Device, import_torchvision, load_encoder, open_trainable_image
from smartprod.errors import UsageError
from smartprod.finetuning.batches import Batch
from smartprod.finetuning.image_models import build_image_network
from smartprod.finetuning.loop import Listeners, TrainingTask, train
from smartprod.finetuning.losses import ClassificationObjective
from smartprod.finetuning.schedule import layer_of_parameters, learning_parameters, parameter_groups
from tests.finetuning.photo_table import save_timm_model

# What is trained in earnest is downloaded; these have its architecture, random weights, small pictures, and fewer channels
# where timm lets them.
NARROW = {"channels": (8, 16, 32, 64)}
TIMM: dict[str, tuple[int, dict[str, object]]] = {
    "resnet18": (32, NARROW),
    "resnet50": (32, NARROW),
    "tf_efficientnetv2_b3": (32, {}),
    "inception_v3": (80, {}),
    "legacy_xception": (64, {}),
    "vit_tiny_patch16_224": (32, {"depth": 3, "embed_dim": 48}),
}
WIDE = {"tf_efficientnetv2_b3", "inception_v3", "legacy_xception"}
CLASSES = 3


@pytest.fixture(scope="module")
def beit_folder(tmp_path_factory):
    import_torchvision()
    from transformers import BeitConfig, BeitImageProcessor, BeitModel

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("beit")
    config = BeitConfig(
        hidden_size=32, num_hidden_layers=3, num_attention_heads=2, intermediate_size=64, image_size=32, patch_size=8,
        use_mean_pooling=True, use_relative_position_bias=True,
    )  # fmt: skip
    BeitModel(config).save_pretrained(folder)
    BeitImageProcessor(size={"height": 32, "width": 32}, do_center_crop=False).save_pretrained(folder)
    return folder


class Pictures:
    """A few pictures, over and over."""

    steps = 2

    def __init__(self, size: int) -> None:
        rng = np.random.default_rng(0)
        self.pixels = torch.from_numpy(rng.integers(0, 255, (4, 3, size, size), dtype=np.uint8))
        self.labels = torch.tensor([0, 1, 2, 0])

    def epoch(self, epoch: int, *, start: int = 0):
        yield from [Batch(self.pixels, self.labels)] * (self.steps - start)

    def __iter__(self):
        yield Batch(self.pixels, self.labels)


def check_backbone(name: str, size: int, folder, *, image_size: int | None) -> None:
    """What every backbone has to do."""
    opened = open_trainable_image(name, image_size=image_size)
    config = FinetuneImageConfig(
        encoder=name, epochs=2, frozen_epochs=1, frozen_layers=0.3, layer_decay=0.5, ema_decay=0, batch_size=4
    )
    network = build_image_network(opened, config, classes=CLASSES)
    layers = layer_of_parameters(network.encoder)
    assert set(layers) == {key for key, _ in network.encoder.named_parameters()}
    assert max(layers.values()) >= 3
    learning = learning_parameters(network.encoder, 0.3)
    assert {key for key, layer in layers.items() if layer == 0}.isdisjoint(learning)
    assert {key for key, layer in layers.items() if layer == max(layers.values())} <= learning
    network.let_learn(learning)
    objective = ClassificationObjective(config, counts=np.array([2, 1, 1]), dim=opened.dim)
    scales = {
        group["lr_scale"] for group in parameter_groups(network, objective, config) if "lr_scale" in group
    }
    assert max(scales) == 1
    assert len(scales) >= 2

    before = {key: value.clone() for key, value in network.encoder.state_dict().items()}
    frozen: dict[int, bool] = {}

    def compare(record) -> None:
        now = network.encoder.state_dict()
        frozen[record.epoch] = all(torch.equal(now[key], value) for key, value in before.items())

    pictures = Pictures(size)
    task = TrainingTask(
        network, objective, pictures, pictures, config, Device("cpu", "fp32"), 0, folder / "checkpoints"
    )
    train(task, Listeners(epoch=compare))
    assert frozen == {1: True, 2: False}

    opened.save(folder / "saved")
    section = Config().extract.model_copy(update={"runtime": "torch"})
    again = load_encoder(f"own={opened.kind}:{folder / 'saved'}", modality="image", config=section, threads=1)
    prepared = again.prepare(np.random.default_rng(1).integers(0, 255, (50, 60, 3), dtype=np.uint8))
    assert prepared.shape == (3, size, size)
    with torch.no_grad():
        expected = network.eval().embed(torch.from_numpy(prepared[None])).numpy()
    assert np.allclose(again.encode(prepared[None]), expected, atol=1e-4 * np.abs(expected).max())


@pytest.mark.parametrize(
    "architecture", [pytest.param(name, marks=pytest.mark.slow if name in WIDE else ()) for name in TIMM]
)
def test_backbones_of_timm_train_and_open_again(architecture, tmp_path):
    size, arguments = TIMM[architecture]
    name = f"timm:{save_timm_model(tmp_path / 'model', architecture, **arguments)}"
    check_backbone(name, size, tmp_path, image_size=size)


def test_backbones_beit_trains_and_opens_again(beit_folder, tmp_path):
    check_backbone(f"transformers-image:{beit_folder}", 32, tmp_path, image_size=None)


def test_backbones_lite0_trains_and_opens_again(tmp_path):
    check_backbone("lite0", 48, tmp_path, image_size=48)


def test_backbones_of_one_size_refuse_another(beit_folder):
    with pytest.raises(UsageError, match="SP441"):
        open_trainable_image(f"transformers-image:{beit_folder}", image_size=64)
