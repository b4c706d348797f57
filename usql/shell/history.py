"""What was typed, kept in a file for the next time; in memory where there can be no file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from prompt_toolkit.history import FileHistory, History, InMemoryHistory

if TYPE_CHECKING:
    from usql.shell.session import Session

_OWNER_ONLY = 0o600


def history_file() -> Path:
    """Return where the history is kept."""
    from platformdirs import user_state_path

    return user_state_path("usql", appauthor=False) / "history"


def history_of(session: Session) -> History:
    """Return the history to go on with."""
    if not session.config["history"]:
        return InMemoryHistory()
    file = history_file()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=_OWNER_ONLY)
        with file.open("ab"):
            pass
    except OSError as error:
        session.screen.note(f"the history is not kept: {file}: {error.strerror}")
        return InMemoryHistory()
    return _Kept(str(file))


class _Kept(FileHistory):
    """A file of entries; a disk that fails later costs the history, not the session."""

    def store_string(self, string: str) -> None:
        """Append an entry."""
        try:
            super().store_string(string)
        except OSError:
            return

    def append_string(self, string: str) -> None:
        """Append an entry that says more than the one before, without blank lines at its end."""
        string = string.rstrip()
        if string and string != next(iter(self._loaded_strings), None):
            super().append_string(string)
