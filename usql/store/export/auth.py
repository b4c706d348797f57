"""Proving to a receiver who one is: basic, bearer, or OAuth 2 client credentials.

What arrives: names and secrets. What leaves: the value of an ``Authorization`` header. A secret is
in no ``repr``, and so in no log or traceback.
"""

from __future__ import annotations

import json
import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias
from urllib.parse import quote_plus, urlencode

from usql.errors import ExportError

_EARLIER_S = 30.0
"""A token is renewed so long before it expires: a request that waits must not outlive it."""


class Answer(Protocol):
    """What a server answered.

    Attributes:
        status: of HTTP.
        body: its beginning.
    """

    @property
    def status(self) -> int: ...  # noqa: D102

    @property
    def body(self) -> bytes: ...  # noqa: D102


Post = Callable[[str, bytes, dict[str, str]], Answer]
"""Sends a body with headers to a URL, again if need be."""


@dataclass(frozen=True)
class BasicAuth:
    """A user and a password."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class BearerAuth:
    """A token that one has already."""

    token: str = field(repr=False)


@dataclass(frozen=True)
class OAuth2:
    """Client credentials, for which a server gives out tokens (RFC 6749, section 4.4).

    Attributes:
        token_url: where tokens are given out.
        client_id: the client.
        client_secret: its secret.
        scope: what the token is to allow; the server's default unless given.
    """

    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str | None = None


Auth: TypeAlias = BasicAuth | BearerAuth | OAuth2


class Authorizer:
    """Gives the header of each request, and a new one where the last was not accepted."""

    def __init__(self, auth: Auth | None, post: Post) -> None:
        self._auth = auth
        self._post = post
        self._token: str | None = None
        self._expires = float("inf")

    @property
    def renewable(self) -> bool:
        """Whether another header may be accepted where one was not."""
        return isinstance(self._auth, OAuth2)

    @property
    def secrets(self) -> list[str]:
        """What may not be repeated to anybody, longest first."""
        match self._auth:
            case BasicAuth(user, password):
                found = [password, _basic(user, password).partition(" ")[2]]
            case BearerAuth(token):
                found = [token]
            case OAuth2():
                found = [self._auth.client_secret, self._token or ""]
            case _:
                found = []
        return sorted(filter(None, found), key=len, reverse=True)

    def header(self) -> str | None:
        """Return the header's value; a token is fetched if there is none that is still good.

        Raises:
            ExportError: a secret cannot be sent, or no token is given out.
        """
        match self._auth:
            case None:
                return None
            case BasicAuth(user, password):
                return _basic(user, password)
            case BearerAuth(token):
                return _bearer(token)
            case OAuth2() as client:
                if self._token is None or time.monotonic() >= self._expires:
                    self._fetch(client)
                assert self._token is not None
                return _bearer(self._token)

    def forget(self) -> None:
        """Fetch a new token for the next request."""
        self._token = None

    def _fetch(self, client: OAuth2) -> None:
        fields = {"grant_type": "client_credentials"}
        if client.scope is not None:
            fields["scope"] = client.scope
        # The standard has both encoded as in forms before they are joined.
        header = _basic(quote_plus(client.client_id), quote_plus(client.client_secret))
        answer = self._post(
            client.token_url,
            urlencode(fields).encode(),
            {
                "Content-Type": "application/x-www-form-urlencoded",
                "Accept": "application/json",
                "Authorization": header,
            },
        )
        if answer.status != 200:
            raise ExportError(
                f"{client.token_url} gives out no token: it answered {answer.status}",
                hint="check client id, secret and scope",
            )
        self._token, lifetime = _token_of(answer.body, client.token_url)
        self._expires = time.monotonic() + max(lifetime - _EARLIER_S, lifetime / 2)


def _token_of(body: bytes, url: str) -> tuple[str, float]:
    """Return a token and the seconds for which it is good."""
    try:
        answer = json.loads(body)
        token, kind = answer["access_token"], answer.get("token_type", "bearer")
        lifetime = float(answer.get("expires_in") or "inf")
    except (ValueError, TypeError, KeyError, AttributeError):
        token = kind = None
    if not isinstance(token, str) or not isinstance(kind, str) or kind.lower() != "bearer":
        raise ExportError(f"{url} answered without a bearer token")
    return token, lifetime


def _basic(user: str, password: str) -> str:
    if ":" in user:
        raise ExportError("the name of a user may not have a colon")
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


def _bearer(token: str) -> str:
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise ExportError(
            "the token is empty or has characters that no header can have",
            hint="check the variable or the file that it comes from",
        )
    return f"Bearer {token}"
