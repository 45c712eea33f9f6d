from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from smartprod.config import Config
from smartprod.embeddings import EmbeddingStore, Extractor, encoders_of, image_key, load_embeddings, text_key
from smartprod.errors import EncoderError


@pytest.fixture
def photos(tmp_path, draw, encode_file):
    """Write files: three photos, a truncated one, a text named .jpg, an empty one, and a copy of the first."""
    data = [encode_file(draw(seed, 320, 240)) for seed in range(3)]
    contents = {
        "a.jpg": data[0],
        "b.jpg": data[1],
        "c.jpg": data[2],
        "a_copy.jpg": data[0],
        "truncated.jpg": data[1][: len(data[1]) // 2],
        "text.jpg": b"not a picture at all\n" * 9,
        "empty.jpg": b"",
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def config_of(**extract) -> Config:
    return Config.model_validate({"extract": extract})


@pytest.fixture
def open_extractor(tmp_path):
    def open_(store=None, **extract) -> Extractor:
        return Extractor.open(config_of(**extract), store=store, threads=1)

    return open_


def test_extraction_every_row_keeps_its_own_images_or_a_reason(photos, product_table, open_extractor):
    listed = [
        ["a.jpg"],
        ["truncated.jpg"],
        ["text.jpg", "b.jpg"],
        ["empty.jpg", "gone.jpg"],
        [],
        ["a_copy.jpg"],
    ]
    products, clean_text = product_table([[photos / name for name in row] for row in listed], ["same"] * 6)
    with open_extractor() as extractor:
        result = extractor.run(products, clean_text)
    index = result.index.to_pydict()
    a, b = (image_key((photos / name).read_bytes()) for name in ("a.jpg", "b.jpg"))
    assert index["image_keys"] == [[a], [], [b], [], [], [a]]
    assert index["image_key"] == [a, None, b, None, None, a]
    assert index["status.images"] == ["ok", "corrupt", "corrupt", "corrupt", "missing", "ok"]
    assert index["reason.images"] == [
        None,
        "truncated.jpg: truncated",
        "text.jpg: not an image (text); b.jpg is used instead",
        "empty.jpg: empty file; gone.jpg: no such file",
        "empty",
        None,
    ]
    assert result.image.present.tolist() == [True, False, True, False, False, True]
    assert (result.image.values[~result.image.present] == 0).all()
    np.testing.assert_array_equal(result.image.values[0], result.image.values[5])
    np.testing.assert_allclose(np.linalg.norm(result.image.values[[0, 2]], axis=1), 1, atol=1e-6)
    assert extractor.image_tally.computed == 2, "the copy is not computed again"
    assert extractor.text_tally.computed == 1


def test_extraction_warm_run_gives_identical_numbers_and_computes_nothing(
    photos, product_table, open_extractor, tmp_path
):
    store = EmbeddingStore(tmp_path / "store")
    products, clean_text = product_table([[photos / "a.jpg"], [photos / "b.jpg"]], ["one text", None])
    results = []
    for _ in range(2):
        with open_extractor(store=store) as extractor:
            results.append(extractor.run(products, clean_text))
    assert (extractor.image_tally.computed, extractor.image_tally.reused) == (0, 2)
    assert (extractor.text_tally.computed, extractor.text_tally.reused) == (0, 1)
    for name in ("image", "text"):
        cold, warm = getattr(results[0], name), getattr(results[1], name)
        np.testing.assert_array_equal(cold.values, warm.values)
        np.testing.assert_array_equal(cold.present, warm.present)
    assert results[0].index.equals(results[1].index, check_metadata=True)
    with open_extractor() as extractor:
        without_store = extractor.run(products, clean_text)
    np.testing.assert_array_equal(without_store.image.values, results[0].image.values)


def test_extraction_new_rows_compute_only_what_is_new(photos, product_table, open_extractor, tmp_path):
    store = EmbeddingStore(tmp_path / "store")
    with open_extractor(store=store) as extractor:
        extractor.run(*product_table([[photos / "a.jpg"]], ["red"]))
        extractor.run(*product_table([[photos / "c.jpg"], [photos / "a.jpg"]], ["blue", "red"]))
    assert (extractor.image_tally.computed, extractor.image_tally.reused) == (2, 1)
    assert (extractor.text_tally.computed, extractor.text_tally.reused) == (2, 1)


def test_extraction_several_images_are_averaged_and_several_encoders_concatenated(
    photos, product_table, open_extractor, timm_folder
):
    listed = [["a.jpg", "truncated.jpg", "b.jpg", "c.jpg"], ["a.jpg"], ["b.jpg"]]
    products, clean_text = product_table([[photos / name for name in row] for row in listed], [None] * 3)
    with open_extractor(image=["lite0", f"timm:{timm_folder}"], images_per_product=2) as extractor:
        result = extractor.run(products, clean_text)
    index = result.index.to_pydict()
    assert [len(keys) for keys in index["image_keys"]] == [2, 1, 1]
    assert index["status.images"][0] == "ok", "the main image is the one that counts"
    dims = [encoder.dim for encoder in encoders_of(result.index) if encoder.modality == "image"]
    assert result.image.values.shape == (3, sum(dims))
    for block in np.split(result.image.values, [dims[0]], axis=1):
        np.testing.assert_allclose(np.linalg.norm(block, axis=1), 1, atol=1e-5)
        mean = block[1] + block[2]
        np.testing.assert_allclose(block[0], mean / np.linalg.norm(mean), atol=1e-5)


def test_extraction_second_encoder_is_computed_beside_a_stored_first(
    photos, product_table, open_extractor, tmp_path, timm_folder
):
    store = EmbeddingStore(tmp_path / "store")
    batch = product_table([[photos / "a.jpg"]], [None])
    with open_extractor(store=store) as extractor:
        first = extractor.run(*batch)
    with open_extractor(store=store, image=["lite0", f"timm:{timm_folder}"]) as extractor:
        both = extractor.run(*batch)
    np.testing.assert_array_equal(both.image.values[:, : first.image.values.shape[1]], first.image.values)
    assert extractor.image_tally.computed == 1


def test_extraction_equal_file_listed_by_a_broken_twin_is_decoded_once(photos, product_table, open_extractor):
    (photos / "twin.jpg").write_bytes((photos / "truncated.jpg").read_bytes())
    products, clean_text = product_table([[photos / "truncated.jpg"], [photos / "twin.jpg"]], [None, None])
    with open_extractor() as extractor:
        index = extractor.run(products, clean_text).index
    assert index["reason.images"].to_pylist() == ["truncated.jpg: truncated", "twin.jpg: truncated"]


def test_extraction_limits_give_too_large(photos, product_table, open_extractor):
    products, clean_text = product_table([[photos / "a.jpg"]], [None])
    for limits, told in (
        ({"max_image_megapixels": 0.01}, "megapixels"),
        ({"max_image_megabytes": 0.001}, "MB"),
    ):
        with open_extractor(**limits) as extractor:
            index = extractor.run(products, clean_text).index.to_pydict()
        assert index["status.images"] == ["too_large"]
        assert told in index["reason.images"][0]


def test_extraction_folder_in_place_of_a_file_is_unreadable(photos, product_table, open_extractor):
    (photos / "folder.jpg").mkdir()
    products, clean_text = product_table([[photos / "folder.jpg"]], [None])
    with open_extractor() as extractor:
        index = extractor.run(products, clean_text).index.to_pydict()
    assert index["status.images"] == ["unreadable"]


def test_extraction_catalog_verdict_on_the_main_image_stays(photos, product_table, open_extractor):
    products, clean_text = product_table([[photos / "a.jpg"]], [None])
    for name, value in (("status.images", "forbidden"), ("reason.images", "http://x: not fetched")):
        position = products.schema.get_field_index(name)
        products = products.set_column(position, name, pa.array([value]))
    with open_extractor() as extractor:
        index = extractor.run(products, clean_text).index.to_pydict()
    assert index["status.images"] == ["forbidden"]
    assert index["reason.images"] == ["http://x: not fetched; a.jpg is used instead"]
    assert index["image_key"] == [image_key((photos / "a.jpg").read_bytes())]


def test_extraction_without_encoders_of_a_modality_leaves_it_out(photos, product_table, open_extractor):
    products, clean_text = product_table([[photos / "truncated.jpg"]], ["words"])
    with open_extractor(image=[]) as extractor:
        result = extractor.run(products, clean_text)
    assert result.image.values.shape == (1, 0)
    assert not result.image.present.any()
    assert result.text.present.all()
    assert result.index["text_key"].to_pylist() == [text_key("words")]


def test_extraction_no_rows_give_an_empty_index_with_its_encoders(product_table, open_extractor):
    with open_extractor() as extractor:
        result = extractor.run(*product_table([], []))
    assert result.index.num_rows == 0
    assert result.image.values.shape == (0, 1280)
    assert [encoder.name for encoder in encoders_of(result.index)] == ["lite0", "minilm", "hashed-words"]


class _Broken:
    """A text encoder whose model went wrong."""

    name, modality, dim, weights_hash, fingerprint = "broken", "text", 4, "0" * 64, "1" * 64

    def encode(self, batch):
        return np.full((len(batch), 4), np.nan, np.float32)


def test_extraction_embeddings_that_are_not_finite_name_the_encoder(product_table):
    extractor = Extractor(
        image_encoders=[], text_encoders=[_Broken()], config=Config(), store=None, threads=1
    )
    with extractor, pytest.raises(EncoderError, match="'broken' gave 1 of 1"):
        extractor.run(*product_table([[]], ["words"]))


def test_loading_takes_rows_in_the_order_asked(photos, product_table, open_extractor, tmp_path):
    store = EmbeddingStore(tmp_path / "store")
    listed = [["a.jpg"], ["text.jpg"], ["b.jpg"]]
    products, clean_text = product_table(
        [[photos / name for name in row] for row in listed], ["x", "y", None]
    )
    with open_extractor(store=store) as extractor:
        whole = extractor.run(products, clean_text)
    rows = np.array([2, 1, 0, 0])
    for name in ("image", "text"):
        part, everything = (
            load_embeddings(whole.index, modality=name, store=store, rows=rows),
            getattr(whole, name),
        )
        np.testing.assert_array_equal(part.values, everything.values[rows])
        np.testing.assert_array_equal(part.present, everything.present[rows])


def test_loading_from_a_store_that_was_deleted_says_so(photos, product_table, open_extractor, tmp_path):
    with open_extractor(store=EmbeddingStore(tmp_path / "store")) as extractor:
        index = extractor.run(*product_table([[photos / "a.jpg"]], [None])).index
    with pytest.raises(EncoderError, match="lacks 1 of 1") as caught:
        load_embeddings(index, modality="image", store=EmbeddingStore(tmp_path / "elsewhere"))
    assert caught.value.code == "SP423"


def test_loading_index_without_encoders_is_refused():
    with pytest.raises(EncoderError) as caught:
        encoders_of(pa.table({"row": [0]}))
    assert caught.value.code == "SP422"
