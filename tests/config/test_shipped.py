from __future__ import annotations

import pytest

from smartprod.config import Config, load_config, load_yaml, shipped_folder
from smartprod.config.fields import all_keys
from smartprod.errors import UsageError

BASE = shipped_folder("configs") / "base.yaml"


def test_shipped_base_holds_every_default():
    assert load_config(str(BASE)).config == Config()
    assert set(all_keys(Config)) <= set(load_yaml(BASE).lines)


def test_shipped_base_comments_every_key():
    text = BASE.read_text(encoding="utf-8").splitlines()
    for key, line in load_yaml(BASE).lines.items():
        beside = text[line - 1].partition(" # ")[2].strip()
        above = text[line - 2].strip()
        assert beside or above.startswith("# "), f"{'.'.join(key)} has no comment"


@pytest.mark.parametrize("path", sorted(shipped_folder("configs").glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_configs_are_valid(path, monkeypatch):
    monkeypatch.setenv("SMARTPROD_DATA", "data")
    assert load_config(str(path)).config.run.name


def test_shipped_unknown_kind_is_refused():
    with pytest.raises(UsageError, match="SP119"):
        shipped_folder("nothing")
