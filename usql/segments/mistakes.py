"""What is said of a segment that cannot be read."""

from __future__ import annotations

from usql.errors import BadSegment, UnknownAttribute
from usql.segments.catalogue import Attribute, attributes, names
from usql.source import Span


def nearest(word: str, known: tuple[str, ...]) -> str | None:
    """Return a question that names the nearest of some names, or ``None``."""
    from usql.resolve.names import nearest as nearest_name

    return nearest_name(word, known)


def unknown_attribute(name: str, span: Span | None = None) -> UnknownAttribute:
    """Return the error for an attribute that does not exist."""
    labels = tuple(each.label for each in attributes())
    words = name.split()
    question = nearest(name, labels) or nearest(name, tuple(n for n in names()))
    for count in range(len(words) - 1, 0, -1):  # a property whose key stands behind its name
        question = question or nearest(
            " ".join(words[:count]), tuple(a.label for a in attributes() if a.keyed)
        )
    hint = question or "write a label such as Country, Duration or User action name"
    return UnknownAttribute(f"there is no attribute {_shown(name)}", span, hint=hint)


def unlisted(attribute: Attribute, text: str, span: Span | None = None) -> BadSegment:
    """Return the error for a value that is not among the known ones."""
    listed = ", ".join(attribute.choices)
    hint = nearest(text, attribute.choices) or f"it is one of {listed}"
    if attribute.field:
        hint += f' (or "{text}" in quotes, if it is there all the same)'
    return BadSegment(f"'{text}' is no {attribute.label}", span, hint=hint)


def no_value(attribute: Attribute, span: Span | None = None) -> BadSegment:
    """Return the error for a filter that asks for nothing."""
    return BadSegment(
        f"{attribute.label} asks for no value",
        span,
        hint=f"name one or more: {attribute.label}: …; any value at all is any, none is none",
    )


def _shown(name: str) -> str:
    return name if len(name) <= 60 else f"{name[:59]}…"
