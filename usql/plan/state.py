"""What one planning carries along: the layout, the parameters so far, and what is read back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import TypeAlias

from sqlglot import exp

from usql import resolved as r
from usql.dateformat import DateFormat
from usql.layout import Layout
from usql.limits import check
from usql.plan import sql
from usql.record import Record
from usql.types import Type
from usql.zones import Zone


class Pattern(Record):
    """A pattern on its way to an engine, which a dialect writes in the engine's manner.

    Attributes:
        pieces: texts and wildcards, in order.
    """

    pieces: tuple[str | r.Wildcard, ...]


Parameter: TypeAlias = "r.Constant | Pattern | Zone"
"""What a placeholder stands for."""

Bound: TypeAlias = "r.Constant | tuple[tuple[int, ...], ...]"
"""The same as an engine takes it."""


class Output(Record):
    """A column of the SQL result and how its values are read back.

    Attributes:
        label: what the result calls it.
        type: of the value in the language; with many values the SQL value is a list of rows that
            begin with what orders them.
        format: of a formatted date, which travels as its code.
        unit: of the catalogue field, or "".
        doubles: whether properties are doubles, which lists hold as texts.
    """

    label: str
    type: Type
    format: DateFormat | None = None
    unit: str = ""
    doubles: bool = False


class Planned(Record):
    """A query in generic SQL.

    Attributes:
        tree: generic; a dialect makes it its own.
        parameters: values of the placeholders.
        outputs: what the columns of the SQL result mean, in order.
        identity: table of the language whose row keys follow the outputs as further columns, for
            whole rows; or ``None``.
        keys: the outputs that are grouping keys.
    """

    tree: exp.Select
    parameters: dict[str, Parameter]
    outputs: tuple[Output, ...]
    identity: str | None = None
    keys: tuple[int, ...] = ()


@dataclass(frozen=True)
class State:
    """The parts that grow while a query is planned.

    Attributes:
        layout: where things lie in the store.
        zone: of date functions.
        starts: the earliest and the latest start of a session, in ms.
        numbers: the first and the last that the sessions in question may have, where more than
            the timeframe tells.
        parameters: placeholders and their values.
    """

    layout: Layout
    zone: Zone
    starts: tuple[int, int]
    numbers: tuple[int, int] | None = None
    parameters: dict[str, Parameter] = field(default_factory=dict)
    _names: Iterator[int] = field(default_factory=count)
    _shared: dict[tuple[type, Parameter], str] = field(default_factory=dict)

    def parameter(self, value: Parameter) -> sql.Node:
        """Bind a value and return its placeholder."""
        check()
        name = f"p{len(self.parameters)}"
        self.parameters[name] = value
        return exp.Placeholder(this=name)

    def shared(self, value: Parameter) -> sql.Node:
        """Return the placeholder of a value that is bound once, for equal expressions."""
        key = (type(value), value)
        if key not in self._shared:
            self._shared[key] = self.parameter(value).name
        return exp.Placeholder(this=self._shared[key])

    def fresh(self, prefix: str) -> str:
        """Return a name that is not used yet."""
        return f"{prefix}{next(self._names)}"
