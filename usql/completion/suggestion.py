"""What a suggestion is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

SuggestionKind: TypeAlias = Literal[
    "keyword", "table", "field", "function", "key", "value", "variable", "operator", "alias",
    "timeframe",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Something that may stand at the cursor.

    Attributes:
        start, end: the piece of the text that it replaces, in characters.
        text: what is put there.
        cursor: where the cursor is afterwards, in characters of the new text.
        label: what a list shows.
        kind: what it is.
        about: a short description, or "".
    """

    start: int
    end: int
    text: str
    cursor: int
    label: str
    kind: SuggestionKind
    about: str = ""

    def apply(self, text: str) -> str:
        """Return a text with the suggestion put in."""
        return text[: self.start] + self.text + text[self.end :]
