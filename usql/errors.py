"""The one exception of this package, in its few kinds.

A pass raises at the node it stands on, with the node's span. The source text is attached once, at
the edge (``engine``), and ``str(error)`` then draws the line with a caret (see ``diagnostics``).
"""

from __future__ import annotations

from typing import ClassVar

from usql.source import Source, Span


class UsqlError(Exception):
    """Whatever can go wrong, said to the person who wrote the query.

    Attributes:
        message: what is wrong, one sentence.
        hint: what to write instead, or ``None``.
        code: a stable identifier of the kind, such as ``unknown-field``.
        line, column: the place in the query, counted from 1, or ``None`` where there is none.
        span: the same place as character offsets, or ``None``.
        source: the text the span belongs to, or ``None``.

    ``str(error)`` is the message, the source line with a caret, and the hint.
    """

    code: ClassVar[str] = "error"

    def __init__(self, message: str, span: Span | None = None, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.span = span
        self.hint = hint
        self.source: Source | None = None

    def attach(self, source: Source) -> None:
        """Remember the text the span belongs to, unless one is known already."""
        if self.source is None:
            self.source = source

    @property
    def line(self) -> int | None:
        """Line of the error in the query, from 1."""
        if self.source is None or self.span is None:
            return None
        return self.source.position(self.span.start).line

    @property
    def column(self) -> int | None:
        """Column of the error in the query, from 1."""
        if self.source is None or self.span is None:
            return None
        return self.source.position(self.span.start).column

    def __str__(self) -> str:
        from usql.diagnostics import draw

        return draw(self)


class BadSyntax(UsqlError):
    """The text is not a query of the language."""

    code = "syntax"


class TooLarge(BadSyntax):
    """The query is longer or nested deeper than the engine accepts."""

    code = "too-large"


SMALLER = "split the query, or pass long lists of values as a parameter: field IN (:values)"
"""A hint for queries that are too large."""


class UnknownName(UsqlError):
    """A table, field, function or alias that does not exist."""

    code = "unknown-name"


class UnknownTable(UnknownName):
    """No such table."""

    code = "unknown-table"


class UnknownField(UnknownName):
    """No such field in the tables that can be reached."""

    code = "unknown-field"


class AmbiguousField(UnknownName):
    """A bare name that several reachable tables have."""

    code = "ambiguous-field"


class NotQueryable(UnknownName):
    """A field that exists in the data but cannot be asked for."""

    code = "not-queryable"


class UnreachableTable(UnknownName):
    """A secondary table named from another secondary table."""

    code = "unreachable-table"


class UnknownSession(UsqlError):
    """No session has that id."""

    code = "unknown-session"


class UnknownUser(UsqlError):
    """No session has that user tag, or internal id."""

    code = "unknown-user"


class UnknownAttribute(UnknownName):
    """An attribute of a segment that does not exist."""

    code = "unknown-attribute"


class UnknownSegment(UnknownName):
    """A named segment that the store does not have."""

    code = "unknown-segment"


class BadSegment(UsqlError):
    """The text of a segment that cannot be read, or a value that its attribute cannot have."""

    code = "bad-segment"


class SegmentExists(BadSegment):
    """The name of a segment that the store has already."""

    code = "segment-exists"


class WrongType(UsqlError):
    """A value or an expression of a type that does not fit its place."""

    code = "wrong-type"


class WrongStructure(UsqlError):
    """Parts of a query that cannot stand together."""

    code = "wrong-structure"


class BadValue(UsqlError):
    """A literal that means nothing: a date that does not exist, a bad address, a bad interval."""

    code = "bad-value"


class BadParameter(UsqlError):
    """A bound parameter that is missing or of a type that cannot be bound."""

    code = "bad-parameter"


class NotYetSupported(UsqlError):
    """A part of the language that is reserved for a later version."""

    code = "not-yet-supported"


class BadTimeframe(UsqlError):
    """A timeframe, time zone or ``now`` that cannot be understood."""

    code = "bad-timeframe"


class BadData(UsqlError):
    """Data that cannot be imported."""

    code = "bad-data"


class StoreError(UsqlError):
    """The store cannot be opened, read or written."""

    code = "store"


class ReadOnlyStore(StoreError):
    """The store is of a kind that can only be read."""

    code = "read-only"


class ExportError(UsqlError):
    """Sessions or results cannot be written or sent where they should go."""

    code = "export"


class MissingExtra(UsqlError):
    """A library that this needs is not installed."""

    code = "missing-extra"


class Ended(UsqlError):
    """Work that was ended before it was done: nothing is wrong with what was asked."""


class TimeLimitExceeded(Ended):
    """The query ran longer than its time limit."""

    code = "time-limit"


class Cancelled(Ended):
    """The query was cancelled."""

    code = "cancelled"


class EngineError(UsqlError):
    """The database engine refused a query that should have run: a defect of ours, or a limit."""

    code = "engine"
