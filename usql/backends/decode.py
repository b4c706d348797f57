"""Values of an SQL row -> values of the language.

What arrives: the engine's own values in the shapes that ``usql.plan`` makes (lists as JSON arrays
of rows that begin with what orders them, dates with a format as codes, addresses in their sortable
form). What leaves: ``None``, ``int``, ``float``, ``bool``, ``str``, lists, and dictionaries.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any

from usql.addresses import decode as decode_address
from usql.dateformat import DateFormat
from usql.errors import EngineError
from usql.plan import Output
from usql.types import Kind

OVERFLOW = "a whole number of the result is beyond 64 bits"
_LIMIT = 2**63

Values = Sequence[Any]
Column = Callable[[Values], Values]
"""Decodes all values of a column; the same object comes back where none of them changes."""


def decode_rows(
    rows: Sequence[Sequence[Any]], outputs: Sequence[Output], documents: Sequence[Any] | None
) -> list[tuple[Any, ...]]:
    """Return rows of the result.

    Args:
        rows: of the engine; columns after the outputs are dropped.
        outputs: what the columns are.
        documents: the whole row for each row, where a column asks for it.
    """
    if not rows:
        return []
    columns: list[Values] = []
    changed = len(rows[0]) != len(outputs)
    for index, output in enumerate(outputs):
        if output.type.kind is Kind.JSON:
            decoded: Values = [_document_text(documents, number) for number in range(len(rows))]
            changed = True
        else:
            values = [row[index] for row in rows]
            decoded = _column(output)(values)
            changed = changed or decoded is not values
        columns.append(decoded)
    return list(zip(*columns, strict=True)) if changed else [tuple(row) for row in rows]


def _document_text(documents: Sequence[Any] | None, number: int) -> str | None:
    document = documents[number] if documents is not None else None
    return (
        None
        if document is None
        else json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    )


def _column(output: Output) -> Column:
    kind, many = output.type.kind, output.type.many
    if kind is Kind.PROPERTIES:
        decode = _doubles if output.doubles else _as_they_are
        return partial(_property_dicts if many else _property_dict, decode)
    if output.format is not None:
        single: Column = partial(_dates, output.format)
    else:
        single = _BY_KIND.get(kind, _as_they_are)
    return partial(_lists, single) if many else single


def _as_they_are(values: Values) -> Values:
    return values


def _each(decoder: Callable[[Any], Any], values: Values) -> Values:
    return [None if value is None else decoder(value) for value in values]


def _dates(format: DateFormat, codes: Values) -> Values:
    texts = iter(format.texts([code for code in codes if code is not None]))
    return [None if code is None else next(texts) for code in codes]


_NULL = type(None)


def _converted(kind: type, values: Values) -> Values:
    """Return values of a type; mostly they are of it."""
    return values if {*map(type, values)} <= {kind, _NULL} else _each(kind, values)


def _doubles(values: Values) -> Values:
    return _converted(float, values)


def _whole_numbers(values: Values) -> Values:
    """Return whole numbers, some of which an engine may have computed as doubles.

    Raises:
        EngineError: one is beyond 64 bits.
    """
    kinds = {*map(type, values)}
    if not kinds <= {int, _NULL}:
        return _each(_whole, values)
    numbers = [v for v in values if v is not None] if _NULL in kinds else values
    if numbers and (min(numbers) < -_LIMIT or max(numbers) >= _LIMIT):
        raise EngineError(OVERFLOW)
    return values


_BY_KIND: Mapping[Kind, Column] = {
    Kind.BOOLEAN: partial(_converted, bool),
    Kind.DOUBLE: _doubles,
    Kind.LONG: _whole_numbers,
    Kind.DATE: _whole_numbers,
    Kind.IP: partial(_each, decode_address),
}


def _whole(value: Any) -> Any:
    """Return a whole number that an engine may have computed as a double.

    Raises:
        EngineError: it is beyond 64 bits.
    """
    if isinstance(value, float):
        # SQLite goes on with doubles: the least whole number would not have become one
        if not -_LIMIT < value < _LIMIT:
            raise EngineError(OVERFLOW)
        return int(value) if value.is_integer() else value
    if not -_LIMIT <= value < _LIMIT:
        raise EngineError(OVERFLOW)
    return value


_Entry = list[Any]


def _entries(values: Values) -> list[list[_Entry]]:
    """Return the rows of each list in their order; no two of a list have the same order."""
    if {*map(type, values)} <= {str, _NULL}:
        values = json.loads(f"[{','.join(value or '[]' for value in values)}]")
    found: list[list[_Entry]] = [value or [] for value in values]
    for entries in found:
        entries.sort()
    return found


def _lists(decode: Column, values: Values) -> Values:
    found = _entries(values)
    # all at once, since a list has few
    items = iter(decode([entry[-1] for entries in found for entry in entries]))
    return [list(islice(items, len(entries))) for entries in found]


def _property_dict(decode: Column, values: Values) -> Values:
    found = []
    for entries in _entries(values):
        items = decode([item for _, item in entries])
        found.append({key: item for (key, _), item in zip(entries, items, strict=True)})
    return found


def _property_dicts(decode: Column, values: Values) -> Values:
    """Return, for each value, a dictionary for each row that has properties."""
    found = []
    for entries in _entries(values):
        rows: dict[Any, dict[str, Any]] = {}
        items = decode([item for *_, item in entries])
        for (position, key, _), item in zip(entries, items, strict=True):
            rows.setdefault(position, {})[key] = item
        found.append(list(rows.values()))
    return found
