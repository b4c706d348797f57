"""Amounts in words: how many of something, and how large it is."""

from __future__ import annotations

_UNITS = ("kB", "MB", "GB", "TB")


def counted(number: int, noun: str) -> str:
    """Return a number with its noun.

    >>> counted(1, "row"), counted(1200, "row")
    ('1 row', '1,200 rows')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def size(number: float) -> str:
    """Return bytes as people write them, in powers of 1000.

    >>> size(1234567)
    '1.2 MB'
    """
    if number < 1000:
        return f"{number:.0f} B"
    unit = "B"
    for larger in _UNITS:
        if number < 999.95:
            break
        number, unit = number / 1000, larger
    return f"{number:,.1f} {unit}"
