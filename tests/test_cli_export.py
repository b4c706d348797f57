"""``usql export`` as it is typed."""

from __future__ import annotations

import gzip
import json
import os
import pty
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import usql
from usql import cli

ROOT = Path(__file__).parent.parent
SESSIONS = [
    {"userSessionId": name, "startTime": start, "city": city}
    for name, start, city in [("a", 1000, "Linz"), ("b", 2000, "Graz"), ("c", 3000, "Linz")]
]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    with usql.connect(tmp_path / "s.db") as db:
        db.import_sessions(SESSIONS)
    return tmp_path / "s.db"


@pytest.fixture
def received() -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    found: list[tuple[dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/token":
                answer = b'{"access_token": "t", "token_type": "bearer"}'
            else:
                found.append((dict(self.headers), body))
                answer = b'{"rejected": 2}' if "reject" in self.path else b"{}"
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", found
    server.shutdown()
    thread.join()
    server.server_close()


def run(*arguments: Any, env: dict[str, str] | None = None) -> Any:
    environment = {"NO_PROXY": "*", "no_proxy": "*", **(env or {})}
    return CliRunner(env=environment).invoke(cli.main, [*map(str, arguments)], prog_name="usql")


def ids(text: str | bytes) -> list[str]:
    return [json.loads(line)["userSessionId"] for line in text.splitlines()]


def test_to_a_file(store: Path) -> None:
    out = store.with_name("out.ndjson.gz")
    done = run("export", store, out)
    assert done.exit_code == 0
    assert done.stdout.startswith(f"3 sessions to {out} in ")
    assert done.stderr == ""
    assert ids(gzip.decompress(out.read_bytes())) == ["a", "b", "c"]
    again = run("export", store, out)
    assert again.exit_code == 1
    assert again.stderr == (
        f"error: {out} exists\nhint: name another place, or replace it: --force, overwrite=True\n"
    )
    assert run("export", store, out, "--force").exit_code == 0


def test_to_standard_output(store: Path) -> None:
    done = run("export", store, "-")
    assert done.exit_code == 0
    assert ids(done.stdout) == ["a", "b", "c"]
    assert done.stderr == ""
    packed = run("export", store, "-", "--compression", "gzip")
    assert ids(gzip.decompress(packed.stdout_bytes)) == ["a", "b", "c"]


def test_to_a_folder_of_parquet(store: Path) -> None:
    folder = store.with_name("out")
    assert run("export", store, f"{folder}/").exit_code == 0
    assert sorted(os.listdir(folder)) == [
        "useraction.parquet",
        "usererror.parquet",
        "userevent.parquet",
        "usersession.parquet",
    ]


def test_a_choice_of_sessions(store: Path) -> None:
    choice = ["--where", "city = :c", "--param", "c=Linz"]
    assert ids(run("export", store, "-", *choice).stdout) == ["a", "c"]
    timeframe = ["--timeframe", "last 2 seconds", "--now", "3500", "--timezone", "Europe/Vienna"]
    assert ids(run("export", store, "-", *timeframe).stdout) == ["b", "c"]
    assert ids(run("export", store, "-", *choice, *timeframe).stdout) == ["c"]
    bad = run("export", store, "-", "--where", "cty = 'x'")
    assert bad.exit_code == 1
    assert "line 1, column 1: cty = 'x'" in bad.stderr


def test_to_a_url(store: Path, received: Any) -> None:
    url, found = received
    done = run("export", store, "--to", f"{url}/ingest?key=1", "--where", "city = 'Linz'", "--gzip")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith(f"2 sessions to {url}/ingest in ")
    assert ids(gzip.decompress(found[0][1])) == ["a", "c"]
    assert sorted(os.listdir(store.parent))[0] == "s.db"


def test_sessions_that_the_receiver_rejects_are_an_error(store: Path, received: Any) -> None:
    url, _ = received
    done = run("export", store, "--to", f"{url}/reject")
    assert done.exit_code == 1
    assert done.stdout.startswith("3 sessions to")
    assert done.stderr == "error: the receiver rejected 2 sessions of them\n"


@pytest.mark.parametrize(
    ("options", "header"),
    [
        (["--auth", "bearer"], "Bearer top"),
        (["--auth", "basic", "--user", "anna"], "Basic YW5uYTp0b3A="),
        (["--auth", "oauth2", "--user", "anna", "--token-url", "URL/token"], "Bearer t"),
    ],
)
@pytest.mark.parametrize("place", ["variable", "other variable", "file"])
def test_secrets_come_from_variables_and_files(
    store: Path, received: Any, options: list[str], header: str, place: str
) -> None:
    url, found = received
    options = [option.replace("URL", url) for option in options]
    env = {}
    if place == "variable":
        env["USQL_EXPORT_SECRET"] = "top"
    elif place == "other variable":
        env["MINE"] = "top"
        options += ["--secret-env", "MINE"]
    else:
        file = store.with_name("secret")
        file.write_text("top\n")
        options += ["--secret-file", str(file)]
    done = run("export", store, "--to", f"{url}/ingest", *options, env=env)
    assert (done.exit_code, done.stderr) == (0, "")
    assert found[0][0]["Authorization"] == header
    assert "top" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "Say where to"),
        (["out.ndjson", "--to", "http://h/"], "Say where to"),
        (["out.ndjson", "--gzip"], "--gzip has no meaning for an export with OUT"),
        (["out.ndjson", "--auth", "bearer"], "--auth has no meaning for an export with OUT"),
        (["--to", "http://h/", "--force"], "--force has no meaning for an export with --to"),
        (
            ["--to", "http://h/", "--user", "a"],
            "--user has no meaning for an export with no --auth",
        ),
        (["--to", "http://h/", "--auth", "basic"], "--auth basic needs --user"),
        (["--to", "http://h/", "--auth", "oauth2", "--user", "a"], "needs --token-url"),
        (["--to", "http://h/", "--auth", "bearer"], "variable USQL_EXPORT_SECRET"),
        (["--to", "http://h/", "--auth", "bearer", "--scope", "x"], "--scope has no meaning"),
        (
            ["--to", "http://h/", "--auth", "bearer", "--secret-env", "A", "--secret-file", "b"],
            "not both",
        ),
        (["-", "--format", "parquet"], "cannot go to standard output"),
    ],
)
def test_wrong_usage(store: Path, arguments: list[str], complaint: str) -> None:
    done = run("export", store, *arguments, env={"USQL_EXPORT_SECRET": ""})
    assert done.exit_code == 2
    assert complaint in done.stderr


def test_a_missing_store_and_a_missing_secret_file(store: Path) -> None:
    missing = run("export", store.with_name("no.db"), "-")
    assert missing.exit_code == 3
    assert "no store at" in missing.stderr
    options = ["--to", "http://h/", "--auth", "bearer", "--secret-file", store.with_name("no")]
    done = run("export", store, *options)
    assert done.exit_code == 1
    assert "No such file" in done.stderr


def test_a_terminal_sees_a_bar_and_no_packed_bytes(store: Path) -> None:
    command = [sys.executable, "-m", "usql", "export", str(store)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "100"}
    terminal, end = pty.openpty()
    try:
        options: dict[str, Any] = {"env": environment, "timeout": 60, "check": False}
        packed = subprocess.run(
            [*command, "-", "--compression", "gzip"], stdout=end, stderr=subprocess.PIPE, **options
        )
        assert packed.returncode == 2
        assert b"gzip is not for a terminal" in packed.stderr
        out = str(store.with_name("out.ndjson"))
        done = subprocess.run([*command, out], stdout=subprocess.PIPE, stderr=end, **options)
        assert done.returncode == 0
        assert b"3 of 3 sessions" in os.read(terminal, 100_000)
    finally:
        os.close(end)
        os.close(terminal)


def test_a_reader_that_goes_away_is_no_error(store: Path) -> None:
    with usql.connect(store) as db:
        text = "x" * 200_000
        db.import_sessions(
            [{"userSessionId": str(n), "startTime": n, "x": text} for n in range(20)]
        )
    command = (
        f'"{sys.executable}" -m usql export "{store}" - | head -c 5; echo " ${{PIPESTATUS[0]}}"'
    )
    done = subprocess.run(
        ["bash", "-c", command],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.endswith(b" 0\n")
    assert done.stderr == b""
