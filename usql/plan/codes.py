"""Sessions counted by the values they have, where few values differ: by bits of a number.

Each value that a store has gets a bit; a session has the bits of its values, which grouping by its
number alone gives, and sessions of the same bits are counted together. To tell apart each pair of
session and value would take several times as long. Values beyond one number's bits have the bits
of another, so there may be any number of values.

This is for engines that make a common table expression once, however often it is read.
"""

from __future__ import annotations

from sqlglot import exp

from usql import resolved as r
from usql.layout import SESSION
from usql.plan import sql
from usql.plan.rows import Rows, source_of, value_relation, value_rows
from usql.plan.sql import Generic, Node
from usql.plan.state import State

_BITS = 60
"""Of one number, which must not become negative."""


class Codes:
    """The common table expressions of one count.

    Attributes:
        parts: their names and queries, in order.
    """

    def __init__(self, state: State, expr: r.FieldRef) -> None:
        self._state = state
        self._expr = expr
        self._values, self._sessions, self._kinds = (state.fresh(p) for p in ("v", "s", "b"))
        self.parts: list[tuple[str, exp.Query]] = [(self._values, self._coded())]

    @staticmethod
    def of(state: State, expr: r.Expr) -> Codes | None:
        """Return the codes of an expression's values, where they are a field's and few differ."""
        if not isinstance(expr, r.FieldRef) or source_of(expr) is None:
            return None
        if not state.layout.shares or not state.layout.has_few(expr.field):
            return None
        return Codes(state, expr)

    def count(self, among: exp.Select | None) -> exp.Select:
        """Return each value as ``k0`` with the number of sessions that have it as ``n``.

        Args:
            among: the numbers of the sessions that count; ``None`` for all.
        """
        self.parts.append((self._sessions, self._bits_of_sessions(among)))
        kind = [sql.column(self._sessions, name) for name in ("word", "bits")]
        columns = [sql.named(node, node.name) for node in kind]
        alike = sql.select(
            [*columns, sql.named(exp.Count(this=exp.Star()), "n")],
            sql.relation(self._sessions, self._sessions),
            group=sql.positions(2),
        )
        self.parts.append((self._kinds, alike))
        has = exp.NEQ(this=exp.Paren(this=self._common_bits()), expression=sql.number(0))
        words = [sql.column(name, "word") for name in (self._kinds, self._values)]
        on = exp.And(this=sql.equal(*words), expression=has)
        total = exp.Cast(
            this=exp.Sum(this=sql.column(self._kinds, "n")), to=exp.DataType.build("bigint")
        )
        return sql.select(
            [sql.named(sql.column(self._values, "v"), "k0"), sql.named(total, "n")],
            sql.relation(self._values, self._values),
            joins=[sql.join(sql.relation(self._kinds, self._kinds), on)],
            group=sql.positions(1),
        )

    def having_any(self) -> exp.Select:
        """Return the sessions that have a value, once each; after ``count``."""
        number = sql.column(self._sessions, SESSION)
        source = sql.relation(self._sessions, self._sessions)
        return sql.select([sql.named(number, SESSION)], source, distinct=True)

    def _common_bits(self) -> Node:
        return exp.BitwiseAnd(
            this=sql.column(self._kinds, "bits"), expression=sql.column(self._values, "bit")
        )

    def _coded(self) -> exp.Select:
        """Return each value that the store has, with its number's place and its bit of it."""
        every, distinct, ranked = (self._state.fresh(p) for p in ("e", "d", "n"))
        value = sql.column(every, self._expr.field.name)
        relation = value_relation(self._state, self._expr)
        values = sql.select(
            [sql.named(value, "v")],
            sql.relation(relation, every),
            where=sql.not_null(value.copy()),
            distinct=True,
        )
        order = [sql.ordered(sql.column(distinct, "v"), required=True)]
        rank = sql.sub(sql.window(exp.RowNumber(), [], order), sql.number(1))
        numbered = sql.select(
            [sql.named(sql.column(distinct, "v"), "v"), sql.named(rank, "i")],
            sql.derived(values, distinct),
        )
        place = sql.column(ranked, "i")
        within = sql.call(Generic.INT_MOD, place.copy(), sql.number(_BITS))
        one = exp.Cast(this=sql.number(1), to=exp.DataType.build("bigint"))
        columns = [
            sql.named(sql.column(ranked, "v"), "v"),
            sql.named(sql.call(Generic.INT_DIV, place, sql.number(_BITS)), "word"),
            sql.named(exp.BitwiseLeftShift(this=one, expression=within), "bit"),
        ]
        return sql.select(columns, sql.derived(numbered, ranked))

    def _bits_of_sessions(self, among: exp.Select | None) -> exp.Select:
        rows: Rows = value_rows(self._state, self._expr)
        same = sql.equal(sql.column(self._values, "v"), rows.value(self._expr))
        rows.join(sql.join(sql.relation(self._values, self._values), same))
        if among is not None:
            rows.restrict(sql.among([rows.key(SESSION)], among))
        bits = exp.BitwiseOrAgg(this=sql.column(self._values, "bit"))
        columns = [
            sql.named(rows.key(SESSION), SESSION),
            sql.named(sql.column(self._values, "word"), "word"),
            sql.named(bits, "bits"),
        ]
        return rows.select(columns, group=sql.positions(2))
