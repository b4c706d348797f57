"""The settings a person keeps: a TOML file -> ``Config``; each option is one row of ``OPTIONS``.

A mistake in the file never keeps anybody from working: the option keeps its default, and a
sentence says which one and why.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from usql.errors import WrongStructure
from usql.render import FORMATS

CONFIG_VARIABLE = "USQL_CONFIG"
"""Environment variable that names another file."""


@dataclass(frozen=True)
class Option:
    """One option.

    Attributes:
        name: as it is written.
        default: its value where nothing is said.
        about: what it does.
        choices: the values it may have, or none if any of the default's type is fine.
    """

    name: str
    default: str | int | float | bool
    about: str
    choices: tuple[str, ...] = ()

    @property
    def values(self) -> str:
        """What may be written, for people."""
        if self.choices:
            return ", ".join(f'"{choice}"' for choice in self.choices)
        kinds = {bool: "true, false", int: "a whole number", float: "a number", str: "a text"}
        return kinds[type(self.default)]

    def problem(self, value: Any) -> str | None:
        """Return what is wrong with a value, or ``None``."""
        if self.choices:
            return None if value in self.choices else f"it is one of {self.values}"
        if isinstance(self.default, bool) != isinstance(value, bool):
            return f"it is {self.values}"
        if isinstance(self.default, str):
            return None if isinstance(value, str) else "it is a text in quotes"
        wanted = int if isinstance(self.default, int) else (int, float)
        if not isinstance(value, wanted) or value < 0:
            return f"it is {self.values}, 0 or more"
        return None


DATES = ("on", "iso", "off")
OPTIONS = (
    Option("timeframe", "", "sessions that start in it, such as 'last 7 days'; empty for all"),
    Option("timezone", "UTC", "the time zone of dates, such as 'Europe/Vienna'"),
    Option("limit", 50, "rows of a query that has no LIMIT; 0 for all"),
    Option("timeout", 0.0, "seconds after which a query is ended; 0 for never"),
    Option("mode", "table", "how results are written", tuple(FORMATS)),
    Option("dates", "on", "dates as local time, in ISO 8601, or as numbers of ms", DATES),
    Option("units", True, "the units of numbers beside the names of columns"),
    Option("timer", True, "how many rows there were, and how long it took"),
    Option("keys", "emacs", "the keys of the editor", ("emacs", "vi")),
    Option("completion", True, "suggestions as you type; without, they come with the Tab key"),
    Option("mouse", False, "the mouse places the cursor; the terminal then selects with Shift"),
    Option("color", "auto", "colours: if the terminal has them, or never", ("auto", "never")),
    Option("pager", "", "program for long results; empty for $PAGER or less, 'off' for none"),
    Option("editor", "", "program that Ctrl-X Ctrl-E opens; empty for $VISUAL or $EDITOR"),
    Option("history", True, "what is typed is kept for the next time"),
    Option("hints", True, "lines of what to try, on the first start and in an empty store"),
)
_BY_NAME = {option.name: option for option in OPTIONS}


@dataclass(frozen=True)
class Config:
    """What the file says, the defaults where it says nothing; and what is wrong with it."""

    values: Mapping[str, Any] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Any:
        return self.values.get(name, _BY_NAME[name].default)

    def over(self, given: Mapping[str, Any]) -> Config:
        """Return a configuration in which what was given on the command line comes first.

        >>> Config({"keys": "vi"}).over({"keys": None, "mode": "csv"})["keys"]
        'vi'
        """
        said = {name: value for name, value in given.items() if value is not None}
        return Config({**self.values, **said}, self.problems)


def config_file() -> Path:
    """Return where the configuration is read from, whether there is a file or not."""
    named = os.environ.get(CONFIG_VARIABLE)
    if named:
        return Path(named)
    from platformdirs import user_config_path

    return user_config_path("usql", appauthor=False) / "config.toml"


def load(file: Path) -> Config:
    """Return what a file says; the defaults where there is none."""
    import tomllib

    try:
        with file.open("rb") as opened:
            said = tomllib.load(opened)
    except FileNotFoundError:
        return Config()
    except OSError as error:
        return Config(problems=(f"{file} cannot be read: {error.strerror}",))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        return Config(problems=(f"{file} is not TOML: {error}",))
    return read(said, str(file))


def read(said: Mapping[str, Any], file: str) -> Config:
    """Return a configuration from the names and values of a file.

    >>> read({"mod": "csv", "limit": 10}, "config.toml").problems
    ('config.toml: there is no option mod; did you mean mode?',)
    """
    problems = list(_problems(said))
    values = {
        name: value
        for name, value in said.items()
        if name in _BY_NAME and _BY_NAME[name].problem(value) is None
    }
    return Config(values, tuple(f"{file}: {problem}" for problem in problems))


def from_text(name: str, text: str) -> str | int | float | bool:
    """Return the value of an option from the text that stands for it on the command line.

    Raises:
        WrongStructure: there is no such option, or it cannot have this value.

    >>> from_text("limit", "20"), from_text("timer", "false"), from_text("pager", "off")
    (20, False, 'off')
    """
    option = _BY_NAME.get(name)
    value: Any = text
    if option is not None and not isinstance(option.default, str):
        with suppress(ValueError):
            value = json.loads(text)
    for problem in _problems({name: value}):
        what, _, hint = problem.partition("; ")
        raise WrongStructure(what, hint=hint or None)
    return value  # type: ignore[no-any-return]


def _problems(said: Mapping[str, Any]) -> Iterator[str]:
    for name, value in said.items():
        option = _BY_NAME.get(name)
        if option is None:
            near = get_close_matches(name, _BY_NAME, n=1)
            guess = f"; did you mean {near[0]}?" if near else ""
            yield f"there is no option {name}{guess}"
        elif problem := option.problem(value):
            yield f"{name} cannot be {value!r}; {problem}"
