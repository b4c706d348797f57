"""A shell without a terminal: lines in, what it shows out."""

from __future__ import annotations

import io
from pathlib import Path

import usql
from usql.shell.config import Config
from usql.shell.dispatch import handle
from usql.shell.screen import Screen
from usql.shell.session import Leave, Session, settings_of


class Talk:
    """A session that is typed into line by line."""

    def __init__(self, store: Path | str, **options: object) -> None:
        self.out = io.StringIO()
        config = Config({"timer": False, **options})
        db = usql.connect(store)
        self.session = Session(
            lambda: db, str(store), config, Screen(self.out), settings_of(config)
        )
        self.left = False

    def say(self, *texts: str) -> str:
        """Type texts; return what is shown."""
        start = len(self.out.getvalue())
        for text in texts:
            try:
                handle(self.session, text)
            except Leave:
                self.left = True
        return self.out.getvalue()[start:]

    def close(self) -> None:
        self.session.close()
        self.session.db.close()
