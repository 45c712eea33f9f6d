"""What needs a package that is not installed says which one, and how to get it."""

from __future__ import annotations

import sys

import pytest
from torch import nn

from smartprod.errors import UsageError


def page() -> None:
    from smartprod.page import run_page

    run_page("runs/demo/model", port=0)


def service() -> None:
    from smartprod.service import serve

    serve("runs/demo/model", port=0)


def sweep() -> None:
    from smartprod.sweep.proposals import OptunaProposals

    OptunaProposals([], trials=1, seed=0)


def adapters() -> None:
    from smartprod.finetuning.adapters import add_adapters

    add_adapters(nn.Linear(2, 2), rank=1, where="finetune.text.lora_rank")


def addresses() -> None:
    from smartprod.remote.policy import require_packages

    require_packages(("https",), where="catalog.remote.schemes")


@pytest.mark.parametrize(
    ("use", "package", "code", "extra"),
    [
        (page, "gradio", "SP888", "demo"),
        (service, "fastapi", "SP873", "serve"),
        (sweep, "optuna", "SP948", "sweep"),
        (adapters, "peft", "SP462", "lora"),
        (addresses, "fsspec", "SP250", "remote"),
    ],
)
def test_missing_package_is_told_with_the_command_that_installs_it(monkeypatch, use, package, code, extra):
    monkeypatch.setitem(sys.modules, package, None)  # as if it were not installed
    with pytest.raises(UsageError, match=rf"(?s){code}.*pip install 'smartprod\[{extra}\]'"):
        use()
