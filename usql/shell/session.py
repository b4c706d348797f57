"""What a session of the shell knows: the store, the settings, the last question and answer."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable

    from usql.engine import Database
    from usql.errors import UsqlError
    from usql.result import Result
    from usql.shell.config import Config
    from usql.shell.screen import Screen


class Leave(Exception):
    """The person wants to leave."""


@dataclass(frozen=True)
class Settings:
    """What comes with every query, and how results are shown.

    Attributes:
        limit: most rows of a query without ``LIMIT``; ``None`` for all.
        timeout: in seconds; ``None`` for no limit.
        mode: a name in ``usql.render.FORMATS``.
        dates: ``on``, ``iso`` or ``off``.
    """

    timeframe: str | None = None
    timezone: str | int | None = None
    now: int | datetime | None = None
    limit: int | None = 50
    timeout: float | None = None
    mode: str = "table"
    dates: str = "on"
    units: bool = True
    timer: bool = True
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def zone_name(self) -> str:
        """The time zone, for people.

        >>> Settings().zone_name, Settings(timezone=90).zone_name
        ('UTC', '90 min east of UTC')
        """
        if isinstance(self.timezone, int):
            side = "east" if self.timezone >= 0 else "west"
            return f"{abs(self.timezone)} min {side} of UTC"
        return self.timezone or "UTC"


@dataclass
class Session:
    """The state that commands read and change.

    Attributes:
        opening: opens the store, or returns it where it is open already.
        store: the store's name, as it was given.
        screen: where everything is shown.
        output: the file that results go to, or ``None`` for the screen.
        question: the last query that was run, and ``result`` its answer.
        error: the last error, until a query succeeds.
        typed: what was typed in this session, for ``.history``.
        sessions: how many the store has, once somebody has counted.
        failures: how many lines went wrong.
        depth: how many files that read one another are being read.
    """

    opening: Callable[[], Database]
    store: str
    config: Config
    screen: Screen
    settings: Settings = field(default_factory=Settings)
    output: TextIO | None = None
    question: str | None = None
    result: Result | None = None
    error: UsqlError | None = None
    typed: list[str] = field(default_factory=list)
    sessions: int | None = None
    failures: int = 0
    depth: int = 0

    @property
    def db(self) -> Database:
        """The store, open from the first time that somebody asks.

        Raises:
            StoreError: it is gone since it was looked at.
        """
        return self.opening()

    def change(self, **changes: Any) -> None:
        """Change settings."""
        self.settings = replace(self.settings, **changes)

    def query(self, text: str, **settings: Any) -> Result:
        """Run a query with the settings of the session; Ctrl-C ends it.

        Raises:
            UsqlError: the query is bad, or was cancelled.
        """
        from usql.shell.waiting import wait_for

        now = self.settings
        arguments: dict[str, Any] = {
            "params": now.params,
            "timeframe": now.timeframe,
            "timezone": now.timezone,
            "now": now.now,
            "timeout": now.timeout,
            "default_limit": now.limit,
            **settings,
        }
        return wait_for(
            lambda: self.db.query(text, **arguments), self.db.interrupt, self.screen.spinner
        )

    def count_sessions(self) -> int:
        """Count the sessions of the store, now."""
        self.sessions = int(self.db.query("SELECT COUNT(*) FROM usersession").rows[0][0])
        return self.sessions

    def close(self) -> None:
        """Close what is open, but for the store."""
        if self.output is not None:
            self.output.close()
            self.output = None


def settings_of(config: Config) -> Settings:
    """Return the settings to begin with."""
    return Settings(
        timeframe=config["timeframe"] or None,
        timezone=config["timezone"],
        limit=config["limit"] or None,
        timeout=config["timeout"] or None,
        mode=config["mode"],
        dates=config["dates"],
        units=config["units"],
        timer=config["timer"],
    )
