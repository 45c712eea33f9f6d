from __future__ import annotations

import multiprocessing
import os
import signal

import numpy as np
import pytest

from smartprod.embeddings import EmbeddingStore, MemoryStore, image_key, store, text_key
from smartprod.errors import DiskError, EncoderError

FINGERPRINT = "ab" * 32


def keys_of(*numbers: int) -> list[str]:
    return [text_key(str(number)) for number in numbers]


def embeddings_of(*numbers: int) -> np.ndarray:
    return np.stack([np.random.default_rng(number).normal(size=6) for number in numbers]).astype(np.float32)


@pytest.fixture(params=["disk", "memory"])
def any_store(request, tmp_path):
    return EmbeddingStore(tmp_path / "store") if request.param == "disk" else MemoryStore()


def test_store_gives_back_in_the_order_asked_rounded_to_float16(any_store):
    any_store.append(FINGERPRINT, keys_of(1, 2, 3), embeddings_of(1, 2, 3))
    found, values = any_store.get(FINGERPRINT, keys_of(3, 9, 1, 3))
    assert found.tolist() == [True, False, True, True]
    assert values.dtype == np.float32
    rounded = embeddings_of(3, 1).astype(np.float16)
    np.testing.assert_array_equal(values, np.stack([rounded[0], np.zeros(6), rounded[1], rounded[0]]))


def test_store_empty_has_nothing(any_store):
    found, values = any_store.get(FINGERPRINT, keys_of(1, 2))
    assert not found.any()
    assert values.shape == (2, 0)
    assert any_store.contains(FINGERPRINT, []).shape == (0,)


def test_store_keeps_encoders_apart(any_store):
    any_store.append(FINGERPRINT, keys_of(1), embeddings_of(1))
    assert not any_store.contains("cd" * 32, keys_of(1)).any()


def test_store_never_stores_a_key_twice(any_store):
    assert any_store.append(FINGERPRINT, keys_of(1, 2, 1), embeddings_of(1, 2, 3)) == 2
    assert any_store.append(FINGERPRINT, keys_of(2, 3), embeddings_of(9, 3)) == 1
    _, values = any_store.get(FINGERPRINT, keys_of(1, 2))
    np.testing.assert_array_equal(values, embeddings_of(1, 2).astype(np.float16))


@pytest.mark.parametrize("bad", [np.nan, np.inf, 70_000.0])
def test_store_refuses_what_is_not_finite(any_store, bad):
    values = embeddings_of(1, 2)
    values[1, 3] = bad
    with pytest.raises(EncoderError, match="1 of 2 embeddings that are not finite float16") as caught:
        any_store.append(FINGERPRINT, keys_of(1, 2), values)
    assert caught.value.code == "SP420"
    assert not any_store.contains(FINGERPRINT, keys_of(1, 2)).any()


def test_store_answers_more_keys_than_one_query_holds(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "KEYS_PER_QUERY", 7)
    opened = EmbeddingStore(tmp_path)
    numbers = range(40)
    opened.append(FINGERPRINT, keys_of(*numbers), embeddings_of(*numbers))
    found, values = opened.get(FINGERPRINT, keys_of(*reversed(numbers)))
    assert found.all()
    np.testing.assert_array_equal(values, embeddings_of(*reversed(numbers)).astype(np.float16))


def test_store_tidy_changes_no_answer(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "FRAGMENTS_WORTH_COMPACTING", 3)
    monkeypatch.setattr(store, "ROWS_WORTH_AN_INDEX", 5)
    opened = EmbeddingStore(tmp_path)
    for number in range(10):
        opened.append(FINGERPRINT, keys_of(number), embeddings_of(number))
        if number in (6, 8):
            opened.tidy(FINGERPRINT)
    found, values = opened.get(FINGERPRINT, keys_of(*range(12)))
    assert found.tolist() == [True] * 10 + [False] * 2
    np.testing.assert_array_equal(values[:10], embeddings_of(*range(10)).astype(np.float16))
    assert opened.count(FINGERPRINT) == 10


def test_store_keys_cannot_carry_a_query(tmp_path):
    opened = EmbeddingStore(tmp_path)
    opened.append(FINGERPRINT, keys_of(1), embeddings_of(1))
    assert opened.contains(FINGERPRINT, ["' OR '1'='1", *keys_of(1)]).tolist() == [False, True]


def test_store_keys_of_one_place_are_told_apart(any_store, monkeypatch):
    monkeypatch.setattr(store, "_place", lambda key: 7)
    one, other, absent = keys_of(1, 2, 3)
    any_store.append(FINGERPRINT, [one, other], embeddings_of(1, 2))
    found, values = any_store.get(FINGERPRINT, [other, absent, one])
    assert found.tolist() == [True, False, True]
    np.testing.assert_array_equal(values[[0, 2]], embeddings_of(2, 1).astype(np.float16))


def test_store_held_by_another_process_says_so(tmp_path, monkeypatch):
    from filelock import FileLock

    monkeypatch.setattr(store, "LOCK_SECONDS", 0.1)
    with FileLock(tmp_path / f"{FINGERPRINT[:32]}.lock"), pytest.raises(EncoderError) as caught:
        EmbeddingStore(tmp_path).append(FINGERPRINT, keys_of(1), embeddings_of(1))
    assert caught.value.code == "SP421"


def test_store_damaged_dataset_says_what_to_do(tmp_path):
    opened = EmbeddingStore(tmp_path)
    opened.append(FINGERPRINT, keys_of(1), embeddings_of(1))
    for file in tmp_path.glob("*.lance/_versions/*"):
        file.write_bytes(b"damaged")
    with pytest.raises(EncoderError, match="may be deleted") as caught:
        opened.get(FINGERPRINT, keys_of(1))
    assert caught.value.code == "SP425"


def test_store_that_cannot_be_made_says_so(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DiskError, match="not of the kind it should be") as caught:
        EmbeddingStore(tmp_path / "file").append(FINGERPRINT, keys_of(1), embeddings_of(1))
    assert caught.value.code == "SP943"


def test_keys_are_of_content():
    assert image_key(b"a") == image_key(b"a") != image_key(b"b")
    assert len(text_key("чайник")) == 32
    assert text_key("a\ud800b"), "half a surrogate pair has a key too"


def _append_many(folder, first: int) -> None:
    opened = EmbeddingStore(folder)
    for number in range(first, first + 12):
        numbers = range(number, number + 4)
        opened.append(FINGERPRINT, keys_of(*numbers), embeddings_of(*numbers))


def test_store_two_processes_append_at_once_without_loss_or_doubles(tmp_path):
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=_append_many, args=(tmp_path, first)) for first in (0, 3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    opened = EmbeddingStore(tmp_path)
    assert opened.count(FINGERPRINT) == 18
    found, values = opened.get(FINGERPRINT, keys_of(*range(18)))
    assert found.all()
    np.testing.assert_array_equal(values, embeddings_of(*range(18)).astype(np.float16))


def _append_until_killed(folder, ready) -> None:
    opened = EmbeddingStore(folder)
    for number in range(10_000):
        opened.append(FINGERPRINT, keys_of(number), embeddings_of(number))
        if number == 5:
            ready.set()


@pytest.mark.skipif(os.name == "nt", reason="kills by signal")
def test_store_killed_writer_keeps_what_it_had_committed(tmp_path):
    spawn = multiprocessing.get_context("spawn")
    ready = spawn.Event()
    process = spawn.Process(target=_append_until_killed, args=(tmp_path, ready))
    process.start()
    assert ready.wait(60)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    opened = EmbeddingStore(tmp_path)
    count = opened.count(FINGERPRINT)
    assert count >= 6
    found, values = opened.get(FINGERPRINT, keys_of(*range(count)))
    assert found.all()
    np.testing.assert_array_equal(values, embeddings_of(*range(count)).astype(np.float16))
    assert opened.append(FINGERPRINT, keys_of(-1 + 10**6), embeddings_of(1)) == 1, (
        "its lock does not outlive it"
    )
