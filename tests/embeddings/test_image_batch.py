from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from smartprod.config.schema import ExtractConfig, RemoteConfig
from smartprod.embeddings import ImageLimits, MemoryStore, image_key
from smartprod.embeddings.image_batch import ImageBatches
from smartprod.embeddings.image_reader import ImageReader
from smartprod.encoders import load_encoder, use_torch_threads

LIMITS = ImageLimits()


class AsOnGpu:
    """An encoder that wants its images in steps, as on a GPU; runs on the processor."""

    def __init__(self, encoder, images_per_call: int) -> None:
        self._encoder = encoder
        self.images_per_call = images_per_call
        self.sizes: list[int] = []

    def __getattr__(self, name):
        return getattr(self._encoder, name)

    def encode(self, batch):
        self.sizes.append(len(batch))
        return self._encoder.encode(batch)


class ForgetfulStore(MemoryStore):
    """A store that notes the sizes of what is appended."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    def append(self, fingerprint, keys, embeddings):
        self.sizes.append(len(keys))
        return super().append(fingerprint, keys, embeddings)


@pytest.fixture(scope="module")
def encoder(timm_folder):
    return load_encoder(f"timm:{timm_folder}", modality="image", config=ExtractConfig(), threads=1)


@pytest.fixture(scope="module")
def photos(tmp_path_factory, draw, encode_file) -> list[Path]:
    folder = tmp_path_factory.mktemp("photos")
    files = []
    for seed in range(40):
        path = folder / f"{seed}.jpg"
        path.write_bytes(encode_file(draw(seed, 160 + seed, 120)))
        files.append(path)
    return files


@pytest.fixture
def embed():
    """Embed rows of paths with some encoders and threads; gives the rows and the store."""

    def run(encoders, rows, *, threads=2, store=None, advance=lambda _: None):
        store = store or MemoryStore()
        with (
            ThreadPoolExecutor(threads, initializer=use_torch_threads, initargs=(1,)) as pool,
            closing(ImageReader(LIMITS, RemoteConfig())) as reader,
        ):
            batches = ImageBatches(encoders, store, pool, reader, LIMITS, per_row=1)
            found = batches.run([[str(path) for path in row] for row in rows], advance=advance)
        return found, store

    return run


def embeddings_of(encoder, found, store):
    present, embeddings = store.get(encoder.fingerprint, [row.keys[0] for row in found])
    assert present.all()
    return embeddings


def test_image_batch_embedding_depends_on_the_image_alone(embed, encoder, photos):
    found, store = embed([encoder], [[path] for path in photos])
    expected = embeddings_of(encoder, found, store)
    assert len(np.unique(expected, axis=0)) == len(photos)
    for threads in (1, 3):
        again, other = embed([encoder], [[path] for path in reversed(photos)], threads=threads)
        np.testing.assert_array_equal(embeddings_of(encoder, again, other)[::-1], expected)
    for i in (0, 17, 39):
        alone, other = embed([encoder], [[photos[i]]])
        np.testing.assert_array_equal(embeddings_of(encoder, alone, other)[0], expected[i])


def test_image_batch_embedding_does_not_depend_on_other_encoders(embed, encoder, tmp_path, draw, encode_file):
    lite0 = load_encoder("lite0", modality="image", config=ExtractConfig(), threads=1)
    assert lite0.min_side > encoder.min_side
    large = tmp_path / "large.jpg"
    large.write_bytes(encode_file(draw(0, 3_000, 2_400)))  # decoded at another scale for each
    alone, store = embed([encoder], [[large]])
    beside, shared = embed([lite0, encoder], [[large]])
    np.testing.assert_array_equal(
        embeddings_of(encoder, alone, store), embeddings_of(encoder, beside, shared)
    )


@pytest.mark.parametrize("images_per_call", [2, 7, 64])
def test_image_batch_steps_of_a_gpu_give_every_image_its_own_embedding(
    embed, encoder, photos, images_per_call
):
    found, store = embed([encoder], [[path] for path in photos])
    stepping = AsOnGpu(encoder, images_per_call)
    stepped, other = embed([stepping], [[path] for path in photos])
    np.testing.assert_array_equal(
        embeddings_of(encoder, stepped, other), embeddings_of(encoder, found, store)
    )
    assert sum(stepping.sizes) == len(photos)
    assert max(stepping.sizes) == min(images_per_call, len(photos))
    assert sorted(stepping.sizes)[1:] == [images_per_call] * (len(stepping.sizes) - 1), "only one is not full"


def test_image_batch_stores_as_it_goes(embed, encoder, photos):
    store = ForgetfulStore()
    embed([AsOnGpu(encoder, 8)], [[path] for path in photos], store=store)
    assert store.sizes == [8] * 5


def test_image_batch_bad_files_leave_the_others_alone(embed, encoder, photos, tmp_path):
    expected = embeddings_of(encoder, *embed([encoder], [[path] for path in photos[:6]]))
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(photos[0].read_bytes()[:900])
    rows = [
        [broken],
        [photos[0]],
        [tmp_path / "gone.jpg"],
        *([path] for path in photos[1:6]),
        [broken, photos[2]],
    ]
    told = []
    found, store = embed([encoder], rows, advance=told.append)
    assert [bool(row.keys) for row in found] == [False, True, False, *[True] * 6]
    good = [found[i] for i in (1, 3, 4, 5, 6, 7)]
    np.testing.assert_array_equal(embeddings_of(encoder, good, store), expected)
    assert found[8].used == (str(photos[2]),)
    assert sum(told) == 8, "files, each told once"


def test_image_batch_file_that_changes_between_two_reads_is_not_kept_under_its_old_key(
    embed, encoder, photos, tmp_path, monkeypatch
):
    path = tmp_path / "changing.jpg"
    path.write_bytes(photos[0].read_bytes())
    old = image_key(path.read_bytes())
    read = ImageReader.read

    def read_and_change(self, name):
        data = read(self, name)
        other = tmp_path / f"other-{threading.get_ident()}.jpg"
        other.write_bytes(photos[1].read_bytes())
        other.replace(path)  # at once: another thread that reads now must not find half a file
        return data

    monkeypatch.setattr(ImageReader, "read", read_and_change)
    found, store = embed([encoder], [[path], [photos[2]]])
    assert [problem.reason for _, problem in found[0].problems] == ["changed while it was read"]
    assert found[0].problems[0][1].status.value == "unreadable"
    assert store.contains(encoder.fingerprint, [old, *found[1].keys]).tolist() == [False, True]


def test_image_batch_interruption_leaves_the_work_that_was_not_begun(embed, encoder, photos):
    def stop(_):
        raise KeyboardInterrupt

    begun = []
    noting = AsOnGpu(encoder, 1)
    noting.encode = lambda batch: begun.append(1) or encoder.encode(batch)
    with pytest.raises(KeyboardInterrupt):
        embed([noting], [[path] for path in photos], threads=1, advance=lambda n: stop(n) if n else None)
    assert len(begun) < len(photos)
