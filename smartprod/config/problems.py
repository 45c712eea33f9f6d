"""Configuration errors told for people: the key, where it stands, what was given and what is allowed."""

from __future__ import annotations

import difflib
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from smartprod.errors import UsageError

if TYPE_CHECKING:
    from pydantic import ValidationError

KeyPath = tuple[str, ...]


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


def describe(annotation: Any, constraints: Sequence[Any] = ()) -> str:
    """Say in words which values a type allows, such as `a whole number of at least 1`."""
    if isinstance(annotation, FieldInfo):
        return describe(annotation.annotation, annotation.metadata)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        inner = [
            item
            for extra in arguments[1:]
            for item in (extra.metadata if isinstance(extra, FieldInfo) else [extra])
        ]
        return describe(arguments[0], [*constraints, *inner])
    if origin in {Union, types.UnionType}:
        return _describe_union(arguments)
    if origin is Literal:
        return "one of " + ", ".join(map(str, arguments))
    if origin is tuple:
        return f"a list, each entry {describe(arguments[0])}"
    if origin is dict:
        return "a section `from: to` of texts"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "a section with some of " + ", ".join(annotation.model_fields)
    if annotation is bool:
        return "true or false"
    if annotation in {int, float}:
        return ("a whole number" if annotation is int else "a number") + _describe_range(constraints)
    return "a text" + _describe_text(constraints)


def child_of(annotation: Any, name: str) -> Any:
    """The field `name` of a section; None where the annotation is no section or has no such field."""
    if isinstance(annotation, FieldInfo):
        annotation = annotation.annotation
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation.model_fields.get(name)
    return None


def is_list(annotation: Any) -> bool:
    """Tell whether a field holds a list."""
    return isinstance(annotation, FieldInfo) and get_origin(annotation.annotation) is tuple


def all_keys(model: type[BaseModel], prefix: KeyPath = ()) -> Iterator[KeyPath]:
    """Every key of a schema, sections and leaves, in order."""
    for name, field in model.model_fields.items():
        yield (*prefix, name)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from all_keys(field.annotation, (*prefix, name))


def _locate(location: Sequence[int | str], model: type[BaseModel]) -> tuple[KeyPath, Any, int | None]:
    """Split pydantic's location into the key's path, its type, and the position in a list."""
    path: list[str] = []
    current: Any = model
    for position, part in enumerate(location):
        child = child_of(current, str(part))
        if child is not None:
            path.append(str(part))
            current = child
            continue
        if is_list(current) and isinstance(part, int):
            return tuple(path), get_args(current.annotation)[0], part
        if isinstance(current, FieldInfo) and get_origin(current.annotation) is dict:
            return (*path, str(part)), get_args(current.annotation)[1], None
        if not isinstance(current, FieldInfo) or _is_section(current):
            return (*path, str(part)), current, None
        break  # what remains names a member of a union
    return tuple(path), current, None


def _is_section(field: FieldInfo) -> bool:
    return isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)


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


def _describe_union(arguments: Sequence[Any]) -> str:
    """Alternatives, with those that are choices of words joined into one list."""
    words = [word for item in arguments if get_origin(item) is Literal for word in get_args(item)]
    described = ["one of " + ", ".join(map(str, words))] if words else []
    described += [
        describe(item) for item in arguments if get_origin(item) is not Literal and item is not type(None)
    ]
    return " or ".join([*described, *(["null"] if type(None) in arguments else [])])


def _describe_range(constraints: Sequence[Any]) -> str:
    limits = {
        name: getattr(item, name)
        for item in constraints
        for name in ("ge", "gt", "le", "lt")
        if hasattr(item, name)
    }
    if "ge" in limits and "le" in limits:
        return f" from {limits['ge']} to {limits['le']}"
    words = {"ge": "of at least", "gt": "greater than", "le": "of at most", "lt": "less than"}
    return "".join(
        f"{' and' if position else ''} {words[name]} {limit}"
        for position, (name, limit) in enumerate(limits.items())
    )


def _describe_text(constraints: Sequence[Any]) -> str:
    for item in constraints:
        pattern = getattr(item, "pattern", None)
        if pattern is not None:
            return f" that matches {pattern}"
    lengths = {
        name: getattr(item, name)
        for item in constraints
        for name in ("min_length", "max_length")
        if hasattr(item, name)
    }
    if lengths.get("min_length") == lengths.get("max_length") == 1:
        return " of one character"
    return ""
