"""The named segments that a query may use: those that come with it, and those of the store.

What arrives: texts and segments by name. What leaves: conditions as trees, which is how ``resolve``
wants them. The store is asked when a query names a segment, and not before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from usql.errors import BadSegment, Ended, UsqlError
from usql.segments.segment import Segment

if TYPE_CHECKING:
    from usql import ast


class KnownSegments:
    """Segments by name; a name is matched exactly, else without regard to case.

    Args:
        given: come with the query, and hide stored ones of the same name: segments, or conditions
            over ``usersession`` as text.
        stored: returns the segments of the store, as names and texts.
    """

    def __init__(
        self,
        given: Mapping[str, Segment | str],
        stored: Callable[[], Iterable[tuple[str, str]]],
    ) -> None:
        self._given = given
        self._read = stored

    def names(self) -> tuple[str, ...]:
        """Return all names."""
        return tuple(dict.fromkeys((*self._given, *self._stored)))

    def condition(self, name: str) -> ast.Condition | None:
        """Return the condition of a segment, or ``None`` where there is none of that name.

        Raises:
            BadSegment: what came with the query is no segment and no condition.
        """
        found = match_name(name, self._given)
        if found is not None:
            return _tree(found, self._given[found])
        found = match_name(name, self._stored)
        return None if found is None else _tree(found, Segment.parse(self._stored[found]))

    @cached_property
    def _stored(self) -> dict[str, str]:
        return dict(self._read())


def match_name(name: str, names: Iterable[str]) -> str | None:
    """Return the one of some names that is meant: the same, else the first alike but for case.

    >>> match_name("VIP", ["vip", "others"])
    'vip'
    """
    known = list(names)
    if name in known:
        return name
    return next((each for each in sorted(known) if each.casefold() == name.casefold()), None)


def _tree(name: str, segment: Segment | str) -> ast.Condition:
    from usql.selection import chosen_by

    if not isinstance(segment, Segment | str):
        raise BadSegment(
            f"segment '{name}' is a {type(segment).__name__}",
            hint="give a Segment, or a condition over usersession as text",
        )
    try:
        return chosen_by(segment if isinstance(segment, str) else segment.to_usql())
    except Ended:
        raise
    except UsqlError as error:
        raise BadSegment(f"segment '{name}': {error.message}", hint=error.hint) from error
