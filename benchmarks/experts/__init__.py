"""What somebody who knows an engine well would write by hand for the questions of the benchmarks.

For each engine there is a layout that such a person would choose for these data, made of the same
sessions, and for each question the SQL over it. The layout may know the fields, the usual
groupings and the sizes; it may not know the questions' constants, and nothing in it is an answer
that was worked out beforehand.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

Row = tuple[Any, ...]


class Expert(NamedTuple):
    """A question's answer by hand.

    Attributes:
        sql: of the engine, over the expert's layout.
        lists: columns that come as JSON arrays, and are lists in the answer.
    """

    sql: str
    lists: tuple[int, ...] = ()

    def finish(self, rows: list[Row]) -> list[Row]:
        """Return rows as the answer has them."""
        if not self.lists:
            return rows
        return [
            tuple(_list(value) if i in self.lists else value for i, value in enumerate(row))
            for row in rows
        ]


def _list(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else list(value or ())


Finish = Callable[[list[Row]], list[Row]]
Experts = Mapping[str, Expert]


# --- SQL that engines of columns take alike ------------------------------------------------------


def top(groups: str, columns: str, limit: int = 50) -> str:
    """Return SQL for the groups ``k`` of a query, most frequent first."""
    return f"SELECT k, {columns} FROM ({groups}) ORDER BY n DESC, k NULLS LAST LIMIT {limit}"


def pairs(groups: str, columns: str) -> str:
    """Return SQL for the groups ``k0, k1`` of a query, in the order of both levels."""
    return (
        f"SELECT k0, k1, {columns} FROM (SELECT *, sum(n) OVER (PARTITION BY k0) AS n0"
        f" FROM ({groups})) ORDER BY n0 DESC, k0 NULLS LAST, n DESC, k1 NULLS LAST LIMIT 50"
    )


def counts(steps: int) -> str:
    """Return the columns that count how many came to each step, of the marks ``s1 …``."""
    return ", ".join(
        "count(*)"
        if step == 0
        else f"count(*) FILTER (WHERE {' AND '.join(f's{i}' for i in range(1, step + 1))})"
        for step in range(steps)
    )
