from __future__ import annotations

import pytest

from smartprod.config import Config, load_config
from smartprod.errors import ExitCode, UsageError


@pytest.fixture
def write(tmp_path):
    def write(text, name="mine.yaml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


def refused(path, *overrides):
    with pytest.raises(UsageError) as caught:
        load_config(path, overrides)
    assert caught.value.exit_code == ExitCode.USAGE == 2
    return str(caught.value)


def test_loading_without_a_file_takes_the_demo():
    loaded = load_config()
    assert loaded.config.run.name == "demo"
    assert loaded.config.catalog.path == "demo"
    assert loaded.arguments() == []


def test_loading_shipped_name_works_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert (
        load_config("demo").config
        == load_config("configs/demo.yaml").config
        == load_config("demo.yaml").config
    )


def test_loading_unknown_name_suggests_the_closest_shipped_one():
    message = refused("demmo")
    assert "SP101" in message
    assert "did you mean `demo`" in message


def test_loading_run_takes_the_name_of_the_file_unless_given(write):
    assert load_config(write("clean: {max_characters: 500}", "shoes.yaml")).config.run.name == "shoes"
    assert load_config(write("run: {name: boots}", "shoes.yaml")).config.run.name == "boots"
    assert load_config(write("", "shoes.yaml"), ["run.name=x"]).config.run.name == "x"


def test_loading_override_goes_before_the_file_and_the_later_before_the_earlier(write):
    path = write("classifier: {kind: mlp, metric: accuracy}")
    loaded = load_config(path, ["classifier.kind=logistic", "classifier.kind=lightgbm"])
    assert loaded.config.classifier.kind == "lightgbm"
    assert loaded.config.classifier.metric == "accuracy"


def test_loading_overrides_are_read_as_yaml(write):
    overrides = [
        "extract.image=[a, b]", "extract.text=labse", "decide.review_below=null", "decide.back_off=false",
        "classifier.logistic.C=3", "catalog.classes.merge={A: B}", "run.name=2024_01", "catalog.delimiter=;",
        "clean={max_characters: 200, name_fields: yes}", "run.offline=no",
    ]  # fmt: skip
    config = load_config(write(""), overrides).config
    assert config.extract.image == ("a", "b")
    assert config.extract.text == ("labse",)
    assert config.decide.review_below is None
    assert config.decide.back_off is False
    assert config.classifier.logistic.C == (3.0,)
    assert config.catalog.classes.merge == {"A": "B"}
    assert config.run.name == "2024_01"
    assert config.catalog.delimiter == ";"
    assert (config.clean.max_characters, config.clean.name_fields) == (200, True)
    assert config.run.offline == "no"


def test_loading_empty_section_means_its_defaults(write):
    assert load_config(write("clean:\n  # nothing yet\nextract:\n")).config.clean == Config().clean


def test_loading_environment_fills_strings(write, monkeypatch):
    monkeypatch.setenv("SHOP_DATA", "/shop")
    monkeypatch.delenv("SHOP_SEED", raising=False)
    path = write(
        'catalog: {path: "${SHOP_DATA}/table.csv"}\nrun: {seed: "${SHOP_SEED:-7}", folder: "$${SHOP_DATA}"}'
    )
    config = load_config(path).config
    assert config.catalog.path == "/shop/table.csv"
    assert config.run.seed == 7
    assert config.run.folder == "${SHOP_DATA}"


def test_loading_unset_variable_is_told_with_key_file_and_line(write, monkeypatch):
    monkeypatch.delenv("SHOP_DATA", raising=False)
    message = refused(write("catalog:\n  path: ${SHOP_DATA}/table.csv"))
    for words in ("SP114", "`catalog.path`", "SHOP_DATA", "mine.yaml, line 2"):
        assert words in message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("classifier:\n  kind: foo", ["SP113", "`classifier.kind`", "'foo'", "line 2", "auto, logistic, mlp, lightgbm"]),
        ("classifier:\n  knid: mlp", ["SP111", "`classifier.knid`", "line 2", "did you mean `classifier.kind`"]),
        ("lightgbm:\n  rounds: 5", ["SP111", "`lightgbm`", "did you mean `classifier.lightgbm`"]),
        ("split: {val_fraction: 1.5}", ["`split.val_fraction`", "1.5", "from 0 to 1"]),
        ("run: {seed: -1}", ["`run.seed`", "whole number of at least 0 and less than 4294967296"]),
        ("run: {seed: 1.5}", ["`run.seed`", "1.5", "whole number"]),
        ("run: {threads: many}", ["`run.threads`", "'many'", "or null"]),
        ("run: {name: ../b}", ["`run.name`", "'../b'"]),
        ("catalog: {delimiter: ab}", ["`catalog.delimiter`", "one character or null"]),
        ("clean: {fields: [title, [x]]}", ["`clean.fields[1]`", "text"]),
        ("clean: {fields: null}", ["`clean.fields`", "nothing", "a list"]),
        ("extract: 5", ["`extract`", "a section with some of image, text"]),
        ("decide: {review_below: .nan}", ["`decide.review_below`", "from 0 to 1 or null"]),
        ("report: {map_points: }", ["`report.map_points`", "nothing"]),
        ("[a, b]", ["SP116"]),
        ("run: 5", ["`run`", "a section with some of name"]),
        ("catalog: {classes: {merge: {A: [B]}}}", ["`catalog.classes.merge.A`", "give a text"]),
    ],
)  # fmt: skip
def test_loading_wrong_value_names_key_file_value_and_what_is_allowed(write, text, words):
    message = refused(write(text))
    assert "mine.yaml" in message
    for word in words:
        assert word in message
    for jargon in ("pydantic", "Input should", "model_type", "literal_error"):
        assert jargon not in message


def test_loading_lists_all_errors_together(write):
    message = refused(
        write("run: {seed: x}\nclean: {fields: {a: b}}"), "classifier.kind=foo", "nothing.at=all"
    )
    assert "SP110" in message
    assert "4 errors" in message
    for words in ("`run.seed`", "`clean.fields`", "command line: classifier.kind=foo", "`nothing`"):
        assert words in message


@pytest.mark.parametrize("text", ["classifier.kind", "=x", "a..b=1", ".a=1"])
def test_loading_override_of_another_form_is_refused(write, text):
    assert "SP115" in refused(write(""), text)


def test_loading_arguments_are_quoted_for_a_shell(write):
    path = write("", "my shop.yaml")
    loaded = load_config(path, ["extract.image=[a, b]", "run.seed=1"])
    assert loaded.arguments() == ["--config", f"'{path}'", "'extract.image=[a, b]'", "run.seed=1"]


def test_loading_values_that_contradict_each_other_are_told():
    with pytest.raises(UsageError, match=r"(?s)SP112.*few must not be above many"):
        load_config(None, ["report.shots.few=200", "report.shots.many=100"])


def test_loading_no_encoder_at_all_is_told():
    with pytest.raises(UsageError, match=r"(?s)SP112.*`extract`.*name one encoder at least"):
        load_config(None, ["extract.image=[]", "extract.text=[]"])
