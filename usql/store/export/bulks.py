"""Sessions in bulks, each small enough for one request.

What arrives: sessions as lines. What leaves: ``Bulk`` by ``Bulk``, in their order, each of at most
1000 sessions and 896,000 bytes; a session that is larger than that alone is a bulk of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from usql.store.export.snapshot import Line

MOST_SESSIONS = 1000
MOST_BYTES = 896_000


@dataclass(frozen=True, slots=True)
class Bulk:
    """What goes into one request.

    Attributes:
        sessions: how many.
        last: the number of the last one in the store.
        body: JSON lines.
    """

    sessions: int
    last: int
    body: bytes


def header_line(index: str | None) -> bytes:
    """Return the line that stands before each session in a bulk request of Elasticsearch.

    Args:
        index: where the session is to go; where the URL says, unless given.

    >>> header_line("sessions")
    b'{"index":{"_index":"sessions"}}'
    """
    action = {} if index is None else {"_index": index}
    return json.dumps({"index": action}, separators=(",", ":")).encode()


def bulks(
    lines: Iterable[Line],
    header: bytes | None = None,
    *,
    most_sessions: int = MOST_SESSIONS,
    most_bytes: int = MOST_BYTES,
) -> Iterator[Bulk]:
    """Yield sessions in bulks.

    Args:
        lines: the sessions.
        header: a line to stand before each.
        most_sessions: in one bulk.
        most_bytes: in one bulk, unless a single session is larger.
    """
    parts: list[bytes] = []
    size = last = sessions = 0
    for line in lines:
        part = line.text + b"\n" if header is None else header + b"\n" + line.text + b"\n"
        if sessions and (sessions == most_sessions or size + len(part) > most_bytes):
            yield Bulk(sessions, last, b"".join(parts))
            parts.clear()
            size = sessions = 0
        parts.append(part)
        size += len(part)
        sessions += 1
        last = line.number
    if sessions:
        yield Bulk(sessions, last, b"".join(parts))


def halves(bulk: Bulk, lines: int) -> tuple[Bulk, Bulk]:
    """Return a bulk of several sessions as two.

    Args:
        bulk: the whole.
        lines: of each session: 2 if a header stands before it, else 1.
    """
    split = bulk.body.splitlines(keepends=True)
    first = bulk.sessions // 2
    at = first * lines
    return (
        Bulk(first, bulk.last, b"".join(split[:at])),
        Bulk(bulk.sessions - first, bulk.last, b"".join(split[at:])),
    )
