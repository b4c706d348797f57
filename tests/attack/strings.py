"""`python -m tests.attack.strings --count 5000`: hostile strings wherever a user's text can stand.

Each string is stored, as a value and as a key, and must come back unchanged from every place, or be
refused by an error of our own. The store must be the same, byte for byte, when all is over.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import usql
from usql.errors import UsqlError

BASES = (
    *(
        "'",
        '"',
        "''",
        '"";',
        "\\",
        "\\'",
        "\\\\",
        "%",
        "_",
        "*",
        "?",
        "\\%",
        "\\_",
        "`",
        "[x]",
        "]]",
    ),
    *("'; DROP TABLE usersession; --", "' OR '1'='1", '" OR ""="', "1; ATTACH 'x' AS y", "x' --"),
    *(
        "') UNION SELECT sql FROM sqlite_schema --",
        "/*",
        "*/",
        "--",
        ";",
        "$NOW",
        ":p0",
        "?1",
        "@a",
    ),
    *("\x00", "a\x00b", "\x1b[31m", "\x07", "\x7f", "\x85", "\u2028", "\u2029", "\r\n", "\n", "\t"),
    *(
        "\u202e",
        "\u2066",
        "\u200b",
        "\ufeff",
        "\u00a0",
        "\u0301",
        "e\u0301",
        "é",
        "ﬁ",
        "ß",
        "İ",
        "ı",
    ),
    *(
        "😀",
        "👩‍👩‍👧‍👦",
        "🇦🇹",
        "\U0010ffff",
        "\uffff",
        "\ud800",
        "\udfff",
        "\ue000",
        "中文",
        "عربى",
        "עברית",
    ),
    *(
        "null",
        "NULL",
        "true",
        "None",
        "NaN",
        "1e999",
        "-0",
        "0x10",
        "",
        " ",
        "  ",
        " x ",
        "a.b",
        ".",
    ),
    *(
        "{}",
        "{0}",
        "%s",
        "%(x)s",
        "${x}",
        "<b>",
        "&amp;",
        "../../etc",
        "C:\\x",
        "=1+1",
        "#",
        "\\u0041",
    ),
    *("usql_percentile", "p0", "rowid", "sqlite_schema", "json_each", "SELECT", "FROM", "‘’", "“”"),
)
LONG = 100_000


def hostile(rng: Random) -> str:
    """A hostile string: one of the bases, several of them, or random characters."""
    roll = rng.random()
    if roll < 0.3:
        return rng.choice(BASES)
    if roll < 0.75:
        return "".join(rng.choice((*BASES, "a", "x y")) for _ in range(rng.randint(2, 6)))
    if roll < 0.99:
        ranges = ((0, 0x20), (0x20, 0x7F), (0x80, 0x2FF), (0x2000, 0x206F), (0xD7F0, 0xE010))
        return "".join(chr(rng.randint(*rng.choice(ranges))) for _ in range(rng.randint(1, 12)))
    base = rng.choice(BASES) or "x"
    return base * (LONG // len(base))


def quoted(text: str, quote: str = "'") -> str:
    return quote + text.replace(quote, quote * 2) + quote


@dataclass(frozen=True)
class Finding:
    """What did not come back as it was sent."""

    place: str
    text: str
    found: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text[:200]!r} gave {self.found[:300]}"


class Store:
    """A store that holds each of some strings as a value and as a key."""

    def __init__(self, folder: Path, strings: list[str]) -> None:
        self._path = folder / "hostile.db"
        self._strings = strings
        with usql.connect(self._path) as db:
            db.import_sessions((_session(i, s) for i, s in enumerate(strings)), strict=False)
        self._before = self._state()

    def findings(self) -> Iterator[Finding]:
        """Ask for every string in every place; then look whether the store has changed."""
        with usql.connect(self._path, create=False) as db:
            stored = {row[0] for row in self._ask(db, "SELECT userSessionId FROM usersession")}
            for number, text in enumerate(self._strings):
                yield from self._found(db, number, text, f"h{number}" in stored)
        if self._state() != self._before:
            yield Finding("store", "", "a store that has changed")

    def _state(self) -> dict[str, str]:
        """Digests of the store and of whatever lies beside it; SQLite's own locks apart.

        A reader makes a log where there is none, and writes nothing into it.
        """
        return {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in self._path.parent.iterdir()
            if path.stat().st_size and not path.name.endswith("-shm")
        }

    def _ask(self, db: Any, text: str, params: Any = None, **settings: Any) -> list[Any]:
        return list(db.query(text, params, default_limit=None, **settings).rows)

    def _found(self, db: Any, number: int, text: str, stored: bool) -> Iterator[Finding]:
        here = f"FROM usersession WHERE userSessionId = 'h{number}'"
        value, key = quoted(text), quoted(text, '"')
        pattern = quoted(re.sub(r"[%*?\\]", lambda found: "\\" + found[0], text))
        row = [(text,)] if stored else []
        count = [(len(row),)]
        counting = f"SELECT COUNT(*) {here} AND"
        for place, query, params, expected in (
            ("value", f"SELECT userId {here} AND userId = {value}", None, row),
            ("double quotes", f"SELECT userId {here} AND userId = {key}", None, row),
            ("IN", f"{counting} userId IN ('other', {value})", None, count),
            ("LIKE", f"{counting} userId LIKE {pattern}", None, count),
            ("STARTSWITH", f"{counting} userId STARTSWITH {value}", None, count),
            ("parameter", f"SELECT userId {here} AND userId = :v", {"v": text}, row),
            ("literal", f"SELECT {value} {here}", None, row),
        ):
            yield from self._compared(
                place, text, expected, lambda q=query, p=params: self._ask(db, q, p)
            )
        yield from self._compared(
            "alias", text, text, lambda: db.query(f"SELECT userId AS {key} {here}").columns[0].name
        )
        if stored and text:
            yield from self._compared(
                "key", text, row, lambda: self._ask(db, f"SELECT stringProperties.{key} {here}")
            )
        for query, settings in (
            (f"SELECT {text} FROM usersession", {}),
            (f"SELECT userId FROM {text}", {}),
            (f"SELECT {text}(userId) FROM usersession", {}),
            (f"SELECT DATETIME(startTime, {value}) {here}", {}),
            (f"SELECT DATETIME(startTime, 'yyyy', {value}) {here}", {}),
            (f"{counting} startTime > {value}", {}),
            (f"{counting} startTime > $NOW - DURATION({value})", {}),
            (f"{counting} ip = {value} OR duration = {value}", {}),
            (f"{counting} userId = 'x'", {"timezone": text}),
            (f"{counting} userId = 'x'", {"timeframe": text}),
        ):
            try:
                self._ask(db, query, **settings)
            except UsqlError as error:
                if not str(error):
                    yield Finding("error", text, query)
            except Exception as error:
                yield Finding("name", text, f"{type(error).__name__}: {error} in {query[:200]!r}")

    def _compared(self, place: str, text: str, expected: Any, ask: Any) -> Iterator[Finding]:
        try:
            found = ask()
        except UsqlError as error:
            if not str(error):
                yield Finding(place, text, "an error that says nothing")
            return
        except Exception as error:
            yield Finding(place, text, f"{type(error).__name__}: {error}")
            return
        if found != expected:
            yield Finding(place, text, repr(found))


def _session(number: int, text: str) -> dict[str, Any]:
    properties = [{"key": text, "value": text}] if text else []
    return {
        "userSessionId": f"h{number}",
        "startTime": 1_700_000_000_000 + number,
        "endTime": 1_700_000_100_000 + number,
        "duration": 100_000,
        "userId": text,
        "stringProperties": properties,
    }


def findings(seed: int, count: int) -> Iterator[Finding]:
    """What went wrong with so many hostile strings."""
    rng = Random(f"hostile/{seed}")
    strings = [*BASES, *(hostile(rng) for _ in range(count - len(BASES)))][:count]
    with tempfile.TemporaryDirectory() as folder:
        yield from Store(Path(folder), strings).findings()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.attack.strings", description=__doc__)
    parser.add_argument("--count", type=int, default=5_000, help="how many strings")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    began, found = time.monotonic(), 0
    for finding in findings(options.seed, options.count):
        found += 1
        print(finding, flush=True)
    seconds = time.monotonic() - began
    print(f"{options.count} strings, {found} findings, {seconds:.0f} s, seed {options.seed}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
