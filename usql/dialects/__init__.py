"""Generic SQL -> the SQL of one engine: spellings as a table, no meaning.

A dialect says what stands for each generic function (``usql.plan.sql.Generic``) and leaves the rest
to sqlglot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from operator import attrgetter
from typing import TypeVar

from sqlglot import exp

from usql import resolved as r
from usql.errors import SMALLER, TooLarge
from usql.limits import check
from usql.plan import Bound, Parameter, Pattern, Planned, sql
from usql.plan.sql import Generic
from usql.record import Record
from usql.zones import Zone

MAX_NODES = 500_000
"""Most nodes of SQL that a query becomes: some megabytes of it."""
_PACE = 1024
"""After so many nodes it is asked whether there is time left."""

_Node = TypeVar("_Node", bound=exp.Expr)

Spelling = Callable[..., exp.Expr]
"""Takes the arguments of a generic function, returns what stands for it."""


WHOLE: Mapping[Generic, Spelling] = {
    Generic.ADD: sql.add,
    Generic.SUB: sql.sub,
    Generic.MUL: sql.mul,
    Generic.SUM: lambda value: exp.Sum(this=value),
    Generic.AVG: lambda value: exp.Avg(this=value),
}
"""Arithmetic of whole numbers in an engine that notices what is beyond 64 bits by itself."""


class Dialect(Record):
    """An engine's SQL.

    Attributes:
        name: of the engine.
        sqlglot: sqlglot's name for it.
        spellings: what stands for each generic function.
        pattern: writes texts and wildcards as the engine's own pattern.
        zone: writes a zone as the spelling of ``OFFSET`` takes it; by its name unless given.
        placeholder: names a placeholder with the type of its value, where the engine wants that.
    """

    name: str
    sqlglot: str
    spellings: Mapping[Generic, Spelling] = field(repr=False)
    pattern: Callable[[Sequence[str | r.Wildcard]], str] = field(repr=False)
    zone: Callable[[Zone], Bound] = field(default=attrgetter("name"), repr=False)
    placeholder: Callable[[str, Bound], exp.Expr] | None = field(default=None, repr=False)

    def render(self, planned: Planned, *, pretty: bool = False) -> str:
        """Return the engine's SQL; the tree's generic functions are replaced in place.

        A generator of our own would spare the look through the tree, but sqlglot's compiled form
        lets nobody inherit from it.
        """
        tree = planned.tree
        spellings = {Generic.FIELD_PERCENTILE: self.spellings[Generic.PERCENTILE], **self.spellings}
        by_name = {function.value: spelling for function, spelling in spellings.items()}
        calls = [c for c in _found(tree, exp.Anonymous) if c.name in by_name]
        for call in reversed(calls):  # inner calls before those around them
            call.replace(by_name[call.name](*call.expressions))
        if self.placeholder is not None:
            values = self.bound(planned.parameters)
            for place in list(_found(tree, exp.Placeholder)):
                place.replace(self.placeholder(place.name, values[place.name]))
        return tree.sql(dialect=self.sqlglot, pretty=pretty, copy=False)

    def bound(self, parameters: Mapping[str, Parameter]) -> dict[str, Bound]:
        """Return the values of the placeholders as the engine takes them."""
        return {name: self._bound(value) for name, value in parameters.items()}

    def _bound(self, value: Parameter) -> Bound:
        match value:
            case Pattern():
                return self.pattern(value.pieces)
            case Zone():
                return self.zone(value)
        return value


def _found(tree: exp.Expr, kind: type[_Node]) -> Iterator[_Node]:
    """Yield the nodes of a kind, each before those within it; quicker than sqlglot's own walks.

    Raises:
        TooLarge: there are more nodes than the engine would take, or anybody wait for.
    """
    stack: list[exp.Expr] = [tree]
    for number in range(MAX_NODES):
        if not stack:
            return
        if number % _PACE == 0:
            check()
        node = stack.pop()
        if isinstance(node, kind):
            yield node
        for value in node.args.values():
            if isinstance(value, exp.Expr):
                stack.append(value)
            elif isinstance(value, list):
                stack.extend(item for item in value if isinstance(item, exp.Expr))
    raise TooLarge("the query becomes too much SQL", hint=SMALLER)
