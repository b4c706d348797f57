"""The formats of programs: ``json`` and ``ndjson``, row by row.

Guarantees: each row is an object as ``Result.to_dicts`` makes it (repeated labels get `` (2)``),
on a line of its own, non-ASCII text unescaped. ``json`` wraps them in one array.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from usql.render import Style
from usql.render.values import as_json

if TYPE_CHECKING:
    from usql.result import Result


def render_json(result: Result, style: Style) -> Iterator[str]:
    """Yield an array with an object per row."""
    before = "["
    for item in _objects(result):
        yield f"{before}\n  {item}"
        before = ","
    yield "[]\n" if before == "[" else "\n]\n"


def render_ndjson(result: Result, style: Style) -> Iterator[str]:
    """Yield a line with an object per row."""
    return (item + "\n" for item in _objects(result))


def _objects(result: Result) -> Iterator[str]:
    names = result.distinct_names()
    return (as_json(dict(zip(names, row, strict=True))) for row in result.rows)
