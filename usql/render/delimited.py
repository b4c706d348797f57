r"""The formats of spreadsheets and pipes: ``csv`` and ``tsv``, row by row.

Guarantees: one header, then a record per row; every value whole. Null is an empty cell; lists and
properties are JSON; booleans ``true`` and ``false``.

``csv`` is RFC 4180 but for the line end, which is LF so that ``cut``, ``sort`` and ``awk`` see no
CR in the last column (readers take both). Empty text is ``""``, which tells it from null for
readers that look; the only column of a row is never left bare, since readers skip empty lines.

``tsv`` has no quotes: tab, LF, CR and backslash are ``\t``, ``\n``, ``\r`` and ``\\``, so that a
line is a record and a tab a border, always. Empty text cannot be told from null.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from usql.render import Style
from usql.render.values import as_json

if TYPE_CHECKING:
    from usql.result import Result, Value

_QUOTED = re.compile('[",\r\n]')
_TSV = str.maketrans({"\t": r"\t", "\n": r"\n", "\r": r"\r", "\\": r"\\"})


def render_csv(result: Result, style: Style) -> Iterator[str]:
    """Yield a header and a line per row."""
    yield _csv_record(tuple(column.name for column in result.columns))
    yield from map(_csv_record, result.rows)


def render_tsv(result: Result, style: Style) -> Iterator[str]:
    """Yield a header and a line per row."""
    yield _tsv_record(tuple(column.name for column in result.columns))
    yield from map(_tsv_record, result.rows)


def _csv_record(row: tuple[Value, ...]) -> str:
    return (",".join(map(_csv_cell, row)) or '""') + "\n"


def _csv_cell(value: Value) -> str:
    if value is None:
        return ""
    text = _plain(value)
    return '"' + text.replace('"', '""') + '"' if not text or _QUOTED.search(text) else text


def _tsv_record(row: tuple[Value, ...]) -> str:
    return "\t".join("" if value is None else _plain(value).translate(_TSV) for value in row) + "\n"


def _plain(value: Value) -> str:
    match value:
        case str():
            return value
        case bool() | list() | tuple() | dict():
            return as_json(value)
        case _:
            return str(value)
