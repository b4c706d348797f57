"""What a store can tell at once: property keys, frequent values, segments, until it changes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import Any

from usql.errors import UsqlError
from usql.formatter import field_text
from usql.resolve import Context
from usql.resolve.context import NoSegments, Segments
from usql.schema import Field

WAIT_S = 0.025
"""How long a key press waits for values; what comes later is there for the next one."""
_MOST = 20
_MOST_JUDGED = 1_000

Rows = Callable[[str], Sequence[tuple[Any, ...]]]


class Knowledge:
    """The store that suggestions are for; safe for several threads.

    Args:
        context: what texts are resolved against; its facts give the property keys.
        rows: runs a query, within a time limit of its own.
        version: something that differs once the store has changed.
        segments: the segments that the store has now.
    """

    def __init__(
        self,
        context: Context,
        rows: Rows,
        version: Callable[[], Hashable],
        segments: Callable[[], Segments] = NoSegments,
    ) -> None:
        self.context = context
        self._segments = segments
        self._rows = rows
        self._version = version
        self._known_of: Hashable = None
        self._known: dict[Hashable, tuple[Any, ...]] = {}
        self._asked: dict[Hashable, threading.Thread] = {}
        self._lock = threading.Lock()
        self._judged: dict[Hashable, bool] = {}

    def keys(self, field: Field) -> tuple[str, ...]:
        """Return the keys that rows have in a properties field."""
        self._refresh()
        name = ("keys", field.table, field.name)
        if name not in self._known:
            self._known[name] = tuple(self.context.facts.property_keys(field))
        return self._known[name]

    def values(self, field: Field, key: str | None = None, wait: float = WAIT_S) -> tuple[Any, ...]:
        """Return the most frequent values of a field or property, as far as they are known.

        The store is asked once, in a thread, and the answer is waited for so many seconds.
        """
        self._refresh()
        name = ("values", field.table, field.name, key)
        if name in self._known:
            return self._known[name]
        with self._lock:
            thread = self._asked.get(name)
            if thread is None:
                thread = threading.Thread(target=self._ask, args=(name, field, key), daemon=True)
                self._asked[name] = thread
                thread.start()
        thread.join(wait)
        return self._known.get(name, ())

    def segments(self) -> tuple[str, ...]:
        """Return the names of the store's segments."""
        self._refresh()
        if "segments" not in self._known:
            try:
                self._known["segments"] = tuple(self.context.segments.names())
            except UsqlError:  # the store is gone: there is nothing to suggest
                return ()
        return self._known["segments"]

    def judged(self, text: Hashable, judge: Callable[[], bool]) -> bool:
        """Return what was found out about a text; the same ones are asked about at each key."""
        self._refresh()
        judged = self._judged
        if text not in judged:
            if len(judged) >= _MOST_JUDGED:
                judged.clear()
            found = judged[text] = judge()
            return found
        return judged.get(text, True)  # another thread may have cleared it

    def _ask(self, name: Hashable, field: Field, key: str | None) -> None:
        known = self._known  # of this version of the store, should it change meanwhile
        written = field_text([field.name] if key is None else [field.name, key])
        text = f"SELECT {written}, COUNT(*) FROM {field.table} GROUP BY {written} LIMIT {_MOST}"
        try:
            rows = self._rows(text)
        except Exception:  # the store is gone, or too slow: there is nothing to suggest
            rows = ()
        known[name] = tuple(value for value, _ in rows if value is not None)

    def _refresh(self) -> None:
        version = self._version()
        with self._lock:
            if version != self._known_of:
                self._known_of, self._known, self._asked = version, {}, {}
                self._judged = {}
                self.context = replace(self.context, segments=self._segments())
