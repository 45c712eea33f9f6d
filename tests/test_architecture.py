"""The rules of the house that hold across rooms."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "smartprod"
ROOMS = sorted(folder.name for folder in PACKAGE.iterdir() if (folder / "__init__.py").is_file())
SOURCES = sorted(PACKAGE.rglob("*.py"))
HEAVY = ("torch", "transformers", "timm", "sklearn", "lightgbm", "bokeh", "pandas", "ray")
# Modules of a room that other rooms may name, besides its `__init__`.
OPEN_MODULES = {"smartprod.config.schema", "smartprod.config.learning", "smartprod.config.finetuning"}


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_modules(path: Path) -> list[tuple[str, int]]:
    """Names of the modules that a file imports, with the line; `from a import b` counts as `a`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports relatively"
            found.append((node.module, node.lineno))
    return found


def test_architecture_every_error_code_names_one_situation():
    places = defaultdict(list)
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and re.fullmatch(r"SP\d{3}", node.value)
            ):
                places[node.value].append(f"{path.relative_to(PACKAGE)}:{node.lineno}")
    assert len(places) > 30
    assert {code: found for code, found in places.items() if len(found) > 1} == {}


def test_architecture_error_codes_belong_to_their_rooms():
    # Rooms whose parts lie in the model folder also tell of damaged ones (SP7xx).
    hundreds = {
        "config": "1", "cli": "1", "catalog": "2", "cleaning": "3", "encoders": "4", "embeddings": "4",
        "fusion": "57", "finetuning": "4", "resampling": "5", "classifiers": "57", "decision": "67", "evaluation": "6", "quality": "6",
        "model": "7", "interchange": "7", "scoring": "8", "service": "8", "page": "8", "review": "6", "explanation": "8", "engines": "8", "remote": "2", "demo": "9", "pipeline": "19", "sweep": "9",
    }  # fmt: skip
    assert set(hundreds) >= set(ROOMS)
    for path in (path for path in SOURCES if room_of(path) in ROOMS and path.parent != PACKAGE):
        for code in re.findall(r'"SP(\d)\d\d"', path.read_text(encoding="utf-8")):
            assert code in hundreds[room_of(path)], f"{path.relative_to(PACKAGE)} uses SP{code}xx"


@pytest.mark.parametrize("module", ["smartprod", "smartprod.cli.main"])
def test_architecture_command_line_loads_no_heavy_library(module):
    code = f"import sys, {module}; print([name for name in {HEAVY!r} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_architecture_rooms_are_entered_by_the_front_door():
    offences = []
    for path in SOURCES:
        for module, line in imported_modules(path):
            parts = module.split(".")
            is_inside = len(parts) > 2 and parts[0] == "smartprod" and parts[1] in ROOMS
            if (
                is_inside
                and parts[1] != room_of(path)
                and module not in OPEN_MODULES
                and room_of(path) != "__main__"
            ):
                offences.append(f"{path.relative_to(PACKAGE)}:{line} imports {module}")
    assert offences == []


def test_architecture_modules_stay_short():
    lengths = {
        str(path.relative_to(PACKAGE)): len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES
    }
    assert {name: length for name, length in lengths.items() if length > 350} == {}


def test_architecture_nothing_is_unpickled():
    for path in SOURCES:
        modules = {module.split(".")[0] for module, _ in imported_modules(path)}
        assert not modules & {"pickle", "dill", "cloudpickle"}, path
        text = path.read_text(encoding="utf-8")
        from_joblib = set(re.findall(r"joblib(?:\.| import )([^\n]*)", text))
        assert from_joblib <= {"Parallel, delayed"}, path  # its processes, not its files
        loads = re.findall(r"torch\.load\([^)]*\)", text)
        assert all("weights_only=True" in call for call in loads), path
