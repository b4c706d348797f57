"""Values of an SQL row -> values of the language.

What arrives: the engine's own values in the shapes that ``usql.plan`` makes (lists as JSON arrays
of rows that begin with what orders them, dates with a format as codes, addresses in their sortable
form). What leaves: ``None``, ``int``, ``float``, ``bool``, ``str``, lists, and dictionaries.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from usql.addresses import decode as decode_address
from usql.errors import EngineError
from usql.plan import Output
from usql.types import Kind, Type

OVERFLOW = "a whole number of the result is beyond 64 bits"
_LIMIT = 2**63

Decoder = Callable[[Any], Any]


def decode_rows(
    rows: Iterable[Sequence[Any]], outputs: Sequence[Output], documents: Sequence[Any] | None
) -> list[tuple[Any, ...]]:
    """Return rows of the result.

    Args:
        rows: of the engine; columns after the outputs are dropped.
        outputs: what the columns are.
        documents: the whole row for each row, where a column asks for it.
    """
    decoders = [_decoder(output) for output in outputs]
    width = len(outputs)
    changed = [(i, decoder) for i, decoder in enumerate(decoders) if decoder is not None]
    whole = [i for i, output in enumerate(outputs) if output.type.kind is Kind.JSON]
    if not changed and not whole:
        return [tuple(row[:width]) for row in rows]
    result = []
    for number, row in enumerate(rows):
        values = list(row[:width])
        for index, decoder in changed:
            values[index] = decoder(values[index])
        for index in whole:
            values[index] = _document_text(documents, number)
        result.append(tuple(values))
    return result


def _document_text(documents: Sequence[Any] | None, number: int) -> str | None:
    document = documents[number] if documents is not None else None
    return (
        None
        if document is None
        else json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    )


def _decoder(output: Output) -> Decoder | None:
    if output.type.kind is Kind.PROPERTIES:
        value = float if output.doubles else None
        return partial(_property_dicts if output.type.many else _property_dict, value)
    single = _single_decoder(output.type.one, output)
    if output.type.many:
        return partial(_list, single)
    return None if single is None else partial(_or_none, single)


def _single_decoder(kind: Type, output: Output) -> Decoder | None:
    if output.format is not None:
        return output.format.text
    match kind.kind:
        case Kind.BOOLEAN:
            return bool
        case Kind.DOUBLE:
            return float
        case Kind.LONG | Kind.DATE:
            return _whole
        case Kind.IP:
            return decode_address
    return None


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


def _or_none(decoder: Decoder, value: Any) -> Any:
    return None if value is None else decoder(value)


_Entry = Sequence[Any]


def _entries(value: str | list[_Entry] | None) -> list[_Entry]:
    """Return the rows of a list in their order; there is no value behind equal orders."""
    if value is None:
        return []
    entries: list[_Entry] = json.loads(value) if isinstance(value, str) else value
    entries.sort(key=lambda entry: tuple(entry[:-1]))
    return entries


def _list(decoder: Decoder | None, value: Any) -> list[Any]:
    values = [entry[-1] for entry in _entries(value)]
    return values if decoder is None else [decoder(v) for v in values]


def _property_dict(decoder: Decoder | None, value: Any) -> dict[str, Any]:
    return {key: decoder(item) if decoder else item for key, item in _entries(value)}


def _property_dicts(decoder: Decoder | None, value: Any) -> list[dict[str, Any]]:
    """Return a dictionary for each row that has properties."""
    rows: dict[Any, dict[str, Any]] = {}
    for position, key, item in _entries(value):
        rows.setdefault(position, {})[key] = decoder(item) if decoder else item
    return list(rows.values())
