"""What a store holds, as text for people: ``facts(info)`` and ``described(info)``.

What arrives: a ``StoreInfo``. What leaves: pairs of words and figures, or lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from usql.render.amounts import size

if TYPE_CHECKING:
    from usql.store.info import StoreInfo


def described(found: StoreInfo, more: Sequence[tuple[str, str]] = ()) -> Iterator[str]:
    """Yield what a store holds, as texts of one line or several.

    Args:
        found: what it holds.
        more: facts that are told below those of the store.
    """
    told = [*facts(found), *more]
    width = max(len(name) for name, _ in told)
    yield from (f"{name:{width}}  {fact}" for name, fact in told)
    if found.applications:
        yield "\nApplications\n"
        rows = [(one.name, one.sessions, one.actions) for one in found.applications]
        yield _table(("name", "sessions", "actions"), rows)
    if found.properties:
        yield "\nProperties\n"
        keys = [(one.table, one.key, one.type, one.count) for one in found.properties]
        yield _table(("table", "key", "type", "rows"), keys)
    if found.parts:
        yield "\nSizes\n"
        parts = [(one.name, one.kind, size(one.bytes)) for one in found.parts]
        yield _table(("name", "kind", "size"), parts)


def facts(found: StoreInfo) -> Iterator[tuple[str, str]]:
    """Yield what a store is and holds, a word and a figure each."""
    times = "none"
    if found.first is not None and found.last is not None:
        times = f"{_time(found.first)} to {_time(found.last)}"
    yield "store", found.store
    yield "version", str(found.version)
    yield "sessions", f"{found.sessions:,}"
    yield "actions", f"{found.actions:,}"
    yield "events", f"{found.events:,}"
    yield "errors", f"{found.errors:,}"
    yield "times", times
    yield "size", f"{size(found.bytes)}, {size(found.free)} of it free"
    if found.postponed:
        yield "indexes", to_be_made(len(found.postponed))


def to_be_made(indexes: int) -> str:
    """Return how many indexes a store lacks.

    >>> to_be_made(1), to_be_made(12)
    ('1 index is still to be made', '12 indexes are still to be made')
    """
    return f"{indexes:,} {'index is' if indexes == 1 else 'indexes are'} still to be made"


def _time(ms: int) -> str:
    """Return a time in UTC as text; one that no calendar has, as it is."""
    from datetime import UTC, datetime, timedelta

    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
    except OverflowError:
        return f"{ms} ms"
    return moment.strftime("%Y-%m-%d %H:%M:%SZ")


def _table(names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> str:
    from usql.render import render
    from usql.result import Column, Result

    columns = tuple(
        Column(name, "long" if rows and isinstance(value, int) else "string")
        for name, value in zip(names, rows[0], strict=True)
    )
    return "".join(render(Result(columns, list(rows)), "table")).rstrip("\n")
