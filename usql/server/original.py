"""The original's interface: ``table`` and ``tree``, and the look-up of tokens."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, unquote

from starlette.requests import Request
from starlette.responses import Response

from usql import ast
from usql import resolved as r
from usql.backends.running import Stop
from usql.engine import DEFAULT_LIMIT, Database
from usql.errors import Ended, UsqlError
from usql.formatter import format_query
from usql.parser import parse
from usql.result import Result
from usql.schema import PRIMARY, catalogue
from usql.server.access import scope_names, sent_token
from usql.server.bodies import read_object
from usql.server.problems import Problem, json_response, problem_of
from usql.server.state import State
from usql.server.tokens import Token

_TWO_HOURS_MS = 2 * 60 * 60 * 1000
_INTEGER = re.compile(r"[+-]?\d{1,18}")
_MOST_ROWS_BEFORE = 1_000_000
"""Rows before a page: they have to be worked out, too."""


async def table(request: Request) -> Response:
    """Answer ``userSessionQueryLanguage/table``."""
    return await _answer(request, tree=False)


async def tree(request: Request) -> Response:
    """Answer ``userSessionQueryLanguage/tree``."""
    return await _answer(request, tree=True)


async def look_up(request: Request) -> Response:
    """Say what a token may do: one's own, or to administrators any."""
    state: State = request.app.state.usql
    body = await read_object(request, state.options.max_query_bytes, state.options.body_seconds)
    asked = body.get("token")
    if not isinstance(asked, str):
        raise Problem(400, 'the body should be {"token": "…"}')
    if state.access.open:
        return json_response(_described(None))
    caller = state.access.find(sent_token(request) or "")
    if caller is None:
        raise Problem(401, "a valid token is needed", {"WWW-Authenticate": "Api-Token"})
    token = state.access.find(asked)
    if token is None:
        raise Problem(404, "there is no such token")
    if token != caller and not caller.allows("admin"):
        raise Problem(403, "only administrators may look up the tokens of others")
    return json_response(_described(token))


def _described(token: Token | None) -> dict[str, Any]:
    """Return a token in the words of both generations of the original's interface."""
    expires = token.expires if token else None
    return {
        "id": token.id if token else "none",
        "name": token.label if token else "no token is needed",
        "userId": "usql",
        "owner": "usql",
        "revoked": False,
        "enabled": True,
        "created": token.created if token else 0,
        "scopes": scope_names(token),
        **({"expires": expires} if expires is not None else {}),
    }


@dataclass(frozen=True)
class _Asked:
    """What the parameters of a request say."""

    query: str
    timeframe: tuple[int, int]
    zone: int
    size: int | None
    offset: int
    links: bool
    explain: bool


async def _answer(request: Request, *, tree: bool) -> Response:
    state: State = request.app.state.usql
    state.access.require(request, "query")
    asked = _asked(request.url.query)
    most = state.options.max_rows

    def work(stop: Stop, seconds: float) -> Response:
        decoded = replace(asked, query=_decoded(asked.query))
        return json_response(_answered(state.db, decoded, most, stop, seconds, tree=tree))

    try:
        return await state.runner.run(request, work)
    except UsqlError as error:
        raise problem_of(error, bad_query=404) from error


def _answered(
    db: Database, asked: _Asked, most: int, stop: Stop, seconds: float, *, tree: bool
) -> dict[str, Any]:
    size = min(asked.size, most) if asked.size is not None else None
    end = asked.offset + (DEFAULT_LIMIT if size is None else size)
    settings: dict[str, Any] = {"timeframe": asked.timeframe, "timezone": asked.zone}
    text, links = _linked(db, asked, settings) if asked.links else (asked.query, 0)
    result = db.query(
        text, default_limit=end, max_limit=most, timeout=seconds, stop=stop, **settings
    )
    last = None if size is None else end
    notes = _notes(result, asked, size)
    result = replace(result, rows=result.rows[asked.offset : last])
    result, additional = _without_links(result, links)
    answer = result.to_tree() if tree else result.to_table()
    if asked.links:
        answer |= additional
    if asked.explain:
        answer["explanations"] = notes
    return answer


def _notes(result: Result, asked: _Asked, size: int | None) -> list[str]:
    notes = list(result.explanations)
    if size is not None and asked.size != size:
        notes.append(f"a page has at most {size} rows here")
    return notes


# --- The identity of rows -----------------------------------------------------------------------


def _linked(db: Database, asked: _Asked, settings: dict[str, Any]) -> tuple[str, int]:
    """Return a query that selects the identity of its rows too, and by how many columns."""
    resolved = db.explain(asked.query, **settings).resolved
    if not isinstance(resolved, r.PlainQuery):
        return asked.query, 0
    tree = parse(asked.query)
    if not isinstance(tree, ast.Select):
        return asked.query, 0
    names = _identity(tree.table.text)
    columns = tuple(ast.Column(ast.Field(name)) for name in names)
    return format_query(replace(tree, columns=(*tree.columns, *columns))), len(names)


def _identity(table: str) -> list[tuple[str, ...]]:
    """Return the fields that tell the rows of a table apart."""
    names: list[tuple[str, ...]] = [(PRIMARY, "userSessionId"), (PRIMARY, "startTime")]
    found = catalogue().find(table)
    if found is not None and found.name != PRIMARY:
        known = {field.name for field in found.queryable}
        names += [(found.name, name) for name in ("startTime", "name") if name in known]
    return names


def _without_links(result: Result, links: int) -> tuple[Result, dict[str, Any]]:
    """Take the last columns away; return them as the original names them."""
    if not links:
        empty: list[Any] = [[] for _ in result.rows]
        return result, {"additionalColumnNames": [], "additionalValues": empty}
    additional = {
        "additionalColumnNames": [column.name for column in result.columns[-links:]],
        "additionalValues": [list(row[-links:]) for row in result.rows],
    }
    rows = [row[:-links] for row in result.rows]
    return replace(result, columns=result.columns[:-links], rows=rows), additional


# --- Parameters ---------------------------------------------------------------------------------


def _asked(query_string: str) -> _Asked:
    sent: dict[str, str] = {}
    for name, value in parse_qsl(query_string, keep_blank_values=True, errors="replace"):
        sent.setdefault(name, value)
    query = sent.get("query", "")
    if not query.strip():
        raise Problem(400, "the parameter query is missing")
    now = time.time_ns() // 1_000_000
    end = _integer(sent, "endTimestamp") or now
    # A start that is left out with an end in the past would leave nothing between them.
    start = _integer(sent, "startTimestamp") or min(end, now) - _TWO_HOURS_MS
    size = _integer(sent, "pageSize")
    offset = _integer(sent, "pageOffset") or 0
    if size is not None and size < 1:
        raise Problem(400, "pageSize should be 1 or more")
    if not 0 <= offset <= _MOST_ROWS_BEFORE:
        raise Problem(400, f"pageOffset should be from 0 to {_MOST_ROWS_BEFORE:,}")
    if end < start:
        raise Problem(400, "endTimestamp is before startTimestamp")
    return _Asked(
        query,
        (start, end),
        _integer(sent, "offsetUTC") or 0,
        size,
        offset,
        _flag(sent, "addDeepLinkFields"),
        _flag(sent, "explain"),
    )


def _decoded(query: str) -> str:
    """Decode once more what was encoded twice: it has ``%20`` where no query has it.

    >>> _decoded("SELECT%20city%20FROM%20usersession")
    'SELECT city FROM usersession'
    >>> _decoded("SELECT city FROM usersession WHERE city = '%20'")
    "SELECT city FROM usersession WHERE city = '%20'"
    """
    if "%20" not in query:
        return query
    if not any(c.isspace() for c in query.strip()):
        return unquote(query)
    return query if _is_query(query) or not _is_query(unquote(query)) else unquote(query)


def _is_query(text: str) -> bool:
    try:
        parse(text)
    except Ended:
        raise
    except UsqlError:
        return False
    return True


def _integer(sent: dict[str, str], name: str) -> int | None:
    text = sent.get(name, "").strip()
    if not text:
        return None
    if _INTEGER.fullmatch(text) is None:
        raise Problem(400, f"{name} should be a whole number")
    return int(text)


def _flag(sent: dict[str, str], name: str) -> bool:
    return sent.get(name, "").strip().lower() in ("true", "1", "yes")
