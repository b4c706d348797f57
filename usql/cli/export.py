"""The command ``usql export``: sessions out of a store, into files or to another system."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

import usql
from usql.cli import options
from usql.cli.output import say
from usql.render.amounts import counted

if TYPE_CHECKING:
    from usql.store.export.auth import Auth
    from usql.store.export.files import ExportProgress

_STANDARD_OUTPUT = "-"
_SECRET = "USQL_EXPORT_SECRET"
_MOST_SECRET = 64 * 1024

_files = options.all_of(
    click.option(
        "--format",
        type=click.Choice(["ndjson", "parquet"]),
        help="JSON lines, or a folder of Parquet. [default: by the name of OUT]",
    ),
    click.option(
        "--compression",
        type=click.Choice(["none", "gzip", "zstd"]),
        help="Of JSON lines. [default: by the suffix of OUT]",
    ),
    click.option("--force", is_flag=True, help="Replace OUT if it exists."),
)
_choice = options.all_of(
    click.option(
        "--where",
        metavar="CONDITION",
        help="Sessions for which it is true, as behind WHERE in a query on usersession.",
    ),
    options.setting,
)
_sending = options.all_of(
    click.option("--to", "url", metavar="URL", help="Send to another system instead."),
    click.option("--method", type=click.Choice(["POST", "PUT"]), help="[default: POST]"),
    click.option(
        "--content-type",
        type=click.Choice(["application/x-ndjson", "application/json"]),
        help="[default: application/x-ndjson]",
    ),
    click.option("--gzip", is_flag=True, default=None, help="Pack the requests."),
    click.option(
        "--bulk-headers",
        is_flag=True,
        default=None,
        help='Put a line {"index": …} before each session, as Elasticsearch wants.',
    ),
    click.option("--index", metavar="NAME", help="Name an index in that line."),
    click.option(
        "--timeout",
        type=click.FloatRange(min=0, min_open=True),
        metavar="SECONDS",
        help="Of one request. [default: 30]",
    ),
    click.option(
        "--retries", type=click.IntRange(min=0), help="Of one request that fails. [default: 3]"
    ),
    click.option(
        "--checkpoint",
        metavar="FILE",
        help="Notes what the receiver has, so that an interrupted export can be run again and"
        " goes on. [default: beside the store]",
    ),
    click.option(
        "--restart", is_flag=True, default=None, help="Send everything, whatever was sent before."
    ),
)
_proving = options.all_of(
    click.option("--auth", type=click.Choice(["basic", "bearer", "oauth2"]), help="Who one is."),
    click.option("--user", metavar="NAME", help="The user (basic), or the client id (oauth2)."),
    click.option(
        "--secret-env",
        metavar="VARIABLE",
        help="Environment variable with the password, the token or the client secret."
        f" [default: {_SECRET}]",
    ),
    click.option("--secret-file", metavar="FILE", help="File with it instead."),
    click.option("--token-url", metavar="URL", help="Where tokens are given out (oauth2)."),
    click.option("--scope", metavar="SCOPE", help="What the token is to allow (oauth2)."),
    click.option(
        "--plain-http",
        is_flag=True,
        default=None,
        help="Allow the secret over a connection that is not encrypted.",
    ),
)


@click.command()
@options.store_argument
@click.argument("out", required=False, type=click.Path(allow_dash=True))
@_choice
@_files
@_sending
@_proving
def export(store: str, out: str | None, url: str | None, **options: Any) -> None:
    """Write sessions to a file or a folder, or send them elsewhere.

    OUT is a file of JSON lines in the format that 'import' reads, with the suffix .gz or .zst
    packed; or, if its name ends in '/' or '.parquet', a folder of Parquet, one file per table; '-'
    is standard output. It appears when it is whole.

    \b
    usql export sessions.db sessions.ndjson.gz
    usql export sessions.db austria/ --format parquet --where "country = 'Austria'"
    usql export sessions.db --to https://example.org/ingest --auth bearer --secret-file token.txt
    """
    if (out is None) == (url is None):
        raise click.UsageError("Say where to: OUT or --to URL, and not both.")
    choice = _taken(options, "where", "params", "timeframe", "timezone", "now")
    files = _taken(options, "format", "compression", "force")
    if url is not None:
        _refuse(files, "--to")
        _send(store, url, choice, options)
        return
    _refuse(options, "OUT")
    assert out is not None
    with usql.connect(store, create=False) as db:
        if out == _STANDARD_OUTPUT:
            _to_standard_output(db, choice, files)
            return
        with session_bar() as progress:
            summary = db.export_files(
                out,
                format=files["format"],
                compression=files["compression"],
                overwrite=files["force"],
                progress=progress,
                **choice,
            )
    say(f"{counted(summary.sessions, 'session')} to {out} in {summary.seconds:.1f} s")


def _taken(options: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return some options, and take them from the others."""
    return {name: options.pop(name) for name in names}


def _refuse(options: dict[str, Any], beside: str) -> None:
    for name, value in options.items():
        if value not in (None, False):
            option = name.replace("_", "-")
            raise click.UsageError(f"--{option} has no meaning for an export with {beside}.")


def _to_standard_output(db: Any, choice: dict[str, Any], files: dict[str, Any]) -> None:
    if files["format"] == "parquet":
        raise click.UsageError("A folder of Parquet cannot go to standard output; name a folder.")
    if sys.stdout is None:
        return
    compression = files["compression"]
    if compression not in (None, "none") and sys.stdout.isatty():
        raise click.UsageError(f"{compression} is not for a terminal; name a file.")
    db.export_files(sys.stdout.buffer, compression=compression, **choice)


# --- Sending --------------------------------------------------------------------------------------


def _send(store: str, url: str, choice: dict[str, Any], options: dict[str, Any]) -> None:
    auth = _auth(
        **_taken(options, "auth", "user", "secret_env", "secret_file", "token_url", "scope")
    )
    given = {name: value for name, value in options.items() if value is not None}
    with usql.connect(store, create=False) as db, session_bar() as progress:
        summary = db.export_url(url, auth=auth, progress=progress, **choice, **given)
    from usql.errors import ExportError
    from usql.store.export.http import shown

    again = f", {counted(summary.retries, 'request')} sent again" if summary.retries else ""
    say(f"{counted(summary.sessions, 'session')} to {shown(url)} in {summary.seconds:.1f} s{again}")
    if summary.skipped:
        were = "was" if summary.skipped == 1 else "were"
        say(f"{counted(summary.skipped, 'session')} {were} there already")
    if summary.rejected:
        raise ExportError(f"the receiver rejected {counted(summary.rejected, 'session')} of them")


def _auth(
    auth: str | None,
    user: str | None,
    secret_env: str | None,
    secret_file: str | None,
    token_url: str | None,
    scope: str | None,
) -> Auth | None:
    """Return who one is; the secret never stands in an argument, which others could read."""
    from usql.store.export.auth import BasicAuth, BearerAuth, OAuth2

    needed = {
        None: {},
        "basic": {"user": user},
        "bearer": {},
        "oauth2": {"user": user, "token_url": token_url},
    }[auth]
    for name, value in needed.items():
        if not value:
            raise click.UsageError(f"--auth {auth} needs --{name.replace('_', '-')}.")
    given = {"user": user, "token_url": token_url, "scope": scope if auth != "oauth2" else None}
    if auth is None:
        given |= {"secret_env": secret_env, "secret_file": secret_file}
    _refuse({name: value for name, value in given.items() if name not in needed}, _kind(auth))
    if auth is None:
        return None
    secret = _secret(secret_env, secret_file)
    match auth:
        case "basic":
            return BasicAuth(str(user), secret)
        case "bearer":
            return BearerAuth(secret)
        case _:
            return OAuth2(str(token_url), str(user), secret, scope)


def _kind(auth: str | None) -> str:
    return "no --auth" if auth is None else f"--auth {auth}"


def _secret(variable: str | None, file: str | None) -> str:
    """Return a secret from a file, without its line end, or from an environment variable."""
    if variable is not None and file is not None:
        raise click.UsageError("Give --secret-env or --secret-file, not both.")
    if file is not None:
        with open(file, encoding="utf-8") as opened:
            secret, where = opened.read(_MOST_SECRET).rstrip("\r\n"), file
    else:
        where = variable or _SECRET
        secret = os.environ.get(where, "")
        where = f"the environment variable {where}"
    if not secret:
        raise click.UsageError(f"There is no secret in {where}.")
    return secret


# --- Progress -------------------------------------------------------------------------------------


@contextmanager
def session_bar() -> Iterator[Callable[[ExportProgress], None] | None]:
    """Show a bar on a terminal; elsewhere, nothing."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        BarColumn(),
        TextColumn("{task.completed:,.0f} of {task.total:,.0f} sessions"),
        TextColumn("{task.fields[rate]:,.0f}/s"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=0, rate=0.0)

        def show(progress: ExportProgress) -> None:
            rate = progress.sessions / max(progress.seconds, 0.001)
            bar.update(task, total=progress.total, completed=progress.sessions, rate=rate)

        yield show
