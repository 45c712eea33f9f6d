"""What ships beside the package: configurations, pipelines, and the commands that the documents name."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import typer

from smartprod.cli.main import app
from smartprod.config import load_config, shipped_folder
from smartprod.errors import UsageError
from smartprod.pipeline import list_pipelines, load_pipeline, load_stages
from smartprod.pipeline.library import order_stages

CHECKOUT = Path(__file__).resolve().parent.parent
CONFIGS = sorted(shipped_folder("configs").glob("*.yaml"))
ON_REAL_DATA = [path for path in CONFIGS if "${SMARTPROD_DATA}" in path.read_text(encoding="utf-8")]
DOCUMENTS = [CHECKOUT / "README.md", CHECKOUT / "data/README.md", *sorted((CHECKOUT / "docs").rglob("*.md"))]


def name_of(path: Path) -> str:
    return path.relative_to(CHECKOUT).as_posix()


@pytest.mark.parametrize("path", CONFIGS, ids=name_of)
def test_shipped_config_is_valid_and_names_its_run(path, tmp_path, monkeypatch):
    monkeypatch.setenv("SMARTPROD_DATA", str(tmp_path))
    monkeypatch.chdir(tmp_path)  # where there is no such file: the shipped one is meant
    loaded = load_config(name_of(path))
    assert loaded.path == path
    assert loaded.config.run.name == ("run" if path.stem == "base" else path.stem)
    assert path.read_text(encoding="utf-8").startswith("# ")


@pytest.mark.parametrize("path", ON_REAL_DATA, ids=name_of)
def test_shipped_config_on_real_data_looks_in_the_folder_of_the_variable(path, tmp_path, monkeypatch):
    monkeypatch.setenv("SMARTPROD_DATA", str(tmp_path))
    table = Path(load_config(path.stem).config.catalog.path)
    assert table.is_relative_to(tmp_path)
    assert table.parent.name in (CHECKOUT / "data/README.md").read_text(encoding="utf-8")
    monkeypatch.delenv("SMARTPROD_DATA")
    with pytest.raises(UsageError, match=r"(?s)SP114.*catalog\.path.*SMARTPROD_DATA.*" + path.name):
        load_config(path.stem)


def test_shipped_configs_cover_the_demo_and_four_real_sets():
    assert {path.stem for path in ON_REAL_DATA} == {
        "myntra",
        "bestbuy",
        "magento",
        "grocery",
        "grocery-finetuned",
    }
    assert {"base", "demo"} <= {path.stem for path in CONFIGS}


def test_shipped_recipes_have_a_page_and_a_configuration_each():
    pages = {path.stem for path in (CHECKOUT / "docs/recipes").glob("*.md")} - {"README"}
    assert pages == {"kazan2023", "abo", "yerba", "fashion", "synthetic-to-real"}
    assert pages <= {path.stem for path in CONFIGS}


@pytest.mark.parametrize("pipeline", list_pipelines(), ids=lambda pipeline: pipeline.name)
def test_shipped_pipeline_lists_known_stages_in_a_possible_order(pipeline):
    ordered = order_stages(pipeline, load_stages())
    assert tuple(stage.name for stage in ordered) == pipeline.stages
    assert pipeline.description


def test_shipped_halves_make_up_the_whole():
    halves = load_pipeline("extract").stages + load_pipeline("fuse-train").stages
    assert halves == load_pipeline("all").stages


def test_shipped_every_stage_is_in_some_pipeline():
    assert {stage for pipeline in list_pipelines() for stage in pipeline.stages} == set(load_stages())


def documented_commands() -> list[tuple[str, str]]:
    """Every `smartprod ...` of the documents, in a block or within backticks, with the document's name."""
    found = []
    for path in DOCUMENTS:
        text = path.read_text(encoding="utf-8")
        lines = re.findall(r"^(?:    |\$ )\s*(smartprod [^#\n|]*)", text, flags=re.MULTILINE)
        lines += re.findall(r"`(smartprod [^`]*)`", text)
        found += [(name_of(path), re.sub(r"\.\.\.", "", line).strip()) for line in lines]
    return found


@pytest.mark.parametrize(("document", "line"), documented_commands(), ids=lambda value: value)
def test_documented_command_exists_with_its_options(document, line):
    command = typer.main.get_command(app)
    words = shlex.split(line.rstrip("\\"))[1:]  # the end of a line that goes on
    while words and hasattr(command, "commands") and not words[0].startswith("-"):
        assert words[0] in command.commands, f"{document} names `{line}`"
        command = command.commands[words.pop(0)]
    options = {option for parameter in command.params for option in (*parameter.opts, "--help")}
    for before, word in zip(["", *words], words, strict=False):
        if word.startswith("-"):
            assert word in options, f"{document} names {word} in `{line}`"
        elif before == "--try":
            assert re.fullmatch(r"[a-z_.]+=.+", word)
        elif re.fullmatch(r"[a-z_]+(\.[A-Za-z_]+)+=.*", word):
            assert load_config("demo", [word])


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_documents_link_to_files_that_exist_and_name_make_targets_that_exist(path):
    text = path.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
        is_generated = target.startswith("reference/")  # when the site is built: tests/test_documents.py
        assert is_generated or (path.parent / target).exists(), f"{name_of(path)} links to {target}"
    makefile = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"(?:^    |`)make ([a-z-]+)", text, flags=re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), f"{name_of(path)} names make {target}"
