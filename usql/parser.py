"""Text -> ``ast.Query``. The only importer of lark.

What arrives is any text at all. What leaves is a tree of ``usql.ast`` nodes, each with the span it
was written at, nested at most ``MAX_DEPTH`` deep; or a ``BadSyntax``. Names are not looked up here.
"""

from __future__ import annotations

import os
import sys
import zlib
from collections.abc import Callable, Hashable, Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias, TypeVar, cast

import lark
from lark.parsers.lalr_analysis import Shift

from usql import ast
from usql.errors import BadSyntax, TooLarge, UsqlError
from usql.limits import paced
from usql.record import Record
from usql.source import Source, Span

MAX_LENGTH = 1_000_000
"""Longest text that is parsed, in characters."""
MAX_DEPTH = 64
"""Deepest nesting of conditions and expressions, and most brackets that are open at one place."""
MAX_TERMS = 256
"""Longest chain of arithmetic operators without brackets."""

_T = TypeVar("_T")

_CURLY_SINGLE = "‘’‚‛"
_CURLY_DOUBLE = "“”„‟"


class Parsed(Record):
    """A tree and what the parser had to assume to read it.

    Attributes:
        query: the tree.
        explanations: sentences for the person who wrote the text.
    """

    query: ast.Query
    explanations: tuple[str, ...] = ()


def parse(text: str) -> ast.Query:
    """Return the tree of a query.

    Args:
        text: one query, at most 1,000,000 characters; a trailing ``;`` is allowed.

    Raises:
        UsqlError: the text is not a query; the error names line and column.

    >>> parse("select city from usersession limit 3").limit
    Number(value=3, text='3')
    """
    return parse_source(Source(text)).query


def parse_source(source: Source) -> Parsed:
    """Return the tree of a query and what had to be assumed; errors know the source."""
    try:
        return _parse(source)
    except UsqlError as error:
        error.attach(source)
        raise


def _parse(source: Source) -> Parsed:
    text = source.text
    if len(text) > MAX_LENGTH:
        raise TooLarge(
            f"the query has {len(text):,} characters; at most {MAX_LENGTH:,} are read",
            Span(0, 0),
            hint="pass long lists of values as a parameter: field IN (:values)",
        )
    _check_characters(text)
    query = _tree(source)
    _check_depth(query)
    curly = any(c in text for c in _CURLY_SINGLE + _CURLY_DOUBLE) and _has_curly_strings(text)
    notes = ("curly quotes were read as straight ones",) if curly else ()
    return Parsed(query, notes)


def _check_characters(text: str) -> None:
    """Refuse halves of characters, which no store can hold and no terminal can show."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        code = ord(text[error.start])
        raise BadSyntax(
            f"U+{code:04X} is half of a character",
            Span(error.start, error.start + 1),
            hint="leave it out; it comes from a text that was cut or read in a wrong encoding",
        ) from None


def _tree(source: Source) -> ast.Query:
    """Return the tree; nesting is watched on the way, so a hostile text is refused at once."""
    parsing: Any = _parser().parse_interactive(source.text)
    parsing.parser_state.parse_conf.callbacks = _callbacks()
    nesting, last = _Nesting(), None
    try:
        for last in paced(parsing.lexer_thread.lex(parsing.parser_state)):
            if last.type in _NESTING:
                nesting.watch(last)
            parsing.parser_state.feed_token(last)
        return cast(ast.Query, parsing.feed_eof(last)[0])
    except lark.exceptions.UnexpectedInput as error:
        raise _syntax_error(error, parsing, source) from None


_OPERATORS = frozenset(("PLUS", "MINUS", "STAR", "SLASH", "PERCENT", "MOD"))
_SEPARATORS = frozenset(("COMMA", "_AND", "_OR"))
_NESTING = _OPERATORS | _SEPARATORS | {"LPAR", "RPAR", "NOT"}


class _Nesting:
    """How deep the brackets, chains of ``NOT`` and chains of operators are at a token."""

    def __init__(self) -> None:
        self._operators = [0]
        self._nots = 0

    def watch(self, token: lark.Token) -> None:
        """Take account of a token.

        Raises:
            TooLarge: it goes deeper than is allowed.
        """
        kind = token.type
        if kind == "LPAR":
            self._operators.append(0)
            _bound(len(self._operators) - 1 <= MAX_DEPTH, token, _TOO_DEEP)
        elif kind == "RPAR" and len(self._operators) > 1:
            self._operators.pop()
        elif kind == "NOT":
            self._nots += 1
            _bound(self._nots <= MAX_DEPTH, token, _TOO_DEEP)
        elif kind in _OPERATORS:
            self._operators[-1] += 1
            _bound(self._operators[-1] <= MAX_TERMS, token, _TOO_MANY_TERMS)
        else:
            self._operators[-1] = 0
        if kind != "NOT" and kind != "LPAR":
            self._nots = 0


_TOO_DEEP = f"nested deeper than {MAX_DEPTH} levels"
_TOO_MANY_TERMS = f"more than {MAX_TERMS} operators in one expression"


def _bound(kept: bool, place: lark.Token, message: str) -> None:
    if not kept:
        span = Span(place.start_pos or 0, (place.start_pos or 0) + 1)
        raise TooLarge(message, span, hint="split the query, or pass values as parameters")


def _has_curly_strings(text: str) -> bool:
    tokens = _parser().lex(text)
    return any(t.type == "STRING" and t[0] in _CURLY_SINGLE + _CURLY_DOUBLE for t in tokens)


def _syntax_error(
    error: lark.exceptions.UnexpectedInput, parsing: Any, source: Source
) -> BadSyntax:
    from usql.syntax_hints import describe

    if isinstance(error, lark.exceptions.UnexpectedToken):
        at_end = error.token.type == "$END"
        expected = _accepted(parsing.parser_state) or set(error.expected)
    else:
        at_end = isinstance(error, lark.exceptions.UnexpectedEOF)
        expected = set(getattr(error, "allowed", None) or getattr(error, "expected", None) or ())
    offset = len(source.text.rstrip()) if at_end else (error.pos_in_stream or 0)
    return describe(source.text, offset, expected)


def _check_depth(query: ast.Query) -> None:
    """Bound the recursion of every later pass; iterative, since the tree may be of any depth."""
    stack: list[tuple[ast.Node, int, int]] = [(query, 0, 0)]
    for node, depth, terms in paced(_popped(stack)):
        if depth > MAX_DEPTH or terms > MAX_TERMS:
            raise TooLarge(
                _TOO_DEEP if depth > MAX_DEPTH else _TOO_MANY_TERMS,
                Span(node.span.start, node.span.start + 1),
                hint="split the query, or pass values as parameters",
            )
        for name, child in _children(node):
            chained = name == "left" and isinstance(child, ast.Arithmetic)
            stack.append((child, depth if chained else depth + 1, terms + 1 if chained else 0))


def _popped(stack: list[_T]) -> Iterator[_T]:
    while stack:
        yield stack.pop()


@cache
def _field_names(kind: Hashable) -> tuple[str, ...]:
    return tuple(f.name for f in fields(cast(type[ast.Node], kind)) if f.name != "span")


def _children(node: ast.Node) -> Iterator[tuple[str, ast.Node]]:
    for name in _field_names(cast(Hashable, type(node))):
        value = getattr(node, name)
        if isinstance(value, ast.Node):
            yield name, value
        elif isinstance(value, tuple):
            for item in value:
                if isinstance(item, ast.Node):
                    yield name, item


# --- the parser --------------------------------------------------------------------------------


@cache
def grammar_text() -> str:
    """Return the grammar: from the wheel, or from its place in a checkout."""
    here = Path(__file__).parent
    packaged = here / "grammar" / "usql.lark"
    path = packaged if packaged.is_file() else here.parent / "grammar" / "usql.lark"
    return path.read_text(encoding="utf-8")


@cache
def _parser() -> lark.Lark:
    """Build the parser, or load its tables from the user's cache: building takes 0.2 s."""
    grammar = grammar_text()
    cached = _cache_file(grammar)
    if cached is not None:
        try:
            with cached.open("rb") as file:
                return lark.Lark.load(file)
        except Exception:  # none yet, or a damaged one, which must never stand in a query's way
            pass
    parser = lark.Lark(
        grammar,
        parser="lalr",
        lexer="contextual",
        maybe_placeholders=True,
    )
    if cached is not None:
        _keep(parser, cached)
    return parser


def _keep(parser: lark.Lark, cached: Path) -> None:
    """Write the tables at once and whole: another process may be reading."""
    unfinished = cached.with_suffix(f".{os.getpid()}")
    try:
        with unfinished.open("xb") as file:
            parser.save(file)
        unfinished.replace(cached)
    except OSError:
        unfinished.unlink(missing_ok=True)


def _cache_file(grammar: str) -> Path | None:
    """Return a file of the user's own for the parse tables, or ``None`` where there can be none.

    The tables are pickled, so the folder must be one that nobody else can write to.
    """
    try:
        folder = _cache_folder()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat()
    except (OSError, RuntimeError):  # RuntimeError: the user has no home
        return None
    if hasattr(os, "getuid") and (status.st_uid != os.getuid() or status.st_mode & 0o022):
        return None
    if not os.access(folder, os.W_OK):
        return None
    # a checksum is enough: it tells versions apart, not friend from foe
    key = zlib.crc32(f"{grammar}\0{lark.__version__}\0{sys.version}".encode())
    return folder / f"grammar-{key:08x}.tables"


def _cache_folder() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData/Local") / "usql/cache"
    if sys.platform == "darwin":
        return Path.home() / "Library/Caches/usql"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "usql"


# --- the beginning of a query --------------------------------------------------------------------


class Piece(Record):
    """A token as the parser read it.

    Attributes:
        name: of its kind: a sign or a keyword as written in the grammar, or ``WORD``, ``NUMBER``,
            ``STRING``, ``BRACKETED``, ``FUNCTION`` and the like.
        text: what stands there.
        start, end: its place in the text, in characters.
    """

    name: str
    text: str
    start: int
    end: int

    @property
    def value(self) -> str:
        """The name or text that it stands for, without quotes."""
        return _unquote(self.text) if self.name in ("STRING", "BRACKETED") else self.text


class Beginning(Record):
    """A text that a query may begin with.

    Attributes:
        pieces: its tokens.
        accepts: the kinds of tokens that may follow, named as in ``Piece``; ``$END`` if the text
            is a whole query.
    """

    pieces: tuple[Piece, ...]
    accepts: frozenset[str]


def beginning(text: str) -> Beginning | None:
    """Return how a text begins a query, or ``None`` if no query begins so.

    >>> sorted(beginning("SELECT city FROM usersession GROUP").accepts)
    ['BY']
    """
    if len(text) > MAX_LENGTH:
        return None
    parsing: Any = _parser().parse_interactive(text)
    parsing.parser_state.parse_conf.callbacks = {}  # nobody wants the tree
    try:
        tokens = tuple(paced(parsing.iter_parse()))
    except lark.exceptions.UnexpectedInput:
        return None
    pieces = (Piece(_kind_name(t.type), str(t), t.start_pos or 0, t.end_pos or 0) for t in tokens)
    return Beginning(tuple(pieces), frozenset(map(_kind_name, _accepted(parsing.parser_state))))


def _accepted(state: Any) -> set[str]:
    """Return the terminals that may follow; lark's own ``accepts`` takes six times as long."""
    table, end = state.parse_conf.states, state.parse_conf.end_state
    stack = state.state_stack
    return {
        name for name in table[stack[-1]] if name.isupper() and _shifts(table, stack, name, end)
    }


def _shifts(table: Any, stack: list[Any], terminal: str, end: Any) -> bool:
    """Whether a terminal is shifted, or ends the text, after all that it lets be reduced."""
    stack = list(stack)
    while (found := table[stack[-1]].get(terminal)) is not None:
        action, rule = found
        if action is Shift:
            return True
        del stack[len(stack) - len(rule.expansion) :]
        stack.append(table[stack[-1]][rule.origin.name][1])
        if stack[-1] == end:
            return True
    return False


def _kind_name(terminal: str) -> str:
    return _signs().get(terminal) or terminal.lstrip("_")


@cache
def _signs() -> dict[str, str]:
    """Return the signs by the names that lark made up for them."""
    return {t.name: t.pattern.value for t in _parser().terminals if t.pattern.type == "str"}


# --- tree building -----------------------------------------------------------------------------

_Children: TypeAlias = list[Any]


def _token_span(token: lark.Token) -> Span:
    return Span(token.start_pos or 0, token.end_pos or 0)


def _unquote(token: str) -> str:
    """Return what a quoted string or a bracketed text stands for."""
    inner = token[1:-1]
    if token[0] in "'\"":
        return inner.replace(token[0] * 2, token[0])
    if token[0] == "[":
        return inner.replace("]]", "]")
    return inner


def _folded(name: str, fold: Callable[[str], str]) -> str:
    """Return a name in one letter case; some other letters would become several, or no letters."""
    return fold(str(name)) if name.isascii() else str(name)


def _word(token: lark.Token) -> str:
    return _unquote(token) if token.type in ("STRING", "BRACKETED") else str(token)


def _negatable(
    node: Callable[..., ast.Condition],
) -> Callable[[_Builder, Any, _Children], ast.Condition]:
    def build(_: _Builder, span: Span, children: _Children) -> ast.Condition:
        field, negation, *rest = children
        return node(field, *rest, negated=negation is not None, span=span)

    return build


_Part: TypeAlias = "lark.Token | tuple[Any, int, int]"
"""What a symbol of the grammar became: a token, or a node and where it begins and ends."""
_NO_PLACE = -1
"""Beginning and end of what is empty."""


@cache
def _callbacks() -> dict[Any, Callable[[list[_Part]], _Part]]:
    """Return what makes a node of each rule of the grammar, as soon as its parts are there.

    lark would make trees of its own first, at twice the time.
    """
    builder = _Builder()
    return {rule: _callback(rule, builder) for rule in _parser().rules}


def _callback(rule: Any, builder: _Builder) -> Callable[[list[_Part]], _Part]:
    kept = _kept(rule)
    inlined = rule.origin.name.startswith("_")
    transparent = rule.options.expand1 and not rule.alias
    build = None if inlined else getattr(builder, rule.alias or rule.origin.name, None)

    def callback(parts: list[_Part]) -> _Part:
        if transparent and len(parts) == 1:
            return parts[0]
        children: list[Any] = []
        for index, spread in kept:
            if index is None:
                children.append(None)
                continue
            part = parts[index]
            value = part[0] if isinstance(part, tuple) else part
            if spread and not children:
                # nobody else has it, and copying a list for each of its items takes ages
                children = cast("list[Any]", value)
            elif spread:
                children.extend(value)
            else:
                children.append(value)
        start, end = _place(parts)
        if build is None:
            return children if inlined else children[0], start, end
        return build(Span(max(start, 0), max(end, 0)), children), start, end

    return callback


def _kept(rule: Any) -> list[tuple[int | None, bool]]:
    """Return which parts of a rule become children, and whether each stands for several.

    ``None`` stands for an optional part that is not there.
    """
    empty = iter(rule.options.empty_indices or [False] * len(rule.expansion))
    kept: list[tuple[int | None, bool]] = []
    for index, symbol in enumerate(rule.expansion):
        while next(empty, False):
            kept.append((None, False))
        if rule.options.keep_all_tokens or not (symbol.is_term and symbol.filter_out):
            kept.append((index, not symbol.is_term and symbol.name.startswith("_")))
    kept += [(None, False) for absent in empty if absent]
    return kept


def _place(parts: list[_Part]) -> tuple[int, int]:
    """Return where the first part that is not empty begins, and the last one ends."""
    start = end = _NO_PLACE
    for part in parts:
        start = part[1] if isinstance(part, tuple) else part.start_pos or 0
        if start != _NO_PLACE:
            break
    for part in reversed(parts):
        end = part[2] if isinstance(part, tuple) else part.end_pos or 0
        if end != _NO_PLACE:
            break
    return start, end


class _Builder:
    """One method a rule of the grammar."""

    def start(self, span: Span, children: _Children) -> ast.Query:
        return cast(ast.Query, children[0])

    # the query

    def select(self, span: Span, children: _Children) -> ast.Select:
        distinct, columns, table, where, group_by, order_by, limit, offset, compare = children
        return ast.Select(
            columns=columns,
            table=table,
            distinct=distinct is not None,
            where=where,
            group_by=group_by or (),
            order_by=order_by or (),
            limit=limit,
            offset=offset,
            compare=compare,
            span=span,
        )

    def funnel(self, span: Span, children: _Children) -> ast.Funnel:
        *steps, ordered, table, where, compare = children
        return ast.Funnel(tuple(steps), table, where, ordered, compare, span=span)

    def columns(self, span: Span, children: _Children) -> tuple[ast.Item, ...]:
        return tuple(children)

    def star(self, span: Span, children: _Children) -> ast.Star:
        *table, _ = children
        name = ast.Name(str(table[0]), span=_token_span(table[0])) if table else None
        return ast.Star(name, span=span)

    def json(self, span: Span, children: _Children) -> ast.JsonColumn:
        return ast.JsonColumn(span=span)

    def column(self, span: Span, children: _Children) -> ast.Column:
        expression, *filters, alias = children
        return ast.Column(expression, tuple(filters), alias, span=span)

    def filter(self, span: Span, children: _Children) -> ast.Filter:
        return ast.Filter(*children, span=span)

    def alias(self, span: Span, children: _Children) -> ast.Name:
        return cast(ast.Name, children[0])

    def alias_name(self, span: Span, children: _Children) -> ast.Name:
        return ast.Name(_word(children[0]), span=span)

    def step(self, span: Span, children: _Children) -> ast.Step:
        return ast.Step(*children, span=span)

    def ordered(self, span: Span, children: _Children) -> ast.Ordered:
        strict, within, by, per = children
        return ast.Ordered(strict is not None, within, by, per, span=span)

    def from_clause(self, span: Span, children: _Children) -> ast.Name:
        return cast(ast.Name, children[0])

    def where(self, span: Span, children: _Children) -> ast.Condition:
        return cast(ast.Condition, children[0])

    def group_by(self, span: Span, children: _Children) -> tuple[ast.Expr, ...]:
        return tuple(children)

    def order_by(self, span: Span, children: _Children) -> tuple[ast.Ordering, ...]:
        return tuple(children)

    def ordering(self, span: Span, children: _Children) -> ast.Ordering:
        expression, direction = children
        descending = direction is not None and direction.type == "DESC"
        return ast.Ordering(expression, descending, span=span)

    def limit(self, span: Span, children: _Children) -> ast.Number | ast.Parameter:
        return cast(ast.Number, children[0])

    offset = limit

    def compare(self, span: Span, children: _Children) -> ast.Duration | ast.Compare:
        if len(children) == 1:  # the clause COMPARE DURATION("1w")
            return cast(ast.Duration, children[0])
        return ast.Compare(*children, span=span)

    # expressions

    def arithmetic(self, span: Span, children: _Children) -> ast.Arithmetic:
        left, operator, right = children
        sign = "%" if operator.type == "MOD" else str(operator)
        return ast.Arithmetic(cast(ast.Operator, sign), left, right, span=span)

    def negative(self, span: Span, children: _Children) -> ast.Expr:
        operand = children[1]
        if isinstance(operand, ast.Number):
            return _negated(operand, span)
        return ast.Negative(operand, span=span)

    def negative_number(self, span: Span, children: _Children) -> ast.Number:
        return _negated(self.number(span, children[1:]), span)

    def parenthesized(self, span: Span, children: _Children) -> ast.Node:
        return cast(ast.Node, children[0])

    def true(self, span: Span, children: _Children) -> ast.Boolean:
        return ast.Boolean(True, span=span)

    def false(self, span: Span, children: _Children) -> ast.Boolean:
        return ast.Boolean(False, span=span)

    def null(self, span: Span, children: _Children) -> ast.Null:
        return ast.Null(span=span)

    def call(self, span: Span, children: _Children) -> ast.Call:
        name, *arguments = children
        return ast.Call(_folded(name, str.lower), tuple(arguments), span=span)

    def count_rows(self, span: Span, children: _Children) -> ast.Count:
        return ast.Count(None, span=span)

    def count_field(self, span: Span, children: _Children) -> ast.Count:
        _, distinct, field = children
        return ast.Count(field, distinct is not None, span=span)

    def condition_call(self, span: Span, children: _Children) -> ast.ConditionCall:
        _, aggregate, condition = children
        return ast.ConditionCall(aggregate, condition, span=span)

    def duration(self, span: Span, children: _Children) -> ast.Duration:
        return ast.Duration(children[1], span=span)

    def variable(self, span: Span, children: _Children) -> ast.Variable:
        return ast.Variable(_folded(children[0], str.upper), span=span)

    def parameter(self, span: Span, children: _Children) -> ast.Parameter:
        return ast.Parameter(str(children[0])[1:], span=span)

    def number(self, span: Span, children: _Children) -> ast.Number:
        text = str(children[0])
        if not text.isdecimal():
            return ast.Number(_finite(text, span), text, span=span)
        if len(text) > 300:  # beyond any number a field can hold, and slow to convert
            raise BadSyntax(f"the number has {len(text)} digits", span)
        return ast.Number(int(text), text, span=span)

    def string(self, span: Span, children: _Children) -> ast.String:
        return ast.String(_unquote(children[0]), span=span)

    bracketed = string

    def name(self, span: Span, children: _Children) -> ast.Name:
        return ast.Name(str(children[0]), span=span)

    def field(self, span: Span, children: _Children) -> ast.Field:
        first, *rest = children
        return ast.Field((str(first), *rest), span=span)

    def key(self, span: Span, children: _Children) -> str:
        return _word(children[0])

    # conditions

    def or_(self, span: Span, children: _Children) -> ast.Or:
        return ast.Or(tuple(_flat(ast.Or, children)), span=span)

    def and_(self, span: Span, children: _Children) -> ast.And:
        return ast.And(tuple(_flat(ast.And, children)), span=span)

    def not_(self, span: Span, children: _Children) -> ast.Not:
        return ast.Not(children[1], span=span)

    def is_(self, span: Span, children: _Children) -> ast.Compare:
        return ast.Compare(children[0], "=", children[-1], span=span)

    def is_not(self, span: Span, children: _Children) -> ast.Compare:
        return ast.Compare(children[0], "!=", children[-1], span=span)

    def in_(self, span: Span, children: _Children) -> ast.In:
        field, negation, *values = children
        return ast.In(field, tuple(values), negation is not None, span=span)

    between = _negatable(ast.Between)
    like = _negatable(ast.Like)
    starts_with = _negatable(ast.StartsWith)
    matches = _negatable(ast.Matches)

    def scope(self, span: Span, children: _Children) -> ast.Scope:
        quantifier, table, condition = children
        return ast.Scope(str(quantifier).upper(), table, condition, span=span)  # type: ignore[arg-type]

    def scope_count(self, span: Span, children: _Children) -> ast.ScopeCount:
        _, table, condition, operator, value = children
        return ast.ScopeCount(table, condition, operator, value, span=span)

    def in_segment(self, span: Span, children: _Children) -> ast.InSegment:
        return ast.InSegment(children[0], span=span)

    def comparator(self, span: Span, children: _Children) -> ast.Comparison:
        sign = str(children[0])
        return "!=" if sign == "<>" else cast(ast.Comparison, sign)


def _flat(kind: type[ast.And] | type[ast.Or], children: _Children) -> Iterator[ast.Condition]:
    """Join ``a AND (b AND c)`` to one level: what brackets say about order is no meaning here."""
    for child in children:
        if isinstance(child, kind):
            yield from child.items
        else:
            yield child


def _negated(number: ast.Number, span: Span) -> ast.Number:
    text = number.text.removeprefix("-") if number.text.startswith("-") else f"-{number.text}"
    return ast.Number(-number.value, text, span=span)


def _finite(text: str, span: Span) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise BadSyntax(f"{text} is too large for a number", span)
    return value
