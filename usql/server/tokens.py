"""Tokens: who may do what, kept as hashes in a file beside the store.

The file is apart from the store, so that whoever gets a copy or an export of the data gets no
tokens. A token has the form that the original's clients check for, ``dt0c01.PUBLIC.SECRET``: the
public part names it in lists and logs, the secret part is shown once and kept as a SHA-256 hash.
Its 320 random bits leave nothing to guess, which is what slow hashes are for.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
import secrets
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from usql.errors import StoreError, UsqlError

SCOPES = ("query", "ingest", "admin")
"""What a token may allow: to ask, to send sessions, and both with the look-up of other tokens."""
SUFFIX = ".tokens.json"

_PREFIX = "dt0c01"
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_PUBLIC_LENGTH = 24
_SECRET_LENGTH = 64
_VERSION = 1


class BadToken(UsqlError):
    """A token that cannot be made or found."""

    code = "bad-token"


@dataclass(frozen=True)
class Token:
    """What is known of a token.

    Attributes:
        id: its public part.
        digest: SHA-256 of the whole token, in hexadecimal digits.
        scopes: some of ``SCOPES``.
        label: what it is for.
        created: ms, UTC.
        expires: ms, UTC, or ``None`` for never.
    """

    id: str
    digest: str
    scopes: tuple[str, ...]
    label: str
    created: int
    expires: int | None = None

    def valid(self, now: int) -> bool:
        """Whether it has not expired at a moment in ms."""
        return self.expires is None or now < self.expires

    def allows(self, scope: str) -> bool:
        """Whether it allows what a scope stands for."""
        return scope in self.scopes or "admin" in self.scopes


class TokenFile:
    """The tokens of a store. Several processes may read and change them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stamp: tuple[int, int, int] | None = None
        self._tokens: tuple[Token, ...] = ()

    @classmethod
    def beside(cls, store: Path) -> TokenFile:
        """Return the tokens of a store.

        >>> TokenFile.beside(Path("sessions.db")).path.name
        'sessions.db.tokens.json'
        """
        return cls(store.with_name(store.name + SUFFIX))

    def all(self) -> tuple[Token, ...]:
        """Return all tokens, the oldest first; the file is read again if it has changed.

        Raises:
            StoreError: it cannot be read.
        """
        try:
            status = self.path.stat()
        except FileNotFoundError:
            self._stamp, self._tokens = None, ()
            return ()
        except OSError as error:
            raise self._unusable(error.strerror or str(error)) from error
        stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
        if stamp != self._stamp:
            self._tokens = self._read()
            self._stamp = stamp
        return self._tokens

    def add(
        self, scopes: tuple[str, ...], label: str = "", expires: int | None = None
    ) -> tuple[str, Token]:
        """Make a token; return it, for the only time, and what is kept of it.

        Args:
            scopes: some of ``SCOPES``.
            label: what it is for.
            expires: ms, UTC.

        Raises:
            BadToken: there is no such scope, or the time has passed.
            StoreError: the file cannot be written.
        """
        unknown = [scope for scope in scopes if scope not in SCOPES]
        if unknown or not scopes:
            raise BadToken(
                f"there is no scope {unknown[0]!r}" if unknown else "a token needs a scope",
                hint=f"scopes are {', '.join(SCOPES)}",
            )
        now = _now()
        if expires is not None and expires <= now:
            raise BadToken("the token would have expired already")
        public, secret = _random(_PUBLIC_LENGTH), _random(_SECRET_LENGTH)
        text = f"{_PREFIX}.{public}.{secret}"
        chosen = tuple(scope for scope in SCOPES if scope in scopes)
        token = Token(public, _digest(text), chosen, label, now, expires)
        with self._changing():
            self._write((*self.all(), token))
        return text, token

    def revoke(self, name: str) -> Token:
        """Remove the token with an id, or the one with a label; return what was known of it.

        Raises:
            BadToken: there is none, or there are several.
            StoreError: the file cannot be written.
        """
        with self._changing():
            tokens = self.all()
            found = [token for token in tokens if token.id == name]
            found = found or [token for token in tokens if token.label == name]
            if len(found) != 1:
                many = "several tokens have the label" if found else "there is no token"
                raise BadToken(f"{many} {name!r}", hint="usql token list STORE shows the ids")
            self._write(tuple(token for token in tokens if token != found[0]))
        return found[0]

    def find(self, text: str, now: int | None = None) -> Token | None:
        """Return the token that a client sent, unless it is unknown or has expired.

        It takes the same time for every text, since all digests are compared, each in constant
        time.

        Raises:
            StoreError: the file cannot be read.
        """
        digest = _digest(text)
        found = None
        for token in self.all():
            if hmac.compare_digest(token.digest, digest):
                found = token
        return found if found and found.valid(_now() if now is None else now) else None

    def _read(self) -> tuple[Token, ...]:
        try:
            document: dict[str, Any] = json.loads(self.path.read_bytes())
            if document["version"] != _VERSION:
                raise self._unusable("it was made by a newer version of usql")
            tokens = tuple(Token(**entry) for entry in document["tokens"])
        except OSError as error:
            raise self._unusable(error.strerror or str(error)) from error
        except (ValueError, KeyError, TypeError) as error:
            raise self._unusable(f"it is no list of tokens ({error})") from error
        return tuple(replace(token, scopes=tuple(token.scopes)) for token in tokens)

    def _write(self, tokens: tuple[Token, ...]) -> None:
        """Replace the file at once, readable by its owner only."""
        document = {"version": _VERSION, "tokens": [asdict(token) for token in tokens]}
        temporary = None
        try:
            handle, temporary = tempfile.mkstemp(dir=self.path.parent, prefix=self.path.name)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(document, file, ensure_ascii=False, indent=1)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self.path)
        except OSError as error:
            if temporary is not None and os.path.exists(temporary):
                os.unlink(temporary)
            raise self._unusable(error.strerror or str(error)) from error

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Keep other processes from changing the tokens within a block."""
        try:
            handle = os.open(self.path.absolute().parent, os.O_RDONLY)
        except OSError as error:
            raise self._unusable(error.strerror or str(error)) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            self._stamp = None
            yield
        finally:
            os.close(handle)

    def _unusable(self, why: str) -> StoreError:
        return StoreError(f"the tokens in {self.path} cannot be used: {why}")


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _now() -> int:
    return time.time_ns() // 1_000_000
