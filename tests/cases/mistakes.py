"""Bad queries: the error each must give, as people see it."""

from __future__ import annotations

from typing import Any

from .reader import Entry, Section


def raised(entry: Entry, db: Any) -> Section:
    """Return the error of a bad query: kind, line and column, then its text.

    Raises:
        AssertionError: the engine answers the query.
    """
    from usql.errors import UsqlError

    try:
        result = db.query(entry.query, **entry.settings())
    except UsqlError as error:
        place = f" {error.line}:{error.column}" if error.span is not None else ""
        return Section("error", (f"{error.code}{place}", *str(error).split("\n")))
    raise AssertionError(f"{entry} is no error; it gives {result.rows}")
