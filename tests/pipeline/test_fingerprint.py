from __future__ import annotations

import pytest

from smartprod.config import Config, load_config
from smartprod.errors import PipelineError
from smartprod.pipeline.fingerprint import (
    Fingerprint,
    config_value,
    flatten,
    hash_package,
    library_version,
)


@pytest.fixture
def package(tmp_path, monkeypatch):
    folder = tmp_path / "shop_package"
    (folder / "templates").mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "prices.py").write_text("a = 1")
    monkeypatch.syspath_prepend(tmp_path)
    hash_package.cache_clear()
    yield folder
    hash_package.cache_clear()


def rehash(name):
    hash_package.cache_clear()
    return hash_package(name)


def test_fingerprint_source_hash_covers_modules_and_templates_but_no_data(package):
    before = rehash("shop_package")
    (package / "weights.bin").write_bytes(b"1")
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "prices.cpython-311.pyc").write_bytes(b"1")
    assert rehash("shop_package") == before
    (package / "templates" / "page.html.j2").write_text("{{ a }}")
    with_template = rehash("shop_package")
    assert with_template != before
    (package / "prices.py").rename(package / "costs.py")
    assert rehash("shop_package") not in {before, with_template}


def test_fingerprint_single_module_is_hashed_alone(package):
    before = rehash("shop_package.prices")
    (package / "other.py").write_text("b = 1")
    assert rehash("shop_package.prices") == before
    (package / "prices.py").write_text("a = 2")
    assert rehash("shop_package.prices") != before


def test_fingerprint_names_what_changed():
    fingerprint = Fingerprint({"seed": "1", "library torch": "2", "code a": "x"})
    assert fingerprint.changes_since({"seed": "1", "library torch": "3", "input b": "y"}) == (
        "code a",
        "input b",
        "library torch",
    )
    assert fingerprint.digest == Fingerprint({"code a": "x", "library torch": "2", "seed": "1"}).digest
    assert fingerprint.digest != Fingerprint({"code a": "x", "library torch": "2", "seed": "2"}).digest


def test_fingerprint_sections_are_flattened_to_their_keys():
    config = load_config("demo", ["extract.image=[a, b]"]).config
    assert flatten("config extract.image", config_value(config, "extract.image")) == {
        "config extract.image": '["a", "b"]'
    }
    assert set(flatten("config catalog", config_value(config, "catalog"))) >= {
        "config catalog.path",
        "config catalog.classes.merge",
        "config catalog.demo.seed",
    }


def test_fingerprint_unknown_key_or_package_is_told():
    with pytest.raises(PipelineError, match="SP929"):
        config_value(Config(), "clean.fieldz")
    with pytest.raises(PipelineError, match="SP930"):
        hash_package("a_package_that_is_absent")


def test_fingerprint_absent_library_has_a_version_too():
    assert library_version("a-library-that-is-absent") == "absent"
    assert library_version("pyarrow")[0].isdigit()
