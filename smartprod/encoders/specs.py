"""How a configuration names an encoder: `lite0`, `timm:<model>@<revision>`, `transformers-text:./folder`."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from smartprod.encoders.catalogue import CATALOGUE
from smartprod.errors import UsageError

if TYPE_CHECKING:
    from smartprod.encoders.base import Modality

Kind = Literal[
    "embedded", "hashed", "timm", "transformers-image", "sentence-transformers", "transformers-text"
]

SPEC_FORMS = (
    "timm:<model>[@revision]",
    "transformers-image:<hub id>[@revision]",
    "sentence-transformers:<hub id>[@revision]",
    "transformers-text:<hub id>[@revision]",
    "<one of these>:<local folder>",
    "<own name>=<any of these>",
)

_MODALITY: dict[str, Modality] = {
    "timm": "image",
    "transformers-image": "image",
    "sentence-transformers": "text",
    "transformers-text": "text",
}
_WITHOUT_SOURCE = ("embedded", "hashed")
_OWN_NAME = re.compile(r"([\w.\-]+)=(.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class EncoderSpec:
    """A parsed encoder name.

    Attributes:
        name: As the user wrote it, or the own name that stands before it.
        kind: The library that loads it, `embedded`, or `hashed`, which has no weights.
        modality: `image` or `text`.
        location: Catalogue name, hub id, timm model name, or folder.
        revision: Branch, tag or commit of the hub repository; None for its main branch.
        folder: The local folder, where one is named.
    """

    name: str
    kind: Kind
    modality: Modality
    location: str
    revision: str | None = None
    folder: Path | None = None

    @property
    def needs_hub(self) -> bool:
        """Whether the weights come from the model hub (or its local cache)."""
        return self.kind not in _WITHOUT_SOURCE and self.folder is None


def parse_spec(name: str) -> EncoderSpec:
    """Parse an encoder name of the configuration; `mine=timm:./folder` is known as `mine`, wherever the folder lies.

    Raises:
        UsageError: (SP401) The name is neither in the catalogue nor of a known form.
    """
    named = _OWN_NAME.fullmatch(name)
    if named:
        return replace(parse_spec(named.group(2)), name=named.group(1))
    entry = CATALOGUE.get(name)
    if entry is not None and entry.spec in _WITHOUT_SOURCE:
        return EncoderSpec(name=name, kind=_as_kind(entry.spec), modality=entry.modality, location=name)
    kind, separator, location = (entry.spec if entry else name).partition(":")
    if not separator or not location or kind not in _MODALITY:
        raise _unknown(name)
    if _looks_like_folder(location):
        folder = Path(location).expanduser()
        return EncoderSpec(name, _as_kind(kind), _MODALITY[kind], location=str(folder), folder=folder)
    location, _, revision = location.partition("@")
    return EncoderSpec(name, _as_kind(kind), _MODALITY[kind], location=location, revision=revision or None)


@dataclass(frozen=True, slots=True)
class OwnEncoder:
    """A local folder that the configuration gave a name of its own.

    Attributes:
        spec: As the configuration writes it, such as `mine=timm:./folder`.
        name: Its own name.
        kind: The library that loads it.
        location: The folder as written.
    """

    spec: str
    name: str
    kind: Kind
    location: str

    @property
    def folder(self) -> Path:
        """Where its files are."""
        return Path(self.location).expanduser()


def own_encoder(name: str) -> OwnEncoder | None:
    """Read an encoder name of the form `mine=timm:./folder`; None for every other one."""
    named = _OWN_NAME.fullmatch(name)
    spec = parse_spec(name)
    if named is None or spec.folder is None:
        return None
    return OwnEncoder(name, spec.name, spec.kind, named.group(2).partition(":")[2])


def _looks_like_folder(location: str) -> bool:
    path = Path(location).expanduser()
    return path.is_absolute() or location.startswith((".", "~")) or "\\" in location or path.is_dir()


def _as_kind(text: str) -> Kind:
    for kind in get_args(Kind):
        if kind == text:
            return kind
    raise ValueError(text)


def _unknown(name: str) -> UsageError:
    kind, separator, _ = name.partition(":")
    choices = list(_MODALITY) if separator else list(CATALOGUE)
    close = get_close_matches(kind, choices, n=1)
    hint = f"Did you mean {close[0]!r}? " if close else ""
    return UsageError(
        "SP401",
        f"There is no encoder named {name!r}.",
        where="extract.image, extract.text",
        fix=f"{hint}Known names: {', '.join(CATALOGUE)}; or one of the forms {', '.join(SPEC_FORMS)}.",
    )
