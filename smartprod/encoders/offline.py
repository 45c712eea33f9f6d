"""Keep the model libraries off the network, and quiet, before they are imported."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from smartprod.encoders.specs import parse_spec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smartprod.config.schema import Config

_QUIET = {
    "TOKENIZERS_PARALLELISM": "false",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1",
    "DO_NOT_TRACK": "1",
}
_OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
_given: dict[str, str | None] = {}
"""The user's own environment, as it was before it was first changed here."""


def configure_offline(config: Config) -> bool:
    """Set the environment that the model libraries read when they are imported.

    `run.offline: yes` forbids the network; `auto` forbids it when every encoder is embedded or a local folder, and
    otherwise leaves the user's own environment as it is; `no` allows it.

    Returns:
        Whether the network is off now.
    """
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    match config.run.offline:
        case "yes":
            _set_offline("1")
        case "no":
            _set_offline("0")
        case "auto" if not _needs_hub(config):
            _set_offline("1")
        case _:
            pass
    return is_offline()


def is_offline() -> bool:
    """Whether the model hub may not be asked."""
    return os.environ.get("HF_HUB_OFFLINE", "").strip().lower() in {"1", "true", "yes", "on"}


def _needs_hub(config: Config) -> bool:
    return any(parse_spec(name).needs_hub for name in (*config.extract.image, *config.extract.text))


@contextmanager
def network_as_given() -> Iterator[None]:
    """Allow the network for a while where only a configuration forbade it: the user names what is to be fetched."""
    now = {name: os.environ.get(name) for name in _OFFLINE}
    try:
        _restore({name: _given.get(name, now[name]) for name in _OFFLINE})
        yield
    finally:
        _restore(now)


def _restore(values: dict[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    _tell_hub_library()


def _set_offline(value: str) -> None:
    for name in _OFFLINE:
        _given.setdefault(name, os.environ.get(name))
        os.environ[name] = value
    _tell_hub_library()


def _tell_hub_library() -> None:
    hub = sys.modules.get("huggingface_hub.constants")
    if hub is not None:  # already imported: it read the environment once and will not look again
        hub.HF_HUB_OFFLINE = is_offline()  # type: ignore[attr-defined]
