"""Several queries at once: the statements of a file, one after another, with their places in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from usql.errors import Cancelled, StoreError, UsqlError

if TYPE_CHECKING:
    from usql.completion import Statement

_T = TypeVar("_T")


@dataclass(frozen=True)
class Failure:
    """A statement that failed.

    Attributes:
        where: ``file:line:column``.
        error: why.
    """

    where: str
    error: UsqlError


def statements_of(text: str) -> tuple[Statement, ...]:
    """Return the statements of a text; none where it cannot be more than one."""
    if ";" not in text:
        return ()
    from usql.completion import statements  # late: most queries are single ones

    return statements(text)


def run_all(
    found: tuple[Statement, ...], name: str, run: Callable[[str], _T], *, keep_going: bool = False
) -> Iterator[_T | Failure]:
    """Yield the result of each statement, or why it failed; end at the first failure.

    Args:
        found: the statements.
        name: of their file, for errors.
        run: runs one.
        keep_going: go on after a statement that failed; a store that cannot be read, and Ctrl-C,
            end everything all the same.
    """
    for statement in found:
        try:
            yield run(_in_place(statement))
        except UsqlError as error:
            line, column = error.line or statement.line, error.column or statement.column
            yield Failure(f"{name}:{line}:{column}", error)
            if not keep_going or isinstance(error, StoreError | Cancelled):
                return


def run_one(text: str, file: str | None, run: Callable[[str], _T]) -> _T | Failure:
    """Return the result of a text that is a single statement, or where it fails.

    Args:
        text: of the statement.
        file: that it was read from, or ``None``.
        run: runs it.

    Raises:
        UsqlError: it failed, and there is no file or no place in it to name.
    """
    try:
        return run(text)
    except UsqlError as error:
        if file is None or error.line is None:
            raise
        return Failure(f"{file}:{error.line}:{error.column}", error)


def _in_place(statement: Statement) -> str:
    """Return a statement at its place in the file, so that errors name the lines of the file."""
    return "\n" * (statement.line - 1) + " " * (statement.column - 1) + statement.text
