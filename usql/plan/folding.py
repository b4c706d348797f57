"""Groups and what is shown of them in one query, where nothing stands between the two.

What arrives: a query over groups, and the query that makes the groups. What leaves: one query that
does both; or ``None`` where the groups have to be there first, or an engine might not see that two
expressions are the same. An engine spares a step, which counts where a query takes milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from usql.plan import sql
from usql.plan.sql import Node


def folded(shown: exp.Select, groups: exp.Query) -> exp.Select | None:
    """Return one query for two.

    Args:
        shown: columns, conditions, order and limit over the groups, which it has under an alias,
            and nothing else.
        groups: named columns, of which the first ones are grouped by.
    """
    if not isinstance(groups, exp.Select) or groups.args.get("with_") is not None:
        return None
    made = {column.alias: column.this for column in groups.expressions}
    names: dict[str, str] = {}
    for column in shown.expressions:
        if isinstance(column.this, exp.Column):
            names.setdefault(column.this.name, column.alias)
    keys = groups.expressions[: _levels(groups)]
    if not all(key.alias in names or isinstance(key.this, exp.Column) for key in keys):
        return None
    where, order = shown.args.get("where"), shown.args.get("order")
    if where is not None:
        if not keys:
            return None
        groups.set("having", exp.Having(this=_put_in(where.this, made)))
    for term in order.expressions if order is not None else ():
        term.set("this", _referred(term.this, names, made))
    columns = [sql.named(_put_in(c.this, made), c.alias) for c in shown.expressions]
    if keys:
        by = [_referred(exp.column(key.alias), names, made) for key in keys]
        groups.set("group", exp.Group(expressions=by))
    groups.set("expressions", columns)
    groups.set("order", order)
    groups.set("limit", shown.args.get("limit"))
    return groups


def _levels(groups: exp.Select) -> int:
    group = groups.args.get("group")
    return 0 if group is None else len(group.expressions)


def _referred(node: Node, names: Mapping[str, str], made: Mapping[str, Node]) -> Node:
    """Return a node by the name it is shown under, if it is, or as it is made."""
    if isinstance(node, exp.Column) and node.name in names:
        return exp.Column(this=sql.identifier(names[node.name]))
    return _put_in(node, made)


def _put_in(node: Node, made: Mapping[str, Node]) -> Node:
    """Return a copy in which columns of the groups are as they are made."""
    if isinstance(node, exp.Column):
        return made[node.name].copy()
    copied: Node = node.copy()
    for column in list(copied.find_all(exp.Column)):
        made_so = made[column.name].copy()
        column.replace(sql.paren(made_so) if isinstance(made_so, exp.Binary) else made_so)
    return copied
