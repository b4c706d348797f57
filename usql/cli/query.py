"""The commands ``usql query``, ``explain`` and ``format``: those that read the text of a query."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import click

import usql
from usql.cli import options
from usql.cli.exits import DONE, exit_code
from usql.cli.output import APART, check_output, drawn, error, save, say, show, write
from usql.render import BINARY_FORMATS

if TYPE_CHECKING:
    from usql.cli.batch import Failure
    from usql.completion import Statement
    from usql.result import Result

_MOST_INPUT = 8_000_000
"""Bytes read of a query; the parser refuses a text much shorter, but nobody has to wait for it."""


@click.command()
@options.store_argument
@options.source
@options.setting
@options.segments
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="End the query after so long, with exit code 4.",
)
@click.option(
    "--limit",
    default="50",
    metavar="N|none",
    callback=options.row_limit,
    help="Rows of a query that has no LIMIT. [default: 50]",
)
@click.option(
    "--keep-going", is_flag=True, help="Of several queries, run the others though one fails."
)
@options.result_format
@options.result_output
def query(
    store: str,
    query: str | None,
    file: str | None,
    format: str,
    output: str | None,
    limit: int | None,
    keep_going: bool,
    **settings: Any,
) -> int:
    """Run queries, separated by ';', and write their results.

    '-' reads them from standard input. The first error ends the run, unless --keep-going.

    \b
    usql query shop.db "SELECT country, COUNT(*) FROM usersession GROUP BY country"
    usql query shop.db -f report.usql --keep-going --format csv -o report.csv
    usql query shop.db "SELECT city FROM usersession WHERE country = :c" --param c=Spain
    """
    from usql.cli.batch import Failure, run_one, statements_of

    text = _text_of(query, file)
    check_output(store, format, output)
    several = statements_of(text)
    if len(several) > 1 and format in BINARY_FORMATS:
        raise click.UsageError(f"{format} holds one result; give one query at a time.")
    with usql.connect(store, create=False) as db:

        def run(statement: str) -> Result:
            return db.query(statement, default_limit=limit, **settings)

        if len(several) > 1:
            name = _name_of(query, file)
            return _run_several(several, name, run, format, output, keep_going)
        result = run_one(text, file, run)
    if isinstance(result, Failure):
        return _failed(result)
    if output is None:
        show(result, format)
    else:
        save([result], format, output)
    return DONE


def _run_several(
    several: tuple[Statement, ...],
    name: str,
    run: Callable[[str], Result],
    format: str,
    output: str | None,
    keep_going: bool,
) -> int:
    """Run statements; return the exit code, that of the first error."""
    from usql.cli.batch import Failure, run_all

    code = DONE
    results: list[Result] = []
    for outcome in run_all(several, name, run, keep_going=keep_going):
        if isinstance(outcome, Failure):
            failed = _failed(outcome)
            code = code or failed
            continue
        results.append(outcome)
        if output is None:
            if len(results) > 1 and format in APART:
                write(["\n"])
            show(outcome, format)
            results[:-1] = []
    if output is not None and (keep_going or code == DONE):
        save(results, format, output)
    return code


@click.command()
@options.store_argument
@options.source
@options.setting
@options.segments
def explain(store: str, query: str | None, file: str | None, **settings: Any) -> int:
    """Show how a query becomes SQL, without running it.

    Several queries, separated by ';', are shown one after another, up to the first error.
    """
    text = _text_of(query, file)
    with usql.connect(store, create=False) as db:
        for number, outcome in enumerate(
            _each(text, query, file, lambda statement: str(db.explain(statement, **settings)))
        ):
            if not isinstance(outcome, str):
                return _failed(outcome)
            say(("\n" if number else "") + outcome.rstrip("\n"))
    return DONE


@click.command("format")
@options.source
def format_query(query: str | None, file: str | None) -> int:
    """Write a query in canonical form.

    '-', or nothing, reads it from standard input. Of several queries, separated by ';', each ends
    with ';', and all are written, or none if one is bad.
    """
    query = "-" if query is None and file is None else query
    formatted = list[str]()
    for outcome in _each(_text_of(query, file), query, file, usql.format):
        if not isinstance(outcome, str):
            return _failed(outcome)
        formatted.append(outcome.rstrip("\n"))
    end = ";" if len(formatted) > 1 else ""
    for text in formatted:
        say(text + end)
    return DONE


def _each(
    text: str, query: str | None, file: str | None, run: Callable[[str], str]
) -> Iterable[str | Failure]:
    """Return what each statement of a text becomes, up to the first that fails."""
    from usql.cli.batch import run_all, run_one, statements_of

    several = statements_of(text)
    if len(several) > 1:
        return run_all(several, _name_of(query, file), run)
    return (run_one(text, file, run),)


def _failed(failure: Failure) -> int:
    """Report a statement that failed; return its exit code."""
    error(f"{failure.where}: {drawn(failure.error)}")
    return exit_code(failure.error)


def _name_of(query: str | None, file: str | None) -> str:
    """Return what errors call the text of several queries."""
    return file or (query if query == "-" else "query")


def _text_of(query: str | None, file: str | None) -> str:
    """Return the text of a query from wherever it was said to be."""
    if query is not None and file is not None:
        raise click.UsageError("Give a query or -f FILE, not both.")
    if query is None and file is None:
        raise click.UsageError("Give a query, '-' to read it from standard input, or -f FILE.")
    if query is not None and query != "-":
        return query
    return _decoded(_read(file or "-"))


def _read(file: str) -> bytes:
    if file != "-":
        with open(file, "rb") as opened:
            return opened.read(_MOST_INPUT)
    if sys.stdin is None:
        raise click.UsageError("Standard input is closed.")
    return sys.stdin.buffer.read(_MOST_INPUT)


def _decoded(text: bytes) -> str:
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        from usql.errors import BadSyntax

        raise BadSyntax(f"the query is not UTF-8 text (byte {error.start + 1})") from None
