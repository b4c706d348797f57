"""A stand-in for a ClickHouse server: its HTTP interface, before the engine that chDB has.

``python standin.py FOLDER`` serves the databases of a folder on a free port of this machine, which
it prints, until its standard input ends. It knows what the client library needs: users, databases,
settings, parameters, formats, packed bodies, ids of queries and their end, and errors as the server
says them.
"""

from __future__ import annotations

import base64
import gzip
import os
import re
import sys
import threading
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import chdb

USERS = {"default": ("", 0), "ann": ("se:cret/@", 0), "reader": ("r", 2), "strict": ("s", 1)}
"""Passwords, and what ``readonly`` is for each."""
_NO_SETTINGS = {
    "client_protocol_version",
    "compress",
    "database",
    "default_format",
    "query",
    "query_id",
    "session_id",
    "wait_end_of_query",
}
_KILL = re.compile(r"query_id = '([0-9a-f-]+)'")
_CODE = re.compile(r"Code: (\d+)\.")


class Engine:
    """Databases of a folder; each query has a connection of its own."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._root = chdb.connect(folder)
        self._lock = threading.Lock()

    def ask(self, user: str, options: dict[str, str], sql: str, data: bytes) -> bytes:
        connection = chdb.connect(self._folder)
        try:
            connection.query(f'USE "{options.get("database", "default")}"')
            self._set(connection, USERS[user][1], options)
            killed = _KILL.search(sql) if sql.startswith("KILL QUERY") else None
            if killed is not None:
                sql = f"KILL QUERY WHERE startsWith(query, '/* {killed[1]} */') ASYNC"
            else:
                sql = f"/* {options.get('query_id', '')} */ {sql}"
            params = {k.removeprefix("param_"): v for k, v in options.items() if k[:6] == "param_"}
            text = f"{sql}\n{data.decode()}" if data else sql
            result = connection.query(
                text, options.get("default_format", "TabSeparated"), params=params or None
            )
            found: bytes = result.bytes()
            return found
        finally:
            connection.close()

    def _set(self, connection: Any, readonly: int, options: dict[str, str]) -> None:
        settings = {
            name: value
            for name, value in options.items()
            if name not in _NO_SETTINGS and not name.startswith("param_")
        }
        wanted = settings.pop("readonly", None)
        if readonly == 1 and settings:
            raise RuntimeError("Code: 164. DB::Exception: Cannot modify settings in readonly mode.")
        for name, value in settings.items():
            connection.query(f"SET {name} = '{value}'")
        if readonly or wanted:
            connection.query(f"SET readonly = {readonly or wanted}")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    engine: Engine

    def do_GET(self) -> None:
        if urlsplit(self.path).path == "/ping":
            self._answer(200, b"Ok.\n")
        else:
            self.do_POST()

    def do_POST(self) -> None:
        body = self._body()
        options = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        sql, data = options.get("query", ""), body
        if not sql:
            sql, data = body.decode(), b""
        kind, _, proof = self.headers.get("Authorization", "Basic ZGVmYXVsdDo=").partition(" ")
        user, _, password = base64.b64decode(proof).decode().partition(":")
        if kind != "Basic" or user not in USERS or USERS[user][0] != password:
            self._fail(f"Code: 516. DB::Exception: {user}: Authentication failed: no such pair.")
            return
        try:
            found = self.engine.ask(user, options, sql, data)
        except Exception as error:
            self._fail(str(error))
        else:
            self._answer(200, found, {"X-ClickHouse-Query-Id": options.get("query_id", "q")})

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            pieces = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                pieces.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            body = b"".join(pieces)
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        match self.headers.get("Content-Encoding"):
            case "gzip":
                return gzip.decompress(body)
            case "deflate":
                return zlib.decompress(body)
            case "lz4":
                import lz4.frame

                plain: bytes = lz4.frame.decompress(body)
                return plain
            case "zstd":
                import zstandard

                return zstandard.ZstdDecompressor().decompressobj().decompress(body)
        return body

    def _fail(self, message: str) -> None:
        found = _CODE.search(message)
        code = found[1] if found else "1"
        status = {"516": 403, "81": 404, "60": 404}.get(code, 500)
        self._answer(status, message.encode() + b"\n", {"X-ClickHouse-Exception-Code": code})

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"X-ClickHouse-Timezone": "UTC", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        return


def main(folder: str) -> None:
    Handler.engine = Engine(folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
