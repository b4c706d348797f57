"""Generic SQL -> the SQL of one engine: spellings as a table, no meaning.

A dialect replaces each generic function (``usql.plan.sql.Generic``) and leaves the rest to sqlglot.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlglot import exp

from usql.plan.sql import Generic

Spelling = Callable[..., exp.Expr]
"""Takes the arguments of a generic function, returns what stands for it."""


@dataclass(frozen=True)
class Dialect:
    """An engine's SQL.

    Attributes:
        name: of the engine.
        sqlglot: sqlglot's name for it.
        spellings: what stands for each generic function.
    """

    name: str
    sqlglot: str
    spellings: Mapping[Generic, Spelling]

    def render(self, tree: exp.Select, *, pretty: bool = False) -> str:
        """Return the engine's SQL; the tree's generic functions are replaced in place."""
        by_name = {function.value: spelling for function, spelling in self.spellings.items()}
        calls = [c for c in tree.find_all(exp.Anonymous) if c.name in by_name]
        for call in reversed(calls):  # inner calls before those around them
            call.replace(by_name[call.name](*call.expressions))
        return tree.sql(dialect=self.sqlglot, pretty=pretty)
