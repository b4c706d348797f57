"""Sessions sent to receivers that take them, and to some that fail, stall, throttle and cut."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

import usql
from usql import errors
from usql.store.export import bulks, http
from usql.store.export.auth import BasicAuth, BearerAuth, OAuth2
from usql.store.export.bulks import MOST_BYTES, MOST_SESSIONS
from usql.store.export.snapshot import Line

ROOT = Path(__file__).parents[2]


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> bytes:
        packed = self.headers.get("Content-Encoding") == "gzip"
        return gzip.decompress(self.body) if packed else self.body

    @property
    def sessions(self) -> list[dict[str, Any]]:
        documents = [json.loads(line) for line in self.text.splitlines()]
        return [document for document in documents if "index" not in document]


Behaviour = Callable[[BaseHTTPRequestHandler, Request], None]


@dataclass
class Receiver:
    """A server whose next answers can be told; then, and else, it takes what it gets."""

    url: str = ""
    requests: list[Request] = field(default_factory=list)
    script: list[Behaviour] = field(default_factory=list)
    always: Behaviour | None = None
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def ids(self) -> list[str]:
        return [s["userSessionId"] for r in self.requests for s in r.sessions]


def answer(status: int, body: bytes = b"{}", **headers: str) -> Behaviour:
    def behave(handler: BaseHTTPRequestHandler, request: Request) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return behave


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    state = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            request = Request(self.command, self.path, dict(self.headers), body)
            behave = state.always or answer(200)
            if self.path.startswith("/ingest"):
                state.requests.append(request)
                if state.script:
                    behave = state.script.pop(0)
            behave(self, request)

        do_PUT = do_POST  # noqa: N815

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """Clients that go away are what is tested here."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}/ingest"
    yield state
    state.ended.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """No test waits; what it would have waited is kept. No proxy is between."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    found: list[float] = []
    monkeypatch.setattr(http, "_sleep", found.append)
    return found


def sessions(count: int, **more: Any) -> list[dict[str, Any]]:
    return [{"userSessionId": f"s{n}", "startTime": n, **more} for n in range(count)]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("stores") / "s.db"
    with usql.connect(path) as db:
        db.import_sessions(sessions(2500))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


@pytest.fixture
def db(tmp_path: Path, made: Path) -> Iterator[usql.Database]:
    shutil.copy(made, tmp_path / "s.db")
    with usql.connect(tmp_path / "s.db") as opened:
        yield opened


IDS = [f"s{n}" for n in range(2500)]


def beside(folder: Path) -> list[str]:
    return [name for name in os.listdir(folder) if ".export-" in name]


# --- What is sent ---------------------------------------------------------------------------------


def test_all_sessions_arrive_once_in_bulks_of_at_most_1000(
    db: usql.Database, receiver: Receiver, tmp_path: Path
) -> None:
    summary = db.export_url(receiver.url)
    assert [len(r.sessions) for r in receiver.requests] == [1000, 1000, 500]
    assert receiver.ids == IDS
    assert receiver.requests[0].sessions[7] == {"userSessionId": "s7", "startTime": 7}
    assert {r.method for r in receiver.requests} == {"POST"}
    assert {r.headers["Content-Type"] for r in receiver.requests} == {"application/x-ndjson"}
    assert "Authorization" not in receiver.requests[0].headers
    assert (summary.sessions, summary.skipped, summary.requests) == (2500, 0, 3)
    assert (summary.retries, summary.size) == (0, sum(len(r.body) for r in receiver.requests))
    assert beside(tmp_path) == []


def test_what_arrives_makes_the_same_store(
    db: usql.Database, receiver: Receiver, tmp_path: Path
) -> None:
    db.export_url(receiver.url)
    with usql.connect(tmp_path / "second.db") as second:
        for request in receiver.requests:
            second.import_sessions(request.sessions)
        assert list(second.export_sessions()) == list(db.export_sessions())


def test_options_of_a_request(db: usql.Database, receiver: Receiver) -> None:
    db.export_url(
        receiver.url,
        method="PUT",
        content_type="application/json",
        gzip=True,
        bulk_headers=True,
        index="visits",
    )
    first = receiver.requests[0]
    assert (first.method, first.headers["Content-Type"]) == ("PUT", "application/json")
    assert first.headers["Content-Encoding"] == "gzip"
    lines = first.text.splitlines()
    assert lines[0] == lines[2] == b'{"index":{"_index":"visits"}}'
    assert json.loads(lines[3]) == {"userSessionId": "s1", "startTime": 1}
    assert receiver.ids == IDS


def lines(*sizes: int) -> list[Line]:
    return [Line(number, b"x" * (size - 1)) for number, size in enumerate(sizes, 1)]


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([], []),
        ([10] * MOST_SESSIONS, [(1000, 1000)]),
        ([10] * (MOST_SESSIONS + 1), [(1000, 1000), (1, 1001)]),
        ([MOST_BYTES // 2] * 2, [(2, 2)]),
        ([MOST_BYTES // 2, MOST_BYTES // 2 + 1], [(1, 1), (1, 2)]),
        ([10, MOST_BYTES + 5, 10], [(1, 1), (1, 2), (1, 3)]),
    ],
)
def test_bulks_end_at_1000_sessions_or_896000_bytes(
    sizes: list[int], expected: list[tuple[int, int]]
) -> None:
    assert (MOST_SESSIONS, MOST_BYTES) == (1000, 896_000)
    made = list(bulks.bulks(lines(*sizes)))
    assert [(bulk.sessions, bulk.last) for bulk in made] == expected
    assert b"".join(bulk.body for bulk in made) == b"".join(
        line.text + b"\n" for line in lines(*sizes)
    )


def test_a_bulk_that_is_too_large_for_the_receiver_comes_in_parts(
    db: usql.Database, receiver: Receiver
) -> None:
    def small(handler: BaseHTTPRequestHandler, request: Request) -> None:
        answer(413 if len(request.sessions) > 300 else 200)(handler, request)

    receiver.always = small
    summary = db.export_url(receiver.url, bulk_headers=True)
    taken = [r for r in receiver.requests if len(r.sessions) <= 300]
    assert [s["userSessionId"] for r in taken for s in r.sessions] == IDS
    assert summary.sessions == 2500
    assert summary.requests == len(taken)


# --- Failures -------------------------------------------------------------------------------------


def stall(handler: BaseHTTPRequestHandler, request: Request) -> None:
    STALLED.wait(5)


def trickle(handler: BaseHTTPRequestHandler, request: Request) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for number in range(200):
        handler.wfile.write(b"X-%d: a\r\n" % number)
        handler.wfile.flush()
        time.sleep(0.05)


def cut(handler: BaseHTTPRequestHandler, request: Request) -> None:
    handler.close_connection = True


def cut_within(handler: BaseHTTPRequestHandler, request: Request) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf")
    handler.close_connection = True


STALLED = threading.Event()


@pytest.mark.parametrize(
    "failure",
    [answer(500), answer(503), answer(429), stall, trickle, cut, cut_within],
    ids=["500", "503", "429", "stall", "trickle", "cut", "cut within"],
)
def test_a_failure_that_passes_is_no_failure(
    db: usql.Database, receiver: Receiver, waits: list[float], failure: Behaviour
) -> None:
    receiver.script = [answer(200), failure, failure, failure]
    # Long enough for a busy machine to answer in, where it means to.
    summary = db.export_url(receiver.url, timeout=1.2 if failure in (stall, trickle) else 30)
    assert summary.sessions == 2500
    assert summary.retries == 3
    assert [len(r.sessions) for r in receiver.requests] == [1000] * 5 + [500]
    assert [r.body for r in receiver.requests[1:5]] == [receiver.requests[1].body] * 4
    assert list(dict.fromkeys(receiver.ids)) == IDS
    for wait, expected in zip(waits, [1, 2, 4], strict=True):
        assert 0.75 * expected <= wait <= 1.25 * expected


def test_after_three_retries_an_export_ends_and_goes_on_later(
    db: usql.Database, receiver: Receiver, waits: list[float], tmp_path: Path
) -> None:
    receiver.script = [answer(200), *[answer(503)] * 4]
    with pytest.raises(errors.ExportError) as raised:
        db.export_url(receiver.url)
    assert "answered 503, tried 4 times" in raised.value.message
    assert "1,000 of 2,500 sessions" in raised.value.message
    assert "run the same again" in str(raised.value.hint)
    assert len(receiver.requests) == 5
    assert len(beside(tmp_path)) == 1
    receiver.requests.clear()
    summary = db.export_url(receiver.url)
    assert receiver.ids == IDS[1000:]
    assert (summary.sessions, summary.skipped) == (1500, 1000)
    assert beside(tmp_path) == []
    receiver.requests.clear()
    assert db.export_url(receiver.url).sessions == 2500


def test_retry_after_is_respected(
    db: usql.Database, receiver: Receiver, waits: list[float]
) -> None:
    receiver.script = [answer(429, Retry_After="17"), answer(503, Retry_After="nonsense")]
    assert db.export_url(receiver.url).sessions == 2500
    assert waits[0] == 17
    assert 1.5 <= waits[1] <= 2.5


def test_nobody_waits_for_hours(db: usql.Database, receiver: Receiver, waits: list[float]) -> None:
    receiver.script = [answer(429, Retry_After="7200")]
    with pytest.raises(errors.ExportError, match="left alone for 7,200 s"):
        db.export_url(receiver.url)
    assert waits == []


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_refusal_is_not_repeated(
    db: usql.Database, receiver: Receiver, waits: list[float], status: int
) -> None:
    receiver.script = [answer(status, b"because\x1b[31m of  that")]
    with pytest.raises(errors.ExportError, match=f"answered {status} \\(because�\\[31m of that\\)"):
        db.export_url(receiver.url)
    assert len(receiver.requests) == 1
    assert waits == []


def test_one_session_that_is_too_large_is_said_to_be(receiver: Receiver) -> None:
    receiver.always = answer(413)
    with usql.connect() as db:
        db.import_sessions(sessions(2))
        with pytest.raises(errors.ExportError, match="answered 413") as raised:
            db.export_url(receiver.url)
    assert "single session" in str(raised.value.hint)


def test_redirections_are_not_followed(db: usql.Database, receiver: Receiver) -> None:
    receiver.script = [answer(307, Location="http://127.0.0.1:9/elsewhere?key=1")]
    with pytest.raises(errors.ExportError, match=r"on to http://127\.0\.0\.1:9/elsewhere;"):
        db.export_url(receiver.url)
    assert len(receiver.requests) == 1


def test_a_bulk_answer_with_errors_is_an_error(db: usql.Database, receiver: Receiver) -> None:
    items = [{"index": {"status": 200}}, {"index": {"status": 400, "error": {"reason": "bad"}}}]
    receiver.script = [answer(200, json.dumps({"errors": True, "items": items}).encode())]
    with pytest.raises(errors.ExportError, match=r'did not take all.*"reason": "bad"'):
        db.export_url(receiver.url)


def test_nobody_listens(db: usql.Database, waits: list[float]) -> None:
    with pytest.raises(errors.ExportError, match="cannot be reached: connection refused"):
        db.export_url("http://127.0.0.1:1/ingest")
    assert len(waits) == 3


def test_no_https_where_there_is_none(db: usql.Database, receiver: Receiver) -> None:
    with pytest.raises(errors.ExportError):
        db.export_url(receiver.url.replace("http:", "https:"), timeout=1)
    assert receiver.requests == []


# --- Checkpoints ----------------------------------------------------------------------------------


def interrupted(db: usql.Database, receiver: Receiver, **options: Any) -> None:
    """Send a first bulk and fail at the second."""
    receiver.script = [answer(200), answer(400)]
    with pytest.raises(errors.ExportError, match="1,000 of 2,500"):
        db.export_url(receiver.url, **options)
    receiver.requests.clear()


def test_a_checkpoint_where_one_wants_it(
    db: usql.Database, receiver: Receiver, tmp_path: Path
) -> None:
    path = tmp_path / "here.json"
    interrupted(db, receiver, checkpoint=path)
    assert beside(tmp_path) == []
    noted = json.loads(path.read_text())
    assert (noted["number"], noted["sessions"]) == (1000, 1000)
    assert receiver.url not in path.read_text()
    assert db.export_url(receiver.url, checkpoint=path).skipped == 1000
    assert not path.exists()


def test_a_checkpoint_of_another_export_is_refused(
    db: usql.Database, receiver: Receiver, tmp_path: Path
) -> None:
    path = tmp_path / "here.json"
    interrupted(db, receiver, checkpoint=path)
    with pytest.raises(errors.ExportError, match="of another URL"):
        db.export_url(receiver.url + "/other", checkpoint=path)
    with pytest.raises(errors.ExportError, match="of another selection"):
        db.export_url(receiver.url, checkpoint=path, where="bounce = true")
    with usql.connect(tmp_path / "other.db") as other:
        other.import_sessions(sessions(3))
        with pytest.raises(errors.ExportError, match="of another store"):
            other.export_url(receiver.url, checkpoint=path)
    assert receiver.requests == []
    assert db.export_url(receiver.url, checkpoint=path, restart=True).sessions == 2500


def test_a_checkpoint_that_cannot_be_written_is_known_before_anything_is_sent(
    db: usql.Database, receiver: Receiver, tmp_path: Path
) -> None:
    with pytest.raises(errors.ExportError, match="does not exist"):
        db.export_url(receiver.url, checkpoint=tmp_path / "no" / "here.json")
    assert receiver.requests == []


def test_an_export_that_sent_nothing_leaves_nothing(
    db: usql.Database, receiver: Receiver, tmp_path: Path
) -> None:
    receiver.script = [answer(403)]
    with pytest.raises(errors.ExportError, match=r"0 of 2,500"):
        db.export_url(receiver.url)
    assert beside(tmp_path) == []


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 2}', '{"version": 1}'])
def test_what_is_no_checkpoint_is_left_alone(
    db: usql.Database, receiver: Receiver, tmp_path: Path, text: str
) -> None:
    path = tmp_path / "here.json"
    path.write_text(text)
    with pytest.raises(errors.ExportError, match=r"no checkpoint|of another store"):
        db.export_url(receiver.url, checkpoint=path)
    assert path.read_text() == text
    assert receiver.requests == []


def test_a_store_that_was_made_anew_does_not_go_on(
    db: usql.Database, receiver: Receiver, tmp_path: Path
) -> None:
    interrupted(db, receiver)
    db.close()
    for name in ("s.db", "s.db-wal", "s.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    with usql.connect(tmp_path / "s.db") as again:
        again.import_sessions(list(reversed(sessions(2500))))
        with pytest.raises(errors.ExportError, match="changed too much") as raised:
            again.export_url(receiver.url)
        assert "--restart" in str(raised.value.hint)
        assert again.export_url(receiver.url, restart=True).sessions == 2500


def test_a_selection_goes_on_with_the_moment_it_began_with(
    db: usql.Database, receiver: Receiver
) -> None:
    receiver.script = [answer(200), answer(400)]
    choice = {"where": "startTime < $NOW - 400", "timeframe": "last 1 hour"}
    with pytest.raises(errors.ExportError):
        db.export_url(receiver.url, **choice, now=2400)
    receiver.requests.clear()
    summary = db.export_url(receiver.url, **choice)
    assert receiver.ids == IDS[1000:2000]
    assert (summary.sessions, summary.skipped) == (1000, 1000)


def test_a_killed_export_goes_on(db: usql.Database, tmp_path: Path, receiver: Receiver) -> None:
    held = threading.Event()

    def hold(handler: BaseHTTPRequestHandler, request: Request) -> None:
        held.set()
        STALLED.wait(5)

    receiver.script = [answer(200), hold]
    command = [sys.executable, "-m", "usql", "export", str(tmp_path / "s.db"), "--to", receiver.url]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    child = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert held.wait(30)
    child.kill()
    child.communicate(timeout=10)
    receiver.requests.clear()
    done = subprocess.run(command, env=environment, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0
    assert b"1,500 sessions" in done.stdout
    assert b"1,000 sessions were there already" in done.stdout
    assert receiver.ids == IDS[1000:]
    assert beside(tmp_path) == []


# --- Who one is -----------------------------------------------------------------------------------

SECRET = "s3cret-tökèn"
TOKEN = "t0ken.abc"


def test_basic(db: usql.Database, receiver: Receiver) -> None:
    db.export_url(receiver.url, auth=BasicAuth("anna", SECRET))
    scheme, _, value = receiver.requests[0].headers["Authorization"].partition(" ")
    assert scheme == "Basic"
    assert b64decode(value).decode() == f"anna:{SECRET}"


def test_bearer(db: usql.Database, receiver: Receiver) -> None:
    db.export_url(receiver.url, auth=BearerAuth(TOKEN))
    assert {r.headers["Authorization"] for r in receiver.requests} == {f"Bearer {TOKEN}"}


class Tokens:
    """Gives out tokens, each good once it is the newest."""

    def __init__(self, lifetime: float | None = 3600) -> None:
        self.given: list[dict[str, list[str]]] = []
        self.clients: list[str] = []
        self.lifetime = lifetime

    def __call__(self, handler: BaseHTTPRequestHandler, request: Request) -> None:
        if request.path == "/token":
            self.given.append(parse_qs(request.body.decode()))
            self.clients.append(b64decode(request.headers["Authorization"][6:]).decode())
            token = {"access_token": f"t{len(self.given)}", "token_type": "Bearer"}
            if self.lifetime is not None:
                token["expires_in"] = self.lifetime  # type: ignore[assignment]
            answer(200, json.dumps(token).encode())(handler, request)
        else:
            good = request.headers.get("Authorization") == f"Bearer t{len(self.given)}"
            answer(200 if good else 401)(handler, request)


def client(receiver: Receiver, **more: Any) -> OAuth2:
    return OAuth2(receiver.url.replace("/ingest", "/token"), "us er", "p:w", **more)


@pytest.mark.parametrize("lifetime", [3600, None])
def test_oauth_fetches_one_token(
    db: usql.Database, receiver: Receiver, lifetime: float | None
) -> None:
    receiver.always = tokens = Tokens(lifetime)
    assert db.export_url(receiver.url, auth=client(receiver, scope="ingest all")).requests == 3
    assert tokens.given == [{"grant_type": ["client_credentials"], "scope": ["ingest all"]}]
    assert tokens.clients == ["us+er:p%3Aw"]
    assert {r.headers["Authorization"] for r in receiver.requests} == {"Bearer t1"}


def test_oauth_fetches_another_token_when_one_expires_or_is_not_accepted(
    db: usql.Database, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver.always = tokens = Tokens()
    receiver.script = [answer(200), answer(401)]
    assert db.export_url(receiver.url, auth=client(receiver)).sessions == 2500
    assert len(tokens.given) == 2
    receiver.always = tokens = Tokens(lifetime=0.000_001)
    db.export_url(receiver.url, auth=client(receiver))
    assert len(tokens.given) == 3


def test_oauth_that_is_never_accepted_ends(db: usql.Database, receiver: Receiver) -> None:
    receiver.always = Tokens()
    receiver.script = [answer(401), answer(401)]
    with pytest.raises(errors.ExportError, match="answered 401"):
        db.export_url(receiver.url, auth=client(receiver))
    assert len(receiver.requests) == 2


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (answer(400, b'{"error": "invalid_client"}'), "gives out no token: it answered 400"),
        (answer(200, b"no json"), "without a bearer token"),
        (answer(200, b'{"access_token": 5}'), "without a bearer token"),
        (answer(200, b'{"access_token": "a", "token_type": "mac"}'), "without a bearer token"),
        (answer(200, b'{"access_token": "a\\r\\nX: y"}'), "characters that no header can have"),
    ],
)
def test_oauth_servers_that_give_no_token(
    db: usql.Database, receiver: Receiver, given: Behaviour, message: str
) -> None:
    receiver.always = given
    with pytest.raises(errors.ExportError, match=message):
        db.export_url(receiver.url, auth=client(receiver))
    assert receiver.requests == []


@pytest.mark.parametrize("auth", [BasicAuth("u", TOKEN), BearerAuth(TOKEN)])
def test_secrets_are_not_repeated(db: usql.Database, receiver: Receiver, auth: Any) -> None:
    def echo(handler: BaseHTTPRequestHandler, request: Request) -> None:
        heard = f"{TOKEN} and {request.headers['Authorization']}"
        answer(400, heard.encode())(handler, request)

    receiver.always = echo
    with pytest.raises(errors.ExportError) as raised:
        db.export_url(receiver.url, auth=auth)
    encoded = receiver.requests[0].headers["Authorization"].partition(" ")[2]
    for secret in (TOKEN, encoded):
        assert secret not in str(raised.value)
        assert secret not in repr(auth)
    assert "***" in str(raised.value)


@pytest.mark.parametrize(
    ("url", "options", "message"),
    [
        ("ftp://example.org/", {}, "no URL of a receiver"),
        ("example.org/ingest", {}, "no URL of a receiver"),
        ("https://", {}, "no URL of a receiver"),
        ("https://a b/", {}, "no URL of a receiver"),
        ("https://[::1/", {}, "no URL of a receiver"),
        ("https://h:99999/", {}, "no URL of a receiver"),
        ("https://u:pw@example.org/", {}, "may not hold a user"),
        ("http://example.org/", {"auth": BearerAuth("x")}, "for anybody to read"),
        ("https://h/", {"auth": OAuth2("http://h/token", "a", "b")}, "for anybody to read"),
        ("http://127.0.0.1:1/", {"auth": BearerAuth("a\nb")}, "no header can have"),
        ("http://127.0.0.1:1/", {"auth": BearerAuth("")}, "no header can have"),
        ("http://127.0.0.1:1/", {"auth": BasicAuth("a:b", "x")}, "colon"),
        ("https://h/", {"method": "GET"}, "no method GET"),
        ("https://h/", {"content_type": "text/html"}, "no content type"),
        ("https://h/", {"timeout": 0}, "time-out"),
        ("https://h/", {"index": "visits"}, "not asked for"),
    ],
)
def test_receivers_that_make_no_sense(
    db: usql.Database, url: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(errors.ExportError, match=message):
        db.export_url(url, **options)


def test_a_missing_library_is_named(
    db: usql.Database, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "urllib3", None)
    with pytest.raises(errors.MissingExtra, match="urllib3"):
        db.export_url(receiver.url)


def test_progress_counts_what_was_there_already(db: usql.Database, receiver: Receiver) -> None:
    interrupted(db, receiver)
    told: list[Any] = []
    db.export_url(receiver.url, progress=told.append)
    assert (told[0].sessions, told[0].total) == (1000, 2500)
    assert (told[-1].sessions, told[-1].total) == (2500, 2500)
