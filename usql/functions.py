"""The functions of the language: one row each.

``COUNT`` and ``CONDITION`` have grammar of their own; their rows are here for completeness, so that
help, completion and "did you mean" know every name.
"""

from __future__ import annotations

from enum import Enum

from usql.record import Record
from usql.types import Kind


class Family(Enum):
    """Where a function's value comes from."""

    AGGREGATE = "aggregate"
    DATE_PART = "date part"
    DATE_TEXT = "date text"
    TOP = "top"
    KEYS = "keys"
    RESERVED = "reserved"


_NUMBERS = frozenset({Kind.LONG, Kind.DOUBLE})
_DATED = _NUMBERS | {Kind.DATE}
_ORDERED = _DATED | {Kind.STRING, Kind.ENUM}
_ALL = frozenset(Kind) - {Kind.PROPERTIES, Kind.JSON, Kind.NULL}


class Function(Record):
    """A function's signature.

    Attributes:
        name: in lower case.
        family: what it is computed from.
        least, most: how many arguments it takes.
        kinds: what its first argument may be.
        keeps: whether the result has the kind of the first argument; otherwise ``result``.
        result: kind of the result where it does not follow from the argument.
        usage: how it is written, for errors and help.
        summary: what it does, one line.
    """

    name: str
    family: Family
    least: int
    most: int
    kinds: frozenset[Kind]
    usage: str
    summary: str
    keeps: bool = False
    result: Kind = Kind.DOUBLE


_ROWS = (
    Function(
        "count", Family.AGGREGATE, 1, 1, _ALL, "COUNT(*) or COUNT([DISTINCT] field)",
        "number of rows, of rows with a value, or of distinct values", result=Kind.LONG,
    ),
    Function(
        "min", Family.AGGREGATE, 1, 1, _ORDERED, "MIN(field)", "smallest value", keeps=True
    ),
    Function("max", Family.AGGREGATE, 1, 1, _ORDERED, "MAX(field)", "largest value", keeps=True),
    Function("sum", Family.AGGREGATE, 1, 1, _NUMBERS, "SUM(field)", "sum of values", keeps=True),
    Function("avg", Family.AGGREGATE, 1, 1, _DATED, "AVG(field)", "arithmetic mean"),
    Function("median", Family.AGGREGATE, 1, 1, _DATED, "MEDIAN(field)", "50th percentile"),
    Function(
        "percentile", Family.AGGREGATE, 2, 2, _DATED, "PERCENTILE(field, 95)",
        "value that so many percent of values do not exceed, interpolated linearly",
    ),
    Function(
        "apdex", Family.AGGREGATE, 0, 3, _NUMBERS, "APDEX() or APDEX(duration, 3000, 12000)",
        "application performance index, 0 to 1: by apdexCategory, or by thresholds in ms",
    ),
    Function(
        "condition", Family.AGGREGATE, 2, 2, _ALL, "CONDITION(COUNT(*), WHERE bounce = true)",
        "an aggregate over the rows that satisfy a condition", keeps=True,
    ),
    Function("top", Family.TOP, 1, 2, _ALL, "TOP(field, 5)", "most frequent values", keeps=True),
    Function(
        "keys", Family.KEYS, 1, 1, frozenset({Kind.PROPERTIES}), "KEYS(stringProperties)",
        "sorted keys of the properties", result=Kind.STRING,
    ),
    Function(
        "datetime", Family.DATE_TEXT, 1, 3, frozenset({Kind.DATE}),
        "DATETIME(startTime, 'yyyy-MM-dd', 'day')", "a date rounded down and formatted",
        result=Kind.STRING,
    ),
    *(
        Function(
            part, Family.DATE_PART, 1, 1, frozenset({Kind.DATE}), f"{part.upper()}(startTime)",
            f"{part} of a date in local time", result=Kind.LONG,
        )
        for part in ("year", "month", "day", "hour", "minute")
    ),
    *(
        Function(name, Family.RESERVED, 0, 9, _ALL, usage, summary)
        for name, usage, summary in (
            ("retention", "RETENTION(…)", "users who come back"),
            ("path", "PATH(…)", "what follows what"),
            ("preceding", "PRECEDING(field)", "the value before"),
        )
    ),
)  # fmt: skip

FUNCTIONS: dict[str, Function] = {row.name: row for row in _ROWS}
"""Every function by its name in lower case."""
