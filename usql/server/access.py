"""Who asks: tokens and secrets in requests, and what they allow."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from pathlib import Path

from starlette.requests import Request

from usql.errors import StoreError
from usql.server.problems import Problem
from usql.server.tokens import Token, TokenFile

PARAMETER = "api-token"
"""Name of the parameter that spreadsheets send a token as, whatever its case."""

_NAMES = {
    "query": "DTAQLAccess",
    "ingest": "usql.ingest",
    "admin": "ApiTokenManagement",
}
"""What the original calls the scopes, where it has them."""
_ASK = {"WWW-Authenticate": "Api-Token"}
_ASK_SENDER = {"WWW-Authenticate": 'Basic realm="usql"'}


def scope_names(token: Token | None) -> list[str]:
    """Return the scopes of a token as the original's clients know them; without one, all."""
    return [name for scope, name in _NAMES.items() if token is None or token.allows(scope)]


class Access:
    """Decides by the tokens of a store, and the secret of its senders, who may do what."""

    def __init__(self, tokens: TokenFile, secret: Path | None) -> None:
        self._tokens = tokens
        self._secret = _secret_digests(secret) if secret else ()

    @property
    def open(self) -> bool:
        """Whether everybody may do everything: there is nothing to know."""
        return not self._tokens.all()

    def find(self, text: str) -> Token | None:
        """Return the token with a text, if it is valid."""
        return self._tokens.find(text)

    def require(self, request: Request, scope: str) -> Token | None:
        """Return the token of a request; ``None`` if none is needed.

        Raises:
            Problem: 401 without a valid token, 403 if it lacks the scope.
        """
        sent = sent_token(request)
        if scope == "ingest" and self._secret:
            if sent is not None and self._is_secret(request, sent):
                return None
        elif self.open:
            return None
        token = self.find(sent) if sent else None
        if token is None:
            what = "the token is unknown or has expired" if sent else "a token is needed"
            raise Problem(401, what, _ASK_SENDER if scope == "ingest" else _ASK)
        request.scope["usql.token"] = token.id
        if not token.allows(scope):
            raise Problem(403, f"the token lacks the scope {scope} ({_NAMES[scope]})")
        return token

    def _is_secret(self, request: Request, sent: str) -> bool:
        """Whether a sender knows the secret, alone or as user and password."""
        pair = _basic(request.headers.get("authorization", ""))
        candidates = [sent] if pair is None else [sent, ":".join(pair)]
        digests = [hashlib.sha256(c.encode("utf-8", "replace")).digest() for c in candidates]
        # A sum, since it goes on after a match.
        return sum(hmac.compare_digest(d, s) for d in digests for s in self._secret) > 0


def sent_token(request: Request) -> str | None:
    """Return the token that a request carries: in its header, or as a parameter."""
    header = request.headers.get("authorization", "")
    scheme, _, rest = header.partition(" ")
    if scheme.lower() in ("api-token", "bearer"):
        return rest.strip() or None
    pair = _basic(header)
    if pair is not None:
        return pair[1] or None
    for name, value in request.query_params.multi_items():
        if name.lower() == PARAMETER and value:
            return value
    return None


def _basic(header: str) -> tuple[str, str] | None:
    scheme, _, rest = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(rest.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return user, password


def _secret_digests(path: Path) -> tuple[bytes, ...]:
    try:
        with path.open(encoding="utf-8") as file:
            secret = file.readline().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"the secret in {path} cannot be read: {error}") from error
    if not secret:
        raise StoreError(f"the first line of {path} should be a secret, but is empty")
    return (hashlib.sha256(secret.encode()).digest(),)
