"""A segment: filters that all have to hold of a session."""

from __future__ import annotations

from usql.record import Record
from usql.segments.catalogue import Attribute, attribute
from usql.segments.filters import Filter


class Segment(Record):
    """The sessions that satisfy some filters; without filters, all sessions.

    Filters of one attribute are joined by ``Segment.of``: their items are alternatives.

    >>> segment = Segment.parse("Country: Austria, Spain; Duration: >= 60s")
    >>> str(segment)
    'Country: Austria, Spain; Duration: >= 60s'
    >>> segment.to_usql()
    "country IN ('Austria', 'Spain') AND duration >= 60000"
    """

    filters: tuple[Filter, ...] = ()

    @classmethod
    def of(cls, *filters: Filter) -> Segment:
        """Return the segment of some filters.

        >>> from usql.segments import where
        >>> str(Segment.of(where("Country", "Austria"), where("Country", "Spain")))
        'Country: Austria, Spain'
        """
        joined: dict[tuple[str, str, bool], Filter] = {}
        for each in filters:
            name = (each.attribute.label, each.key, each.negated)
            known = joined.get(name)
            items = dict.fromkeys((*known.items, *each.items) if known else each.items)
            joined[name] = Filter(each.attribute, tuple(items), each.key, each.negated)
        return cls(tuple(joined.values()))

    @classmethod
    def parse(cls, text: str) -> Segment:
        """Return the segment that a text means.

        Args:
            text: ``[not] ATTRIBUTE [KEY]: VALUE, VALUE; …``. A name is a label of the catalogue or
                the field it stands for, in any letter case. A value is a text (between quotes
                where it has commas, semicolons or signs with a meaning; ``*`` without quotes is
                any run of characters), a number, a duration (``90s``, ``5m``), a date, an address
                or a network, ``yes`` or ``no``; a range: ``>= 60s``, ``1 to 5``, ``> 1 and < 5``;
                ``any`` for any value, ``none`` for none.

        Raises:
            BadSegment: the text is no segment; with line, column and a hint.
            UnknownAttribute: there is no attribute of that name.

        >>> Segment.parse("not IP: 10.0.0.0/8; Session replay: yes").to_usql()
        "NOT (ip BETWEEN '10.0.0.0' AND '10.255.255.255') AND hasSessionReplay = true"
        """
        from usql.segments.reading import read_segment

        return cls.of(*read_segment(text))

    def __str__(self) -> str:
        from usql.segments.writing import segment_text

        return segment_text(self.filters)

    def to_usql(self) -> str:
        """Return the segment as a condition over ``usersession``, to stand behind ``WHERE``.

        It may be joined to other conditions by ``AND``. A date that is a day is one of the time
        zone of the query.

        >>> Segment().to_usql()
        'userSessionId IS NOT NULL'
        """
        from usql.segments.conditions import segment_condition

        return segment_condition(self.filters)

    def adding(self, *filters: Filter) -> Segment:
        """Return a segment with more filters."""
        return Segment.of(*self.filters, *filters)

    def without(self, name: str | Attribute, key: str = "") -> Segment:
        """Return the segment without the filters of one attribute.

        Args:
            name: the attribute, or its label, alias or field.
            key: of a property.

        Raises:
            UnknownAttribute: there is no such attribute.

        >>> str(Segment.parse("Country: Spain; City: Madrid").without("country"))
        'City: Madrid'
        """
        gone = attribute(name) if isinstance(name, str) else name
        kept = (f for f in self.filters if (f.attribute, f.key) != (gone, key))
        return Segment(tuple(kept))
