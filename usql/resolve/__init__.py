"""``ast`` + catalogue + store -> ``resolved``: every error about names, types and structure.

After this pass there are no names, only references. ``names`` finds fields, ``values`` makes
constants, ``conditions`` and ``expressions`` settle what is of a row, ``groups`` what is of a
group, ``select`` puts a query together.
"""

from __future__ import annotations

from usql import ast
from usql import resolved as r
from usql.errors import NotYetSupported
from usql.formatter import label
from usql.resolve.conditions import resolve_condition
from usql.resolve.context import Context, Facts, NoFacts, Scope, Segments
from usql.resolve.names import find_table, spelling
from usql.resolve.select import resolve_select

__all__ = ["Context", "Facts", "NoFacts", "Segments", "resolve"]


def resolve(query: ast.Query, context: Context) -> r.Resolved:
    """Return the query with everything settled.

    Args:
        query: what was written.
        context: catalogue, store, zone, moment and parameters.

    Raises:
        UsqlError: at the node that is wrong.
    """
    scope = Scope(context, find_table(query.table, context.schema))
    settled: r.Query
    if isinstance(query, ast.Funnel):
        settled = _resolve_funnel(query, scope)
        return r.Resolved(settled, tuple(context.explanations))
    settled = resolve_select(query, scope)
    return r.Resolved(settled, tuple(context.explanations), default_limit=query.limit is None)


def _resolve_funnel(query: ast.Funnel, scope: Scope) -> r.FunnelQuery:
    for part in (query.ordered, query.compare):
        if part is not None:
            word = "an ORDERED funnel" if part is query.ordered else "COMPARE"
            raise NotYetSupported(
                f"{word} is not yet supported", part.span, hint="leave it out, or run two queries"
            )
    where = resolve_condition(query.where, scope) if query.where is not None else None
    scan = r.Scan(scope.table.name, where, scope.context.timeframe, scope.context.zone)
    return r.FunnelQuery(scan, tuple(_step(step, scope) for step in query.steps))


def _step(step: ast.Step, scope: Scope) -> tuple[str, r.Condition]:
    condition = resolve_condition(step.condition, scope)
    if step.alias is not None:
        return step.alias.text, condition
    return label(step.condition, lambda field: spelling(field, scope)), condition
