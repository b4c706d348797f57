"""Suggestions within the text of a segment: attributes, their values, segments of the store."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from usql.errors import UsqlError
from usql.shell.suggestions import Suggestion, matching

if TYPE_CHECKING:
    from usql.engine import Database
    from usql.segments import Attribute


def of_segment(db: Database, text: str, start: int, cursor: int) -> Iterator[Suggestion]:
    """Yield suggestions for a text of which a segment is typed from ``start`` up to a cursor."""
    begun = text[start:cursor]
    if begun.lstrip().lower().startswith("where "):
        head = "SELECT COUNT(*) FROM usersession WHERE "
        skipped = len(begun) - len(begun.lstrip()) + len("where ")
        yield from _moved(db, head, text[start + skipped : cursor], cursor)
        return
    current = begun.rpartition(";")[2]
    name, colon, values = current.partition(":")
    if colon:
        yield from _values(db, name, values.rpartition(",")[2], cursor)
        return
    word = current.lstrip()
    begin = cursor - len(word)
    if word.lower().startswith("not "):
        begin, word = begin + 4, word[4:]
    if current == begun:
        yield from matching(_kept(db), begin, cursor, word)
    yield from matching(_attributes(), begin, cursor, word, ": ")


def _attributes() -> list[tuple[str, str]]:
    from usql.segments import attributes

    return [(each.label, each.category) for each in attributes()]


def _kept(db: Database) -> list[tuple[str, str]]:
    return [(each.name, str(each.segment)) for each in db.segments.list()]


def _values(db: Database, name: str, begun: str, cursor: int) -> Iterator[Suggestion]:
    """Yield values of an attribute that begin as typed."""
    from usql.segments import AttributeKind

    attribute = _attribute(name)
    word = begun.lstrip()
    if attribute is None:
        return
    choices = [(value, "") for value in attribute.choices]
    if not choices and attribute.kind is AttributeKind.TEXT and not attribute.keyed:
        choices = [(value, "") for value in _known_values(db, attribute)]
    yield from matching(choices, cursor - len(word), cursor, word)


def _attribute(name: str) -> Attribute | None:
    from usql.segments import attribute

    bare = re.sub(r"^\s*not\s+", "", name, flags=re.IGNORECASE)
    try:
        return attribute(bare)
    except UsqlError:
        return None


def _known_values(db: Database, attribute: Attribute) -> Iterator[str]:
    """Yield the most frequent values, as the text of a segment has them."""
    from usql.segments import where

    head = f"SELECT COUNT(*) FROM usersession WHERE {attribute.field} = '"
    for found in db.complete(head, len(head)):
        if found.kind == "value" and found.label != found.text:
            yield str(where(attribute, found.label)).partition(": ")[2]


def _moved(db: Database, head: str, condition: str, cursor: int) -> Iterator[Suggestion]:
    """Yield suggestions for a condition, which stands elsewhere than in the query asked about."""
    query = head + condition
    by = cursor - len(query)
    for found in db.complete(query, len(query)):
        if found.start >= len(head):
            yield Suggestion(
                found.start + by,
                found.end + by,
                found.text,
                found.cursor + by,
                found.label,
                found.about,
            )
