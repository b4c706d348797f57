"""The command line: arguments in, one call to the library, its result out. Nothing is decided here.

Promises to scripts: results alone go to standard output; explanations (``note: …``) and errors
(``error: …``) go to standard error. The exit code is one of the constants below. A reader that
goes away (``| head``) is no error. Nothing ends in a traceback, unless ``USQL_DEBUG`` asks for one.

What a command does not need is not imported: every import of more than ``click`` stands in the
function that uses it, and the package itself loads its parts when they are used.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn, TextIO, TypeVar

import click

import usql
from usql import cli_events
from usql.render import BINARY_FORMATS, FORMATS, render, terminal, write_binary
from usql.render.escape import visible_lines

if TYPE_CHECKING:
    from datetime import datetime

    from click.shell_completion import CompletionItem

    from usql.completion import Statement
    from usql.errors import UsqlError
    from usql.result import Result

DONE = 0
BAD_QUERY = 1
"""The query was bad, or some of the data."""
WRONG_USAGE = 2
NO_STORE = 3
TIME_LIMIT = 4
CANCELLED = 130
"""128 and the number of SIGINT, as shells have it."""

DEMO_STORE = "usql-demo.db"
_COLLECT_EVERY = 100_000
"""Objects between garbage collections: at the default the imports alone set off a hundred."""
_MOST_INPUT = 8_000_000
"""Bytes read of a query; the parser refuses a text much shorter, but nobody has to wait for it."""
_BOLD, _RED, _DIM = "\x1b[1m", "\x1b[1;31m", "\x1b[2m"

_APART = ("table", "vertical", "markdown")
"""The formats for people: an empty line stands between several results."""

F = TypeVar("F", bound=Callable[..., Any])


# --- Exit codes and errors ----------------------------------------------------------------------


class _Commands(click.Group):
    """A group whose every way to end is one of our exit codes; a store opens the shell."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command, which is ``shell`` where the first argument names a store."""
        if self.get_command(ctx, args[0]) is None and _names_store(args[0]):
            args = ["shell", *args]
        return super().resolve_command(ctx, args)

    def main(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Run a command and exit."""
        kwargs["standalone_mode"] = False
        run = super().main
        sys.exit(_guarded(lambda: run(*args, **kwargs)))


def _names_store(argument: str) -> bool:
    """Whether an argument that is no command can only be meant as a store."""
    return os.path.exists(argument) or any(sign in argument for sign in (".", ":", os.sep))


def _guarded(run: Callable[[], Any]) -> int:
    """Run a command; return its exit code and report what went wrong."""
    gc.set_threshold(_COLLECT_EVERY)
    for stream in (sys.stdout, sys.stderr):
        terminal.prepare(stream)
    try:
        code = run()
        _write([])
    except (click.Abort, KeyboardInterrupt):
        _finish_output()
        _report("error", "cancelled")
        return CANCELLED
    except (BrokenPipeError, SystemExit):  # click turns the first into the second
        _finish_output()
        return DONE
    except Exception as error:
        _finish_output()
        return _failed(error)
    return code if isinstance(code, int) else DONE


def _failed(error: Exception) -> int:
    from usql.errors import UsqlError

    if os.environ.get("USQL_DEBUG"):
        raise error
    match error:
        case UsqlError():
            _report("error", str(error))
            return _exit_code(error)
        case click.ClickException():
            return _misused(error)
        case OSError():
            where = f": {error.filename}" if error.filename else ""
            _report("error", f"{error.strerror or error}{where}")
            return BAD_QUERY
        case _:
            what = f"{type(error).__name__}: {error}"
            _report("error", f"a defect of usql, please report it ({what})")
            return BAD_QUERY


def _exit_code(error: UsqlError) -> int:
    from usql.errors import Cancelled, StoreError, TimeLimitExceeded

    match error:
        case StoreError():
            return NO_STORE
        case TimeLimitExceeded():
            return TIME_LIMIT
        case Cancelled():
            return CANCELLED
        case _:
            return BAD_QUERY


def _misused(error: click.ClickException) -> int:
    _report("error", error.format_message())
    if isinstance(error, click.UsageError) and error.ctx is not None:
        _complain(error.ctx.get_usage())
        _complain(f"Try '{error.ctx.command_path} --help'.")
    return error.exit_code


def _finish_output() -> None:
    """Write what is buffered; if nobody takes it, drop it lest the interpreter complains later."""
    try:
        _write([])
    except OSError:
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _report(kind: str, text: str) -> None:
    """Write an error or a note to standard error, its prefix coloured on a terminal."""
    prefix = f"{kind}:"
    if terminal.wants_color(sys.stderr):
        prefix = f"{_RED if kind == 'error' else _DIM}{prefix}\x1b[0m"
    _complain(f"{prefix} {visible_lines(text)}")


def _complain(text: str) -> None:
    # Nobody is left to be told that standard error is gone.
    with suppress(OSError, ValueError):
        if sys.stderr is not None:
            sys.stderr.write(text + "\n")
            sys.stderr.flush()


# --- Output -------------------------------------------------------------------------------------


def _write(chunks: Iterable[str]) -> None:
    out: TextIO | None = sys.stdout
    if out is None:  # closed by the caller, who wants no results
        return
    for chunk in chunks:
        out.write(chunk)
    out.flush()


def _check_output(store: str, format: str, output: str | None) -> None:
    """Refuse what could only end badly, before a query has taken its time."""
    if output is None:
        if format in BINARY_FORMATS and sys.stdout is not None and sys.stdout.isatty():
            raise click.UsageError(
                f"{format} is not for a terminal; write it to a file with -o FILE, or into a pipe."
            )
    elif os.path.exists(output) and os.path.exists(store) and os.path.samefile(output, store):
        raise click.UsageError(f"{output} is the store itself; name another file.")


def _show(result: Result, format: str) -> None:
    """Write a result to standard output, then what the engine had to say to standard error."""
    if format in BINARY_FORMATS:
        if sys.stdout is not None:
            write_binary(result, format, sys.stdout.buffer)
            sys.stdout.buffer.flush()
    else:
        width, color = terminal.terminal_width(sys.stdout), terminal.wants_color(sys.stdout)
        _write(render(result, format, width=width, color=color))
    _note(result)


def _save(results: list[Result], format: str, output: str) -> None:
    """Write results to a file, which appears when it is whole."""
    from io import TextIOWrapper
    from pathlib import Path

    from usql.store.export.output import replacing

    with replacing(Path(output), overwrite=True) as file:
        if format in BINARY_FORMATS:
            write_binary(results[0], format, file)
        else:
            text = TextIOWrapper(file)
            terminal.prepare(text)  # the same bytes as through a pipe
            for number, result in enumerate(results):
                text.write("\n" if number and format in _APART else "")
                text.writelines(render(result, format))
            text.detach()
    for result in results:
        _note(result)


def _note(result: Result) -> None:
    for explanation in result.explanations:
        note(explanation)


def note(text: str) -> None:
    """Write a note to standard error."""
    _report("note", text)


def error(text: str) -> None:
    """Write what went wrong to standard error; the exit code is the caller's."""
    _report("error", text)


def say(text: str = "") -> None:
    """Write a line to standard output."""
    _write([visible_lines(text) + "\n"])


# --- Arguments ----------------------------------------------------------------------------------


def row_limit(ctx: click.Context, param: click.Parameter, value: str) -> int | None:
    """Return a number of rows, or ``None`` for all."""
    if value.casefold() == "none":
        return None
    if value.isascii() and value.isdigit():
        return int(value)
    raise click.BadParameter(f"{value!r} is neither a number of rows nor 'none'.")


def _zone(ctx: click.Context, param: click.Parameter, value: str | None) -> str | int | None:
    """Return an offset in minutes as a number, the name of a zone as it is."""
    try:
        return None if value is None else int(value)
    except ValueError:
        return value


def _moment(ctx: click.Context, param: click.Parameter, value: str | None) -> int | datetime | None:
    """Return a number of ms or an aware datetime."""
    if value is None:
        return None
    from datetime import datetime

    try:
        return int(value)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise click.BadParameter(
            f"{value!r} is neither a number of ms nor a time with an offset,"
            " such as 2026-03-01T12:00:00Z."
        )
    return moment


def _bindings(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> dict[str, Any]:
    """Return the parameters by name."""
    from usql.parameters import read_value

    bound = {}
    for text in value:
        name, equals, written = text.partition("=")
        if not (name and equals):
            raise click.BadParameter(f"{text!r} is not of the form name=value.")
        bound[name] = read_value(written)
    return bound


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


def all_of(*decorators: Callable[[F], F]) -> Callable[[F], F]:
    """Return several decorators as one, the first outermost."""

    def decorate(function: F) -> F:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


def complete_files(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Let the user's shell complete the name of a file."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


store_argument: Callable[[F], F] = click.argument("store", shell_complete=complete_files)
_source = all_of(
    click.argument("query", required=False),
    click.option(
        "-f",
        "--file",
        type=click.Path(exists=True, dir_okay=False, allow_dash=True),
        help="Read the query from a file; '-' is standard input.",
    ),
)
setting: Callable[[F], F] = all_of(
    click.option("--timeframe", metavar="EXPR", help="Sessions that start in it: 'last 7 days'."),
    click.option(
        "--timezone",
        metavar="ZONE",
        callback=_zone,
        help="Europe/Vienna, or minutes east of UTC. [default: UTC]",
    ),
    click.option(
        "--now", metavar="TIME", callback=_moment, help="What $NOW is: ms, or ISO with an offset."
    ),
    click.option(
        "--param",
        "params",
        multiple=True,
        metavar="NAME=VALUE",
        callback=_bindings,
        help='A value for :NAME. Numbers, true, false, null, "strings" and [lists] are read as'
        " JSON, anything else is text as it stands. Repeatable.",
    ),
)
_format = click.option(
    "--format",
    type=click.Choice([*FORMATS, *BINARY_FORMATS]),
    default=next(iter(FORMATS)),
    show_default=True,
    help="How to write the result.",
)
_output = click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="Write the result to a file instead of standard output.",
)


# --- Commands -----------------------------------------------------------------------------------


def _print_version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        say(f"usql {usql.__version__}")
        ctx.exit()


@click.group(
    cls=_Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the version and exit.",
)
@click.pass_context
def main(ctx: click.Context) -> None:
    """Exact answers to USQL queries on exported user sessions.

    A STORE is a file that holds sessions; 'import' makes it. 'usql STORE' opens the shell on it.

    \b
    usql demo
    usql usql-demo.db
    usql import sessions.db export-*.ndjson.gz
    usql query sessions.db "SELECT country, COUNT(*) FROM usersession GROUP BY country"
    usql query sessions.db -f report.usql --timeframe "last 7 days" --format csv > report.csv
    usql query sessions.db "SELECT * FROM useraction WHERE name = :n" --param n="Payment"
    echo "SELECT COUNT(*) FROM usersession" | usql query sessions.db -

    Exit codes: 0 done, 1 bad query or data, 2 wrong usage, 3 store cannot be opened, 4 time
    limit, 130 cancelled.
    """
    if ctx.invoked_subcommand is None:
        _complain(ctx.get_help())
        ctx.exit(WRONG_USAGE)


@main.command()
@store_argument
@_source
@setting
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
    callback=row_limit,
    help="Rows of a query that has no LIMIT. [default: 50]",
)
@click.option(
    "--keep-going", is_flag=True, help="Of several queries, run the others though one fails."
)
@_format
@_output
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
    """Run one or more queries, separated by ';', and write their results.

    '-' reads them from standard input. The first error ends the run, unless --keep-going.
    """
    from usql.cli_batch import statements_of

    text = _text_of(query, file)
    _check_output(store, format, output)
    several = statements_of(text)
    if len(several) > 1 and format in BINARY_FORMATS:
        raise click.UsageError(f"{format} holds one result; give one query at a time.")
    with usql.connect(store, create=False) as db:

        def run(statement: str) -> Result:
            return db.query(statement, default_limit=limit, **settings)

        if len(several) > 1:
            name = file or (query if query == "-" else "query")
            return _run_several(several, name, run, format, output, keep_going)
        result = run(text)
    if output is None:
        _show(result, format)
    else:
        _save([result], format, output)
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
    from usql.cli_batch import Failure, run_all

    code = DONE
    results: list[Result] = []
    for outcome in run_all(several, name, run, keep_going=keep_going):
        if isinstance(outcome, Failure):
            _report("error", f"{outcome.where}: {outcome.error}")
            code = code or _exit_code(outcome.error)
            continue
        results.append(outcome)
        if output is None:
            if len(results) > 1 and format in _APART:
                _write(["\n"])
            _show(outcome, format)
            results[:-1] = []
    if output is not None and (keep_going or code == DONE):
        _save(results, format, output)
    return code


@main.command()
@store_argument
@_source
@setting
def explain(store: str, query: str | None, file: str | None, **settings: Any) -> None:
    """Show how a query becomes SQL, without running it."""
    text = _text_of(query, file)
    with usql.connect(store, create=False) as db:
        explained = db.explain(text, **settings)
    say(str(explained).rstrip("\n"))


@main.command("format")
@_source
def format_query(query: str | None, file: str | None) -> None:
    """Write a query in canonical form.

    '-', or nothing, reads it from standard input.
    """
    text = _text_of("-" if query is None and file is None else query, file)
    say(usql.format(text).rstrip("\n"))


@main.command()
@click.argument("table", required=False)
@_format
def fields(table: str | None, format: str) -> None:
    """List the fields of one TABLE or of all."""
    from usql.listing import field_list
    from usql.schema import catalogue

    schema = catalogue()
    if table is None:
        _show(field_list(schema.tables, with_table=True), format)
        return
    found = schema.find(table)
    if found is None:
        known = ", ".join(known.name for known in schema.tables)
        raise click.BadParameter(f"There is no table {table!r}; there are {known}.")
    _show(field_list((found,), with_table=False), format)


def _inputs(ctx: click.Context, param: click.Parameter, files: tuple[str, ...]) -> list[str]:
    """Return names of files, folders and patterns; one that stands for nothing is refused."""
    from glob import iglob

    for file in files:
        if file != "-" and not os.path.exists(file) and not any(iglob(file, recursive=True)):
            raise click.BadParameter(f"{file!r} does not exist.")
    return list(files)


@main.command("import")
@store_argument
@click.argument("files", nargs=-1, required=True, callback=_inputs, metavar="FILE...")
@click.option("--rejects", metavar="FILE", help="Where bad lines go, with the reason of each.")
@click.option(
    "--strict", is_flag=True, help="Stop at the first bad line, the store left as it was."
)
@click.option("--dry-run", is_flag=True, help="Say what would be done; write nothing.")
@click.option(
    "--wait",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="How long to wait while another process writes. [default: 10]",
)
@cli_events.event_options
def import_files(
    store: str,
    files: list[str],
    rejects: str | None,
    strict: bool,
    dry_run: bool,
    wait: float | None,
    events_given: bool,
    **options: Any,
) -> int:
    """Import session exports, or event logs, into a store.

    A FILE is NDJSON, plain, gzip or zstd; a folder or a pattern of such; or '-' for standard
    input. A session that is there already is replaced, so importing a file twice changes nothing.

    With --events, a FILE is an event log, and sessions are made of its rows. Columns with common
    names are recognised; --dry-run shows what they are taken for.

    \b
    usql import shop.db clicks.csv --events --dry-run
    usql import shop.db clicks.csv --events --user uid --time ts --name page --gap 20m
    """
    # A dry run makes no store.
    place = ":memory:" if dry_run and not os.path.exists(store.removeprefix("sqlite:")) else store
    if events_given:
        lines, problem = cli_events.import_events(
            place, files, options, rejects=rejects, strict=strict, dry_run=dry_run, wait=wait
        )
        for line in lines:
            say(line)
        if problem is not None:
            error(problem)
        return DONE if problem is None else BAD_QUERY
    cli_events.refuse_options(options)
    from usql.cli_import import progress, told

    with usql.connect(place) as db, progress() as report:
        summary = db.import_files(
            files, rejects=rejects, strict=strict, dry_run=dry_run, wait=wait, progress=report
        )
    say(told(summary, dry_run=dry_run))
    if not summary.rejected:
        return DONE
    where = f", see {summary.rejects_path}" if summary.rejects_path else ""
    error(f"{count(summary.rejected, 'line')} rejected{where}")
    return BAD_QUERY


@main.command()
@click.argument("store", default=DEMO_STORE)
@click.option("--sessions", type=click.IntRange(min=1), help="How many. [default: 5000]")
@click.option("--seed", type=int, help="Of the random numbers; the same seed, the same data.")
@click.option("--force", is_flag=True, help=f"Replace a STORE other than {DEMO_STORE}.")
def demo(store: str, sessions: int | None, seed: int | None, force: bool) -> None:
    """Make demo data and run queries on it.

    The data are sessions of an invented travel shop. STORE is made anew each time; by default it
    is usql-demo.db in this directory.
    """
    from usql.demo import DEFAULT_SEED, DEFAULT_SESSIONS, NEXT, QUERIES

    sessions = DEFAULT_SESSIONS if sessions is None else sessions
    seed = DEFAULT_SEED if seed is None else seed
    _make_way(store, force)
    say(f"Making {sessions:,} sessions of an invented travel shop (seed {seed}) in {store} …")
    with usql.connect(store) as db:
        _fill(db, sessions, seed)
        for number, item in enumerate(QUERIES, start=1):
            say(f"\n{number}. {item.title}\n\n{_indented(item.text)}\n")
            _show(db.query(item.text), "table")
    say("\nType next:\n")
    say(_indented("\n".join(line.replace("{store}", _quoted(store)) for line in NEXT)))


def _make_way(store: str, force: bool) -> None:
    """Remove an earlier demo store; never a file that may be something else."""
    if not os.path.exists(store):
        return
    if os.path.basename(store) != DEMO_STORE and not force:
        raise click.UsageError(f"{store} exists; --force replaces it by demo data.")
    for name in (store, f"{store}-wal", f"{store}-shm"):
        if os.path.exists(name):
            os.remove(name)


def _fill(db: Any, sessions: int, seed: int) -> None:
    """Import demo data by the way of all data, through a file."""
    from pathlib import Path
    from tempfile import TemporaryDirectory

    from usql.demo import write

    with TemporaryDirectory(prefix="usql-demo-") as folder:
        file = Path(folder) / "demo.ndjson"
        write(file, sessions, seed)
        db.import_files([file])


def _quoted(store: str) -> str:
    from shlex import quote

    return quote(store)


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())


def count(number: int, noun: str) -> str:
    """Return a number of things in words."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


# Commands that stand in modules of their own; these use what is above.
from usql import cli_export, cli_server, cli_shell, cli_upkeep  # noqa: E402

main.add_command(cli_export.export)
main.add_command(cli_server.serve)
main.add_command(cli_server.token)
main.add_command(cli_shell.shell)
for command in (cli_upkeep.info, cli_upkeep.check, cli_upkeep.compact, cli_upkeep.delete):
    main.add_command(command)
