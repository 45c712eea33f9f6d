"""Whatever is wrong with a configuration: the error names the key, the file and what is allowed, and exits with 2."""

from __future__ import annotations

import pytest

# The file's content, the code, and what the error has to name besides the file: the key, its line, what is allowed.
WRONG_FILES = {
    "unknown key": ("clean:\n  fieldz: [title]\n", "SP111", ["`clean.fieldz`", "line 2", "did you mean `clean.fields`?"]),
    "unknown section": ("classifer: {kind: mlp}\n", "SP111", ["`classifer`", "line 1", "`classifier`"]),
    "unknown word": (
        "classifier:\n  kind: forest\n", "SP113",
        ["`classifier.kind`", "line 2", "'forest'", "auto", "logistic", "mlp", "lightgbm", "prototype"],
    ),
    "word in a list": (
        "fuse:\n  candidates: [concat, magic]\n", "SP113", ["`fuse.candidates[1]`", "'magic'", "gated", "stack"],
    ),
    "out of range": (
        "split:\n\n  val_fraction: 1.5\n", "SP113", ["`split.val_fraction`", "line 3", "1.5", "a number"],
    ),
    "wrong type": ("run:\n  seed: many\n", "SP113", ["`run.seed`", "line 2", "'many'", "a whole number"]),
    "text for a section": ("run: mine\n", "SP113", ["`run`", "line 1", "name, folder, pipeline, seed"]),
    "no sections": ("- catalog\n", "SP116", ["sections", "configs/base.yaml"]),
    "unset variable": (
        "catalog:\n  path: ${SHOP_DATA_NOWHERE}/a.csv\n", "SP114", ["`catalog.path`", "line 2", "SHOP_DATA_NOWHERE"],
    ),
    "broken yaml": ("clean: [\n", "SP104", ["line 2", "no valid YAML"]),
    "key given twice": ("clean: {}\nclean: {}\n", "SP108", ["`clean`", "lines 1 and 2"]),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG_FILES)
@pytest.mark.parametrize("command", [("run", "all", "--config"), ("config", "validate")], ids=" ".join)
def test_config_error_names_key_file_and_allowed_values(smartprod, tmp_path, name, command):
    content, code, words = WRONG_FILES[name]
    (tmp_path / "mine.yaml").write_text(content, encoding="utf-8")
    result = smartprod(*command, "mine.yaml", cwd=tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    assert f"[{code}]" in result.stderr
    for word in ("mine.yaml", *words):
        assert word in result.stderr
    assert "Traceback" not in result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.yaml"]


def test_config_error_on_the_command_line_names_what_was_typed(smartprod, tmp_path):
    result = smartprod("run", "all", "resample.method=smoot", cwd=tmp_path)
    assert result.returncode == 2
    for word in ("`resample.method`", "command line: resample.method=smoot", "random_over", "smote"):
        assert word in result.stderr


def test_config_errors_are_all_told_at_once(smartprod, tmp_path):
    (tmp_path / "mine.yaml").write_text(
        "run: {seed: -1}\nscore: {top_k: 0}\nsplit: {fold: 3}\n", encoding="utf-8"
    )
    result = smartprod("config", "validate", "mine.yaml", cwd=tmp_path)
    assert result.returncode == 2
    for word in ("3 errors", "`run.seed`", "`score.top_k`", "`split.fold`", "line 1", "line 2", "line 3"):
        assert word in result.stderr


def test_missing_table_fails_with_its_path(smartprod, tmp_path):
    result = smartprod("run", "all", "catalog.path=absent.csv", cwd=tmp_path)
    assert result.returncode in (1, 2)
    assert "absent.csv" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["run", "--help"],
        ["score", "--help"],
        ["pipelines"],
        ["stages"],
        ["encoders"],
        ["config", "show"],
    ],
    ids=" ".join,
)
def test_light_commands_import_no_heavy_library(heavy_imports, tmp_path, arguments):
    output, imported = heavy_imports(*arguments, cwd=tmp_path)
    assert output.strip()
    assert imported == []
