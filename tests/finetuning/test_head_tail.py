from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from smartprod.config import Config
from smartprod.config.finetuning import FinetuneImageConfig
from smartprod.encoders import Device
from smartprod.errors import TrainingError
from smartprod.finetuning.batches import Batch
from smartprod.finetuning.head_tail import add_classes, divide_rows, tail_settings
from smartprod.finetuning.network import FinetuneNetwork
from smartprod.finetuning.rows import LabelledRows, LearnedRows
from smartprod.finetuning.stage import finetune_image
from smartprod.pipeline import RunFolder, StageContext
from tests.finetuning.interruption import interrupted_at, written
from tests.finetuning.photo_table import draw_photos, photo_artefacts, save_timm_model

SETTINGS = {
    "epochs": 4, "tail_epochs": 4, "head_classes": 2, "tail_replay": 4, "batch_size": 8, "learning_rate": 0.003,
    "tail_learning_rate": 0.3, "head_learning_rate": 0.01, "image_size": 32, "checkpoint_steps": 2, "precision": "fp32", "ema_decay": 0.8,
}  # fmt: skip
LABELS = np.repeat([0, 1, 2, 3], [3, 20, 2, 9])


@pytest.fixture(scope="module")
def encoder(tmp_path_factory) -> str:
    return f"timm:{save_timm_model(tmp_path_factory.mktemp('timm'))}"


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """16 red and green photos, but 6 blue ones."""
    drawn = draw_photos(tmp_path_factory.mktemp("photos"), 16)
    products, split = photo_artefacts(drawn)
    rare = [label == "Blue" and row // 3 >= 6 for row, (_, label) in enumerate(drawn)]
    parts = ["unused" if out else part for part, out in zip(split["part"].to_pylist(), rare, strict=True)]
    return products, split.set_column(2, "part", [parts])


@pytest.fixture
def train(encoder, photos, tmp_path):
    def run(name: str, **changed):
        settings = {"encoder": encoder, **SETTINGS, **changed}
        config = Config.model_validate({"finetune": {"image": settings}, "run": {"threads": 1}})
        context = StageContext(config, stage="finetune-image", run=RunFolder(tmp_path / name))
        return finetune_image(context, *photos), context

    return run


def rows_of(labels: np.ndarray) -> LearnedRows:
    each = LabelledRows(np.arange(100, 100 + len(labels)), labels)
    return LearnedRows(("a", "b", "c", "d"), each, each)


def test_head_tail_divides_rows_by_the_size_of_their_class():
    settings = FinetuneImageConfig(head_classes=2, tail_replay=4)
    phases = divide_rows(rows_of(LABELS), settings, seed=0)
    assert phases.head.classes == ("b", "d")
    assert phases.head_classes.tolist() == [1, 3]
    assert phases.head.counts.tolist() == [20, 9]
    assert phases.tail.classes == ("a", "b", "c", "d")
    assert phases.tail.counts.tolist() == [3, 4, 2, 4], "all of the tail, some of the head"
    for part, classes in ((phases.head, np.array([1, 3])), (phases.tail, np.arange(4))):
        assert (LABELS[part.train.rows - 100] == classes[part.train.labels]).all()
    again = divide_rows(rows_of(LABELS), settings, seed=0)
    assert again.tail.train.rows.tolist() == phases.tail.train.rows.tolist()
    assert divide_rows(
        rows_of(LABELS), settings.model_copy(update={"tail_replay": 0}), seed=0
    ).tail.counts.tolist() == [3, 0, 2, 0]


def test_head_tail_needs_a_tail():
    with pytest.raises(TrainingError, match="SP490"):
        divide_rows(rows_of(LABELS), FinetuneImageConfig(head_classes=4), seed=0)


def test_head_tail_second_phase_is_slow_or_leaves_the_encoder_as_it_is():
    settings = FinetuneImageConfig(learning_rate=0.01, tail_epochs=7, tail_learning_rate=0.1, frozen_epochs=1)
    later = tail_settings(settings)
    assert (later.epochs, later.frozen_epochs, later.learning_rate) == (7, 1, pytest.approx(0.001))
    still = tail_settings(settings.model_copy(update={"tail_learning_rate": 0.0}))
    assert still.frozen_epochs == still.epochs == 7


def test_head_tail_new_classes_begin_where_their_rows_lie():
    phases = divide_rows(rows_of(LABELS), FinetuneImageConfig(head_classes=2, tail_replay=9), seed=0)
    torch.manual_seed(0)
    corners = 3 * torch.randn(4, 8)
    labels = torch.from_numpy(phases.tail.train.labels)
    points = corners[labels] + 0.1 * torch.randn(len(labels), 8)
    network = FinetuneNetwork(nn.Identity(), dim=8, classes=2, hidden=0, dropout=0.5)
    before = network.head[-1].weight.detach().clone()
    add_classes(
        network, phases, [Batch(points[:5], labels[:5]), Batch(points[5:], labels[5:])], Device("cpu", "fp32")
    )
    assert network.head[-1].weight[[1, 3]].equal(before), "what was learned stays"
    tail = (labels == 0) | (labels == 2)
    network.eval()
    logits = network(points[tail])[:, [0, 2]]
    assert (logits.argmax(dim=1) * 2).equal(labels[tail])


def test_head_tail_learns_both_phases_and_tells_one_history(train):
    result, context = train("both")
    history = result["image_training"]
    assert [record["epoch"] for record in history["epochs"]] == list(range(1, 9))
    assert history["best_epoch"] > 4, "what knows all classes is kept"
    assert history["epochs"][history["best_epoch"] - 1]["val_macro_f1"] > 0.7
    assert "of the 2 largest classes" in "\n".join(context.lines)


@pytest.mark.parametrize("stops_after", [3, 12, 19], ids=["head", "border", "tail"])
def test_head_tail_interrupted_goes_on_to_the_same_bytes(train, stops_after):
    whole, _ = train("whole")
    with interrupted_at(38 + stops_after):  # the photos are looked at first
        train("parts")
    resumed, _ = train("parts")
    assert resumed["image_training"] == whole["image_training"]
    assert written(resumed["image_encoder"]) == written(whole["image_encoder"])
