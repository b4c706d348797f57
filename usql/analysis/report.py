"""What an analysis yields: records that know their queries, as tables and as plain data."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from usql.record import Record
from usql.result import Column, Result

T = TypeVar("T")

COUNT, SHARE, TIME, LENGTH, TEXT, FLAG = (
    ("long", ""),
    ("double", ""),
    ("date", "ms since epoch, UTC"),
    ("long", "ms"),
    ("string", ""),
    ("boolean", ""),
)
"""Types and units of columns."""
Spec = tuple[str, tuple[str, str], Callable[[Any], Any]]
"""A column of a table: its name, its type and unit, and its value of a record."""


class Question(Record):
    """A query that an analysis asked.

    Attributes:
        title: what it is for, a few words.
        query: USQL.
        params: values of its ``:name`` parameters.
        timeframe: of the query, in ms; ``None`` for all data.
        segments: conditions of the segments that come with it, by name.
    """

    title: str
    query: str
    params: Mapping[str, Any]
    timeframe: tuple[int, int] | None
    segments: Mapping[str, str]

    def __str__(self) -> str:
        """The query, below comments that say what it is for and what comes with it."""
        said = [f":{name} = {_short(value)}" for name, value in self.params.items()]
        said += [f'segment "{name}" = {text}' for name, text in self.segments.items()]
        return "\n".join([f"-- {line}" for line in (self.title, *said)] + [self.query])


def _short(value: Any) -> str:
    """Return a value as text; of a long list the beginning."""
    if isinstance(value, list) and len(value) > _LISTED:
        listed = ", ".join(map(repr, value[:_LISTED]))
        return f"[{listed}, and {len(value) - _LISTED:,} more]"
    return repr(value)


_LISTED = 3


class Report(Record):
    """The outcome of an analysis.

    Attributes:
        questions: the queries behind it, in the order they were asked.
        notes: what was assumed or left out, as sentences.
    """

    questions: tuple[Question, ...] = dataclasses.field(
        default=(), compare=False, repr=False, kw_only=True
    )
    notes: tuple[str, ...] = dataclasses.field(default=(), kw_only=True)

    def tables(self) -> dict[str, Result]:
        """Return what was found as tables, the main one first."""
        raise NotImplementedError

    def to_dict(self, *, queries: bool = False) -> dict[str, Any]:
        """Return what was found as dictionaries and lists, ready to be written as JSON.

        Names are in camel case, as the language's fields are; times are ms (UTC, since 1970).

        Args:
            queries: whether to add the queries behind it, as ``queries``.
        """
        made: dict[str, Any] = plain(self)
        if queries:
            made["queries"] = [plain(question) for question in self.questions]
        return made

    def __str__(self) -> str:
        return "\n\n".join(str(table) for table in self.tables().values())


_UNSAID = frozenset({"questions"})


def plain(value: Any) -> Any:
    """Return records as dictionaries, and what they hold likewise.

    >>> sorted(plain(Question("all", "SELECT JSON FROM useraction", {}, None, {})))
    ['params', 'query', 'segments', 'timeframe', 'title']
    """
    match value:
        case Record():
            fields = dataclasses.fields(value)
            return {
                camel_case(field.name): plain(getattr(value, field.name))
                for field in fields
                if field.name not in _UNSAID
            }
        case Mapping():
            return {key: plain(item) for key, item in value.items()}
        case tuple() | list():
            return [plain(item) for item in value]
        case _:
            return value


def camel_case(name: str) -> str:
    """Return a name of Python's kind as the language's fields are written.

    >>> camel_case("user_action_count"), camel_case("start")
    ('userActionCount', 'start')
    """
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def table(records: Sequence[T], columns: Sequence[tuple[str, tuple[str, str], Any]]) -> Result:
    """Return records as a table.

    Args:
        records: one per row.
        columns: a ``Spec`` for each column; instead of a function, the name of an attribute.

    >>> questions = [Question("all", "SELECT JSON FROM usersession", {}, None, {})]
    >>> print(table(questions, [("title", TEXT, "title"), ("size", COUNT, lambda q: len(q.query))]))
    title │ size
    ──────┼─────
    all   │   28
    """
    getters = [_getter(get) for _, _, get in columns]
    return Result(
        tuple(Column(name, type_, unit) for name, (type_, unit), _ in columns),
        [tuple(get(record) for get in getters) for record in records],
    )


def _getter(get: Any) -> Callable[[Any], Any]:
    if callable(get):
        return get  # type: ignore[no-any-return]
    from operator import attrgetter

    return attrgetter(get)
