"""The command line: arguments in, one call to the library, its result out. Nothing is decided here.

Promises to scripts: results alone go to standard output; explanations (``note: …``) and errors
(``error: …``) go to standard error. The exit code is one of the constants of `usql.cli.exits`. A
reader that goes away (``| head``) is no error. Nothing ends in a traceback, unless ``USQL_DEBUG``
asks for one.

What a command does not need is not imported: each command stands in a module that is imported when
it is called, and there every import of more than ``click`` stands in the function that uses it.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any, NoReturn

import click

from usql.cli import exits, output

COMMANDS = {
    "apdex": "analyses:apdex",
    "check": "upkeep:check",
    "compact": "upkeep:compact",
    "copy": "copying:copy",
    "delete": "upkeep:delete",
    "demo": "demo:demo",
    "explain": "query:explain",
    "export": "export:export",
    "findings": "analyses:findings",
    "fields": "fields:fields",
    "format": "query:format_query",
    "import": "importing:import_files",
    "info": "upkeep:info",
    "man": "man:man",
    "query": "query:query",
    "scores": "analyses:scores",
    "segment": "segment:segment",
    "serve": "server:serve",
    "session": "analyses:session",
    "sessions": "analyses:sessions",
    "shell": "shell:shell",
    "token": "server:token",
    "user": "analyses:user",
}
"""The commands, and for each its module in this package and its function there."""


class _Commands(click.Group):
    """A group whose every way to end is one of our exit codes; a store opens the shell."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, in the order of help."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, imported now; ``None`` if there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, function = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(f"usql.cli.{module}"), function)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command, which is ``shell`` where the first argument names a store."""
        if args[0] not in COMMANDS and _names_store(args[0]):
            args = ["shell", *args]
        return super().resolve_command(ctx, args)

    def main(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Run a command and exit."""
        kwargs["standalone_mode"] = False
        run = super().main
        exits.leave(exits.guarded(lambda: run(*args, **kwargs)))


def _names_store(argument: str) -> bool:
    """Whether an argument that is no command can only be meant as a store."""
    return os.path.exists(argument) or any(sign in argument for sign in (".", ":", os.sep))


def _print_version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        import usql

        output.say(f"usql {usql.__version__}")
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
    usql query sessions.db -f report.usql --keep-going --format csv -o report.csv
    usql query sessions.db "SELECT * FROM useraction WHERE name = :n" --param n="Payment"
    echo "SELECT COUNT(*) FROM usersession" | usql query sessions.db -

    Exit codes: 0 done, 1 bad query or data, 2 wrong usage, 3 store cannot be opened, 4 time
    limit, 130 cancelled.
    """
    if ctx.invoked_subcommand is None:
        output.complain(ctx.get_help())
        ctx.exit(exits.WRONG_USAGE)
