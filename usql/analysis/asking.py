"""How analyses ask: which sessions, with which settings, and what was asked.

What arrives: a condition that chooses sessions, and the settings of ``Database.query``. What
leaves: results, and a list of all queries. A condition is checked by itself first, so that an
error in it is shown in the text that the person wrote.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol, TypedDict, runtime_checkable

from usql import ast
from usql.analysis.dimensions import Dimension, dimension, nearest
from usql.analysis.report import Question
from usql.errors import UsqlError, WrongStructure
from usql.formatter import condition_text, format_query
from usql.parser import parse_source
from usql.record import Record
from usql.schema import catalogue
from usql.selection import chosen_by, errors_in_condition, selecting
from usql.source import Source, Span
from usql.timeframe import Moment, Timeframe, TimeframeLike, parse_timeframe, to_ms
from usql.zones import Zone

if TYPE_CHECKING:
    from usql.backends.running import Stop
    from usql.engine import Database
    from usql.result import Result


@runtime_checkable
class Chooses(Protocol):
    """What can stand for a condition, such as a segment."""

    def to_usql(self) -> str:
        """Return the condition on ``usersession``."""


Where = str | Chooses | None
"""What chooses sessions: a condition on ``usersession``, as behind ``WHERE``; ``None`` for all."""


_WIDTH = 88
_AT_ONCE = 4
"""Most queries of one analysis that run at the same time."""


class Options(TypedDict, total=False):
    """What may come with every analysis; all as for ``Database.query``.

    Attributes:
        params: values of the ``:name`` parameters of conditions.
        timeframe: sessions that start in it; all data unless given.
        timezone: of dates and times of day; UTC unless given.
        now: the present, for timeframes and ``$NOW``.
        timeout: longest time that all queries together may take, in seconds.
        stop: ends it from another thread.
    """

    params: Mapping[str, Any] | None
    timeframe: TimeframeLike
    timezone: str | int | None
    now: Moment | None
    timeout: float | None
    stop: Stop | None


class Choice(Record):
    """Which sessions an analysis is about.

    Attributes:
        condition: on ``usersession``; ``None`` for all.
    """

    condition: ast.Condition | None = None

    def on(self, table: str = "usersession") -> tuple[str, ...]:
        """Return the condition as text that may be joined by ``AND`` in a query on a table.

        In a query on another table it is about the session of a row. What speaks of the session's
        actions, events or errors cannot be said there, except as a segment: ``segments`` has it.
        """
        if self.condition is None:
            return ()
        condition = self.condition if table == "usersession" else self._of_session
        return (f'IN SEGMENT "{self._name}"' if condition is None else joined_text(condition),)

    def segments(self, table: str = "usersession") -> dict[str, str]:
        """Return the segments that ``on`` names, which have to come with the query.

        >>> choice = chosen("useraction.name = 'Login'")
        >>> choice.on("useraction"), choice.segments("useraction")
        (('IN SEGMENT "chosen"',), {'chosen': "useraction.name = 'Login'"})
        """
        if self.condition is None or table == "usersession" or self._of_session is not None:
            return {}
        return {self._name: condition_text(self.condition)}

    @property
    def _of_session(self) -> ast.Condition | None:
        return None if self.condition is None else _of_session(self.condition)

    @property
    def _name(self) -> str:
        """A name that the condition itself does not use for another segment."""
        assert self.condition is not None
        name, text = "chosen", condition_text(self.condition).casefold()
        while name in text:
            name += " sessions"
        return name

    @property
    def rest(self) -> Choice:
        """All other sessions."""
        if self.condition is None:
            raise WrongStructure(
                "all sessions are chosen: there is no rest", hint="give a condition, or a segment"
            )
        return Choice(ast.Not(self.condition))

    def also(self, *conditions: str) -> Choice:
        """Return the sessions among these for which other conditions are true as well."""
        parsed = [choice.condition for text in conditions if (choice := chosen(text))]
        items = tuple(c for c in (self.condition, *parsed) if c is not None)
        return Choice(items[0] if len(items) == 1 else ast.And(items)) if items else self


def chosen(where: Where) -> Choice:
    """Return which sessions a condition chooses.

    Raises:
        UsqlError: the text is no condition.

    >>> chosen("bounce is true or city='Linz'").on()
    ("(bounce = true OR city = 'Linz')",)
    >>> chosen("hasCrash = true").on("useraction")
    ('usersession.hasCrash = true',)
    """
    text = where.to_usql() if isinstance(where, Chooses) else where
    return Choice(None if text is None or not text.strip() else chosen_by(text))


def joined_text(condition: ast.Condition) -> str:
    """Return the text of a condition, in brackets where ``AND`` would tear it apart."""
    text = condition_text(condition)
    return f"({text})" if isinstance(condition, ast.Or) else text


def literal(value: str) -> str:
    """Return a text as it stands in a query.

    >>> literal("it's")
    "'it''s'"
    """
    return "'" + value.replace("'", "''") + "'"


def select(
    table: str,
    columns: Iterable[str],
    *,
    where: Iterable[str] = (),
    group: Iterable[str] = (),
    order: str = "",
    limit: int | None = None,
) -> str:
    """Return the text of a query, a clause per line.

    >>> print(select("usersession", ["COUNT(*) AS n"], where=["bounce = true", "city = 'Linz'"]))
    SELECT COUNT(*) AS n
    FROM usersession
    WHERE bounce = true
      AND city = 'Linz'
    """
    lines = [*_wrapped(columns), f"FROM {table}"]
    if conditions := tuple(where):
        lines.append("WHERE " + "\n  AND ".join(conditions))
    if keys := tuple(group):
        lines.append("GROUP BY " + ", ".join(keys))
    if order:
        lines.append(f"ORDER BY {order}")
    if limit is not None:
        lines.append(f"LIMIT {limit}")
    return "\n".join(lines)


def _wrapped(columns: Iterable[str]) -> Iterator[str]:
    """Yield the lines of a select list, as many columns on each as there is room for."""
    line, between = "SELECT", " "
    for number, column in enumerate(columns):
        if number and len(line) + len(column) > _WIDTH:
            yield line + ","
            line, between = " " * len("SELECT"), " "
        line, between = line + between + column, ", "
    yield line


class Asker:
    """Asks the queries of one analysis, all with the same settings and at the same moment."""

    def __init__(self, db: Database, options: Options) -> None:
        unknown = options.keys() - Options.__annotations__.keys()
        if unknown:
            raise TypeError(f"unexpected argument {min(unknown)!r}")
        self._db = db
        self._params = options.get("params")
        now = options.get("now")
        self.now = time.time_ns() // 1_000_000 if now is None else to_ms(now)
        self.zone = Zone.of(options.get("timezone"))
        self._timezone = options.get("timezone")
        self.timeframe = self._frame(options.get("timeframe"))
        timeout = options.get("timeout")
        self._until = None if timeout is None else time.monotonic() + timeout
        self._stop = options.get("stop")
        self._questions: list[Question] = []

    @property
    def questions(self) -> tuple[Question, ...]:
        """What has been asked, each query once."""
        return tuple({q.query + repr(q.timeframe): q for q in self._questions}.values())

    def during(self, timeframe: TimeframeLike) -> Asker:
        """Return one that asks about another timeframe; what it asks is noted here."""
        other = object.__new__(Asker)
        other.__dict__.update(self.__dict__)
        other.timeframe = self._frame(timeframe)
        return other

    def checked(self, where: Where) -> Choice:
        """Return which sessions a condition chooses, once it is known to be sound.

        Raises:
            UsqlError: it is bad; the error shows its text.
        """
        choice = chosen(where)
        if choice.condition is not None:
            text = where.to_usql() if isinstance(where, Chooses) else where
            source = selecting(text)
            with errors_in_condition(source, text):
                self._db.compile(source.text, self._params, **self._settings())
        return choice

    def checked_order(self, order: str) -> str:
        """Return what stands behind ``ORDER BY`` in canonical form, once it is known to be sound.

        Raises:
            UsqlError: it is bad; the error shows its text.
        """
        query = self._checked_part(
            "SELECT JSON FROM usersession ORDER BY\n",
            order,
            lambda q: ast.Select(q.columns, q.table, order_by=q.order_by),
            "write a column, such as duration DESC, or several with commas between",
        )
        return format_query(query).partition("ORDER BY ")[2]

    def checked_actions(self, condition: str | None) -> tuple[str, ...]:
        """Return a condition on ``useraction``, if there is one, once it is known to be sound.

        Raises:
            UsqlError: it is bad; the error shows its text.
        """
        if condition is None or not condition.strip():
            return ()
        query = self._checked_part(
            "SELECT JSON FROM useraction WHERE\n",
            condition,
            lambda q: ast.Select(q.columns, q.table, where=q.where),
            "give only what stands between WHERE and the rest of a query",
        )
        assert query.where is not None
        return (joined_text(query.where),)

    def checked_dimensions(self, names: Sequence[str], table: str) -> list[Dimension]:
        """Return dimensions, once it is known that a query on a table can be grouped by them.

        Raises:
            UsqlError: one is bad; the error shows its text.
        """
        found = []
        for name in names:
            one = dimension(name)
            try:
                self._checked_part(
                    f"SELECT COUNT(*) FROM {table} GROUP BY\n",
                    one.expression(table),
                    lambda q: ast.Select(q.columns, q.table, group_by=q.group_by[:1]),
                    "give one dimension at a time",
                )
            except UsqlError as error:
                if name.strip().isidentifier() or "-" in name:
                    error.hint = nearest(name)
                raise
            found.append(one)
        return found

    def _checked_part(
        self,
        head: str,
        text: str,
        alone: Callable[[ast.Select], ast.Select],
        hint: str,
    ) -> ast.Select:
        """Return a query of which a person wrote the end, once it is known to be sound.

        Args:
            head: what stands before it, up to the end of a line.
            text: what the person wrote.
            alone: what the query would be if nothing but the one clause had been written.
            hint: for more than that.
        """
        source = Source(head + text)
        try:
            query = parse_source(source).query
            if not isinstance(query, ast.Select) or query != alone(query):
                span = Span(len(head), len(source.text))
                raise WrongStructure("this is more than was asked for", span, hint=hint)
            self._db.compile(source.text, self._params, **self._settings())
        except UsqlError as error:
            if error.span is not None:
                start, end = (max(offset - len(head), 0) for offset in error.span)
                error.source, error.span = Source(text), Span(start, end)
            raise
        return query

    def ask(
        self,
        title: str,
        query: str,
        params: Mapping[str, Any] | None = None,
        *,
        segments: Mapping[str, str] | None = None,
        limit: int | None = None,
    ) -> Result:
        """Run a query and note it.

        Args:
            title: what it is for.
            query: USQL.
            params: values of its own parameters.
            segments: conditions of the segments that come with it, by name.
            limit: most rows, where the query has no ``LIMIT``.
        """
        question = self._question(title, query, params or {}, segments or {})
        self._questions.append(question)
        return self._run(question, self._stop, limit)

    def ask_all(self, wanted: Sequence[tuple[str, str]]) -> list[Result]:
        """Run queries, each with a title, at the same time; note them in this order.

        A store has one reading connection for each. What ends one ends them all.
        """
        questions = [self._question(title, query, {}, {}) for title, query in wanted]
        self._questions += questions
        at_once = min(len(questions), os.cpu_count() or 1, _AT_ONCE)
        if at_once < 2:
            return [self._run(question, self._stop) for question in questions]
        return self._run_all(questions, at_once)

    def _run_all(self, questions: Sequence[Question], at_once: int) -> list[Result]:
        from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

        from usql import Stop

        stop = Stop()
        if self._stop is not None:
            self._stop.then(stop.stop)
        with ThreadPoolExecutor(at_once, "usql-analysis") as pool:
            running = [pool.submit(self._run, question, stop) for question in questions]
            try:
                done, _ = wait(running, return_when=FIRST_EXCEPTION)
                for failed in (future for future in running if future in done):
                    failed.result()
                return [future.result() for future in running]
            except BaseException:
                for future in running:
                    future.cancel()
                stop.stop()
                raise

    def _question(
        self, title: str, query: str, params: Mapping[str, Any], segments: Mapping[str, str]
    ) -> Question:
        frame = self.timeframe
        return Question(title, query, params, (frame.start, frame.end) if frame else None, segments)

    def _run(self, question: Question, stop: Stop | None, limit: int | None = None) -> Result:
        left = None if self._until is None else max(0.001, self._until - time.monotonic())
        return self._db.query(
            question.query,
            {**(self._params or {}), **question.params},
            segments=question.segments,
            timeout=left,
            stop=stop,
            default_limit=limit,
            **self._settings(),
        )

    def _settings(self) -> dict[str, Any]:
        frame = self.timeframe
        return {
            "timeframe": None if frame is None else (frame.start, frame.end),
            "timezone": self._timezone,
            "now": self.now,
        }

    def _frame(self, timeframe: TimeframeLike) -> Timeframe | None:
        return parse_timeframe(timeframe, now=self.now, zone=self.zone)


# --- conditions on sessions, from other tables ---------------------------------------------------


def _of_session(condition: ast.Condition) -> ast.Condition | None:
    """Return a condition on sessions for a query on another table, about the session of a row.

    It is ``None`` if the condition speaks of more than the session itself.
    """
    match condition:
        case ast.And(items=items) | ast.Or(items=items):
            parts = [part for item in items if (part := _of_session(item)) is not None]
            return replace(condition, items=tuple(parts)) if len(parts) == len(items) else None
        case ast.Not(operand=operand):
            part = _of_session(operand)
            return None if part is None else ast.Not(part)
        case ast.InSegment():
            return condition
        case (
            ast.Compare(field=field)
            | ast.In(field=field)
            | ast.Between(field=field)
            | ast.Like(field=field)
            | ast.StartsWith(field=field)
            | ast.Matches(field=field)
        ):
            found = _session_field(field)
            return None if found is None else replace(condition, field=found)
        case _:
            return None


def _session_field(field: ast.Field) -> ast.Field | None:
    primary = catalogue().primary
    first = field.parts[0].casefold()
    if first == primary.name:
        return field
    if primary.find(first) is None:
        return None
    return ast.Field((primary.name, *field.parts))
