"""Plain queries: one result row per row, newest first.

Lists and whole properties are gathered only for the rows that the limit leaves, so the query has
two steps where it asks for any: ``page`` finds, orders and cuts the rows, then the rest is joined.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from usql import resolved as r
from usql.layout import KEY, POSITION, SECOND, SESSION, VALUE
from usql.plan import sql
from usql.plan.conditions import condition
from usql.plan.derived import aggregate, aggregated_values, exact, linked_values, value_list
from usql.plan.reach import Reach, newest
from usql.plan.rows import Rows, source_of, value_relation, value_rows
from usql.plan.sql import Generic, Node
from usql.plan.state import Output, Planned, State
from usql.schema import PRIMARY
from usql.types import Kind

_PAGE = "page"


def scan_rows(
    state: State, scan: r.Scan, *, leads: bool = False, among: Rows | None = None
) -> Rows:
    """Return the rows a query is about.

    Args:
        state: of the planning.
        scan: which they are.
        leads: see ``Rows``.
        among: rows of the table that they all are among; all of them unless given.
    """
    rows = among or Rows(state, scan.table, leads=leads)
    if scan.timeframe is not None:
        start = exp.GTE(
            this=rows.field("startTime", PRIMARY),
            expression=state.parameter(scan.timeframe.start),
        )
        end = exp.LT(
            this=rows.field("startTime", PRIMARY), expression=state.parameter(scan.timeframe.end)
        )
        rows.restrict(exp.And(this=start, expression=end))
    if scan.where is not None:
        node = condition(state, rows, scan.where)
        rows.restrict(sql.paren(node) if isinstance(node, exp.Or) else node)
    return rows


def plan_plain(query: r.PlainQuery, state: State) -> Planned:
    """Return a plain query in generic SQL."""
    reach = Reach.of(query, state)
    rows = scan_rows(state, query.scan, leads=reach.leads)
    if reach.known:
        reach.restrict(rows, scan_rows(state, query.scan))
    order = [_order_term(state, rows, term) for term in query.order]
    order += _newest_first(rows, within=order)
    first = _by_number(state, rows, query.order)
    in_store = order if first is None else [first, *order]
    outputs = tuple(output(item.label, item.expr) for item in query.items)
    identity = rows.table if any(_is_document(i.expr) for i in query.items) else None
    gathered = any(_is_gathered(item.expr) for item in query.items)
    tree = (
        _two_steps(query, state, rows, order, in_store, identity)
        if gathered
        else _one_step(query, rows, in_store, identity)
    )
    return Planned(tree, state.parameters, outputs, identity)


def output(label: str, expr: r.Expr, keys: tuple[r.Key, ...] = ()) -> Output:
    """Return how the values of an expression are read back."""
    origin = keys[expr.index].expr if isinstance(expr, r.KeyRef) else expr
    inner = origin.operand if isinstance(origin, r.TopList | r.ValueList) else origin
    form = inner.format if isinstance(inner, r.DateText) else None
    while isinstance(inner, r.Aggregate) and inner.operand and inner.function != "count":
        inner = inner.operand
    unit = inner.field.unit if isinstance(inner, r.FieldRef) else ""
    doubles = isinstance(inner, r.PropertiesRef) and inner.field.kind is Kind.DOUBLE
    return Output(label, expr.type, form, unit, doubles)


def _is_document(expr: r.Expr) -> bool:
    return isinstance(expr, r.RowDocument)


def _is_gathered(expr: r.Expr) -> bool:
    return isinstance(expr, r.PropertiesRef) or expr.type.many


# --- order ---------------------------------------------------------------------------------------


def _order_term(state: State, rows: Rows, term: r.Order) -> exp.Ordered:
    node = (
        _extreme(state, rows, term) if source_of(term.expr) is not None else rows.value(term.expr)
    )
    return exp.Ordered(this=node, desc=term.descending, nulls_first=False)


def _extreme(state: State, rows: Rows, term: r.Order) -> Node:
    """Return the smallest of many values, or the largest where the order descends."""
    extreme = aggregate(exp.Max if term.descending else exp.Min)
    query, keys = aggregated_values(state, rows, term.expr, [("x", extreme)])
    alias = rows.join_derived(query, keys, left=True, prefix="o")
    return sql.column(alias, "x")


def _newest_first(rows: Rows, within: list[exp.Ordered]) -> list[exp.Ordered]:
    """Return the default order: newest start, then identity of the session, then position.

    Args:
        rows: that are ordered.
        within: what they are ordered by first. If that is of another relation than the rows' own,
            engines are told that no order of the rows is of use.
    """
    terms = _default_order(rows)
    first = within[0].find(exp.Column) if within else None
    own = rows.key(rows.keys[0]).find(exp.Column)
    if first is None or own is None or first.table == own.table:
        return terms
    for term in terms:
        term.set("this", sql.call(Generic.TIE, term.this))
    return terms


def _by_number(state: State, rows: Rows, order: Sequence[r.Order]) -> exp.Ordered | None:
    """Return a term that sorts rows only as their starts do, and has them in a store's order."""
    if not state.layout.dated or rows.table != PRIMARY:
        return None
    first = order[0] if order else newest(state, PRIMARY)
    if first.expr != newest(state, PRIMARY).expr:
        return None
    second = sql.call(Generic.INT_DIV, rows.key(SESSION), sql.number(SECOND))
    return sql.ordered(second, descending=first.descending, required=True)


def _default_order(rows: Rows) -> list[exp.Ordered]:
    primary = rows.table == PRIMARY
    terms = [sql.ordered(rows.field("startTime", rows.table), descending=True, required=primary)]
    terms.append(sql.ordered(rows.field("userSessionId", PRIMARY), required=True))
    terms.append(sql.ordered(rows.field("tenantId", PRIMARY)))
    if not primary:
        terms.append(sql.ordered(rows.field("startTime", PRIMARY), required=True))
    terms.append(sql.ordered(rows.field("partNumber", PRIMARY)))
    if not primary:
        terms.append(sql.ordered(rows.key(POSITION), required=True))
    return [term for term in terms if isinstance(term, exp.Ordered)]


# --- one step ------------------------------------------------------------------------------------


def _one_step(
    query: r.PlainQuery, rows: Rows, order: list[exp.Ordered], identity: str | None
) -> exp.Select:
    columns = [
        sql.named(_single(rows, item.expr), f"c{index}") for index, item in enumerate(query.items)
    ]
    if identity is not None:
        columns += [sql.named(rows.key(k), k) for k in rows.keys]
    return rows.select(columns, order=order, limit=query.limit)


def _single(rows: Rows, expr: r.Expr) -> Node:
    return sql.null() if _is_document(expr) else rows.value(expr)


# --- two steps -----------------------------------------------------------------------------------


@dataclass
class _Gathering:
    """The joins to the page, one per relation that values come from."""

    state: State
    table: str
    keys: tuple[str, ...]
    joins: list[exp.Join] = field(default_factory=list)
    _open: dict[str, tuple[Rows, str, list[Node]]] = field(default_factory=dict)

    def add(self, expr: r.Expr, index: int) -> Node:
        """Return the column of the gathered values of an item."""
        if isinstance(expr, r.PropertiesRef):
            return self._separate(self._properties(expr), expr.field.table)
        source = source_of(expr)
        assert source is not None
        if isinstance(source, r.KeysRef):
            return self._separate(self._distinct_keys(expr, source), source.field.table)
        if not self.state.layout.columnar:
            return self._own(source, expr)
        relation = value_relation(self.state, source)
        if isinstance(source, r.PropertyRef):
            relation = f"{relation}.{source.key}"
        if relation not in self._open:
            self._open[relation] = (value_rows(self.state, source), self.state.fresh("g"), [])
        rows, alias, columns = self._open[relation]
        name = f"c{index}"
        columns.append(sql.named(value_list(rows, source, expr, self.state), name))
        return sql.column(alias, name)

    def _own(self, source: r.Source, expr: r.Expr) -> Node:
        """Return the query for the values of one row; an engine of rows looks them up sooner."""
        rows = value_rows(self.state, source)
        for key in self._link(rows.table):
            rows.restrict(sql.equal(rows.key(key), sql.column(_PAGE, key)))
        return exp.Subquery(this=rows.select([value_list(rows, source, expr, self.state)]))

    def finish(self) -> list[exp.Join]:
        """Return all joins."""
        for rows, alias, columns in self._open.values():
            link = self._link(rows.table)
            self._restrict(rows, link)
            keys = [sql.named(rows.key(k), k) for k in link]
            query = rows.select([*keys, *columns], group=sql.positions(len(link)))
            self.joins.append(self._join(query, alias, link))
        self._open.clear()
        return self.joins

    def _link(self, other: str) -> tuple[str, ...]:
        return (SESSION,) if PRIMARY in (self.table, other) else self.keys

    def _restrict(self, rows: Rows, link: tuple[str, ...]) -> None:
        page = self.state.fresh("p")
        wanted = sql.select([sql.column(page, k) for k in link], sql.relation(_PAGE, page))
        rows.restrict(sql.among([rows.key(k) for k in link], wanted))

    def _join(self, query: exp.Select, alias: str, link: tuple[str, ...]) -> exp.Join:
        on = sql.conjunction(sql.equal(sql.column(alias, k), sql.column(_PAGE, k)) for k in link)
        return sql.join(sql.derived(query, alias), on, left=True)

    def _separate(self, query: exp.Select, table: str) -> Node:
        alias = self.state.fresh("g")
        self.joins.append(self._join(query, alias, self._link(table)))
        return sql.column(alias, "v")

    def _properties(self, expr: r.PropertiesRef) -> exp.Select:
        """List keys and values; where there are many rows, their positions come first."""
        rows = Rows(self.state, expr.field.table, self.state.layout.values(expr.field))
        link = self._link(expr.field.table)
        self._restrict(rows, link)
        value = rows.key(VALUE)
        scalar = r.PropertyRef(expr.field, "", many=False)
        order = [rows.key(POSITION)] if expr.many else []
        entries = sql.call(Generic.LIST, *order, rows.key(KEY), exact(scalar, value))
        keys = [sql.named(rows.key(k), k) for k in link]
        return rows.select([*keys, sql.named(entries, "v")], group=sql.positions(len(link)))

    def _distinct_keys(self, expr: r.Expr, source: r.KeysRef) -> exp.Select:
        outer = Rows(self.state, self.table)
        values, _ = linked_values(self.state, outer, expr, distinct=True)
        alias = self.state.fresh("d")
        link = self._link(source.field.table)
        entries = sql.call(Generic.LIST, sql.column(alias, "v"), sql.column(alias, "v"))
        keys = [sql.named(sql.column(alias, k), k) for k in link]
        return sql.select(
            [*keys, sql.named(entries, "v")],
            sql.derived(values, alias),
            group=sql.positions(len(link)),
        )


def _two_steps(
    query: r.PlainQuery,
    state: State,
    rows: Rows,
    order: list[exp.Ordered],
    in_store: list[exp.Ordered],
    identity: str | None,
) -> exp.Select:
    """Return a page of rows, in a store's order or the plain one, and what is gathered for it."""
    gathering = _Gathering(state, rows.table, rows.keys)
    inner = [sql.named(rows.key(k), k) for k in rows.keys]
    outer: list[Node] = []
    for index, item in enumerate(query.items):
        name = f"c{index}"
        if _is_gathered(item.expr):
            node = gathering.add(item.expr, index)
        else:
            inner.append(sql.named(_single(rows, item.expr), name))
            node = sql.column(_PAGE, name)
        outer.append(sql.named(node, name))
    inner += [sql.named(term.this.copy(), f"o{i}") for i, term in enumerate(order)]
    page = rows.select(inner, order=in_store, limit=query.limit)
    if identity is not None:
        outer += [sql.named(sql.column(_PAGE, k), k) for k in rows.keys]
    again = [
        exp.Ordered(
            this=sql.column(_PAGE, f"o{i}"),
            desc=term.args.get("desc"),
            nulls_first=term.args.get("nulls_first"),
        )
        for i, term in enumerate(order)
    ]
    tree = sql.select(outer, sql.relation(_PAGE, _PAGE), joins=gathering.finish(), order=again)
    return sql.with_(tree, [(_PAGE, page)])
