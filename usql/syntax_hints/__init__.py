"""Why a text is not a query, said so that its author can mend it.

What arrives: the text, the offset at which the parser stopped, and the names of the grammar's
terminals that could have stood there. What leaves: a ``BadSyntax`` with message, span and hint.

Each rule looks at a ``Situation`` and gives a ``Finding`` or nothing; the first finding is told.
They stand from the particular to the general: what no query can contain, then words and clauses
that only other languages have, then what is missing or misplaced, then typing errors.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TypeAlias

from usql.errors import BadSyntax
from usql.source import Span
from usql.syntax_hints import characters, clauses, columns, conditions
from usql.syntax_hints.fallback import unexpected
from usql.syntax_hints.situation import Finding, Situation

Rule: TypeAlias = Callable[[Situation], Finding | None]

RULES: tuple[Rule, ...] = (
    # what no query can contain
    characters.unclosed,
    characters.early_end,
    clauses.beginning,
    characters.backticks,
    characters.foreign_comment,
    characters.foreign_sign,
    characters.foreign_path,
    characters.placeholder,
    characters.semicolon,
    # what only other languages have
    clauses.subquery,
    clauses.foreign_clause,
    columns.top_rows,
    # functions, lists and conditions that are made in another way
    columns.count,
    conditions.in_list,
    conditions.several_values,
    clauses.listed_in_brackets,
    conditions.between,
    conditions.function_on_left,
    conditions.quoted_field,
    conditions.value_on_left,
    characters.odd_number,
    characters.spaced_key,
    conditions.unquoted_text,
    conditions.several_texts,
    conditions.word_after_is,
    clauses.funnel,
    columns.condition_function,
    columns.arguments,
    columns.filter_part,
    columns.comparison_in_select,
    conditions.arithmetic_on_left,
    conditions.foreign_comparison,
    conditions.not_before_sign,
    # what is missing, or stands in another place
    conditions.missing_value,
    clauses.missing_piece,
    clauses.limit,
    columns.brackets,
    clauses.wrong_order,
    conditions.lonely_field,
    conditions.second_comparison,
    clauses.without_by,
    clauses.direction,
    # typing errors, and what may be one
    clauses.misspelt,
    clauses.second_table,
    columns.commas,
    conditions.comma_in_condition,
    clauses.missing_from,
    conditions.missing_connection,
    columns.after_star,
    columns.behind_alias,
    columns.between_columns,
)
"""Every rule; the first that finds something is believed."""


def describe(text: str, offset: int, expected: Collection[str]) -> BadSyntax:
    """Return the error for a text that stops being a query at an offset.

    Args:
        text: the whole text.
        offset: where it stops, in characters; the length of the text if it ends too early.
        expected: names of terminals that could have stood there.
    """
    situation = Situation.of(text, offset, expected)
    if len(situation.tokens) == 1:
        return BadSyntax("the query is empty", Span(0, 1), hint="start with SELECT")
    found = next(filter(None, (rule(situation) for rule in RULES)), None)
    finding = found or unexpected(situation)
    return BadSyntax(finding.message, finding.span, hint=finding.hint)
