"""Types of columns that nobody has described, told by their texts.

What arrives: a text. What leaves: the narrowest type that it is of. A column is of the narrowest
type that all its texts are of, whatever order they come in: ``widest`` is associative, commutative
and idempotent, so columns may be typed import by import.
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from math import isfinite
from typing import Literal

ColumnType = Literal["string", "long", "double", "date"]

MISSING = frozenset(["", "NULL", "null", "\\N", "NaN", "nan", "None"])
"""Texts by which logs say that there is no value."""

_LONG = re.compile(r"-?(?:0|[1-9]\d{0,18})")
_DOUBLE = re.compile(r"-?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d{1,3})?")
_COMMA = re.compile(r"-?(?:\d+|\d{1,3}(?:\.\d{3})+),\d+")
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d.*)?")
_SIGNS = str.maketrans("", "", "-.,")
_DOUBLE_DIGITS = 15
_LEADING_ZERO = re.compile(r"-?0\d")


def type_of(text: str, *, decimal_comma: bool = False) -> ColumnType:
    """Return the narrowest type that a text is of.

    Args:
        text: not a missing one.
        decimal_comma: whether ``1,5`` is a number.

    >>> [type_of(t) for t in ("12", "1.5", "2026-03-01", "2026-03-01 10:00Z", "007", "a")]
    ['long', 'double', 'date', 'date', 'string', 'string']
    """
    if text[0] not in "-.0123456789":
        return "string"
    # Values repeat; long ones seldom do, and would fill the memory.
    judge = _cached_type if len(text) <= _CACHED_LENGTH else _type
    return judge(text, decimal_comma)


def _type(text: str, decimal_comma: bool) -> ColumnType:
    if _LONG.fullmatch(text):
        return "long" if -(2**63) <= int(text) < 2**63 else "string"
    if _DATE.fullmatch(text):
        return "date" if _is_date(text) else "string"
    # A leading zero tells an id or a postal code from a number.
    if _DOUBLE.fullmatch(text) and not _LEADING_ZERO.match(text) and isfinite(float(text)):
        return "double" if _fits_double(text) else "string"
    is_comma = decimal_comma and _COMMA.fullmatch(text) and _fits_double(text)
    return "double" if is_comma else "string"


def _fits_double(text: str) -> bool:
    """Whether a double has all the digits of a number: else it is an id, such as of a browser."""
    digits = text.partition("e")[0].partition("E")[0].translate(_SIGNS)
    return len(digits.strip("0")) <= _DOUBLE_DIGITS


_CACHED_LENGTH = 40
_cached_type = lru_cache(maxsize=65_536)(_type)


def widest(one: ColumnType | None, other: ColumnType) -> ColumnType:
    """Return the narrowest type that holds the texts of two.

    >>> widest("long", "double"), widest("date", "long"), widest(None, "date")
    ('double', 'string', 'date')
    """
    if one is None or one == other:
        return other
    return "double" if {one, other} == {"long", "double"} else "string"


def number(text: str) -> float:
    """Return the number that a text of type double is, its decimal sign a point or a comma.

    >>> number("1.234,5"), number("2.5")
    (1234.5, 2.5)
    """
    return float(text.replace(".", "").replace(",", ".") if "," in text else text)


def _is_date(text: str) -> bool:
    try:
        datetime.fromisoformat(text[:-4] + "Z" if text.endswith((" UTC", " GMT")) else text)
    except ValueError:
        return False
    return True
