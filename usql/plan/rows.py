"""Rows of one table of the language as joined relations, and values read off them.

``Rows`` grows a ``FROM`` with the joins that the expressions asked of it need. It begins either
with a table's base relation or, for the values of a many-valued field, with the relation that
holds just these values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal

from sqlglot import exp

from usql import resolved as r
from usql.experience import FRUSTRATED, SATISFIED, TOLERATING
from usql.layout import KEY, ORDINAL, POSITION, SESSION, VALUE
from usql.limits import check
from usql.plan import sql
from usql.plan.dates import date_code, date_part, local_time
from usql.plan.sql import Generic, Node
from usql.plan.state import State
from usql.schema import PRIMARY
from usql.types import Kind


class Rows:
    """The rows of a table, with whatever has to be joined to them.

    Attributes:
        table: name of the table of the language.
        keys: columns that identify a row, in the relation it begins with.

    Args:
        state: of the planning.
        table: of the language.
        first: relation to begin with; the table's base by default.
        of: the property whose values the first relation should have, of all that it has.
        leads: whether the first relation should lead the engine's loops, since results are in the
            order of one of its indexes. Every row has its session and its detail, so outer joins
            find the same rows, and keep an engine from starting at the other end.
        marks: boolean columns of the first relation, by the conditions on many values that they
            are marks of; never null (see ``marks``).
    """

    def __init__(
        self,
        state: State,
        table: str,
        first: str | None = None,
        *,
        of: str | None = None,
        leads: bool = False,
        marks: Mapping[r.Condition, str] | None = None,
    ) -> None:
        self._state = state
        self._leads = leads
        self.table = table
        self.keys = state.layout.keys(table)
        self._first = state.fresh("r")
        self._source = first or state.layout.base(table)
        self._aliases = {self._source: self._first}
        self._joins: list[exp.Join] = []
        self._where: list[Node] = []
        self._of = of
        self._marks = marks or {}
        self.restrict(self._in_time(self._first))
        if of is not None:
            self.restrict(sql.equal(self.key(KEY), state.parameter(of)))

    # --- the FROM clause

    def key(self, name: str) -> Node:
        """Return a key column of the row."""
        return sql.column(self._first, name)

    def mark(self, condition: r.Condition) -> Node | None:
        """Return the column that says whether a condition on many values is satisfied, if any."""
        name = self._marks.get(condition)
        return None if name is None else sql.column(self._first, name)

    def link(self, other: str) -> tuple[str, ...]:
        """Return the key columns that a row shares with the rows of another table."""
        return (SESSION,) if PRIMARY in (self.table, other) else self.keys

    def join_derived(
        self, query: exp.Select, keys: Sequence[str], *, left: bool, prefix: str
    ) -> str:
        """Join a query that has the row's key columns, and return its alias."""
        alias = self._state.fresh(prefix)
        on = sql.conjunction(sql.equal(sql.column(alias, k), self.key(k)) for k in keys)
        self._joins.append(sql.join(sql.derived(query, alias), on, left=left))
        return alias

    def join(self, join: exp.Join) -> None:
        """Join something that leaves each row at most once."""
        self._joins.append(join)

    def restrict(self, condition: Node | None) -> None:
        """Keep only the rows that satisfy a condition."""
        if condition is not None:
            self._where.append(condition)

    def select(
        self,
        columns: Sequence[Node],
        *,
        group: Sequence[Node] = (),
        order: Sequence[Node] = (),
        limit: int | None = None,
        distinct: bool = False,
    ) -> exp.Select:
        """Return a query over the rows. Make all expressions first: they add joins."""
        return sql.select(
            columns,
            sql.relation(self._source, self._first),
            joins=self._joins,
            where=sql.conjunction(self._where),
            group=group,
            order=order,
            limit=limit,
            distinct=distinct,
        )

    def _in_time(self, alias: str) -> Node | None:
        """Return that rows of a relation are of sessions in question, by their numbers alone."""
        if self._state.numbers is None:
            return None
        low, high = map(sql.number, self._state.numbers)
        return exp.Between(this=sql.column(alias, SESSION), low=low, high=high)

    def _on(self, alias: str, keys: Sequence[str]) -> Iterator[Node]:
        """Yield what joins a relation to the rows by keys."""
        for key in keys:
            yield sql.equal(sql.column(alias, key), self.key(key))
        if (in_time := self._in_time(alias)) is not None:
            yield in_time

    def _alias_of(self, name: str, keys: Sequence[str]) -> str:
        """Return the alias of a relation with one row per row or per session; joined once."""
        if name not in self._aliases:
            alias = self._aliases[name] = self._state.fresh("r")
            on = sql.conjunction(self._on(alias, keys))
            self._joins.append(sql.join(sql.relation(name, alias), on, left=self._leads))
        return self._aliases[name]

    def _property(self, ref: r.PropertyRef) -> Node:
        relation = self._state.layout.values(ref.field)
        if relation == self._source and self._of == ref.key:
            return sql.column(self._first, VALUE)
        name = f"{relation}.{ref.key}"
        if name not in self._aliases:
            alias = self._aliases[name] = self._state.fresh("v")
            self._joins.append(self._property_join(ref, relation, alias))
        return sql.column(self._aliases[name], VALUE)

    def _property_join(self, ref: r.PropertyRef, relation: str, alias: str) -> exp.Join:
        """Return what joins the value that a row has of a property, if it has one."""
        keys = self.link(ref.field.table)
        of_key = sql.equal(sql.column(alias, KEY), self._state.parameter(ref.key))
        source: Node = sql.relation(relation, alias)
        on = list(self._on(alias, keys))
        if self._state.layout.columnar:
            # DuckDB 2.0 loses an order and a limit over a join of which it can tell that no row
            # satisfies such a condition
            columns = [sql.named(sql.column(alias, each), each) for each in (*keys, VALUE)]
            source = sql.derived(sql.select(columns, source, where=of_key), alias)
        else:
            on.append(of_key)
        return sql.join(source, sql.conjunction(on), left=True)

    # --- values of a row

    def field(self, field_name: str, table: str) -> Node:
        """Return the column of a plain field of the row's table or of its session."""
        schema_field = self._state.layout.schema.table(table).find(field_name)
        assert schema_field is not None
        return self.value(r.FieldRef(schema_field, many=False))

    def value(self, expr: r.Expr) -> Node:
        """Return the SQL of a value of the row; a new node at each call."""
        check()
        match expr:
            case r.Const(value=None):
                return sql.null()
            case r.Const():
                return self._state.parameter(expr.value)
            case r.FieldRef(field=field) if field.many:
                return sql.column(self._first, VALUE)
            case r.FieldRef(field=field):
                relation = self._state.layout.place(field)
                return sql.column(self._alias_of(relation, self.link(field.table)), field.name)
            case r.PropertyRef():
                return self._property(expr)
            case r.KeysRef():
                return sql.column(self._first, KEY)
            case r.Arithmetic():
                return arithmetic(expr, self.value(expr.left), self.value(expr.right))
            case r.DatePart() | r.DateText():
                return date_value(self._state, expr, lambda: self.value(expr.operand))
            case r.ApdexWeight():
                return apdex_weight(self._state, expr, lambda: self.value(expr.operand))
        raise AssertionError(expr)

    def total(
        self, table: str, field: str | None, function: Literal["count", "total"]
    ) -> Node | None:
        """Return what a session's rows of a table come to, where the row is its and tells it."""
        column = self._state.layout.total(table, field, function)
        if column is None or self._source != self._state.layout.base(PRIMARY):
            return None
        return sql.column(self._first, column)

    def values_of(self, expr: r.Expr) -> Node | None:
        """Return how many values a session has of a field, where its own row tells it."""
        if not isinstance(expr, r.FieldRef):
            return None
        return self.total(expr.field.table, expr.field.name, "count")

    def text(self, expr: r.Source) -> Node:
        """Return a value as people write it, which only addresses keep apart from the value."""
        if isinstance(expr, r.FieldRef) and expr.field.kind is Kind.IP:
            relation = self._state.layout.place(expr.field)
            alias = self._alias_of(relation, self.link(expr.field.table))
            return sql.column(alias, f"{expr.field.name}_text")
        return self.value(expr)


def date_value(state: State, expr: r.DatePart | r.DateText, operand: Callable[[], Node]) -> Node:
    """Return a part or the code of a date; ``operand`` makes the date's node, anew at each call."""
    local = local_time(state, operand)
    if isinstance(expr, r.DatePart):
        return date_part(expr.part, local)
    return date_code(expr.format, local)


_WHOLE = {"+": Generic.ADD, "-": Generic.SUB, "*": Generic.MUL}


def apdex_weight(state: State, expr: r.ApdexWeight, operand: Callable[[], Node]) -> Node:
    """Return what an action counts in the Apdex; ``operand`` makes its node, anew at each call."""
    full, half, nothing = (state.parameter(weight) for weight in (1.0, 0.5, 0.0))
    if expr.limits is None:
        weights = ((SATISFIED, full), (TOLERATING, half), (FRUSTRATED, nothing))
        cases = [(sql.equal(operand(), state.parameter(c)), weight) for c, weight in weights]
    else:
        satisfied, tolerated = map(state.parameter, expr.limits)
        cases = [
            (exp.LTE(this=operand(), expression=satisfied), full),
            (exp.LTE(this=operand(), expression=tolerated), half),
            (sql.not_null(operand()), nothing),
        ]
    return sql.case(cases, sql.null())


def arithmetic(expr: r.Arithmetic, left: Node, right: Node) -> Node:
    """Return an operation on two nodes."""
    whole = expr.type.kind is Kind.LONG
    rounded = expr.type.kind is Kind.DATE and Kind.DOUBLE in (
        expr.left.type.kind,
        expr.right.type.kind,
    )
    match expr.operator:
        case "+" | "-" | "*" if whole:
            return sql.call(_WHOLE[expr.operator], left, right)
        case "+":
            result = sql.add(left, right)
        case "-":
            result = sql.sub(left, right)
        case "*":
            result = sql.mul(left, right)
        case "/":
            return sql.call(Generic.ROUND_DIV if whole else Generic.FLOAT_DIV, left, right)
        case "%":
            return sql.call(Generic.INT_MOD if whole else Generic.FLOAT_MOD, left, right)
    return sql.call(Generic.ROUND, result) if rounded else result


def grouped(expr: r.Expr, node: Node) -> Node:
    """Return an expression's value as rows are grouped by it."""
    return sql.call(Generic.GROUPED, node) if expr.type.kind is Kind.DOUBLE else node


def source_of(expr: r.Expr) -> r.Source | None:
    """Return what gives an expression its many values, or ``None`` where it has one."""
    match expr:
        case r.FieldRef() | r.PropertyRef() | r.KeysRef():
            return expr if expr.many else None
        case r.Arithmetic():
            return source_of(expr.left) or source_of(expr.right)
        case r.DatePart() | r.DateText() | r.ApdexWeight():
            return source_of(expr.operand)
    return None


def value_rows(state: State, source: r.Source) -> Rows:
    """Return rows that have one value each of a many-valued source."""
    key = source.key if isinstance(source, r.PropertyRef) else None
    return Rows(state, source.field.table, value_relation(state, source), of=key)


def value_relation(state: State, source: r.Source) -> str:
    """Return the relation that holds the values of a many-valued source."""
    if isinstance(source, r.FieldRef) and not source.field.many:
        return state.layout.place(source.field)
    return state.layout.values(source.field)


def value_order(state: State, source: r.Source) -> tuple[str, ...]:
    """Return the key columns that order the values of a source within a session or a row."""
    if isinstance(source, r.KeysRef):
        return (KEY,)
    position = () if source.field.table == PRIMARY else (POSITION,)
    return (*position, ORDINAL) if source.field.many else position
