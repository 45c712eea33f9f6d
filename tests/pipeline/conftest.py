"""A small pipeline of real stages in a module of its own, and a run folder to run it in."""

from __future__ import annotations

import importlib
import sys
import textwrap

import pytest

from smartprod.config import load_config
from smartprod.pipeline import Pipeline, RunConsole, fingerprint, registry, run_pipeline
from smartprod.pipeline import artefacts as artefacts_module

STAGES = """
    import json
    import os

    import pyarrow as pa

    from smartprod.pipeline import stage

    def table_identity(config, run):
        return os.environ.get("TABLE_IDENTITY", "first")

    @stage("catalog", writes=["products"], config=["catalog.path"], identity=table_identity)
    def catalog(context):
        "Read the table."
        context.rows(3, 3)
        context.say("3 rows, 1 bad")
        context.metric("bad", 1)
        return {"products": pa.table({"row": [0, 1, 2], "title": ["a", "b", None]})}

    @stage("clean", reads=["products"], writes=["clean_text"], config=["clean"], libraries=["pyarrow"])
    def clean(context, products):
        "Clean the text."
        if os.environ.get("CLEAN_FAILS"):
            raise ValueError("a broken part")
        return {"clean_text": products.select(["title"])}

    @stage("split", reads=["products", "clean_text"], writes=["split_account", "representations"])
    def split(context, products, clean_text):
        "Split the rows."
        folder = context.folder("representations")
        (folder / "part").mkdir()
        (folder / "part" / "rows.json").write_text(json.dumps(products["row"].to_pylist()))
        return {"split_account": {"rows": products.num_rows}, "representations": folder}

    @stage("report", reads=["split_account", "representations"], writes=["report"])
    def report(context, split_account, representations):
        rows = json.loads((representations / "part" / "rows.json").read_text())
        return {"report": f"{split_account['rows']} rows: {rows}"}
"""


@pytest.fixture
def no_stages(monkeypatch):
    """An empty registry of stages, and a copy of the artefacts."""
    monkeypatch.setattr(registry, "_stages", {})
    monkeypatch.setattr(registry, "STAGE_MODULES", ())
    monkeypatch.setattr(artefacts_module, "_artefacts", dict(artefacts_module._artefacts))


@pytest.fixture
def write_stages(no_stages, tmp_path, monkeypatch):
    """Write the stage module, with replacements, and load it afresh."""
    source = tmp_path / "code" / "stages_under_test.py"
    source.parent.mkdir()
    monkeypatch.syspath_prepend(source.parent)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setattr(registry, "STAGE_MODULES", ("stages_under_test",))

    def write(*replacements):
        text = textwrap.dedent(STAGES)
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new)
        source.write_text(text)
        sys.modules.pop("stages_under_test", None)
        importlib.invalidate_caches()
        registry._stages.clear()
        fingerprint.hash_package.cache_clear()

    write()
    yield write
    sys.modules.pop("stages_under_test", None)


@pytest.fixture
def run(write_stages, tmp_path, monkeypatch):
    """Run the stages (all by default) with overrides; the outcome."""
    monkeypatch.chdir(tmp_path)
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(variable, "1")

    def run(*overrides, stages=("catalog", "clean", "split", "report"), fresh=False, quiet=False):
        loaded = load_config(None, overrides)
        return run_pipeline(
            Pipeline("all", "", tuple(stages)), loaded, console=RunConsole(quiet=quiet), fresh=fresh
        )

    return run
