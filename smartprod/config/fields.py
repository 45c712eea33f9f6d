"""The schema looked into: which keys there are, and which values each allows, in words."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

KeyPath = tuple[str, ...]


def describe(annotation: Any, constraints: Sequence[Any] = ()) -> str:
    """Say in words which values a type allows, such as `a whole number of at least 1`."""
    if isinstance(annotation, FieldInfo):
        return describe(annotation.annotation, annotation.metadata)
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *extras = get_args(annotation)
        more = [
            item for extra in extras for item in (extra.metadata if isinstance(extra, FieldInfo) else [extra])
        ]
        return describe(inner, [*constraints, *more])
    if origin in _OF_GENERIC:
        return _OF_GENERIC[origin](get_args(annotation))
    if is_section(annotation):
        return "a section with some of " + ", ".join(annotation.model_fields)
    if annotation in _OF_NUMBER:
        return _OF_NUMBER[annotation] + _describe_range(constraints)
    return "true or false" if annotation is bool else "a text" + _describe_text(constraints)


def child_of(annotation: Any, name: str) -> Any:
    """The field `name` of a section; None where the annotation is no section or has no such field."""
    model: Any = annotation.annotation if isinstance(annotation, FieldInfo) else annotation
    return model.model_fields.get(name) if is_section(model) else None


def is_list(annotation: Any) -> bool:
    """Tell whether a field holds a list."""
    return isinstance(annotation, FieldInfo) and get_origin(annotation.annotation) is tuple


def all_keys(model: type[BaseModel], prefix: KeyPath = ()) -> Iterator[KeyPath]:
    """Every key of a schema, sections and leaves, in order."""
    for name, field in model.model_fields.items():
        yield (*prefix, name)
        if is_section(field):
            yield from all_keys(field.annotation, (*prefix, name))  # type: ignore[arg-type]


def is_section(annotation: Any) -> bool:
    """Tell whether a field or type is a section with keys of its own."""
    model = annotation.annotation if isinstance(annotation, FieldInfo) else annotation
    return isinstance(model, type) and issubclass(model, BaseModel)


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


_OF_GENERIC: dict[Any, Callable[[Sequence[Any]], str]] = {
    Union: _describe_union,
    types.UnionType: _describe_union,
    Literal: lambda words: "one of " + ", ".join(map(str, words)),
    tuple: lambda arguments: f"a list, each entry {describe(arguments[0])}",
    dict: lambda arguments: "a section `from: to` of texts",
}
_OF_NUMBER = {int: "a whole number", float: "a number"}
