"""The group of commands: wrong arguments get a code and what to do, like every other error."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from typer.core import TyperGroup

from smartprod.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator


class Commands(TyperGroup):
    """A group whose parser's complaints are `UsageError`s of this package."""

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        """Parse the group's own options."""
        with _with_a_code():
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: Any) -> Any:
        """Find, parse and run the command."""
        with _with_a_code():
            return super().invoke(ctx)


@contextmanager
def _with_a_code() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if not _is_wrong_usage(error):
            raise
        said: Any = error
        context = said.ctx
        path = context.command_path if context else "smartprod"
        raise UsageError(
            "SP128",
            said.format_message().rstrip(".").replace("Value error, ", ""),
            where=path,
            fix=f"`{path} --help` tells what it takes",
        ) from error


def _is_wrong_usage(error: Exception) -> bool:
    """Whether the parser complains; its classes are click's, which newer versions of typer carry inside themselves."""
    names = [each.__name__ for each in type(error).__mro__ if each.__module__.startswith(("click", "typer"))]
    return "UsageError" in names and "NoArgsIsHelpError" not in names
