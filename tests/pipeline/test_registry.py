from __future__ import annotations

import importlib.metadata

import pytest

from smartprod.errors import PipelineError
from smartprod.pipeline import (
    Artefact,
    ArtefactKind,
    get_artefact,
    load_stages,
    register_artefact,
    registry,
    stage,
)


def test_registry_takes_the_first_docstring_line_and_leaves_the_function(no_stages):
    @stage("prices", reads=["products"], writes=["clean_text"], packages=["smartprod.catalog"])
    def prices(context, products):
        """Find prices.

        More.
        """
        return {}

    found = load_stages()["prices"]
    assert found.doc == "Find prices."
    assert found.function is prices
    assert found.packages[1:] == ("smartprod.catalog",)


def test_registry_parameters_have_to_match_what_is_read(no_stages):
    with pytest.raises(PipelineError, match="SP926"):

        @stage("prices", reads=["products", "split"])
        def prices(context, split, products):
            return {}


def test_registry_unknown_artefact_is_refused(no_stages):
    with pytest.raises(PipelineError, match=r"SP923.*prices"):

        @stage("prices", writes=["prices"])
        def prices(context):
            return {}


def test_registry_name_of_another_function_is_refused(no_stages):
    @stage("prices")
    def one(context):
        return {}

    with pytest.raises(PipelineError, match="SP927"):

        @stage("prices")
        def two(context):
            return {}


def test_registry_own_artefact_may_be_registered_twice_but_not_changed(no_stages):
    prices = Artefact("prices", ArtefactKind.JSON, "prices/prices.json", "prices")
    assert register_artefact(register_artefact(prices)) is get_artefact("prices")
    for other in (
        Artefact("prices", ArtefactKind.TEXT, "prices/prices.json", "prices"),
        Artefact("costs", ArtefactKind.JSON, "prices/prices.json", "costs"),
    ):
        with pytest.raises(PipelineError, match="SP922"):
            register_artefact(other)


@pytest.mark.parametrize("path", ["../outside", "/etc/passwd", "a\\b", "", "."])
def test_registry_artefact_outside_the_run_folder_is_refused(no_stages, path):
    with pytest.raises(PipelineError, match="SP921"):
        register_artefact(Artefact("prices", ArtefactKind.JSON, path, ""))


def entry_point(tmp_path, monkeypatch, source):
    (tmp_path / "shop_stages.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    point = importlib.metadata.EntryPoint("prices", "shop_stages", registry.ENTRY_POINT_GROUP)
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda *, group: [point])


def test_registry_entry_point_brings_a_users_stage(no_stages, tmp_path, monkeypatch):
    source = (
        "from smartprod.pipeline import stage\n@stage('prices', writes=['split'])\ndef prices(context): ...\n"
    )
    entry_point(tmp_path, monkeypatch, source)
    assert load_stages()["prices"].packages == ("shop_stages",)


def test_registry_broken_entry_point_is_told(no_stages, tmp_path, monkeypatch):
    entry_point(tmp_path, monkeypatch, "import a_library_that_is_absent")
    monkeypatch.delitem(__import__("sys").modules, "shop_stages", raising=False)
    with pytest.raises(PipelineError, match=r"SP928.*a_library_that_is_absent"):
        load_stages()
