"""What a newcomer does wrong is answered by a code, a sentence and what to do; never by a traceback."""

from __future__ import annotations

import re

import pytest

from smartprod.cli.main import main
from tests.conftest import QUICK

TITLES = ("red mug", "blue mug", "small mug", "green mug", "old mug", "new mug")


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A folder with tables that are wrong in one way each, and the current one."""
    files = {
        "empty.csv": "",
        "header.csv": "id,title,category\n",
        "foreign.csv": "nummer,titel,kategorie\n1,red mug,Mug\n",
        "unlabelled.csv": "id,title,category\n"
        + "".join(f"{n},{title},\n" for n, title in enumerate(TITLES)),
        "one.csv": "id,title,category\n1,red mug,Mug\n",
        "one_class.csv": "id,title,category\n"
        + "".join(f"{n},{title},Mug\n" for n, title in enumerate(TITLES)),
        "one_each.csv": "id,title,category\n"
        + "".join(f"{n},{title},C{n}\n" for n, title in enumerate(TITLES)),
        "sheet.xlsx": "PK\x03\x04",
        "sheet.csv": "PK\x03\x04\x14\0\x06\0",
        "text.docx": "",
        "text.parquet": "id,title\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def refused(desk, capsys):
    """Call the command; gives its exit code and what it said on standard error."""

    def call(*arguments: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        told = capsys.readouterr().err
        assert "Traceback" not in told
        assert "[SP100]" not in told
        return int(ended.value.code), told

    return call


def check_told(ended: tuple[int, str], code: str, do: str) -> None:
    """The command failed, and said by which code and what to do."""
    exit_code, told = ended
    assert exit_code in {1, 2}
    assert f"[{code}]" in told
    assert do in told


def command(text: str, model) -> list[str]:
    return [str(model) if part == "MODEL" else part for part in text.split()]


@pytest.mark.parametrize(
    ("call", "code", "do"),
    [
        ("scor one.csv", "SP128", "`smartprod --help`"),
        ("--versoin", "SP128", "`smartprod --help`"),
        ("run", "SP128", "`smartprod run --help`"),
        ("score one.csv -o scored.csv", "SP128", "`smartprod score --help`"),
        ("model shw x", "SP128", "`smartprod model --help`"),
        ("export --model x --to pdf -o y", "SP128", "'pdf' is not one of 'onnx', 'hub'"),
        ("run al", "SP120", "choose one of all"),
        ("run all classifer.kind=mlp", "SP111", "did you mean `classifier`"),
        ("run all --config absent.yaml", "SP101", "give the path of a YAML file"),
        ("run all catalog.path=nowhere/shop.csv", "SP201", "Check the path"),
        ("run all catalog.path=empy.csv", "SP201", "Did you mean empty.csv"),
        ("run all catalog.path=empty.csv", "SP207", "Write a header line"),
        ("run all catalog.path=foreign.csv", "SP205", "Say which columns hold what"),
        ("run all catalog.path=foreign.csv catalog.columns.title=titl", "SP204", "Did you mean 'titel'"),
        ("run all catalog.path=sheet.xlsx", "SP202", "Save the sheet as CSV"),
        ("run all catalog.path=text.docx", "SP202", "Give a .csv, .tsv, .parquet or .jsonl file"),
        ("run all catalog.path=sheet.csv", "SP209", "save the sheet as CSV"),
        ("run all catalog.path=text.parquet", "SP215", "a Parquet file"),
        ("run all run.folder=one.csv", "SP943", "move away what stands there"),
        ("init sheet.xlsx", "SP202", "Save the sheet as CSV"),
        ("init header.csv", "SP280", "Look into the file"),
        ("demo-catalogue one.csv/demo", "SP943", "move away what stands there"),
        ("doctor one.csv", "SP690", "`smartprod run all --config one.yaml`, `smartprod doctor runs/one`"),
        ("doctor absent", "SP690", "such as runs/NAME"),
        ("report absent", "SP650", "give the folder of a run"),
        ("compare absent absent", "SP658", "give the folder of a run"),
        ("review one.csv one.csv", "SP663", "`smartprod score TABLE --model"),
        ("score one.csv --model absent -o scored.parquet", "SP710", "runs/NAME/model"),
        ("model show absent", "SP710", "runs/NAME/model"),
    ],
)
def test_wrong_usage_is_told_with_what_to_do(refused, call, code, do):
    check_told(refused(*call.split()), code, do)


@pytest.mark.parametrize(
    ("call", "code", "do"),
    [
        ("score nowhere/shop.csv --model MODEL -o scored.parquet", "SP201", "Check the path"),
        ("score foreign.csv --model MODEL -o scored.parquet", "SP205", "Say which columns hold what"),
        ("score one.csv --model MODEL -o scored.xyz", "SP804", "let it end in .parquet"),
        ("explain one.csv --row 5 --model MODEL", "SP876", "rows are counted from 0"),
        ("export --model MODEL --to hub -o one.csv", "SP731", "name a folder that does not exist"),
        ("model merge-classes MODEL --classes Mug --into Cup", "SP117", "--out FOLDER or --in-place"),
        ("doctor MODEL", "SP690", "give the run that the model is of: `smartprod doctor"),
    ],
)
def test_wrong_usage_of_a_model_is_told_with_what_to_do(refused, demo_run, call, code, do):
    check_told(refused(*command(call, demo_run.model)), code, do)


@pytest.mark.parametrize(
    ("table", "code", "do"),
    [
        ("unlabelled.csv", "SP501", "at least two categories need labelled rows"),
        ("one_class.csv", "SP501", "at least two categories need labelled rows"),
        ("one_each.csv", "SP502", "label more products"),
    ],
)
def test_wrong_usage_too_little_to_learn_from_is_told(refused, table, code, do):
    ended = refused(
        "run", "all", f"catalog.path={table}", "extract.image=[]", "extract.text=[hashed-words]", *QUICK
    )
    check_told(ended, code, do)
    assert "go on (" in ended[1]


def test_wrong_usage_a_table_of_one_row_is_scored_all_the_same(desk, demo_run, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["score", "one.csv", "--model", str(demo_run.model), "-o", "scored.csv"])
    assert ended.value.code == 0
    assert re.search(r"scored 1 rows", capsys.readouterr().out)
    assert len((desk / "scored.csv").read_text(encoding="utf-8").splitlines()) == 2
