from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from smartprod.config import Config
from smartprod.encoders import open_trainable_text
from smartprod.finetuning.texts import LENGTH_MULTIPLE, TextBatches, TextRows, sort_by_length, tokenise
from tests.finetuning.text_table import NOISE, save_tiny_bert


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    return open_trainable_text(f"transformers-text:{save_tiny_bert(tmp_path_factory.mktemp('bert'))}")


def words(count: int) -> str:
    return " ".join(NOISE[i % len(NOISE)] for i in range(count))


@given(st.lists(st.integers(1, 300), min_size=1, max_size=200), st.integers(1, 60), st.integers(0, 5))
def test_texts_sorting_deals_every_row_out_once(lengths, steps, seed):
    rng = np.random.default_rng(seed)
    batches = [part for part in np.array_split(rng.permutation(len(lengths)), steps) if len(part)]
    dealt = sort_by_length(batches, np.array(lengths), rng=rng)
    assert sorted(len(batch) for batch in dealt) == sorted(len(batch) for batch in batches)
    assert sorted(np.concatenate(dealt).tolist()) == list(range(len(lengths)))


def test_texts_of_one_batch_have_about_one_length(opened):
    texts = [words(1 + i % 30) for i in range(256)]
    config = Config.model_validate({"finetune": {"text": {"batch_size": 16}}}).finetune.text
    batches = TextBatches(tokenise(texts, opened), np.zeros(256, np.int64), config, seed=0)
    lengths = [batch.inputs["attention_mask"].sum(dim=1) for batch in batches.epoch(0)]
    assert len(lengths) == batches.steps == 16
    assert max(int(each.max() - each.min()) for each in lengths) <= 3
    assert all(batch.inputs["input_ids"].shape[1] % LENGTH_MULTIPLE == 0 for batch in batches.epoch(0))


def test_texts_of_an_epoch_are_the_same_at_every_call_and_others_in_the_next(opened):
    config = Config.model_validate({"finetune": {"text": {"batch_size": 4}}}).finetune.text
    texts = [words(1 + i % 9) for i in range(40)]
    batches = TextBatches(tokenise(texts, opened), np.arange(40), config, seed=3)

    def targets(epoch: int, start: int = 0) -> list[list[int]]:
        return [batch.targets.tolist() for batch in batches.epoch(epoch, start=start)]

    assert targets(1) == targets(1)
    assert targets(1, start=4) == targets(1)[4:]
    assert targets(1) != targets(2)
    assert sorted(row for batch in targets(2) for row in batch) == list(range(40))


def test_texts_are_cut_to_the_tokens_asked_for_and_never_beyond_the_model(opened):
    texts = [words(3), words(100), ""]
    assert tokenise(texts, opened).lengths.tolist() == [5, 40, 2]
    assert tokenise(texts, opened, max_tokens=12).lengths.tolist() == [5, 12, 2]
    assert tokenise(texts, opened, max_tokens=512).lengths.tolist() == [5, 40, 2]
    assert len(tokenise([], opened)) == 0


def test_texts_for_judging_come_once_each_with_their_tokens(opened):
    texts = [words(1 + i % 7) for i in range(10)]
    rows = list(TextRows(tokenise(texts, opened), np.arange(10), batch_size=4))
    assert sorted(torch.cat([batch.targets for batch in rows]).tolist()) == list(range(10))
    for batch in rows:
        for ids, mask, row in zip(
            batch.inputs["input_ids"], batch.inputs["attention_mask"], batch.targets, strict=True
        ):
            assert ids[mask.bool()].tolist() == opened.tokenizer(texts[int(row)])["input_ids"]
