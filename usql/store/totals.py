"""What the rows of each session come to, for stores whose sessions tell it themselves.

What arrives: the rows of a batch, by where they go. What leaves: those of the sessions with the
totals of their secondary rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

from usql.layout import Layout, Total
from usql.schema import PRIMARY
from usql.store.sessions import Rows
from usql.store.shapes import Target

_Sums = defaultdict[int, float]


def with_totals(layout: Layout, rows: Rows) -> Iterator[tuple[Target, Sequence[tuple[Any, ...]]]]:
    """Yield all rows by where they go, those of sessions with their totals behind.

    >>> from usql.layout import clickhouse_layout
    >>> session = Target("usersession", ("_session", "country"))
    >>> action = Target("useraction", ("_session", "_position", "duration"))
    >>> rows = {session: [(7, "Austria")], action: [(7, 0, 250), (7, 1, None)]}
    >>> ((target, sessions), _) = with_totals(clickhouse_layout(), rows)
    >>> {name: value for name, value in zip(target.columns, sessions[0]) if value}
    {'_session': 7, 'country': 'Austria', '_useraction_count': 2, '_useraction_duration_count': 1, \
'_useraction_duration_total': 250.0}
    """
    found = [_sums(total, rows) for total in layout.totals]
    for target, values in rows.items():
        if target.relation == PRIMARY:
            columns = (*target.columns, *(total.column for total in layout.totals))
            longer = [(*row, *(sums[row[0]] for sums in found)) for row in values]
            yield Target(PRIMARY, columns), longer
        else:
            yield target, values


_ADDED: Mapping[str, Callable[[Any], int]] = {
    "count": lambda value: value is not None,
    "total": lambda value: value or 0,
}
_MADE: Mapping[str, Callable[[int], float]] = {"count": int, "total": float}


def _sums(total: Total, rows: Rows) -> _Sums:
    """Return a total by the number of the session: whole numbers, until all are added."""
    added, made = _ADDED[total.function], _MADE[total.function]
    sums: defaultdict[int, int] = defaultdict(int)
    for target, values in rows.items():
        name = total.field or target.columns[0]
        if target.relation == total.table and name in target.columns:
            for number, value in map(itemgetter(0, target.columns.index(name)), values):
                sums[number] += added(value)
    return defaultdict(lambda: made(0), {number: made(found) for number, found in sums.items()})
