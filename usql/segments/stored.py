"""The named segments of a store: added, listed, renamed, removed.

What arrives: names and segments. What leaves: their texts in the store, checked before they go in,
and segments read from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from usql.errors import BadSegment, SegmentExists, UnknownSegment
from usql.record import Record
from usql.segments.known import match_name
from usql.segments.mistakes import nearest
from usql.segments.segment import Segment

if TYPE_CHECKING:
    from usql.store.places import StoreWriter

LONGEST_NAME = 200
"""Most characters of a name."""


class NamedSegment(Record):
    """A segment of a store.

    Attributes:
        name: as it was given.
        segment: what it means.
    """

    name: str
    segment: Segment


class StoredSegments:
    """The named segments of a store; ``Database.segments`` returns it.

    Names are found exactly, else without regard to case.

    >>> import usql
    >>> with usql.connect() as db:
    ...     _ = db.segments.add("vip", "User tag: anna, bob")
    ...     [(each.name, str(each.segment)) for each in db.segments.list()]
    [('vip', 'User tag: anna, bob')]
    """

    def __init__(
        self,
        read: Callable[[], Iterable[tuple[str, str]]],
        writing: Callable[[], AbstractContextManager[StoreWriter]],
        check: Callable[[str], object],
    ) -> None:
        self._read = read
        self._writing = writing
        self._check = check

    def __iter__(self) -> Iterator[NamedSegment]:
        return iter(self.list())

    def list(self) -> tuple[NamedSegment, ...]:
        """Return all segments, in the order of their names.

        Raises:
            StoreError: the store cannot be read.
        """
        texts = dict(self._read())
        return tuple(NamedSegment(name, Segment.parse(texts[name])) for name in sorted(texts))

    def get(self, name: str) -> Segment:
        """Return a segment.

        Raises:
            UnknownSegment: there is none of that name.

        >>> import usql
        >>> with usql.connect() as db:
        ...     _ = db.segments.add("vip", "Country: Spain")
        ...     db.segments.get("VIP").to_usql()
        "country = 'Spain'"
        """
        texts = dict(self._read())
        return Segment.parse(texts[_found(name, texts)])

    def find(self, text: str) -> Segment:
        """Return the segment that a person means: by its name, or by its filters.

        Args:
            text: the name of a segment of the store, or the text of any segment.

        Raises:
            UnknownSegment: there are no filters in the text, and no segment has it for a name.
            BadSegment, UnknownAttribute: the filters are bad.

        >>> import usql
        >>> with usql.connect() as db:
        ...     _ = db.segments.add("vip", "Country: Spain")
        ...     [str(db.segments.find(text)) for text in ("vip", "City: Madrid")]
        ['Country: Spain', 'City: Madrid']
        """
        texts = dict(self._read())
        name = match_name(text.strip(), texts)
        if name is not None:
            return Segment.parse(texts[name])
        if text.strip() and ":" not in text:
            hint = nearest(text, tuple(texts)) or "give the name of one, or write Country: Austria"
            raise UnknownSegment(f"there is no segment '{text.strip()}'", hint=hint)
        return Segment.parse(text)

    def add(self, name: str, segment: Segment | str, *, replace: bool = False) -> NamedSegment:
        """Keep a segment under a name.

        Args:
            name: up to 200 characters, none of them a control character.
            segment: a segment, or its text, such as ``"Country: Austria; Bounced: no"``.
            replace: take the place of a segment that has the name already.

        Raises:
            BadSegment: the text or the name is bad.
            SegmentExists: the name is taken.
            StoreError: the store cannot be written.
        """
        _check_name(name)
        made = Segment.parse(segment) if isinstance(segment, str) else segment
        self._check(made.to_usql())
        with self._writing() as store, store.transaction():
            known = match_name(name, dict(store.segments()))
            if known is not None and not replace:
                raise SegmentExists(
                    f"there is a segment '{known}' already", hint="give another name, or replace it"
                )
            if known is not None:
                store.drop_segment(known)
            store.put_segment(name, str(made))
        return NamedSegment(name, made)

    def remove(self, name: str) -> None:
        """Forget a segment.

        Raises:
            UnknownSegment: there is none of that name.
            StoreError: the store cannot be written.
        """
        with self._writing() as store, store.transaction():
            store.drop_segment(_found(name, dict(store.segments())))

    def rename(self, name: str, new: str) -> None:
        """Give a segment another name.

        Raises:
            UnknownSegment: there is none of that name.
            BadSegment: the new name is bad.
            SegmentExists: another segment has it.
            StoreError: the store cannot be written.
        """
        _check_name(new)
        with self._writing() as store, store.transaction():
            texts = dict(store.segments())
            old = _found(name, texts)
            taken = match_name(new, (each for each in texts if each != old))
            if taken is not None:
                raise SegmentExists(
                    f"there is a segment '{taken}' already", hint="give another name"
                )
            store.drop_segment(old)
            store.put_segment(new, texts[old])


def _found(name: str, texts: dict[str, str]) -> str:
    found = match_name(name, texts)
    if found is None:
        hint = nearest(name, tuple(texts))
        raise UnknownSegment(f"there is no segment '{name}'", hint=hint)
    return found


def _check_name(name: str) -> None:
    if not name.strip() or name != name.strip():
        raise BadSegment("a segment's name is not empty, and has no blanks around it")
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise BadSegment(
            f"a segment's name has up to {LONGEST_NAME} characters, none of them for control"
        )
