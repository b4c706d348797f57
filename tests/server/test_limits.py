"""What hostile or careless clients may not do, and what they get instead."""

from __future__ import annotations

import json
import socket
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.server.servers import Server, read_answer, serving
from usql.server.options import Options

COUNT = "/api/v1/userSessionQueryLanguage/table?query=SELECT+COUNT(*)+FROM+usersession"
HEAD = b"GET " + COUNT.encode() + b" HTTP/1.1\r\nHost: localhost\r\n"
POST = b"POST /ingest HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n"
ASKING = (
    b"POST /api/query HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Content-Length: 100\r\n\r\n"
)
SLOW = (
    "SELECT useraction.name, userevent.name, COUNT(*) FROM usersession"
    " GROUP BY useraction.name, userevent.name"
)
"""Pairs each action with each event of its session: nine million pairs in the store ``busy``."""


def begin_slow(server: Server) -> socket.socket:
    """Send a slow query and return when it runs."""
    connection = server.connect()
    body = json.dumps({"query": SLOW}).encode()
    connection.sendall(
        b"POST /api/query HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Connection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    )
    return connection


def figure(server: Server, name: str) -> float:
    text = server.send("/metrics").body.decode()
    return next(float(s.split()[-1]) for s in text.splitlines() if s.startswith(name + " "))


def wait_for(server: Server, name: str, value: float) -> float:
    """Wait until a figure has a value; return how long that took, in seconds."""
    began = time.monotonic()
    while figure(server, name) != value:
        assert time.monotonic() - began < 20, f"{name} is not {value}"
        time.sleep(0.01)
    return time.monotonic() - began


def test_slow_heads_and_bodies(store: Path) -> None:
    with serving(store, "--header-timeout", "0.5", "--body-timeout", "0.5") as server:
        with server.connect() as head, server.connect() as body, server.connect() as silent:
            head.sendall(HEAD)  # without its end
            body.sendall(POST + b"{")
            for connection in (head, body, silent):
                answer = read_answer(connection)
                assert answer.status == 408
                assert answer.json["error"]["code"] == 408
        with server.connect() as dribbling:  # a byte now and then does not help
            began = time.monotonic()
            with suppress(OSError):
                for byte in HEAD * 10:
                    dribbling.sendall(bytes([byte]))
                    time.sleep(0.02)
            assert time.monotonic() - began < len(HEAD * 10) * 0.02
        assert server.send(COUNT).status == 200


def test_how_long_clients_may_take_unless_somebody_says_otherwise() -> None:
    assert (Options().header_seconds, Options().body_seconds) == (10, 30)


def test_five_hundred_slow_sockets(server: Server) -> None:
    """None of them gets in the way of a client that is not slow."""
    with ExitStack() as slow:
        for number in range(500):
            connection = slow.enter_context(server.connect())
            connection.sendall((HEAD, ASKING + b"{", b"")[number % 3])
        wait_for(server, "usql_connections", 501)
        assert [server.send(COUNT).status for _ in range(20)] == [200] * 20
    wait_for(server, "usql_connections", 1)
    assert server.send(COUNT).status == 200


def test_a_head_that_is_too_long(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(HEAD + b"X-A: " + b"a" * 70_000)
        assert read_answer(connection).status == 400


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",  # TLS to a server without
        b"GET /api/health HTTP/1.1\r\nHost: localhost\r\nHost: elsewhere\r\n\r\n",
        b"GET /api/\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
        ASKING.replace(b"100", b"-1"),
        ASKING.replace(b"100", b"100\r\nContent-Length: 99"),
        ASKING.replace(b"Content-Length: 100", b"Transfer-Encoding: chunked") + b"nonsense\r\n",
    ],
)
def test_what_is_no_http(server: Server, sent: bytes) -> None:
    with server.connect() as connection:
        connection.sendall(sent)
        answer = read_answer(connection)
    assert answer.status == 400
    assert answer.json["error"]["code"] == 400
    assert server.send(COUNT).status == 200


def test_nonsense_after_an_answer_that_did_not_wait_for_the_body(server: Server) -> None:
    head = ASKING.replace(b"application/json", b"text/plain")
    with server.connect() as connection:
        connection.sendall(head.replace(b"Content-Length: 100", b"Transfer-Encoding: chunked"))
        answer = read_answer(connection)
        assert answer.status == 415
        with suppress(OSError):
            connection.sendall(b"nonsense\r\n" * 100)
    assert server.send(COUNT).status == 200
    assert "Traceback" not in server.log


def test_connections_over_the_limit(store: Path) -> None:
    with serving(store, "--max-connections", "5") as server:
        with ExitStack() as open_ones:
            for _ in range(5):
                open_ones.enter_context(server.connect())
            refused = read_answer(open_ones.enter_context(server.connect()))
            assert refused.status == 503
            assert refused.headers["retry-after"] == "1"
        time.sleep(0.2)
        assert server.send(COUNT).status == 200


def test_a_query_passes_its_time_limit(busy: Path) -> None:
    with serving(busy, "--query-timeout", "0.3") as server:
        with begin_slow(server) as connection:
            answer = read_answer(connection)
        assert answer.status == 504
        assert "longer than its limit" in answer.json["error"]["message"]
        assert server.send(COUNT).status == 200


TERMS = " OR ".join(f"country = 'x{n}'" for n in range(40_000))
WRONG_AT_ITS_END = f"SELECT COUNT(*) FROM usersession WHERE {TERMS} AND AND"


def test_the_time_limit_holds_for_reading_a_query(store: Path) -> None:
    """Were the text read to its end, it would be 400."""
    with serving(store, "--query-timeout", "0.3") as server:
        for target in ("query", "explain", "format"):
            answer = server.post(f"/api/{target}", {"query": WRONG_AT_ITS_END})
            assert answer.status == 504, target
        assert server.post("/api/sessions", {"where": f"{TERMS} AND AND"}).status == 504
        assert server.post("/api/complete", {"text": WRONG_AT_ITS_END}).status == 504
        assert figure(server, "usql_queries_running") == 0
        assert server.send(COUNT).status == 200


def test_reading_a_query_ends_when_its_client_goes_away(store: Path) -> None:
    body = json.dumps({"query": WRONG_AT_ITS_END}).encode()
    with serving(store) as server:
        connection = server.connect()
        connection.sendall(
            b"POST /api/query HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        wait_for(server, "usql_queries_running", 1)
        connection.close()
        wait_for(server, "usql_queries_running", 0)
        assert figure(server, "usql_queries_cancelled_total") == 1


def test_queries_that_are_too_large_are_wrong_not_defects(server: Server) -> None:
    """What no engine takes, and what nests too deep."""
    many = ", ".join(["CONDITION(COUNT(*), WHERE bounce = true)"] * 2500)
    deep = "(" * 5000 + "bounce = true" + ")" * 5000
    for query in (
        f"SELECT {many} FROM usersession",
        f"SELECT COUNT(*) FROM usersession WHERE {deep}",
        "SELECT COUNT(*) FROM usersession WHERE " + "NOT " * 5000 + "bounce = true",
        f"SELECT COUNT(*) FROM usersession -- {'x' * 1_000_000}",
    ):
        answer = server.post("/api/query", {"query": query})
        assert answer.status == 400
        assert answer.json["error"]["details"]["code"] == "too-large"


def test_a_query_ends_when_its_client_goes_away(busy: Path) -> None:
    with serving(busy) as server:
        connection = begin_slow(server)
        wait_for(server, "usql_queries_running", 1)
        connection.close()
        wait_for(server, "usql_queries_running", 0)
        assert figure(server, "usql_queries_cancelled_total") == 1
        assert server.send(COUNT).status == 200


def test_too_many_queries(busy: Path) -> None:
    with serving(busy, "--max-queries", "1", "--max-waiting", "1") as server:
        first = begin_slow(server)
        wait_for(server, "usql_queries_running", 1)
        second = begin_slow(server)
        wait_for(server, "usql_queries_waiting", 1)
        refused = server.send(COUNT)
        assert refused.status == 429
        assert refused.headers["retry-after"] == "1"
        second.close()
        wait_for(server, "usql_queries_waiting", 0)
        first.close()
        wait_for(server, "usql_queries_running", 0)
        assert server.send(COUNT).status == 200


def test_it_stops_after_what_is_running(busy: Path) -> None:
    with serving(busy, "--stop-timeout", "1") as server, begin_slow(server) as connection:
        wait_for(server, "usql_queries_running", 1)
        assert server.stop() == 0
        connection.settimeout(5)
        connection.recv(100)  # answered or closed, but not left waiting
    assert "stopped" in server.lines[-1]


def test_a_crowd(server: Server) -> None:
    """Many clients at once all get their answers."""
    statuses: list[int] = []

    def ask() -> None:
        statuses.extend(server.send(COUNT).status for _ in range(3))

    threads = [threading.Thread(target=ask) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 120
