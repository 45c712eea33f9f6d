from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from smartprod.model.verification import write_manifest


@pytest.fixture
def model_copy(demo_run, tmp_path) -> Path:
    """A copy of the demo model to spoil."""
    return Path(shutil.copytree(demo_run.model, tmp_path / "model"))


@pytest.fixture
def edit_record(model_copy):
    """Change `model.yaml` of the copy as its author could: the manifest agrees with it."""

    def edit(change) -> Path:
        path = model_copy / "model.yaml"
        document = yaml.safe_load(path.read_text())
        change(document)
        path.write_text(yaml.safe_dump(document))
        write_manifest(model_copy)
        return model_copy

    return edit
