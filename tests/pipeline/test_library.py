from __future__ import annotations

import pytest

from smartprod.config import load_config
from smartprod.errors import UsageError
from smartprod.pipeline import find_pipeline, list_pipelines, load_pipeline, stage
from smartprod.pipeline.library import Pipeline, order_stages, pipeline_for_stage
from smartprod.pipeline.registry import load_stages


def test_library_all_is_extract_then_fuse_train():
    pipelines = {pipeline.name: pipeline for pipeline in list_pipelines()}
    assert pipelines["all"].stages == pipelines["extract"].stages + pipelines["fuse-train"].stages
    assert all(pipeline.description for pipeline in pipelines.values())
    assert pipeline_for_stage("clean").name == "extract"
    assert pipeline_for_stage("nothing") is None


def test_library_unknown_name_suggests_the_closest():
    with pytest.raises(UsageError, match=r"SP120.*did you mean `fuse-train`"):
        load_pipeline("fuse_train")


def test_library_all_is_what_the_configuration_says():
    plain, labels = (
        load_config("demo", overrides).config for overrides in ([], ["run.pipeline=several-labels"])
    )
    assert find_pipeline("all", plain).name == "all"
    assert find_pipeline("all", labels).name == "several-labels"
    assert find_pipeline("extract", labels).name == "extract"


def test_library_pipeline_may_be_a_file(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("stages: [catalog, clean]\n")
    assert load_pipeline(str(path)) == Pipeline(str(path), "", ("catalog", "clean"))


@pytest.mark.parametrize(
    "text", ["", "stages: []", "stages: catalog", "stages: [1]", "stages: [a]\nsteps: [b]", "[a]"]
)
def test_library_pipeline_file_of_another_form_is_refused(tmp_path, text):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match="SP124"):
        load_pipeline(str(path))


def test_library_circle_is_refused(no_stages):
    @stage("one", reads=["split"], writes=["products"])
    def one(context, split): ...

    @stage("two", reads=["products"], writes=["split"])
    def two(context, products): ...

    with pytest.raises(UsageError, match=r"SP123.*one, two"):
        order_stages(Pipeline("x", "", ("one", "two")), load_stages())
