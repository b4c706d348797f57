"""The command ``usql man``: manual pages, made of the same texts as ``--help``."""

from __future__ import annotations

from collections.abc import Iterator

import click

_ESCAPED = str.maketrans(
    {"\\": r"\e", "-": r"\-", "'": r"\(aq", "`": r"\(ga", "^": r"\(ha", "~": r"\(ti", '"': r"\(dq"}
)
"""What roff would set as another character, or read as its own."""
_WIDTH = 72
_VERBATIM = "\b"
"""How click marks a paragraph whose lines stay as they are."""


@click.command()
@click.argument("command", nargs=-1)
@click.pass_context
def man(ctx: click.Context, command: tuple[str, ...]) -> None:
    """Write a manual page of usql, or of one COMMAND.

    It is in the language of man.

    \b
    usql man | man -l -
    usql man query | man -l -
    usql man > ~/.local/share/man/man1/usql.1
    """
    from usql.cli.output import say

    say(page(_context_of(ctx.find_root(), command)).rstrip("\n"))


def _context_of(root: click.Context, words: tuple[str, ...]) -> click.Context:
    """Return the context of a command that some words name.

    Raises:
        click.UsageError: there is no such command.
    """
    context = click.Context(root.command, info_name="usql")
    for word in words:
        group = context.command
        found = group.get_command(context, word) if isinstance(group, click.Group) else None
        if found is None:
            raise click.UsageError(f"No such command '{' '.join(words)}'.", ctx=root)
        context = click.Context(found, info_name=word, parent=context)
    return context


def page(context: click.Context) -> str:
    """Return the manual page of a command in roff, for the macros ``man``.

    Args:
        context: of the command; its path is the page's name.
    """
    import usql

    name = context.command_path.replace(" ", "-")
    lines = [
        f'.TH "{_text(name.upper())}" "1" "" "usql {usql.__version__}" "usql manual"',
        ".SH NAME",
        *_lines(f"{name} - {_short(context.command)}"),
        ".SH SYNOPSIS",
        *_synopsis(context),
        ".SH DESCRIPTION",
        *_paragraphs(context.command.help or ""),
        *_options(context, ".SH OPTIONS"),
        *_commands(context),
        *_see_also(context),
    ]
    return "\n".join(lines) + "\n"


def _short(command: click.Command) -> str:
    """Return the first sentence of a command's help."""
    return command.get_short_help_str(limit=1000).removesuffix(".")


def _synopsis(context: click.Context) -> Iterator[str]:
    yield f"\\fB{_text(context.command_path)}\\fR"
    for piece in context.command.collect_usage_pieces(context):
        yield f"\\fI{_text(piece)}\\fR"


def _paragraphs(help: str) -> Iterator[str]:
    """Yield a help text, its paragraphs apart and its examples as they are."""
    first = True
    for paragraph in help.partition("\f")[0].strip("\n ").split("\n\n"):
        if not paragraph.strip():
            continue
        if not first:
            yield ".PP"
        first = False
        lines = paragraph.splitlines()
        if lines[0].strip(" ") == _VERBATIM:
            yield from (".nf", ".RS 4", *(_line(line) for line in lines[1:]), ".RE", ".fi")
        else:
            yield from _lines(" ".join(line.strip() for line in lines))


def _options(context: click.Context, heading: str = "") -> Iterator[str]:
    """Yield the options of a command, each with its help."""
    options = (p for p in context.command.get_params(context) if isinstance(p, click.Option))
    found = [record for o in options if (record := o.get_help_record(context)) is not None]
    if found and heading:
        yield heading
    for names, about in found:
        yield from (".TP", f"\\fB{_text(names)}\\fR", *_lines(about))


def _commands(context: click.Context) -> Iterator[str]:
    """Yield what the commands of a group are for, and their options."""
    group = context.command
    if not isinstance(group, click.Group):
        return
    yield ".SH COMMANDS"
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None or command.hidden:
            continue
        inner = click.Context(command, info_name=name, parent=context)
        yield f'.SS "{_text(" ".join([name, *command.collect_usage_pieces(inner)]))}"'
        yield from _paragraphs(command.help or "")
        yield from _options(inner)
        yield from _inner_commands(inner)


def _inner_commands(context: click.Context) -> Iterator[str]:
    group = context.command
    if not isinstance(group, click.Group):
        return
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is not None:
            yield from (".TP", f"\\fB{_text(f'{context.info_name} {name}')}\\fR")
            yield from _lines(_short(command) + ".")


def _see_also(context: click.Context) -> Iterator[str]:
    if context.parent is not None:
        yield from (".SH SEE ALSO", r"\fBusql\fR(1)")


def _lines(text: str) -> Iterator[str]:
    """Yield a text as lines that are short enough for those who read the source."""
    from textwrap import wrap

    yield from map(_line, wrap(text, _WIDTH, break_on_hyphens=False, break_long_words=False))


def _line(text: str) -> str:
    """Return a line of text; one that begins with a point would be a command of roff's."""
    text = _text(text)
    return rf"\&{text}" if text.startswith(".") else text


def _text(text: str) -> str:
    r"""Return a text that roff sets as it is.

    >>> print(_text("it's --all … \\b"))
    it\(aqs \-\-all \[u2026] \eb
    """
    escaped = text.translate(_ESCAPED)
    return "".join(c if c.isascii() else f"\\[u{ord(c):04X}]" for c in escaped)
