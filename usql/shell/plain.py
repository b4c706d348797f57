"""Lines typed into a terminal that can only show one letter after another (``TERM=dumb``).

Whatever surrounds such a terminal (an editor, a log, a screen reader) has its own keys; nothing is
drawn here but the prompt.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from usql.shell.language import is_whole

if TYPE_CHECKING:
    from usql.shell.session import Session

_PROMPT, _CONTINUED = "usql> ", "  ... "
_DUMB = ("dumb", "unknown")


def is_dumb() -> bool:
    """Whether the terminal says that it can do nothing."""
    return os.environ.get("TERM", "").lower() in _DUMB


class PlainEditor:
    """Asks for one text after another, line by line.

    Attributes:
        text: always empty: a line that was interrupted is gone.
    """

    text = ""

    def __init__(self, session: Session) -> None:
        """Keep what is typed in the history, as the other editor does."""
        from usql.shell.history import history_of

        self._history = history_of(session)

    def ask(self) -> str:
        """Return the next text.

        Raises:
            EOFError: Ctrl-D on an empty line.
            KeyboardInterrupt: Ctrl-C.
        """
        text = input(_PROMPT)
        while not is_whole(text):
            text += "\n" + input(_CONTINUED)
        self._history.append_string(text)
        return text
