"""The first configuration of a table: what was guessed, with comments, and nothing that is a default anyway."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartprod.config.schema import ColumnsConfig
from smartprod.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from smartprod.catalog.guessing.roles import Role
    from smartprod.catalog.guessing.table import TableGuess

_SINGLE: tuple[Role, ...] = (
    "id",
    "title",
    "description",
    "attributes",
    "category",
    "split",
    "group",
    "domain",
)
_ONE_LINE = 1_000_000_000
_COMMENTS = {
    "id": "the shop's own identifier",
    "title": "a short text",
    "description": "a long text, may be HTML",
    "attributes": "a dictionary",
    "images": "one or several columns",
    "category": "what is learned",
    "split": "train, val or test",
    "group": "products that belong together in the split",
    "domain": "where a photo comes from",
    "extra": "further short texts",
}


def write_first_config(guess: TableGuess, path: Path, *, force: bool = False) -> None:
    """Write the configuration.

    Args:
        guess: What the table seems to hold.
        path: The YAML file.
        force: Replace a file that is there.

    Raises:
        UsageError: (SP281) The file is there already.
    """
    if path.exists() and not force:
        raise UsageError(
            "SP281",
            "The configuration exists already, and would be lost.",
            where=str(path),
            fix="Give another name with -o, or --force to replace it.",
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(_lines(guess)) + "\n", encoding="utf-8", newline="\n")


def _lines(guess: TableGuess) -> Iterator[str]:
    yield f"# Guessed by `smartprod init` from the first {guess.sample.rows:,} records; look it over, then:"
    yield "#   smartprod run all --config THIS_FILE"
    yield "# Everything that can be set, with its default: smartprod config show"
    yield "catalog:"
    yield f"  path: {_quoted(str(guess.sample.path))}"
    if guess.sample.encoding != "utf-8":
        yield f"  encoding: {guess.sample.encoding}"
    images = guess.images
    if images is not None and images.found and images.root != guess.sample.path.absolute().parent:
        yield f"  image_root: {_quoted(str(images.root))}"
    if guess.separator is not None and guess.separator != " > ":
        yield f"  category_separator: {_quoted(guess.separator)}"
    yield from _columns(guess)
    if images is not None and images.addresses:
        yield "  remote:"
        yield "    allow: false       # true: photos are fetched from their addresses"
    yield from _encoders(guess)


def _columns(guess: TableGuess) -> Iterator[str]:
    told = []
    for role in _SINGLE:
        names = guess.of_role(role)
        default = ColumnsConfig.model_fields[role].default
        if names and names[0] != default:
            told.append((role, _quoted(names[0])))
        elif not names and any(column.facts.name == default and column.role for column in guess.columns):
            told.append((role, "null"))  # the column of that name holds something else
    for role in ("images", "extra"):
        names = guess.of_role(role)
        if names and set(names) - set(ColumnsConfig.model_fields[role].default):
            told.append((role, f"[{', '.join(map(_quoted, names))}]"))
    if told:
        yield "  columns:"
        yield from (f"    {role}: {value}    # {_COMMENTS[role]}" for role, value in told)
    for column in guess.columns:
        if column.role is None:
            yield f"    # {_quoted(column.facts.name)} is left out: {column.why}"


def _encoders(guess: TableGuess) -> Iterator[str]:
    has_text = any(guess.of_role(role) for role in ("title", "description", "attributes", "extra"))
    if guess.images is not None and has_text and not guess.other_script:
        return
    yield "extract:"
    if guess.images is None:
        yield "  image: []            # no photos"
    if not has_text:
        yield "  text: []             # no texts"
    elif guess.other_script:
        yield "  text: [hashed-words]   # words of any language; better: [multilingual-minilm, hashed-words], which needs a download"


def _quoted(text: str) -> str:
    """A YAML scalar on one line, in quotes where it needs them."""
    import yaml

    plain: str = yaml.safe_dump(text, allow_unicode=True, width=_ONE_LINE)
    lines = plain.removesuffix("...\n").splitlines()
    if len(lines) == 1:
        return lines[0]
    return str(yaml.safe_dump(text, default_style='"', width=_ONE_LINE)).strip()
