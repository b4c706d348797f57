"""Texts as they are typed: what they consist of, whether they are whole, what may come next.

What arrives: any text, finished or not, right or wrong. Nothing here raises for a bad one.
"""

from usql.completion.knowledge import Knowledge
from usql.completion.suggest import complete, prepare
from usql.completion.suggestion import Suggestion
from usql.completion.text import (
    Completeness,
    Statement,
    Token,
    completeness,
    statements,
    tokens,
)
from usql.completion.timeframes import complete_timeframe

__all__ = [
    "Completeness",
    "Knowledge",
    "Statement",
    "Suggestion",
    "Token",
    "complete",
    "complete_timeframe",
    "completeness",
    "prepare",
    "statements",
    "tokens",
]
