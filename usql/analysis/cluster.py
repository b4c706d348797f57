"""Extended users: the user tags and internal ids that sessions tie together.

Whoever logs in on two devices has one user tag and two internal ids; whoever has two accounts on
one device has one internal id and two user tags. Each session with both is an edge of a graph; an
*extended user* is a connected component of it. It is found exactly, by breadth-first search: the
sessions of all names found last, until no new name turns up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from usql.analysis.asking import Asker
from usql.record import Record

_AT_ONCE = 1_000
"""Names in one query."""


class Identity(Record):
    """The names of a user.

    Attributes:
        user_ids: user tags, sorted.
        internal_user_ids: internal ids, sorted.
    """

    user_ids: tuple[str, ...] = ()
    internal_user_ids: tuple[str, ...] = ()

    def condition(self, table: str = "usersession") -> str:
        """Return the condition for the user's sessions, in a query on a table.

        Its parameters are ``params``.

        >>> Identity(("ann",), ("7", "9")).condition()
        '(userId IN (:tags) OR internalUserId IN (:ids))'
        >>> Identity(("ann",)).condition("useraction")
        'usersession.userId IN (:tags)'
        """
        prefix = "" if table == "usersession" else "usersession."
        terms = []
        if self.user_ids:
            terms.append(f"{prefix}userId IN (:tags)")
        if self.internal_user_ids:
            terms.append(f"{prefix}internalUserId IN (:ids)")
        return terms[0] if len(terms) == 1 else f"({' OR '.join(terms)})"

    @property
    def params(self) -> dict[str, list[str]]:
        """The parameters of its condition."""
        named = {"tags": list(self.user_ids), "ids": list(self.internal_user_ids)}
        return {name: values for name, values in named.items() if values}


def extended(asker: Asker, known: Identity) -> Identity:
    """Return all names that sessions tie to those known, in all data.

    Args:
        asker: asks; its timeframe does not matter here.
        known: one name or more.
    """
    everywhere = asker.during(None)
    tags, ids = set(known.user_ids), set(known.internal_user_ids)
    new_tags, new_ids = set(tags), set(ids)
    while new_tags or new_ids:
        pairs = [*_pairs(everywhere, "userId", new_tags)]
        pairs += _pairs(everywhere, "internalUserId", new_ids)
        new_tags = {tag for tag, _ in pairs if tag is not None} - tags
        new_ids = {id_ for _, id_ in pairs if id_ is not None} - ids
        tags |= new_tags
        ids |= new_ids
    return Identity(tuple(sorted(tags)), tuple(sorted(ids)))


def _pairs(
    asker: Asker, field: str, names: Iterable[str]
) -> Iterator[tuple[str | None, str | None]]:
    """Yield user tags with internal ids of the sessions that have some names in a field."""
    for some in _portions(sorted(names)):
        found = asker.ask(
            "names that share sessions",
            f"SELECT DISTINCT userId, internalUserId\nFROM usersession\nWHERE {field} IN (:names)",
            {"names": some},
        )
        yield from found.rows


def _portions(names: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(names), _AT_ONCE):
        yield list(names[start : start + _AT_ONCE])
