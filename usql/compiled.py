"""A query ready to run on one engine."""

from __future__ import annotations

from usql.plan import Bound, Output
from usql.record import Record
from usql.result import Column


class Compiled(Record):
    """A query ready to run; nothing has run yet.

    Attributes:
        sql: in the engine's dialect, with named placeholders.
        params: their values.
        columns: of the result.
        outputs: how each value of an SQL row is read back.
        identity: table whose row keys follow the outputs as further columns, or ``None``.
        keys: positions of the columns that are grouping keys.
        explanations: what was assumed.
        funnel: whether the columns are the steps of a funnel.
    """

    sql: str
    params: dict[str, Bound]
    columns: tuple[Column, ...]
    outputs: tuple[Output, ...]
    identity: str | None
    keys: tuple[int, ...]
    explanations: tuple[str, ...]
    funnel: bool = False
