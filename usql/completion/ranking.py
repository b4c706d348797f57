"""Which suggestions match what was typed, the best first."""

from __future__ import annotations

from collections.abc import Iterable

from usql.completion.suggestion import Suggestion


def ranked(found: Iterable[Suggestion], typed: str) -> tuple[Suggestion, ...]:
    """Return the suggestions that match, the best first; equally good ones keep their order."""
    word = typed.casefold()
    scored = [(score, s) for s in found if (score := _score(s.label, word)) is not None]
    scored.sort(key=lambda pair: pair[0])
    return tuple(s for _, s in scored)


def _score(label: str, word: str) -> int | None:
    """Return how far a label is from what was typed, or ``None`` if it does not match.

    >>> [_score("userActionCount", w) for w in ("user", "ac", "tion", "uac", "xyz")]
    [1, 3, 4, 5, None]
    """
    name = label.casefold()
    if name == word:
        return 0
    if name.startswith(word):
        return 1
    if name.rpartition(".")[2].startswith(word):
        return 2
    at = name.find(word)
    if at >= 0:
        begins = label[at].isupper() or not label[at - 1].isalnum()
        return 3 if begins else 4
    rest = iter(name)
    return 5 if all(letter in rest for letter in word) else None
