"""Sessions sent to another system, bulk by bulk, going on where an interrupted run stopped.

What arrives: a snapshot of a store, a receiver, and how far an earlier run came. What leaves: every
session at the receiver at least once, in the order of their numbers, and a summary. A bulk counts
once it was answered with 2xx, and the checkpoint is written then: what an interruption sends twice,
the receiver replaces by itself, as sessions have an identity.
"""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from usql.errors import ExportError
from usql.store.export.auth import Auth, Authorizer, OAuth2
from usql.store.export.bulks import Bulk, bulks, halves, header_line
from usql.store.export.checkpoint import Checkpoint, Reached
from usql.store.export.files import Report, Teller
from usql.store.export.http import RETRIES, TIMEOUT_S, Answer, Sender, checked_url, shown
from usql.store.export.snapshot import Snapshot

Method = Literal["POST", "PUT"]
METHODS: tuple[Method, ...] = ("POST", "PUT")
ContentType = Literal["application/x-ndjson", "application/json"]
CONTENT_TYPES: tuple[ContentType, ...] = ("application/x-ndjson", "application/json")

_GZIP_LEVEL = 6
_SAID_AT_MOST = 200
_ERRORS = re.compile(rb'"errors"\s*:\s*true')


@dataclass(frozen=True)
class Receiver:
    """Where sessions are sent to, and how.

    Attributes:
        url: of the receiver.
        auth: how to prove who one is.
        method: of the requests.
        content_type: of their bodies, which are JSON lines either way.
        gzip: whether bodies are packed.
        bulk_headers: whether a line ``{"index": …}`` stands before each session.
        index: named in that line.
        timeout: of one request, in seconds.
        retries: how often a request is sent again.
        plain_http: whether secrets may go over a connection that is not encrypted.
    """

    url: str
    auth: Auth | None = None
    method: Method = "POST"
    content_type: ContentType = "application/x-ndjson"
    gzip: bool = False
    bulk_headers: bool = False
    index: str | None = None
    timeout: float = TIMEOUT_S
    retries: int = RETRIES
    plain_http: bool = False

    def checked(self) -> Receiver:
        """Return the same with its URL in order.

        Raises:
            ExportError: something in it makes no sense.
        """
        if self.method not in METHODS:
            raise ExportError(f"there is no method {self.method}", hint="POST or PUT")
        if self.content_type not in CONTENT_TYPES:
            hint = " or ".join(CONTENT_TYPES)
            raise ExportError(f"there is no content type {self.content_type}", hint=hint)
        if self.index is not None and not self.bulk_headers:
            raise ExportError(
                "an index is named in the bulk header lines, which are not asked for",
                hint="add --bulk-headers (bulk_headers=True)",
            )
        if not self.timeout > 0 or self.retries < 0:
            raise ExportError("a time-out is more than 0 seconds, and retries are 0 or more")
        if isinstance(self.auth, OAuth2):
            checked_url(self.auth.token_url, secret=True, plain=self.plain_http)
        secret = self.auth is not None
        return replace(self, url=checked_url(self.url, secret=secret, plain=self.plain_http))


@dataclass(frozen=True, slots=True)
class SendSummary:
    """What an export to another system sent.

    Attributes:
        sessions: that the receiver took in this run.
        skipped: that it had taken in an earlier run.
        rejected: of these, how many the receiver says it put aside.
        requests: that were answered with success.
        retries: requests that were sent again.
        size: bytes of JSON.
        seconds: how long it took.
    """

    sessions: int
    skipped: int
    rejected: int
    requests: int
    retries: int
    size: int
    seconds: float


class Run(NamedTuple):
    """What one run goes by.

    Attributes:
        checkpoint: where it notes how far it is, or ``None``.
        reached: how far an earlier run came.
    """

    checkpoint: Checkpoint | None
    reached: Reached


@dataclass
class _Sent:
    """What was sent so far."""

    sessions: int = 0
    rejected: int = 0
    requests: int = 0
    size: int = 0


def send(
    snapshot: Snapshot,
    receiver: Receiver,
    run: Run,
    *,
    report: Report | None = None,
) -> SendSummary:
    """Send sessions to a receiver.

    Args:
        snapshot: the sessions.
        receiver: as ``Receiver.checked`` returned it.
        run: where to begin, and where to note how far it is.
        report: called now and then.

    Raises:
        ExportError: a bulk was refused, or not taken after all retries; the checkpoint says what
            the receiver has.
        MissingExtra: urllib3 is not installed.
    """
    reached = run.reached
    if run.checkpoint is not None:
        run.checkpoint.check(reached, snapshot)
        run.checkpoint.write(reached)  # if it cannot be written, better know before than after
    total = reached.sessions + snapshot.count(reached.number)
    teller = Teller(total, report)
    teller.add(reached.sessions, 0)
    header = header_line(receiver.index) if receiver.bulk_headers else None
    with Sender(timeout=receiver.timeout, retries=receiver.retries) as sender:
        courier = _Courier(receiver, sender)
        for bulk in bulks(snapshot.lines(reached.number), header):
            try:
                courier.deliver(bulk)
            except ExportError as error:
                raise _interrupted(error, teller.sessions, total, run) from error
            reached = replace(
                reached,
                number=bulk.last,
                sessions=reached.sessions + bulk.sessions,
                identity=snapshot.identity(bulk.last),
            )
            if run.checkpoint is not None:
                run.checkpoint.write(reached)
            teller.add(bulk.sessions, len(bulk.body))
    if run.checkpoint is not None:
        run.checkpoint.remove()
    teller.tell()
    sent = courier.sent
    return SendSummary(
        sent.sessions,
        run.reached.sessions,
        sent.rejected,
        sent.requests,
        sender.retries,
        sent.size,
        teller.seconds,
    )


def _interrupted(error: ExportError, sent: int, total: int, run: Run) -> ExportError:
    hint = error.hint
    if run.checkpoint is not None and not sent:
        run.checkpoint.remove()
    elif run.checkpoint is not None:
        more = f"run the same again to go on from there ({run.checkpoint.path})"
        hint = f"{hint}; {more}" if hint else more
    return ExportError(
        f"{error.message}; the receiver has {sent:,} of {total:,} sessions", hint=hint
    )


class _Courier:
    """Brings bulks to a receiver."""

    def __init__(self, receiver: Receiver, sender: Sender) -> None:
        self._receiver = receiver
        self._sender = sender
        self._authorizer = Authorizer(
            receiver.auth, lambda url, body, headers: sender.send("POST", url, body, headers)
        )
        self.sent = _Sent()

    def deliver(self, bulk: Bulk) -> None:
        """Bring a bulk; one that is too large for the receiver, in halves.

        Raises:
            ExportError: it was not taken.
        """
        answer = self._answer(bulk.body)
        if answer.status == 413 and bulk.sessions > 1:
            for half in halves(bulk, lines=2 if self._receiver.bulk_headers else 1):
                self.deliver(half)
            return
        self._check(answer)
        self.sent.sessions += bulk.sessions
        self.sent.rejected += _rejected(answer.body)
        self.sent.requests += 1
        self.sent.size += len(bulk.body)

    def _answer(self, body: bytes) -> Answer:
        receiver = self._receiver
        headers: dict[str, str] = {
            "Content-Type": receiver.content_type,
            "Accept": "application/json",
        }
        if receiver.gzip:
            body = gzip.compress(body, _GZIP_LEVEL, mtime=0)
            headers["Content-Encoding"] = "gzip"
        answer = self._send(body, headers)
        if answer.status == 401 and self._authorizer.renewable:
            self._authorizer.forget()
            answer = self._send(body, headers)
        return answer

    def _send(self, body: bytes, headers: dict[str, str]) -> Answer:
        authorization = self._authorizer.header()
        if authorization is not None:
            headers = headers | {"Authorization": authorization}
        return self._sender.send(self._receiver.method, self._receiver.url, body, headers)

    def _check(self, answer: Answer) -> None:
        """Raise unless an answer says that all was taken."""
        place = shown(self._receiver.url)
        if 300 <= answer.status < 400:
            where = "another place" if answer.location is None else shown(answer.location)
            raise ExportError(f"{place} sends one on to {where}", hint="name that URL instead")
        if not 200 <= answer.status < 300:
            said = self._said(answer.body)
            raise ExportError(
                f"{place} refused the sessions: it answered {answer.status}{said}",
                hint=_HINTS.get(answer.status),
            )
        if _ERRORS.search(answer.body):
            said = self._said(_first_error(answer.body))
            raise ExportError(f"{place} did not take all sessions of a bulk{said}")

    def _said(self, body: bytes) -> str:
        """Return the beginning of an answer, for a message; a secret it repeats is left out."""
        text = " ".join(body.decode("utf-8", "replace").split())
        for secret in self._authorizer.secrets:
            text = text.replace(secret, "***")
        text = "".join(c if c.isprintable() else "�" for c in text[:_SAID_AT_MOST])
        return f" ({text})" if text else ""


_HINTS = {
    401: "check --auth and the secret",
    403: "the receiver knows you, but does not allow it",
    404: "check the URL",
    413: "a single session is too large for the receiver",
}


def _rejected(body: bytes) -> int:
    """Return how many sessions an answer says were put aside, as our own receiver does."""
    try:
        answer = json.loads(body)
    except ValueError:
        return 0
    count = answer.get("rejected") if isinstance(answer, dict) else None
    return count if type(count) is int and count > 0 else 0


def _first_error(body: bytes) -> bytes:
    """Return what a bulk answer says of the first session that was not taken."""
    try:
        for item in json.loads(body)["items"]:
            for outcome in item.values():
                if "error" in outcome:
                    return json.dumps(outcome["error"]).encode()
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    return body
