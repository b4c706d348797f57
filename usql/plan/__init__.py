"""``resolved`` -> one sqlglot tree in generic SQL.

Knows relations and keys, not names; decides nothing about meaning. ``rows`` reads values off joined
relations, ``conditions`` and ``dates`` make predicates and local time, ``plain``, ``aggregation``
and ``funnel`` shape the three kinds of query, ``sql`` has the constructors and the list of generic
functions that dialects spell.
"""

from __future__ import annotations

from dataclasses import replace

from usql import resolved as r
from usql.layout import SECOND, Layout, first_number
from usql.plan import start as start  # before whatever imports sqlglot
from usql.plan.aggregation import plan_aggregation
from usql.plan.funnel import plan_funnel
from usql.plan.plain import plan_plain
from usql.plan.state import Bound, Output, Parameter, Pattern, Planned, State
from usql.timeframe import Timeframe

__all__ = ["Bound", "Output", "Parameter", "Pattern", "Planned", "plan"]


def plan(query: r.Query, layout: Layout, starts: tuple[int, int] | None) -> Planned:
    """Return a query in generic SQL.

    Args:
        query: settled.
        layout: where things lie in the store.
        starts: the earliest and the latest start of a session in ms, ``None`` for an empty store.
    """
    state = State(layout, query.scan.zone, starts or (0, 0), _numbers(layout, query.scan.timeframe))
    match query:
        case r.PlainQuery():
            return plan_plain(replace(query, order=_telling(query.order)), state)
        case r.AggregationQuery():
            order = _telling(query.order) if query.keys else ()  # without keys there is one row
            return plan_aggregation(replace(query, order=order), state)
        case r.FunnelQuery():
            return plan_funnel(query, state)


def _numbers(layout: Layout, frame: Timeframe | None) -> tuple[int, int] | None:
    """Return the first and the last number that sessions of a timeframe may have."""
    if frame is None or not layout.dated:
        return None
    return first_number(frame.start), first_number(frame.end) + SECOND - 1


def _telling(order: tuple[r.Order, ...]) -> tuple[r.Order, ...]:
    """Return the terms of an order that tell rows apart; some engines refuse a constant there."""
    return tuple(term for term in order if not isinstance(term.expr, r.Const))
