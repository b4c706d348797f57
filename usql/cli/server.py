"""The commands ``usql serve`` and ``usql token``: a server, and who may use it."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import usql
from usql.cli import options
from usql.cli.output import say
from usql.errors import StoreError
from usql.render import FORMATS, render
from usql.server.options import DEFAULT_PORT, Options

if TYPE_CHECKING:
    from usql.server.tokens import TokenFile

_UNITS_MS = {"h": 3_600_000, "d": 86_400_000, "w": 7 * 86_400_000, "y": 365 * 86_400_000}
_PERIOD = re.compile(r"(?P<count>\d{1,5})(?P<unit>[hdwy])")
_file = click.Path(exists=True, dir_okay=False, path_type=Path)
_seconds = click.FloatRange(min=0, min_open=True)
_data = click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Where tokens and rejected lines are kept. [default: beside the store]",
)


@click.command()
@options.store_argument
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=DEFAULT_PORT,
    show_default=True,
    help="0 for any that is free.",
)
@click.option("--create", is_flag=True, help="Make the store if there is none.")
@_data
@click.option("--tls-cert", "certificate", type=_file, help="PEM file; the server speaks TLS.")
@click.option("--tls-key", "key", type=_file, help="PEM file with the key of --tls-cert.")
@click.option(
    "--allow-host", "hosts", multiple=True, metavar="NAME", help="A further name. '*': any."
)
@click.option(
    "--allow-origin", "origins", multiple=True, metavar="URL", help="Web pages that may call."
)
@click.option(
    "--ingest-secret",
    type=_file,
    help="File with a secret, or user:password, for senders of sessions.",
)
@click.option("--max-rows", type=click.IntRange(min=1), help="Of a result or page. [default: 5000]")
@click.option(
    "--max-body",
    "max_ingest_mb",
    type=click.IntRange(1, 1024),
    metavar="MB",
    help="Of an ingest. [default: 16]",
)
@click.option("--max-connections", type=click.IntRange(min=1), help="[default: 1024]")
@click.option(
    "--max-queries",
    "max_running",
    type=click.IntRange(1, 256),
    help="That run at a time. [default: 8]",
)
@click.option("--max-waiting", type=click.IntRange(min=0), help="Queries that wait. [default: 512]")
@click.option(
    "--query-timeout", "query_seconds", type=_seconds, metavar="SECONDS", help="[default: 60]"
)
@click.option(
    "--header-timeout",
    "header_seconds",
    type=_seconds,
    metavar="SECONDS",
    help="For the head of a request. [default: 10]",
)
@click.option(
    "--body-timeout",
    "body_seconds",
    type=_seconds,
    metavar="SECONDS",
    help="For the body of a request. [default: 30]",
)
@click.option(
    "--stop-timeout", "stop_seconds", type=_seconds, metavar="SECONDS", help="[default: 10]"
)
@click.option(
    "--log-format", type=click.Choice(["lines", "json"]), default="lines", show_default=True
)
def serve(
    store: str,
    create: bool,
    data: Path | None,
    max_ingest_mb: int | None,
    log_format: str,
    **settings: Any,
) -> None:
    """Answer queries and receive sessions over HTTP.

    Clients of the original change their base URL only. It ends at Ctrl-C or SIGTERM, after what is
    running. On other addresses than this machine's own it needs a token: see 'usql token'.
    """
    if (settings["certificate"] is None) != (settings["key"] is None):
        raise click.UsageError("--tls-cert and --tls-key belong together.")
    given = {name: value for name, value in settings.items() if value is not None}
    if max_ingest_mb is not None:
        given["max_ingest_bytes"] = max_ingest_mb * 1024 * 1024
    options = Options(**given, json_logs=log_format == "json")
    path = _path_of(store, data)
    _need_extra()
    from usql.server.serve import serve as run

    with usql.connect(store, create=create) as db:
        run(db, path, options)


@click.group()
def token() -> None:
    """Make, list and revoke the tokens of a server.

    They are kept beside the store, in STORE.tokens.json, as hashes.
    """


@token.command("add")
@options.store_argument
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    default=["query"],
    show_default=True,
    type=click.Choice(["query", "ingest", "admin"]),
    help="What it allows; repeatable.",
)
@click.option("--label", default="", help="What it is for.")
@click.option(
    "--expires", metavar="WHEN", help="12h, 90d, 4w, 1y, or an ISO date. [default: never]"
)
@_data
def add_token(
    store: str, scopes: tuple[str, ...], label: str, expires: str | None, data: Path | None
) -> None:
    """Make a token and write it, this once."""
    text, _ = _tokens(store, data).add(tuple(scopes), label, _moment(expires))
    say(text)


@token.command("list")
@options.store_argument
@click.option("--format", type=click.Choice(list(FORMATS)), default="table", show_default=True)
@_data
def list_tokens(store: str, format: str, data: Path | None) -> None:
    """List the tokens, without their secrets."""
    from usql.result import Column, Result

    names = ("id", "label", "scopes", "created", "expires")
    rows: list[tuple[Any, ...]] = [
        (t.id, t.label, ", ".join(t.scopes), _shown(t.created), _shown(t.expires))
        for t in _tokens(store, data).all()
    ]
    result = Result(tuple(Column(name, "string") for name in names), rows)
    say("".join(render(result, format)).rstrip("\n"))


@token.command("revoke")
@options.store_argument
@click.argument("name", metavar="ID|LABEL")
@_data
def revoke_token(store: str, name: str, data: Path | None) -> None:
    """Revoke a token, by its id or its label; a running server knows at once."""
    revoked = _tokens(store, data).revoke(name)
    say(f"revoked {revoked.id}")


def _tokens(store: str, data: Path | None) -> TokenFile:
    from usql.server.tokens import TokenFile

    return TokenFile.beside(_path_of(store, data))


def _path_of(store: str, data: Path | None) -> Path:
    """Return the path that tokens and rejected lines are beside of."""
    from usql.store.clickhouse_places import ServerLocation
    from usql.store.places import place_of

    place = place_of(store)
    if isinstance(place, ServerLocation) and data is None:
        raise StoreError(
            "beside a store on a server there is no place for tokens and rejected lines",
            hint="name a folder for them: --data FOLDER",
        )
    if place.path is None and not isinstance(place, ServerLocation):
        raise StoreError("a store in memory cannot be served", hint="name a file")
    name = place.path.name if place.path is not None else _ON_A_SERVER
    if data is None:
        assert place.path is not None
        return place.path
    try:
        data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{data} cannot be made: {error.strerror}") from error
    return data / name


_ON_A_SERVER = "store"


def _need_extra() -> None:
    from usql.extras import load

    for module in ("starlette", "uvicorn", "prometheus_client"):
        load(module, "serve")


def _moment(text: str | None) -> int | None:
    """Return a moment in ms: so long from now, or an ISO date."""
    if text is None:
        return None
    period = _PERIOD.fullmatch(text)
    if period is not None:
        return time.time_ns() // 1_000_000 + int(period["count"]) * _UNITS_MS[period["unit"]]
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is neither a period such as 90d nor a date.", param_hint="--expires"
        ) from None
    return round(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() * 1000)


def _shown(moment: int | None) -> str:
    if moment is None:
        return "never"
    return datetime.fromtimestamp(moment / 1000, UTC).strftime("%Y-%m-%d %H:%M")
