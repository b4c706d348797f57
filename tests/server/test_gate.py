"""Hosts, origins, request ids, logs, figures, TLS; and when the server does not start."""

from __future__ import annotations

import json
import ssl
import subprocess
import urllib.request
from pathlib import Path

import pytest

import usql
from tests.server.certificates import make_certificate
from tests.server.servers import Server, command, environment, serving, token

SCHEMA = "/api/schema"


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST:8765", 200),
        ("127.0.0.1", 200),
        ("[::1]:80", 200),
        ("attacker.example", 421),
        ("127.0.0.1.attacker.example", 421),
        ("192.0.2.7", 421),
        ("local host", 400),
        ("a@localhost", 400),
    ],
)
def test_hosts(server: Server, host: str, status: int) -> None:
    assert server.send(SCHEMA, headers={"Host": host}).status == status


def test_a_request_without_a_host(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(b"GET /api/schema HTTP/1.0\r\n\r\n")
        assert b" 400 " in connection.recv(1000)


def test_pages_of_other_sites_are_refused(server: Server) -> None:
    own = f"http://127.0.0.1:{server.port}"
    assert server.send(SCHEMA, headers={"Origin": own}).status == 200
    for origin in ("https://attacker.example", "null", own + "1", own.replace("http", "https")):
        answer = server.send(SCHEMA, headers={"Origin": origin})
        assert answer.status == 403
        assert "access-control-allow-origin" not in answer.headers
    image = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    assert server.send(SCHEMA, headers=image).status == 403
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert server.send(SCHEMA, headers=link).status == 200
    form = {"Content-Type": "text/plain"}
    assert server.send("/api/query", "POST", form, b'{"query": "x"}').status == 415


def test_listed_hosts_and_origins(store: Path) -> None:
    listed = "https://reports.example"
    options = ("--allow-origin", listed, "--allow-host", "usql.example")
    with serving(store, *options) as server:
        assert server.send(SCHEMA, headers={"Host": "usql.example"}).status == 200
        answer = server.send(SCHEMA, headers={"Origin": listed})
        assert answer.status == 200
        assert answer.headers["access-control-allow-origin"] == listed
        assert answer.headers["vary"] == "origin"
        before = server.send(SCHEMA, "OPTIONS", {"Origin": listed})
        assert before.status == 204
        assert "authorization" in before.headers["access-control-allow-headers"]
        assert server.send(SCHEMA, headers={"Origin": "https://other.example"}).status == 403


def test_request_ids(store: Path) -> None:
    with serving(store) as server:
        given = server.send(SCHEMA, headers={"X-Request-ID": "abc-1.2_3"})
        assert given.headers["x-request-id"] == "abc-1.2_3"
        made = server.send(SCHEMA, headers={"X-Request-ID": "a b\x1b[31m"})
        assert len(made.headers["x-request-id"]) == 32
        assert server.stop() == 0
    assert "id=abc-1.2_3" in server.log
    assert "\x1b" not in server.log


def test_logs_as_json_without_what_was_asked(store: Path) -> None:
    with serving(store, "--log-format", "json") as server:
        server.send("/nowhere%0a%1b[31m?query=secret&Api-Token=dt0c01.A.B")
        server.send("/api/v1/userSessionQueryLanguage/table?query=SELECT+secret+FROM+x")
        assert server.stop() == 0
    entries = [json.loads(line) for line in server.lines]
    assert [e["message"] for e in entries] == ["listening", "request", "request", "stopped"]
    assert entries[1]["path"] == "/nowhere\n\x1b[31m"
    assert entries[1]["status"] == 404
    assert entries[1]["level"] == "INFO"
    assert "secret" not in server.log
    assert "dt0c01" not in server.log


def test_figures(store: Path) -> None:
    with serving(store) as server:
        server.send(SCHEMA)
        for n in range(3):
            server.send(f"/unknown/{n}", f"M{n}ETHOD")
        text = server.send("/metrics").body.decode()
        assert server.send("/api/metrics").headers["content-type"].startswith("text/plain")
    assert 'usql_http_requests_total{method="GET",route="schema",status="200"} 1.0' in text
    assert 'usql_http_requests_total{method="other",route="none",status="404"} 3.0' in text
    assert 'usql_http_request_seconds_count{route="schema"} 1.0' in text
    assert "usql_connections 1.0" in text


def test_health(store: Path) -> None:
    token(store, "query")
    with serving(store) as server:
        assert server.send("/api/health").json == {"status": "ok", "version": usql.__version__}
        assert server.send(SCHEMA).status == 401
        assert server.send("/metrics").status == 401


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--host", "0.0.0.0"), "there is no token"),
        (("--host", "192.0.2.1"), "there is no token"),
        (("--tls-cert", "pyproject.toml"), "belong together"),
        (("--tls-cert", "LICENSE", "--tls-key", "LICENSE"), "certificate cannot be used"),
    ],
)
def test_when_it_does_not_start(store: Path, options: tuple[str, ...], said: str) -> None:
    done = start(store, *options)
    assert done.returncode != 0
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken(server: Server, store: Path) -> None:
    done = start(store, "--port", str(server.port))
    assert done.returncode != 0
    assert f"cannot listen on 127.0.0.1:{server.port}" in done.stderr


def test_a_store_that_is_not_there(tmp_path: Path) -> None:
    done = start(tmp_path / "none.db")
    assert done.returncode == 3
    assert "no store" in done.stderr
    with serving(tmp_path / "new.db", "--create") as server:
        assert server.send(SCHEMA).status == 200


def start(store: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command("serve", store, "--port", "0", *options),
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_tls(store: Path, tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path)
    with serving(store, "--tls-cert", certificate, "--tls-key", key) as server:
        assert server.url.startswith("https://")
        context = ssl.create_default_context(cafile=str(certificate))
        url = f"https://localhost:{server.port}/api/health"
        with urllib.request.urlopen(url, context=context, timeout=20) as answer:
            assert json.load(answer)["status"] == "ok"
        with server.connect() as plain:
            plain.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert b"HTTP/1.1 200" not in plain.recv(1000)


def test_a_slow_handshake(store: Path, tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path)
    options = ("--tls-cert", certificate, "--tls-key", key, "--header-timeout", "0.5")
    with serving(store, *options) as server, server.connect() as silent:
        assert silent.recv(1000) == b""  # it ends, although nothing was sent
