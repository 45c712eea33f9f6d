from __future__ import annotations

import json

import pytest

from smartprod.errors import ModelError
from smartprod.model import verify_model
from smartprod.model.verification import write_manifest


@pytest.fixture
def folder(tmp_path):
    """A folder that looks like a model's, with its manifest."""
    (tmp_path / "model" / "heads").mkdir(parents=True)
    (tmp_path / "model" / "model.yaml").write_text("format: 1\n")
    (tmp_path / "model" / "heads" / "heads.json").write_text("{}")
    write_manifest(tmp_path / "model")
    return tmp_path / "model"


def refused(folder) -> ModelError:
    with pytest.raises(ModelError) as caught:
        verify_model(folder)
    return caught.value


def test_verification_untouched_folder_has_a_stable_identity(folder):
    assert verify_model(folder) == verify_model(str(folder))
    assert len(verify_model(folder)) == 64


def test_verification_manifest_names_every_other_file_with_size_and_hash(folder):
    files = json.loads((folder / "manifest.json").read_text())["files"]
    assert sorted(files) == ["heads/heads.json", "model.yaml"]
    assert files["heads/heads.json"]["bytes"] == 2
    assert len(files["heads/heads.json"]["sha256"]) == 64


def test_verification_missing_file_is_named(folder):
    (folder / "heads" / "heads.json").unlink()
    error = refused(folder)
    assert error.code == "SP712"
    assert "`heads/heads.json`" in str(error)


def test_verification_altered_byte_is_named_even_at_the_same_size(folder):
    (folder / "heads" / "heads.json").write_text("[]")
    error = refused(folder)
    assert error.code == "SP713"
    assert "heads/heads.json" in str(error)


@pytest.mark.parametrize("name", ["heads/extra.safetensors", ".hidden", "model.pkl"])
def test_verification_extra_file_is_named(folder, name):
    (folder / name).write_text("anything")
    error = refused(folder)
    assert error.code == "SP714"
    assert f"`{name}`" in str(error)


def test_verification_link_that_leaves_the_folder_is_refused_even_to_the_same_bytes(folder, tmp_path):
    (tmp_path / "elsewhere.json").write_text("{}")
    (folder / "heads" / "heads.json").unlink()
    (folder / "heads" / "heads.json").symlink_to(tmp_path / "elsewhere.json")
    error = refused(folder)
    assert error.code == "SP715"
    assert "`heads/heads.json`" in str(error)


def test_verification_linked_folder_that_leaves_is_refused(folder, tmp_path):
    (folder / "more").symlink_to(tmp_path, target_is_directory=True)
    assert refused(folder).code == "SP715"


def test_verification_link_to_the_model_folder_itself_is_fine(folder, tmp_path):
    (tmp_path / "current").symlink_to(folder, target_is_directory=True)
    assert verify_model(tmp_path / "current") == verify_model(folder)


def test_verification_absent_folder_and_absent_manifest_are_told_apart(folder, tmp_path):
    assert "there is no model folder" in str(refused(tmp_path / "absent"))
    (folder / "manifest.json").unlink()
    assert "holds no `manifest.json`" in str(refused(folder))


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"format": 2, "files": {}}', '{"format": 1, "files": {"a": {"bytes": 1}}}']
)
def test_verification_damaged_manifest_is_refused(folder, text):
    (folder / "manifest.json").write_text(text)
    assert refused(folder).code == "SP711"
