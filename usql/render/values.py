"""One value as text: ``shown(value)`` for people, ``as_json(value)`` for programs.

Values are what ``Result.rows`` holds: ``None``, ``bool``, ``int``, ``float``, ``str``, lists of
them and dictionaries of properties, nested as they may be.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import isfinite
from typing import Any

from usql.render.escape import visible

DIGITS = 10
"""Most significant digits of a double shown to people. 0.1 + 0.2 is 0.3 and 1/3 still fits a
column; digits before the point are all shown, whatever their number."""

_SMALLEST, _LARGEST = 1e-6, 1e15
"""Between these a double is written without an exponent."""


def shown(value: Any) -> str:
    r"""Return a value as one safe line for people.

    >>> shown(None), shown(True), shown(["a", None]), shown({"plan": "pro", "seats": 3})
    ('null', 'true', '[a, null]', '{plan: pro, seats: 3}')
    """
    match value:
        case str():
            return visible(value)
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return rounded(value)
        case dict():
            inner = ", ".join(f"{visible(key)}: {shown(item)}" for key, item in value.items())
            return f"{{{inner}}}"
        case _:
            return f"[{', '.join(map(shown, value))}]"


def rounded(number: float) -> str:
    """Return a double rounded to ``DIGITS`` significant digits, never to less than its integer.

    >>> rounded(0.1 + 0.2), rounded(3.0), rounded(10 / 3), rounded(1709251200123.5)
    ('0.3', '3.0', '3.333333333', '1709251200123.5')
    >>> rounded(0.0000012), rounded(5e-17), rounded(1e21)
    ('0.0000012', '5e-17', '1e+21')
    """
    size = abs(number)
    if 1e-4 <= size < 1e8:  # nearly all there are; here %g takes no exponent and keeps a decimal
        text = f"{number:.{DIGITS}g}"
        return text if "." in text else text + ".0"
    if not isfinite(number):
        return str(number)
    if size and not _SMALLEST <= size < _LARGEST:
        return f"{number:.{DIGITS}g}"
    scientific = f"{size:.{DIGITS - 1}e}"
    exponent = int(scientific.partition("e")[2])
    text = f"{number:.{max(1, DIGITS - 1 - exponent)}f}".rstrip("0")
    return text + "0" if text.endswith(".") else text


def as_json(value: Any) -> str:
    """Return a value as compact JSON, non-ASCII as it is.

    JSON has no infinity and no NaN; they become ``null``, as in JavaScript.

    >>> as_json({"name": "Zoë", "scores": [1, 2.0, float("inf")]})
    '{"name":"Zoë","scores":[1,2.0,null]}'
    """
    try:
        return _encode()(value)
    except ValueError:
        return _encode()(_finite(value))


@cache
def _encode() -> Callable[[Any], str]:
    from json import JSONEncoder

    return JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def _finite(value: Any) -> Any:
    match value:
        case float():
            return value if isfinite(value) else None
        case dict():
            return {key: _finite(item) for key, item in value.items()}
        case list() | tuple():
            return [_finite(item) for item in value]
        case _:
            return value
