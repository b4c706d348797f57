"""Large figures: ``large("12") -> lines``, for a single number on a screen."""

from __future__ import annotations

_FIGURES = {
    "0": "███ █ █ █ █ █ █ ███",
    "1": " █  ██   █   █  ███",
    "2": "███   █ ███ █   ███",
    "3": "███   █ ███   █ ███",
    "4": "█ █ █ █ ███   █   █",
    "5": "███ █   ███   █ ███",
    "6": "███ █   ███ █ █ ███",
    "7": "███   █   █   █   █",
    "8": "███ █ █ ███ █ █ ███",
    "9": "███ █ █ ███   █ ███",
    "-": "        ███        ",
    ",": "",
    ".": "",
}
_HEIGHT = 5
_WIDE = 3


def large(text: str) -> tuple[str, ...] | None:
    """Return the five lines of a number; ``None`` if it has other signs than figures.

    >>> print("\\n".join(large("1.7")))
     █    ███
    ██      █
     █      █
     █      █
    ███ █   █
    >>> large("1e+21")
    """
    if not text or any(sign not in _FIGURES for sign in text):
        return None
    figures = [_lines(sign) for sign in text]
    return tuple(" ".join(figure[n] for figure in figures) for n in range(_HEIGHT))


def _lines(sign: str) -> tuple[str, ...]:
    if sign in ",.":
        return (" ", " ", " ", " ", "█" if sign == "." else "▖")
    drawn = _FIGURES[sign]
    return tuple(drawn[n * (_WIDE + 1) : n * (_WIDE + 1) + _WIDE] for n in range(_HEIGHT))
