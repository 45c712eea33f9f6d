from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from smartprod.config import config_lines, load_config
from smartprod.config.show import _text
from smartprod.config.sources import expand_environment
from smartprod.config.yaml_file import parse_yaml


def test_show_tells_where_each_value_comes_from(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("clean:\n  max_characters: 500\n")
    lines = config_lines(load_config(str(path), ["classifier.kind=mlp"]))
    told = {line.split("#")[0].strip(): line.split("# ")[1] for line in lines if "#" in line}
    assert told["max_characters: 500"] == f"{path}, line 2"
    assert told["kind: mlp"] == "command line: classifier.kind=mlp"
    assert told["name: mine"] == f"the name of {path}"
    assert told["metric: macro_f1"] == "default"


def test_show_only_changed_leaves_out_defaults():
    lines = config_lines(load_config("demo", ["extract.image=[a, b]"]), only_changed=True)
    assert [line.split("#")[0].rstrip() for line in lines] == [
        "run:", "  name: demo", "catalog:", "  path: demo", "extract:", "  image: [a, b]",
    ]  # fmt: skip


def test_show_output_loads_as_the_same_configuration(tmp_path):
    overrides = [
        "catalog.classes.merge={A > B: 'C: #1', 'no': 'null'}",
        'catalog.delimiter="\\t"',
        "extract.image=[]",
    ]
    loaded = load_config("demo", overrides)
    saved = tmp_path / "config.yaml"
    saved.write_text("\n".join(config_lines(loaded)), encoding="utf-8")
    assert load_config(str(saved)).config == loaded.config


@settings(deadline=None)
@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30)
    | st.integers()
    | st.booleans()
    | st.none()
)
def test_show_any_value_survives_being_written_and_read(value):
    assert expand_environment(parse_yaml(f"a: {_text(value)}  # x", "t").value["a"], (), "t", {}) == value
