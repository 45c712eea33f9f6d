from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

import smartprod

ROOMS = ("embeddings", "encoders", "explanation", "fusion", "interchange", "model", "quality", "remote")


@pytest.mark.parametrize("room", ROOMS)
def test_first_use_gives_every_public_name_of_a_room(room):
    module = importlib.import_module(f"smartprod.{room}")
    assert module.__all__
    for name in module.__all__:
        assert getattr(module, name) is not None


def test_first_use_of_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match=r"module 'smartprod' has no attribute 'nothing'"):
        smartprod.nothing  # noqa: B018


def test_first_use_imports_a_module_only_then():
    code = (
        "import sys, smartprod.model\n"
        "print('smartprod.model.answerer' in sys.modules)\n"
        "smartprod.model.Answerer\n"
        "print('smartprod.model.answerer' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
