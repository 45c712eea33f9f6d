"""The fitted state of a part of a model, and its safe form on disk: JSON, safetensors and plain text.

Everything that learns (a representation, a classifier, an open-set detector) can give its state and be built
from it again. Nothing is pickled.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from smartprod.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """What is needed to build a fitted part again.

    Attributes:
        kind: Which class of part it is, such as `logistic`.
        settings: Plain JSON values.
        arrays: Fitted arrays by name.
        text: Fitted text, such as LightGBM's own model format.
    """

    kind: str
    settings: Mapping[str, object] = field(default_factory=dict)
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    text: str | None = None


def save_state(state: State, folder: Path, name: str) -> None:
    """Write `<name>.json`, and `<name>.safetensors` and `<name>.txt` where there are arrays or text."""
    import numpy as np
    from safetensors.numpy import save_file

    folder.mkdir(parents=True, exist_ok=True)
    document = {
        "kind": state.kind,
        "settings": dict(state.settings),
        "arrays": sorted(state.arrays),
        "text": state.text is not None,
    }
    content = json.dumps(document, indent=2, sort_keys=True, allow_nan=False) + "\n"
    (folder / f"{name}.json").write_text(content, encoding="utf-8", newline="\n")
    if state.arrays:
        save_file(
            {key: np.asarray(value, order="C") for key, value in state.arrays.items()},
            folder / f"{name}.safetensors",
        )
    if state.text is not None:
        (folder / f"{name}.txt").write_text(state.text, encoding="utf-8", newline="\n")


def load_state(folder: Path, name: str) -> State:
    """Read what `save_state` wrote.

    Raises:
        ModelError: A file is missing or is not what its JSON says.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        document = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        arrays = load_file(folder / f"{name}.safetensors") if document["arrays"] else {}
        text = (folder / f"{name}.txt").read_text(encoding="utf-8") if document["text"] else None
        kind, settings, names = document["kind"], document["settings"], document["arrays"]
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise ModelError(
            "SP701",
            f"the saved part `{name}` cannot be read: {error}",
            where=str(folder),
            fix="restore the folder from a copy, or train again",
        ) from error
    if sorted(arrays) != names:
        raise ModelError(
            "SP702",
            f"the saved part `{name}` holds the arrays {sorted(arrays)}, but {names} were written",
            where=str(folder),
            fix="restore the folder from a copy, or train again",
        )
    return State(kind, settings, arrays, text)
