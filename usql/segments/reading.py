"""The text of a segment -> filters.

``[not] ATTRIBUTE [KEY]: VALUE, VALUE; ATTRIBUTE: …``: filters are parted by ``;`` or line ends,
alternatives by commas. A value or key between quotes is taken as it is; the quote is doubled to
stand for itself. Every error has its place in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from usql.errors import BadSegment, UsqlError
from usql.record import Record
from usql.segments.catalogue import Attribute, AttributeKind, fold, names
from usql.segments.checking import checked_filter, checked_item, choice
from usql.segments.filters import Filter, Item, Pattern, Presence, Range, Scalar, Value
from usql.segments.mistakes import no_value, unknown_attribute, unlisted
from usql.segments.values import address, is_network, network, read_scalar
from usql.segments.writing import AND, ANY, LIKE, NONE, NOT, OPERATORS, QUOTES
from usql.source import Source, Span

MAX_LENGTH = 100_000
"""Longest text that is read, in characters."""

_SIGNS = {"=>": ">=", "=<": "<=", "≥": ">=", "≤": "<=", "==": "="}
_COMPARED = re.compile(rf"([{OPERATORS}]+)\s*(.*)", re.DOTALL)
_BETWEEN = re.compile(
    r"(.+?)(?:\s+to\s+|\s*\.\.\.?\s*|\s+[-–—]\s+|\s*…\s*)(.+)", re.DOTALL | re.IGNORECASE
)
_NOT = re.compile(rf"{NOT}\s+(?=\S)", re.IGNORECASE)
_PREFIX = re.compile(rf"({NOT}\s+)?({LIKE}\s+)?(?=[{QUOTES}])", re.IGNORECASE)
_DASHED = re.compile(r"([0-9][^-–]*?)(?<![0-9.][eE])[-–]([0-9][^-–]*)")
_CLOSING = {"‘": "’‘‚‛'", "“": '”“„‟"', "„": '“”„‟"', "‚": "‘’‚‛'", "’": "’'", "”": '”"'}


class _Piece(Record):
    """A value as it was written."""

    text: str
    span: Span
    quoted: bool = False
    pattern: bool = False
    negated: bool = False


def read_segment(text: str) -> tuple[Filter, ...]:
    """Return the filters of a text, in order.

    Raises:
        UsqlError: the text is no segment; the error knows line and column.
    """
    try:
        return tuple(_Reader(text).filters())
    except UsqlError as error:
        error.attach(Source(text))
        raise


class _Reader:
    """One text and how far it has been read."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def filters(self) -> Iterator[Filter]:
        """Yield the filters."""
        if len(self._text) > MAX_LENGTH:
            raise BadSegment(
                f"the segment has {len(self._text):,} characters; at most {MAX_LENGTH:,} are read",
                Span(0, 0),
            )
        while self._skip(" \t;\n\r\ufeff"):
            yield self._filter()

    def _skip(self, characters: str) -> bool:
        """Pass over blanks and the like; tell whether there is more."""
        text = self._text
        while self._at < len(text) and (text[self._at] in characters or self._is_blank()):
            self._at += 1
        return self._at < len(text)

    def _is_blank(self) -> bool:
        return self._text[self._at].isspace() and self._text[self._at] not in "\n\r"

    # --- names

    def _filter(self) -> Filter:
        start = self._at
        name = self._name()
        negation = _NOT.match(name.text)
        bare = name.text[negation.end() :] if negation else name.text
        attribute, key = _find(bare, Span(name.span.end - len(bare), name.span.end))
        pieces = list(self._pieces(attribute))
        negated = _negations(attribute, pieces) != (negation is not None)
        items = [_item(attribute, piece) for piece in pieces]
        return checked_filter(attribute, items, key, negated, Span(start, self._at))

    def _name(self) -> _Piece:
        """Read up to the colon."""
        start, text = self._at, self._text
        while self._at < len(text):
            character = text[self._at]
            if character == ":":
                span = Span(start, start + len(text[start : self._at].rstrip()))
                self._at += 1
                if span.start == span.end:
                    raise BadSegment(
                        "an attribute is missing before the colon", Span(start, self._at),
                        hint="write Country: Austria",
                    )  # fmt: skip
                return _Piece(text[span.start : span.end], span)
            if character in ";\n\r":
                break
            if character in QUOTES and text[self._at - 1 : self._at] in (" ", "\t", "."):
                self._quoted()
            else:
                self._at += 1
        raise self._no_colon(start)

    def _no_colon(self, start: int) -> BadSegment:
        span = Span(start, start + len(self._text[start : self._at].rstrip()))
        words = self._text[span.start : span.end].split()
        for count in range(len(words), 0, -1):
            known = names().get(fold(" ".join(words[:count])))
            if known is not None:
                rest = " ".join(words[count:]).lstrip("=") or "…"
                hint = f"write {known.label}: {rest}"
                return BadSegment("a colon is missing", span, hint=hint)
        hint = "write Country: Austria"
        if start:
            hint += "; a value with a semicolon in it stands between quotes"
        return BadSegment("an attribute, a colon and values are expected", span, hint=hint)

    # --- values

    def _pieces(self, attribute: Attribute) -> Iterator[_Piece]:
        """Read the values of one filter, up to a semicolon or the end of the line."""
        text = self._text
        more = True
        while more:
            # behind a comma the list may go on in the next line
            self._skip("\n\r" if text[self._at - 1] == "," else "")
            piece = self._piece()
            if piece.span.start == piece.span.end:
                raise self._missing(attribute)
            yield piece
            more = text[self._at : self._at + 1] == ","
            self._at += 1

    def _missing(self, attribute: Attribute) -> BadSegment:
        place = Span(self._at, min(self._at + 1, len(self._text)))
        if self._text[: self._at].rstrip().endswith(":"):
            return no_value(attribute, place)
        return BadSegment("a value is missing here", place,
                          hint='a value that is empty is written ""')  # fmt: skip

    def _piece(self) -> _Piece:
        start = self._at
        prefix = _PREFIX.match(self._text, start)
        if prefix is not None:
            self._at = prefix.end()
            inner = self._quoted()
            piece = _Piece(inner, Span(start, self._at), quoted=True,
                           pattern=bool(prefix[2]), negated=bool(prefix[1]))  # fmt: skip
            self._skip("")
            if self._text[self._at : self._at + 1] not in ("", ",", ";", "\n", "\r"):
                raise BadSegment(
                    "something stands behind the closing quote", Span(self._at, self._at + 1),
                    hint="part values by commas; a quote within quotes is doubled",
                )  # fmt: skip
            return piece
        while self._at < len(self._text) and self._text[self._at] not in ",;\n\r":
            self._at += 1
        written = self._text[start : self._at].rstrip()
        negation = _NOT.match(written)
        rest = written[negation.end() :] if negation else written
        span = Span(start + len(written) - len(rest), start + len(written))
        return _Piece(rest, span, negated=negation is not None)

    def _quoted(self) -> str:
        """Return a text between quotes and pass over it."""
        start, text = self._at, self._text
        closing = _CLOSING.get(text[start], text[start])
        found = []
        self._at += 1
        while self._at < len(text):
            character = text[self._at]
            self._at += 1
            if character not in closing:
                found.append(character)
            elif text[self._at : self._at + 1] == character:
                found.append(character)
                self._at += 1
            else:
                return "".join(found)
        raise BadSegment("the quote is never closed", Span(start, start + 1),
                         hint="a quote within quotes is doubled")  # fmt: skip


def _negations(attribute: Attribute, pieces: list[_Piece]) -> bool:
    """Return whether ``not`` stands before the values; it has to hold for all."""
    negated = [piece.negated for piece in pieces]
    if any(negated[1:]) and not all(negated):
        place = next(p.span for p, no in zip(pieces, negated, strict=True) if no)
        raise BadSegment(
            "not goes for all values of a filter", place,
            hint=f"write two filters: {attribute.label}: …; not {attribute.label}: …",
        )  # fmt: skip
    return negated[0]


# --- names


def _find(name: str, span: Span) -> tuple[Attribute, str]:
    """Return the attribute of a name, and the key behind it."""
    known = names()
    found = known.get(fold(name))
    if found is not None and not found.keyed:
        return found, ""
    keyed = [(n, a) for n, a in known.items() if a.keyed]
    for folded, attribute in sorted(keyed, key=lambda pair: -len(pair[0])):
        label = r"\s+".join(map(re.escape, folded.split()))
        match = re.match(rf"{label}(?:\s*\.\s*|\s+|(?=[{QUOTES}]))(.+)", name, re.I | re.S)
        if match:
            return attribute, _key(match[1], span)
    if found is not None:
        raise BadSegment(
            f"{found.label} needs a key", span, hint=f"write {found.label} KEY: …, as in "
            f"{found.label} plan: …",
        )  # fmt: skip
    words = name.split()
    for count in range(len(words) - 1, 0, -1):
        plain = known.get(fold(" ".join(words[:count])))
        if plain is not None:
            raise BadSegment(f"{plain.label} has no keys", span, hint=f"write {plain.label}: …")
    raise unknown_attribute(name, span)


def _key(written: str, span: Span) -> str:
    first = written[0]
    if first not in QUOTES:
        return written.strip()
    reader = _Reader(written.strip())
    key = reader._quoted()
    if reader._at < len(written.strip()):
        raise BadSegment("something stands behind the key's closing quote", span)
    return key


# --- values


def _item(attribute: Attribute, piece: _Piece) -> Item:
    """Return what one written value means for an attribute."""
    if piece.pattern:
        return checked_item(attribute, Pattern(piece.text), piece.span)
    if not piece.quoted and (special := _special(attribute, piece)) is not None:
        return checked_item(attribute, special, piece.span)
    if attribute.kind is AttributeKind.CHOICE:
        known = choice(attribute, piece.text)
        if known is None and (attribute.cases or not piece.quoted):
            raise unlisted(attribute, piece.text, piece.span)
        return Value(piece.text if piece.quoted and not attribute.cases else known or piece.text)
    if attribute.kind is AttributeKind.ADDRESS and not piece.quoted:
        _checked_address(piece)
    return checked_item(attribute, Value(piece.text), piece.span)


def _special(attribute: Attribute, piece: _Piece) -> Item | None:
    """Return what words and signs without quotes mean."""
    kind, word = attribute.kind, piece.text.casefold()
    if word in (ANY, NONE):
        return Presence(word == ANY)
    compared = _COMPARED.fullmatch(piece.text)
    if compared is not None:
        if not kind.has_ranges:
            raise BadSegment(
                f"{attribute.label} is a {kind.value}, which has no ranges", piece.span,
                hint=f'for the text write "{piece.text}" in quotes',
            )  # fmt: skip
        return _compared(attribute, piece)
    if kind.has_ranges:
        for form in (_BETWEEN, *([_DASHED] if kind is not AttributeKind.DATE else [])):
            between = form.fullmatch(piece.text)
            if between is not None:
                return Range(_with_unit(kind, between[1], between[2]), between[2].strip())
    if "*" in piece.text and kind in (AttributeKind.TEXT, AttributeKind.ADDRESS):
        return Pattern(piece.text)
    return None


def _with_unit(kind: AttributeKind, low: str, high: str) -> str:
    """Return the first end of a range; in ``1 to 5m`` it has the unit of the second."""
    unit = re.fullmatch(r"[0-9.]+\s*([a-zA-Z]+)", high.strip())
    if kind is AttributeKind.DURATION and unit and re.fullmatch(r"[0-9.]+", low.strip()):
        return low.strip() + unit[1]
    return low.strip()


def _compared(attribute: Attribute, piece: _Piece) -> Item:
    """Return the range of one or two comparisons, ``>= 1 and < 5``."""
    ends: dict[str, tuple[Scalar, bool]] = {}
    for part in re.split(rf"\s+{AND}\s+", piece.text, flags=re.IGNORECASE):
        match = _COMPARED.fullmatch(part.strip())
        sign = _SIGNS.get(match[1], match[1]) if match else ""
        if match is None or sign not in ("<", ">", "<=", ">=", "="):
            raise BadSegment(
                f"'{part}' is no comparison", piece.span, hint="write >= 1 and < 5, or 1 to 5"
            )
        scalar = _scalar(attribute, match[2].strip(), piece.span)
        if sign == "=":
            if part.strip() != piece.text:
                raise BadSegment("= does not go with another comparison", piece.span,
                                 hint="leave one out")  # fmt: skip
            return Value(scalar)
        side = "low" if sign[0] == ">" else "high"
        if side in ends:
            raise BadSegment("both comparisons are of the same side", piece.span,
                             hint="leave one out")  # fmt: skip
        ends[side] = scalar, len(sign) == 1
    low, after_low = ends.get("low", (None, False))
    high, before_high = ends.get("high", (None, False))
    return Range(low, high, after_low, before_high)


def _scalar(attribute: Attribute, text: str, span: Span) -> Scalar:
    if not text:
        raise BadSegment("a value is missing behind the comparison", span)
    try:
        return read_scalar(attribute.kind, text)
    except ValueError as error:
        raise BadSegment(str(error), span) from None


def _checked_address(piece: _Piece) -> None:
    try:
        (network if is_network(piece.text) else address)(piece.text)
    except ValueError as error:
        raise BadSegment(
            str(error), piece.span,
            hint=f'write 10.0.0.1, 10.0.0.0/8, 10.0.0.1 to 10.0.0.9, 10.0.*, or "{piece.text}"',
        ) from None  # fmt: skip
