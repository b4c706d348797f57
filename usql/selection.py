"""Conditions that choose sessions, for what works on whole sessions, such as an export.

What arrives: a condition as a person wrote it, what stands behind ``WHERE`` in a query on
``usersession``. What leaves: the text of a query that yields the sessions it is true for, in which
the condition has lines of its own, so that an error can be shown in the condition alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from usql.errors import UsqlError, WrongStructure
from usql.source import Source, Span

if TYPE_CHECKING:
    from usql import ast

_ALL = "SELECT JSON FROM usersession"
_CHOSEN = f"{_ALL} WHERE\n"


def selecting(where: str | None) -> Source:
    """Return a query for the sessions that a condition chooses; for all without one.

    Args:
        where: the condition.

    Raises:
        UsqlError: the text is no condition, or more than one.

    >>> selecting("bounce = true").text.splitlines()
    ['SELECT JSON FROM usersession WHERE', 'bounce = true']
    """
    if where is None:
        return Source(_ALL)
    chosen_by(where)
    return Source(_CHOSEN + where)


def chosen_by(where: str) -> ast.Condition:
    """Return a condition as a tree.

    Raises:
        UsqlError: the text is no condition, or more than one.

    >>> from usql.formatter import condition_text
    >>> condition_text(chosen_by("bounce is true"))
    'bounce = true'
    """
    from usql import ast
    from usql.parser import parse_source

    source = Source(_CHOSEN + where)
    with errors_in_condition(source, where):
        query = parse_source(source).query
        if (
            not isinstance(query, ast.Select)
            or query.where is None
            or query != ast.Select(query.columns, query.table, where=query.where)
        ):
            raise WrongStructure(
                "this is more than a condition",
                Span(len(_CHOSEN), len(source.text)),
                hint="give only what stands between WHERE and the rest of a query",
            )
    return query.where


@contextmanager
def errors_in_condition(source: Source, where: str | None) -> Iterator[None]:
    """Let every error within a block that is about the query be about the condition."""
    try:
        yield
    except UsqlError as error:
        if where is not None and error.span is not None:
            start, end = (max(offset - len(_CHOSEN), 0) for offset in error.span)
            if error.source is None or error.source.text == source.text:
                error.source, error.span = Source(where), Span(start, end)
        raise
