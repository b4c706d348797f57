"""Generic SQL -> the SQL of one engine: spellings as a table, no meaning.

A dialect says what stands for each generic function (``usql.plan.sql.Generic``) and leaves the rest
to sqlglot's generator for the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect as SqlglotDialect
from sqlglot.generator import Generator

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
    spellings: Mapping[Generic, Spelling] = field(repr=False)

    def render(self, tree: exp.Select, *, pretty: bool = False) -> str:
        """Return the engine's SQL; the tree stays as it is."""
        return self._generator(pretty=pretty).generate(tree, copy=False)

    @cached_property
    def _generator(self) -> Callable[..., Generator]:
        """Return sqlglot's generator, taught our functions.

        They are spelled as the text is written: a pass over the tree before would cost as much
        again as planning.
        """
        by_name = {function.value: spelling for function, spelling in self.spellings.items()}
        dialect = SqlglotDialect.get_or_raise(self.sqlglot)
        base: type[Generator] = dialect.generator_class

        class Spelled(base):  # type: ignore[misc,valid-type]
            def anonymous_sql(self, expression: exp.Anonymous) -> str:
                spelling = by_name.get(expression.name)
                if spelling is None:
                    return str(super().anonymous_sql(expression))
                return str(self.sql(spelling(*expression.expressions)))

        return lambda **options: Spelled(dialect=dialect, **options)
