"""What keys do beyond prompt-toolkit's own: Enter runs what is whole, and continues the rest."""

from __future__ import annotations

from prompt_toolkit.application import get_app
from prompt_toolkit.enums import DEFAULT_BUFFER
from prompt_toolkit.filters import Condition, has_focus
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.key_binding.key_processor import KeyPressEvent

from usql.shell.commands.names import is_command
from usql.shell.language import is_whole


@Condition
def _choosing() -> bool:
    """Whether a suggestion of a query is picked in the menu; one of a command simply runs."""
    buffer = get_app().current_buffer
    state = buffer.complete_state
    picked = state is not None and state.current_completion is not None
    return picked and not is_command(buffer.text)


def bindings() -> KeyBindings:
    """Return the keys of the shell."""
    keys = KeyBindings()
    typing = has_focus(DEFAULT_BUFFER)

    @keys.add("enter", filter=typing & _choosing)
    def _take(event: KeyPressEvent) -> None:
        event.current_buffer.complete_state = None

    @keys.add("enter", filter=typing & ~_choosing)
    def _enter(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if is_whole(buffer.text):
            buffer.validate_and_handle()
        else:
            buffer.insert_text("\n" + _indent(buffer.document.current_line))

    @keys.add("escape", "enter", filter=typing)
    def _new_line(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    return keys


def _indent(line: str) -> str:
    """Return the blanks that the next line begins with.

    >>> _indent("  WHERE a = 1"), _indent("")
    ('  ', '')
    """
    return line[: len(line) - len(line.lstrip())]
