"""Bulks of sessions as senders send them, and everything that happens to them on their way."""

from __future__ import annotations

import base64
import gzip
import json
import sqlite3
import threading
from itertools import product
from pathlib import Path

import pytest

import usql
from tests.server.servers import Server, lines, read_answer, serving, token
from tests.server.sessions import DAY, session
from usql.errors import StoreError
from usql.server.app import make_app
from usql.server.ingest import store as store_body
from usql.server.options import Options

NEW = [session(n, DAY + n) for n in range(100, 110)]


def stored(store: Path) -> list[str]:
    with usql.connect(store, create=False) as db:
        rows = db.query("SELECT userSessionId FROM usersession", default_limit=None).rows
    return sorted(str(row[0]) for row in rows)


def send(
    server: Server, body: bytes, path: str = "/ingest", method: str = "POST", **headers: str
) -> tuple[int, dict[str, object]]:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = server.send(path, method, sent, body)
    return answer.status, answer.json


BEFORE = ["S1", "S2", "S3", "S4"]
ALL = sorted([*BEFORE, *(s["userSessionId"] for s in NEW)])
TEN = {"sessions": 10, "new": 10, "replaced": 0, "rejected": 0}


KINDS = ["application/json", "application/x-ndjson", "text/plain", ""]


def test_bulks_in_all_their_forms(store: Path) -> None:
    numbers = iter(range(100, 1000))
    expected = list(BEFORE)
    with serving(store) as server:
        for kind, method, packed in product(KINDS, ["PUT", "POST"], [False, True]):
            sessions = [session(next(numbers)) for _ in range(10)]
            expected += [str(s["userSessionId"]) for s in sessions]
            body = gzip.compress(lines(sessions)) if packed else lines(sessions)
            encoding = {"Content_Encoding": "gzip"} if packed else {}
            sent = send(server, body, "/ingest", method, Content_Type=kind, **encoding)
            assert sent == (200, TEN)
            again = send(server, body, "/ingest", method, Content_Type=kind, **encoding)
            assert again == (200, {"sessions": 10, "new": 0, "replaced": 10, "rejected": 0})
        server.process.kill()  # what was confirmed needs no orderly end
    assert stored(store) == sorted(expected)


def test_bulk_as_elasticsearch_answers_it(store: Path) -> None:
    header = b'{"index": {"_index": "sessions", "_type": "_doc"}}\n'
    body = b"".join(header + lines([s]) for s in NEW[:2]) + header + b"{broken\n"
    with serving(store) as server:
        status, answer = send(server, body, "/_bulk", Content_Type="application/x-ndjson")
        assert status == 200
        assert answer["errors"] is True
        items = answer["items"]
        assert isinstance(items, list)
        assert [item["index"]["status"] for item in items] == [201, 201, 400]
        assert "line 6" in items[2]["index"]["error"]["reason"]
        clean = send(server, header + lines([NEW[0]]), "/_bulk")[1]
        assert clean["errors"] is False
        assert clean["items"] == [{"index": {"status": 201, "result": "created"}}]


def test_bad_lines_are_counted_and_kept(store: Path) -> None:
    with serving(store) as server:
        status, answer = send(server, lines(NEW) + b'{"userSessionId": "X"}\nnot json\n')
        assert status == 200
        assert answer["rejected"] == 2
        assert answer["new"] == 10
        assert answer["firstRejected"]["line"] == 11  # type: ignore[index]
        status, answer = send(server, b"not json\n[]\n")
        assert status == 400
        assert "line 1: not JSON" in answer["error"]["message"]  # type: ignore[index]
        assert send(server, b"")[0] == 400
        # Sent again, nothing is added, and the answer is the same.
        assert send(server, b"not json\n[]\n")[0] == 400
        again = send(server, lines(NEW) + b'{"userSessionId": "X"}\nnot json\n')[1]
        assert (again["rejected"], again["replaced"], again["new"]) == (2, 10, 0)
    kept = store.with_name(store.name + ".rejects.ndjson").read_text().splitlines()
    assert [json.loads(line)["text"] for line in kept] == [
        '{"userSessionId": "X"}',
        "not json",
        "not json",
        "[]",
    ]


def test_bodies_that_are_damaged_are_sent_again(store: Path) -> None:
    packed = gzip.compress(lines(NEW))
    with serving(store) as server:
        for cut in (3, 30, len(packed) - 1):
            status, answer = send(server, packed[:cut])
            assert status == 400
            assert "cut off" in str(answer)
        damaged = packed[:40] + bytes([packed[40] ^ 255]) + packed[41:]
        assert send(server, damaged)[0] == 400
        assert send(server, b"{}", Content_Encoding="gzip")[0] == 400
        assert send(server, b"{}", Content_Encoding="br")[0] == 415
        assert send(server, gzip.compress(bytes(300_000_000)))[0] == 413
        assert stored(store) == BEFORE
        assert send(server, packed) == (200, TEN)
        two = gzip.compress(lines(NEW[:5])) + gzip.compress(lines(NEW[5:]))
        assert send(server, two)[1]["replaced"] == 10


@pytest.mark.parametrize("head", ["Content-Length: 5000", "Transfer-Encoding: chunked"])
def test_a_sender_that_breaks_off_stores_nothing(store: Path, head: str) -> None:
    body = lines(NEW)[:900]
    if "chunked" in head:
        body = b"%x\r\n%s\r\n" % (len(body), body)
    with serving(store) as server:
        with server.connect() as connection:
            text = f"POST /ingest HTTP/1.1\r\nHost: localhost\r\n{head}\r\n\r\n"
            connection.sendall(text.encode() + body)
        assert send(server, lines([NEW[0]]))[0] == 200
        assert server.stop() == 0
    assert stored(store) == sorted([*BEFORE, "S100"])
    assert "status=499" in server.log


def test_bodies_over_the_limit(store: Path) -> None:
    with serving(store, "--max-body", "1") as server:
        large = b" " * (1024 * 1024 + 1)
        assert send(server, large)[0] == 413
        with server.connect() as connection:  # announced by nobody
            head = "POST /ingest HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
            connection.sendall(head.encode() + b"%x\r\n%s\r\n" % (len(large), large))
            assert read_answer(connection).status == 413


def test_two_senders_at_a_time(store: Path) -> None:
    def sender(first: int) -> None:
        for start in range(first, first + 100, 20):
            bulk = lines(session(n, DAY + n) for n in range(start, start + 20))
            results.append(send(server, bulk)[0])
            results.append(send(server, bulk)[0])

    results: list[int] = []
    with serving(store) as server:
        threads = [threading.Thread(target=sender, args=(n,)) for n in (1000, 1050)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert results == [200] * 20
    assert stored(store) == sorted([*BEFORE, *(f"S{n}" for n in range(1000, 1150))])


def test_a_locked_store(store: Path) -> None:
    with serving(store) as server:
        blocker = sqlite3.connect(store, isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        answer = server.send("/ingest", "POST", {}, lines(NEW))
        assert answer.status == 503
        assert answer.headers["retry-after"]
        assert "locked" in answer.json["error"]["message"]
        blocker.execute("ROLLBACK")
        blocker.close()
        assert send(server, lines(NEW)) == (200, TEN)
    assert stored(store) == ALL


def test_a_full_disk(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import usql.store.sqlite_writer as writer
    from usql.server.problems import problem_of

    plain = writer.open_writer

    def small(*args: object, **kwargs: object) -> sqlite3.Connection:
        connection = plain(*args, **kwargs)  # type: ignore[arg-type]
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
        return connection

    body = lines(session(n, DAY + n, city="x" * 2000) for n in range(500, 900))
    with usql.connect(store) as db:
        monkeypatch.setattr(writer, "open_writer", small)
        with pytest.raises(StoreError, match="disk is full") as raised:
            store_body(make_app(db, store, Options())[1], body, "1")
        assert problem_of(raised.value, bad_query=400).status == 507
        monkeypatch.setattr(writer, "open_writer", plain)
        assert stored(store) == BEFORE
        assert store_body(make_app(db, store, Options())[1], body, "2").sessions == 400


def test_a_store_that_cannot_grow_loses_nothing_that_was_confirmed(store: Path) -> None:
    confirmed, refused = list(BEFORE), 0
    with serving(store, largest_file=2_000_000) as server:
        for first in range(1000, 6000, 500):
            sessions = [session(n, DAY + n, city=f"{n:01000}") for n in range(first, first + 500)]
            status, answer = send(server, lines(sessions))
            # A disk that is full is 507; a limit of the process looks like a disk that fails.
            assert status in (200, 503), answer
            if status == 200:
                confirmed += [str(s["userSessionId"]) for s in sessions]
            else:
                refused += 1
        asked = server.post("/api/query", {"query": "SELECT COUNT(*) FROM usersession"})
        assert asked.json["rows"] == [[len(confirmed)]]
    assert refused
    assert len(confirmed) > len(BEFORE)
    assert stored(store) == sorted(confirmed)
    with usql.connect(store) as db:
        assert db.check().sound
        assert db.import_sessions(sessions).rejected == 0  # there is room again


def test_what_is_confirmed_is_durable(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import usql.store.sqlite_writer as writer

    seen = []
    plain = writer.SessionWriter.write

    def write(self: writer.SessionWriter, sessions: object) -> int:
        seen.extend(self._connection.execute("PRAGMA synchronous").fetchone())
        return plain(self, sessions)  # type: ignore[arg-type]

    monkeypatch.setattr(writer.SessionWriter, "write", write)
    with usql.connect(store) as db:
        store_body(make_app(db, store, Options())[1], lines(NEW), "1")
    assert seen == [2]  # FULL: the log is on the disk when a transaction ends


def test_who_may_send(store: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("plant:Gänseblümchen\n")
    asking, sending = token(store, "query"), token(store, "ingest")

    def basic(user: str, password: str) -> str:
        return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    with serving(store, "--ingest-secret", secret) as server:
        for header, status in [
            (f"Api-Token {sending}", 200),
            (f"Bearer {sending}", 200),
            (basic("anybody", sending), 200),
            (basic("plant", "Gänseblümchen"), 200),
            (basic("plant", "Rose"), 401),
            (basic("other", "Gänseblümchen"), 401),
            (f"Api-Token {asking}", 403),
            ("Basic ???", 401),
            ("", 401),
        ]:
            answer = server.send("/ingest", "POST", {"Authorization": header}, lines(NEW))
            assert answer.status == status, header


def test_a_bare_secret_is_a_bearer(store: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret")
    with serving(store, "--ingest-secret", secret) as server:
        assert send(server, lines(NEW), Authorization="Bearer s3cret")[0] == 200
        assert send(server, lines(NEW), Authorization="Bearer other")[0] == 401
        assert send(server, lines(NEW))[0] == 401
        assert server.send("/api/schema").status == 200  # asking needs none
