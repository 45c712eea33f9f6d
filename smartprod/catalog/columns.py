"""Which column of the table holds what: the configured names against the names that are there."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from smartprod.config.schema import ColumnsConfig
from smartprod.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_SINGLE = ("id", "title", "description", "attributes", "category", "split", "group", "domain")
_CONTENT = ("title", "description", "attributes", "images", "extra")
ROLES = (*_SINGLE, "images", "extra")
"""Everything that a column may hold."""
LABEL_ROLES = ("category", "split", "group", "domain")
"""Roles that a table to be scored need not have."""


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """Source column of each role; None (or left out of the tuples) where the table has none."""

    id: str | None
    title: str | None
    description: str | None
    attributes: str | None
    category: str | None
    split: str | None
    group: str | None
    domain: str | None
    images: tuple[str, ...]
    extra: tuple[str, ...]

    def used(self) -> tuple[str, ...]:
        """List the source columns that are read, each once."""
        single = (getattr(self, role) for role in _SINGLE)
        return tuple(dict.fromkeys(name for name in (*single, *self.images, *self.extra) if name is not None))


def required_columns(config: ColumnsConfig, *, optional: Collection[str] = ()) -> dict[str, str]:
    """List the columns that were named on purpose, and so must be there.

    A name counts as given on purpose where it differs from the default.

    Args:
        config: The configured names.
        optional: Roles (`category`, `split`, ...) whose column may be absent all the same.

    Returns:
        Config key of each required column, by column name.
    """
    required: dict[str, str] = {}
    for role in ROLES:
        if role in optional:
            continue
        default = ColumnsConfig.model_fields[role].default
        for name in _names(getattr(config, role)):
            if name not in _names(default):
                required[name] = f"catalog.columns.{role}"
    return required


def map_columns(
    config: ColumnsConfig, available: Sequence[str], *, place: str, optional: Collection[str] = ()
) -> ColumnMap:
    """Match the configured names with the columns of a table.

    Args:
        config: The configured names; a default name that the table lacks counts as absent.
        available: Columns of the table; empty where not one record could be read, which is no fault of the names.
        place: The table, for errors.
        optional: Roles whose column may be absent even where it was named on purpose.

    Raises:
        UsageError: SP204 for a column that was named and is not there, SP205 where the table has none of the columns
            that say something about a product, SP206 for a column that stands there twice.
    """
    there = set(available)
    for name, key in required_columns(config, optional=optional).items():
        if available and name not in there:
            raise _no_such_column(name, key, available, place)
    mapped = ColumnMap(
        **{role: _present(getattr(config, role), there) for role in _SINGLE},
        images=tuple(name for name in config.images if name in there),
        extra=tuple(name for name in config.extra if name in there),
    )
    if available and not any(getattr(mapped, role) for role in _CONTENT):
        raise _nothing_known(config, available, place)
    for name in mapped.used():
        if list(available).count(name) > 1:
            raise UsageError(
                "SP206",
                f"The table has {list(available).count(name)} columns named '{name}'.",
                where=place,
                fix="Give each column that is used a name of its own.",
            )
    return mapped


def _names(value: str | tuple[str, ...] | None) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else value


def _present(name: str | None, there: Collection[str]) -> str | None:
    return name if name in there else None


def _no_such_column(name: str, key: str, available: Sequence[str], place: str) -> UsageError:
    folded = {column.casefold(): column for column in available}
    close = difflib.get_close_matches(name.casefold(), list(folded), n=1)
    meant = f" Did you mean '{folded[close[0]]}'?" if close else ""
    return UsageError(
        "SP204",
        f"{key} names the column '{name}', which the table does not have.{meant}",
        where=place,
        fix=f"Set {key} to one of: {_listed(available)}.",
    )


def _nothing_known(config: ColumnsConfig, available: Sequence[str], place: str) -> UsageError:
    sought = [name for role in _CONTENT for name in _names(getattr(config, role))]
    return UsageError(
        "SP205",
        f"The table has no text and no image column: none of {_listed(sought)}.",
        where=f"{place}, columns found: {_listed(available)}",
        fix="Say which columns hold what, such as catalog.columns.title=... and catalog.columns.images=[...].",
    )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:40])
    return f"{shown}, and {len(names) - 40} more" if len(names) > 40 else shown
