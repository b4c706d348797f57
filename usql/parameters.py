"""Values of parameters as people type them: ``read_value("5") -> 5``."""

from __future__ import annotations

from typing import Any, NoReturn


def read_value(written: str) -> Any:
    """Return the value of a JSON number, boolean, null, string or list; any other text as it is.

    >>> [read_value(text) for text in ("5", '"5"', "Linz", "null", '["a", "b"]', "NaN", "{}")]
    [5, '5', 'Linz', None, ['a', 'b'], 'NaN', '{}']
    """
    import json
    from math import isinf

    def no_constant(name: str) -> NoReturn:
        raise ValueError(name)

    try:
        value = json.loads(written, parse_constant=no_constant)
    except (ValueError, RecursionError):
        return written
    return (
        written if isinstance(value, dict) or (isinstance(value, float) and isinf(value)) else value
    )
