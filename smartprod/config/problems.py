"""Configuration errors told for people: the key, where it stands, what was given and what is allowed."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args, get_origin

from pydantic.fields import FieldInfo

from smartprod.config.fields import KeyPath, all_keys, child_of, describe, is_list, is_section
from smartprod.errors import UsageError

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError


@dataclass(frozen=True, slots=True)
class Problem:
    """One wrong key or value.

    Attributes:
        code: Its error code.
        what: What is wrong with which key.
        where: File and line, or the command line.
        fix: The allowed values, or the closest known key.
    """

    code: str
    what: str
    where: str
    fix: str


def raise_problems(problems: Sequence[Problem]) -> None:
    """Raise one error for all problems, if there are any.

    Raises:
        UsageError: There is at least one.
    """
    if len(problems) == 1:
        problem = problems[0]
        raise UsageError(problem.code, problem.what, where=problem.where, fix=problem.fix)
    if problems:
        listed = "\n".join(
            f"  [{problem.code}] {problem.what}\n    where: {problem.where}\n    do:    {problem.fix}"
            for problem in problems
        )
        raise UsageError("SP110", f"{len(problems)} errors in the configuration:\n{listed}")


def problems_of(
    error: ValidationError, model: type[BaseModel], where: Mapping[KeyPath, str]
) -> list[Problem]:
    """Translate a validation error, one problem per key.

    Args:
        error: What pydantic found.
        model: The configuration schema.
        where: Where each given key stands.
    """
    problems: dict[str, Problem] = {}
    for detail in error.errors(include_url=False):
        path, annotation, element = _locate(detail["loc"], model)
        name = ".".join(path) + (f"[{element}]" if element is not None else "")
        place = _place(path, where)
        if detail["type"] == "extra_forbidden":
            problem = Problem("SP111", f"there is no key `{name}`", place, _suggestion(path, model))
        elif detail["type"] in {"value_error", "assertion_error"}:
            reason = str(detail.get("ctx", {}).get("error", detail["msg"]))
            problem = Problem(
                "SP112", f"`{name or 'the configuration'}`: {reason}", place, "see configs/base.yaml"
            )
        else:
            given = "nothing" if detail["input"] is None else repr(detail["input"])
            problem = Problem("SP113", f"`{name}` cannot be {given}", place, f"give {describe(annotation)}")
        problems.setdefault(name, problem)
    return list(problems.values())


def _locate(location: Sequence[int | str], model: type[BaseModel]) -> tuple[KeyPath, Any, int | None]:
    """Split pydantic's location into the key's path, its type, and the position in a list."""
    path: list[str] = []
    current: Any = model
    for part in location:
        child = child_of(current, str(part))
        if child is not None:
            path.append(str(part))
            current = child
            continue
        if is_list(current) and isinstance(part, int):
            return tuple(path), get_args(current.annotation)[0], part
        if isinstance(current, FieldInfo) and get_origin(current.annotation) is dict:
            return (*path, str(part)), get_args(current.annotation)[1], None
        if not isinstance(current, FieldInfo) or is_section(current):
            return (*path, str(part)), current, None
        break  # what remains names a member of a union
    return tuple(path), current, None


def _place(path: KeyPath, where: Mapping[KeyPath, str]) -> str:
    for length in range(len(path), 0, -1):
        if path[:length] in where:
            return where[path[:length]]
        below = next((place for key, place in where.items() if key[:length] == path[:length]), None)
        if below is not None:
            return below
    return where.get((), "the configuration")


def _suggestion(path: KeyPath, model: type[BaseModel]) -> str:
    siblings = [key[-1] for key in all_keys(model) if key[:-1] == path[:-1]]
    close = difflib.get_close_matches(path[-1], siblings, n=1)
    if close:
        return f"did you mean `{'.'.join((*path[:-1], close[0]))}`?"
    known = {".".join(key): key for key in all_keys(model)}
    elsewhere = [name for name, key in known.items() if key[-1] == path[-1]]
    close = elsewhere or difflib.get_close_matches(".".join(path), known, n=1)
    if close:
        return "did you mean " + " or ".join(f"`{name}`" for name in close[:3]) + "?"
    return f"known keys here: {', '.join(siblings)}"
