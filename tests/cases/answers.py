"""Answers: what a case expects, what the engine gave, and how the two differ.

A cell is JSON (`"Austria"`, `4`, `2.5`, `null`, `true`, `["a", "b"]`), or a date behind `@`
(`@2024-03-01T10:00:00Z`), which stands for its milliseconds.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .reader import Entry, Section

_DATE = re.compile(r"@(\S+)")
_DECODER = json.JSONDecoder()
STATIONS = ("tree", "resolved", "sql")


@dataclass(frozen=True)
class Answer:
    """A result as a case shows it: columns as `label type`, rows, explanations."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    explanations: tuple[str, ...]


def expected(entry: Entry) -> Answer:
    """Return what a case expects.

    Raises:
        ValueError: it has no rows, or a line that is no row.
    """
    section = entry.section("rows")
    if section is None or not section.content:
        raise ValueError(f"{entry} has no rows")
    head, *lines = section.content
    notes = entry.section("explanations")
    return Answer(
        tuple(_column(text) for text in head.split(" | ")),
        tuple(tuple(_cells(line)) for line in lines),
        tuple(notes.content) if notes else (),
    )


def given(entry: Entry, db: Any) -> Answer:
    """Ask the engine."""
    result = db.query(entry.query, **entry.settings())
    return Answer(
        tuple(f"{column.name} {column.type}" for column in result.columns),
        tuple(
            tuple(
                json.loads(cell) if column.type == "json" else cell
                for cell, column in zip(row, result.columns, strict=True)
            )
            for row in result.rows
        ),
        tuple(result.explanations),
    )


def difference(want: Answer, got: Answer) -> str | None:
    """Return the first difference as a sentence, or `None`."""
    if want.columns != got.columns:
        return f"columns {want.columns} expected, {got.columns} given"
    for number, (a, b) in enumerate(zip(want.rows, got.rows, strict=False), 1):
        if not same(a, b):
            return f"row {number}: {a} expected, {b} given"
    if len(want.rows) != len(got.rows):
        return f"{len(want.rows)} rows expected, {len(got.rows)} given: {got.rows}"
    if want.explanations != got.explanations:
        return f"explanations {want.explanations} expected, {got.explanations} given"
    return None


def same(a: Any, b: Any) -> bool:
    """Equal in value and type, doubles to nine digits."""
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b, rel_tol=1e-9)
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    return type(a) is type(b) and bool(a == b)


def stations(entry: Entry, db: Any) -> list[Section]:
    """Return the sections of a case that show the way of the query through the engine."""
    from usql.explain import outline

    shown = [name for name in STATIONS if entry.section(name) is not None]
    if not shown:
        return []
    way = db.explain(entry.query, **entry.settings())
    texts = {"tree": outline(way.tree), "resolved": outline(way.resolved), "sql": way.sql}
    return [Section(name, tuple(texts[name].split("\n"))) for name in shown]


def _column(text: str) -> str:
    """A column as `label type`; a label with odd blanks or bars stands in JSON quotes."""
    text = text.strip()
    if text.startswith('"'):
        label, end = _DECODER.raw_decode(text)
        return f"{label} {text[end:].strip()}"
    return text


def _cells(line: str) -> Iterator[Any]:
    position = 0
    while True:
        position += len(line[position:]) - len(line[position:].lstrip())
        date = _DATE.match(line, position)
        if date:
            yield round(datetime.fromisoformat(date[1]).timestamp() * 1000)
            position = date.end()
        else:
            cell, position = _DECODER.raw_decode(line, position)
            yield cell
        rest = line[position:].lstrip()
        if not rest:
            return
        if not rest.startswith("|"):
            raise ValueError(f"{line!r} is no row: a bar is missing before {rest!r}")
        position = len(line) - len(rest) + 1
