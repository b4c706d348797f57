"""What a query is resolved against: catalogue, store, zone, moment, parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from usql import ast
from usql.record import Record
from usql.schema import Field, Schema, Table
from usql.timeframe import Timeframe
from usql.zones import Zone


class Facts(Protocol):
    """What a store knows about its data."""

    def property_keys(self, field: Field) -> Sequence[str]:
        """Return the keys that rows have in a properties field."""

    def session_range(self) -> tuple[int, int] | None:
        """Return the earliest start and the latest end of a session in ms; ``None`` if empty."""

    def start_range(self) -> tuple[int, int] | None:
        """Return the earliest and the latest start of a session in ms; ``None`` if empty."""


class NoFacts:
    """The facts of an empty store."""

    def property_keys(self, field: Field) -> Sequence[str]:
        """Return nothing."""
        return ()

    def session_range(self) -> tuple[int, int] | None:
        """Return ``None``."""
        return None

    def start_range(self) -> tuple[int, int] | None:
        """Return ``None``."""
        return None


class Segments(Protocol):
    """The segments that a query may name."""

    def names(self) -> Sequence[str]:
        """Return all names."""

    def condition(self, name: str) -> ast.Condition | None:
        """Return the condition over sessions that a name stands for; ``None`` if there is none."""


class NoSegments:
    """No segments at all."""

    def names(self) -> Sequence[str]:
        """Return nothing."""
        return ()

    def condition(self, name: str) -> ast.Condition | None:
        """Return ``None``."""
        return None


@dataclass(frozen=True)
class Context:
    """Everything beside the text that decides what a query means.

    Attributes:
        schema: tables and fields.
        facts: what the store knows.
        zone: of date literals, date functions and intervals.
        now: ``$NOW`` in ms.
        timeframe: start times of sessions, or ``None`` for all.
        parameters: values of ``:name``.
        default_limit: rows without ``LIMIT``; ``None`` for all.
        segments: what ``IN SEGMENT`` may name.
        within: names of the segments whose conditions are being resolved, the outermost first.
        explanations: grows as the query is resolved; no sentence twice.
    """

    schema: Schema
    facts: Facts
    zone: Zone
    now: int
    timeframe: Timeframe | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    default_limit: int | None = 50
    segments: Segments = field(default_factory=NoSegments)
    within: tuple[str, ...] = ()
    explanations: list[str] = field(default_factory=list)

    def explain(self, sentence: str) -> None:
        """Note an assumption for the author."""
        if sentence not in self.explanations:
            self.explanations.append(sentence)

    def session_span(self) -> tuple[int, int]:
        """Return ``$TIME_FRAME_START`` and ``$TIME_FRAME_END``."""
        if self.timeframe is not None:
            return self.timeframe.start, self.timeframe.end
        stored = self.facts.session_range()
        return (self.now, self.now) if stored is None else (stored[0], stored[1] + 1)


class Scope(Record):
    """A context and the table that stands after ``FROM``."""

    context: Context
    table: Table
