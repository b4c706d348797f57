"""What is exported is what was imported, wholly, once, and of one moment."""

from __future__ import annotations

import gzip
import io
import json
import os
import sqlite3
import sys
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import zstandard

import usql
from usql import errors
from usql.demo import generate
from usql.layout import Layout, default_layout
from usql.schema import catalogue
from usql.store.export import files, parquet, snapshot
from usql.types import Kind

LAYOUT = default_layout()
SAMPLES = sorted((Path(__file__).parent.parent / "data").glob("*.ndjson"))
LEAST, MOST = -(2**63), 2**63 - 1
UGLY = [
    "",
    "\x00",
    "a\x00b",
    "‮abc‏",
    "😀é",
    "'; DROP TABLE usersession; --",
    '"',
    "\\",
    "%_*?",
    "\n\r\t",
]


def hostile() -> Iterator[dict[str, Any]]:
    """Every field with its extremes, in every table, and all that the columns cannot say."""
    values = {
        Kind.LONG: [LEAST, MOST, 0, 3.0],
        Kind.DATE: [LEAST, MOST, 0, "2026-03-01T12:00:00+01:00"],
        Kind.DOUBLE: [5e-324, -1.7976931348623157e308, 0.1, -2.5e-7],
        Kind.BOOLEAN: [True, False],
        Kind.IP: ["2001:DB8::0", "10.0.0.1", "no address", "1.2.3.4 "],
    }
    for number, text in enumerate(UGLY):

        def row(table: str, number: int = number, text: str = text) -> dict[str, Any]:
            made: dict[str, Any] = {}
            for field in catalogue().table(table).fields:
                choice = values.get(field.kind, [text])
                value = choice[number % len(choice)]
                if field.properties:
                    pairs = [{"key": "z", "value": value}, {"key": text, "value": value}]
                    made[field.name] = [*pairs, pairs[0] | {"unit": text}][: number % 4]
                elif field.many:
                    made[field.name] = [text, text][: number % 3]
                elif not field.nested:
                    made[field.name] = value
            return made | {"unknown " + text: {"a": [text, None, 1.5]}}

        session = row("usersession") | {"startTime": number, "userSessionId": f"{number}{text}"}
        session |= {"partNumber": number, "endTime": 5, "syntheticEvents": [{"x": text}]}
        session["userActions"] = [row("useraction") | {"startTime": n} for n in (9, 3)]
        session["events"] = [row("userevent"), {}]
        session["errors"] = [row("usererror")] if number % 2 else []
        yield session
    yield {"userSessionId": 7, "startTime": LEAST, "stringProperties": {"b": "2", "a": "1"}}


def demo() -> list[dict[str, Any]]:
    return list(generate(120, 3))


def imported(path: Path, sessions: Any) -> usql.Database:
    db = usql.connect(path)
    if all(isinstance(session, dict) for session in sessions):
        db.import_sessions(sessions)
    else:
        db.import_files(sessions, strict=True)
    return db


def content(store: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every value of every row of every table of a store."""
    with closing(sqlite3.connect(store)) as connection:
        names = [
            n for (n,) in connection.execute("SELECT name FROM sqlite_schema WHERE type='table'")
        ]
        found = {}
        for name in names:
            rows = connection.execute(f'SELECT * FROM "{name}"').fetchall()
            found[name] = comparable(rows)
        return found


def comparable(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Rows in an order of their own, and JSON objects with their members in one."""
    return sorted((tuple(map(ordered, row)) for row in rows), key=repr)


def ordered(value: Any) -> Any:
    if not (isinstance(value, str) and value.startswith("{")):
        return value
    return json.dumps(json.loads(value), sort_keys=True)


def others(folder: Path) -> list[str]:
    """What is in a folder beside the store."""
    return sorted(name for name in os.listdir(folder) if not name.startswith("s.db"))


@pytest.fixture(params=["samples", "demo", "hostile"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    sessions = {
        "samples": [str(path) for path in SAMPLES],
        "demo": demo(),
        "hostile": list(hostile()),
    }[request.param]
    imported(tmp_path / "first.db", sessions).close()
    return tmp_path / "first.db"


@pytest.mark.parametrize("name", ["out.ndjson", "out.ndjson.gz"])
def test_import_of_an_export_reproduces_the_store(store: Path, name: str) -> None:
    out = store.with_name(name)
    with usql.connect(store) as db:
        summary = db.export_files(out)
    imported(store.with_name("second.db"), [out]).close()
    before = content(store)
    assert content(store.with_name("second.db")) == before
    assert summary.sessions == len(before["usersession"]) > 0
    assert summary.files == (out,)
    assert summary.size == out.stat().st_size


def test_sessions_from_an_iterator_reproduce_the_store(store: Path) -> None:
    with usql.connect(store) as db:
        sessions = list(db.export_sessions())
    imported(store.with_name("second.db"), sessions).close()
    assert content(store.with_name("second.db")) == content(store)


def test_hostile_sessions_are_written_as_they_came(tmp_path: Path) -> None:
    with imported(tmp_path / "s.db", list(hostile())) as db:
        given = list(hostile())
        given[-1]["stringProperties"] = [
            {"key": "b", "value": "2"},
            {"key": "a", "value": "1"},
        ]
        assert list(db.export_sessions()) == given


# --- Parquet --------------------------------------------------------------------------------------


def read_back(folder: Path, layout: Layout) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of the store's relations, worked out from a folder of Parquet."""
    found = {}
    for table in layout.schema.tables:
        rows = columns_of(folder / f"{table.name}.parquet")
        for relation in layout.relations:
            if relation.name in (layout.base(table.name), layout.detail(table.name)):
                names = [*relation.keys, *(name for name, _ in relation.columns)]
                found[relation.name] = [tuple(map(row.get, names)) for row in rows]
        for field in table.collections:
            entries = []
            for row in rows:
                key = tuple(row[name] for name in layout.keys(table.name))
                values = row[field.name] or []
                pairs = values if field.properties else enumerate(values)
                entries += [(*key, name, value) for name, value in pairs]
            found[layout.values(field)] = entries
    return {name: comparable(rows) for name, rows in found.items()}


def columns_of(path: Path) -> list[dict[str, Any]]:
    """Rows as a store keeps them: times and booleans as numbers, the address that sorts."""
    table = pq.read_table(path)
    columns = {}
    for field in table.schema:
        column = table[field.name].combine_chunks()
        if str(field.type).startswith("timestamp"):
            column = column.cast("int64")
        elif str(field.type).startswith("map<string, timestamp"):
            import pyarrow as pa

            column = column.cast(pa.map_(pa.string(), pa.int64()))
        values = column.to_pylist()
        if str(field.type) == "bool":
            values = [None if v is None else int(v) for v in values]
        columns[field.name] = values
    if "_ip" in columns:
        columns["ip"], columns["ip_text"] = columns["_ip"], columns["ip"]
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def test_parquet_holds_all_that_the_store_holds(store: Path) -> None:
    folder = store.with_name("out.parquet")
    with usql.connect(store) as db:
        summary = db.export_files(folder)
    before = content(store)
    kept = {relation.name: before[relation.name] for relation in LAYOUT.relations}
    assert read_back(folder, LAYOUT) == kept
    assert sorted(path.name for path in summary.files) == sorted(os.listdir(folder))
    assert len(os.listdir(folder)) == 4
    assert summary.sessions == len(before["usersession"])


def test_parquet_columns_are_typed_and_know_their_session(tmp_path: Path) -> None:
    session = {
        "tenantId": "t", "userSessionId": "s", "startTime": 1_772_323_200_000, "partNumber": 2,
        "ip": "010.0.0.1", "bounce": False, "matchingConversionGoals": [],
        "userActions": [
            {"name": "b", "startTime": 9, "doubleProperties": {"x": 1.5}},
            {"name": "a", "startTime": 3, "matchingConversionGoals": ["g"], "new": [1]},
        ],
    }  # fmt: skip
    with imported(tmp_path / "s.db", [session]) as db:
        db.export_files(tmp_path / "p/", format="parquet")
    sessions = pq.read_table(tmp_path / "p" / "usersession.parquet").to_pylist()
    assert len(sessions) == 1
    assert sessions[0]["startTime"].isoformat() == "2026-03-01T00:00:00+00:00"
    assert sessions[0]["bounce"] is False
    assert sessions[0]["matchingConversionGoals"] == []
    assert sessions[0]["stringProperties"] is None
    actions = pq.read_table(tmp_path / "p" / "useraction.parquet").to_pylist()
    assert [row["name"] for row in actions] == ["a", "b"]
    assert [(row["_session"], row["_position"]) for row in actions] == [(1, 0), (1, 1)]
    assert {row["usersession_userSessionId"] for row in actions} == {"s"}
    assert {row["usersession_tenantId"] for row in actions} == {"t"}
    assert {row["usersession_partNumber"] for row in actions} == {2}
    assert {row["usersession_startTime"] for row in actions} == {sessions[0]["startTime"]}
    assert actions[0]["matchingConversionGoals"] == ["g"]
    assert json.loads(actions[0]["_extra"]) == {"new": [1]}
    assert actions[1]["doubleProperties"] == [("x", 1.5)]
    schema = pq.read_schema(tmp_path / "p" / "useraction.parquet")
    assert json.loads(schema.metadata[parquet.METADATA]) == {"version": 1, "table": "useraction"}
    assert schema.field("duration").metadata[b"usql.type"] == b"long"
    assert schema.field("duration").metadata[b"usql.unit"] == b"ms"


def test_parquet_comes_in_several_row_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "_GROUP_ROWS", 100)
    with imported(tmp_path / "s.db", demo()) as db:
        db.export_files(tmp_path / "p.parquet")
        (rows,) = db.query("SELECT COUNT(*) FROM useraction").rows[0]
    file = pq.ParquetFile(tmp_path / "p.parquet" / "useraction.parquet")
    with file:
        assert file.metadata.num_row_groups > 1
        assert file.metadata.num_rows == rows
    keys = [(row["_session"], row["_position"]) for row in file_rows(tmp_path)]
    assert keys == sorted(keys)


def file_rows(folder: Path) -> list[dict[str, Any]]:
    return pq.read_table(folder / "p.parquet" / "useraction.parquet").to_pylist()


def test_an_empty_store_exports_to_empty_files(tmp_path: Path) -> None:
    with usql.connect(tmp_path / "s.db") as db:
        assert db.export_files(tmp_path / "out.ndjson").sessions == 0
        assert db.export_files(tmp_path / "p.parquet").sessions == 0
    assert (tmp_path / "out.ndjson").read_bytes() == b""
    table = pq.read_table(tmp_path / "p.parquet" / "useraction.parquet")
    assert table.num_rows == 0
    assert "duration" in table.column_names


# --- Files ----------------------------------------------------------------------------------------


def test_suffixes_pack_and_the_same_sessions_give_the_same_bytes(tmp_path: Path) -> None:
    with imported(tmp_path / "s.db", demo()[:5]) as db:
        for name in ("a.ndjson", "a.ndjson.gz", "b.ndjson.GZ", "a.ndjson.zst"):
            db.export_files(tmp_path / name)
        db.export_files(tmp_path / "named", compression="zstd")
        stream = io.BytesIO()
        db.export_files(stream, compression="gzip")
    plain = (tmp_path / "a.ndjson").read_bytes()
    packed = (tmp_path / "a.ndjson.gz").read_bytes()
    assert plain.count(b"\n") == 5
    assert gzip.decompress(packed) == plain
    assert (tmp_path / "b.ndjson.GZ").read_bytes() == packed == stream.getvalue()
    for name in ("a.ndjson.zst", "named"):
        with zstandard.open(tmp_path / name) as file:
            assert file.read() == plain


def test_nothing_is_left_behind_by_an_export_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "out.ndjson").write_text("earlier")
    monkeypatch.setattr(files, "_TOLD_EVERY_S", 0.0)

    def stop(progress: files.ExportProgress) -> None:
        if progress.sessions >= 3:
            raise KeyboardInterrupt

    with imported(tmp_path / "s.db", demo()[:5]) as db:
        for name in ("out.ndjson", "new.ndjson.gz", "p.parquet"):
            with pytest.raises(KeyboardInterrupt):
                db.export_files(tmp_path / name, overwrite=True, progress=stop)
    assert (tmp_path / "out.ndjson").read_text() == "earlier"
    assert others(tmp_path) == ["out.ndjson"]


def test_progress_ends_with_all_sessions(tmp_path: Path) -> None:
    told: list[files.ExportProgress] = []
    with imported(tmp_path / "s.db", demo()[:20]) as db:
        summary = db.export_files(tmp_path / "out.ndjson", progress=told.append)
    assert (told[-1].sessions, told[-1].total) == (20, 20)
    assert told[-1].size == summary.size


def test_what_exists_is_replaced_when_asked_only(tmp_path: Path) -> None:
    with imported(tmp_path / "s.db", demo()[:5]) as db:
        for name in ("out.ndjson", "p.parquet"):
            out = tmp_path / name
            db.export_files(out)
            with pytest.raises(errors.ExportError, match="exists"):
                db.export_files(out)
            db.import_sessions(demo()[5:6])
            db.export_files(out, overwrite=True)
    assert (tmp_path / "out.ndjson").read_text().count("\n") == 6
    assert pq.read_metadata(tmp_path / "p.parquet" / "usersession.parquet").num_rows == 6
    assert others(tmp_path) == ["out.ndjson", "p.parquet"]


def test_a_folder_with_other_things_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with imported(tmp_path / "s.db", demo()[:1]) as db:
        with pytest.raises(errors.ExportError, match="other things"):
            db.export_files(tmp_path / "mine", overwrite=True)
        (tmp_path / "empty").mkdir()
        assert db.export_files(tmp_path / "empty").sessions == 1
    assert (tmp_path / "mine" / "letter.txt").read_text() == "dear"


@pytest.mark.parametrize("overwrite", [True, False])
def test_the_store_is_never_written_over(tmp_path: Path, overwrite: bool) -> None:
    (tmp_path / "link.ndjson").symlink_to(tmp_path / "s.db")
    with imported(tmp_path / "s.db", demo()[:1]) as db:
        for name in ("s.db", "link.ndjson"):
            with pytest.raises(errors.ExportError, match="the store itself"):
                db.export_files(tmp_path / name, overwrite=overwrite)
        assert len(list(db.export_sessions())) == 1


@pytest.mark.parametrize(
    ("out", "options", "message"),
    [
        ("no/out.ndjson", {}, "the folder .*no does not exist"),
        ("no/out.parquet", {}, "the folder .*no does not exist"),
        (".", {"format": "ndjson"}, "is a folder"),
        ("x", {"format": "csv"}, "no export format csv"),
        ("x", {"compression": "rar"}, "no compression rar"),
    ],
)
def test_places_that_cannot_be(
    tmp_path: Path, out: str, options: dict[str, str], message: str
) -> None:
    with usql.connect() as db, pytest.raises(errors.ExportError, match=message):
        db.export_files(tmp_path / out, **options)


def test_parquet_is_no_stream() -> None:
    with usql.connect() as db, pytest.raises(errors.ExportError, match="folder"):
        db.export_files(io.BytesIO(), format="parquet")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a full device")
def test_a_full_disk_is_said_to_be_full(tmp_path: Path) -> None:
    with (
        imported(tmp_path / "s.db", demo()[:5]) as db,
        pytest.raises(errors.ExportError, match="no space left"),
    ):
        db.export_files("/dev/full")


@pytest.mark.parametrize(
    ("module", "out", "extra"),
    [("pyarrow", "p.parquet", "arrow"), ("zstandard", "a.zst", "zstd")],
)
def test_a_missing_library_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, out: str, extra: str
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == module]:
        monkeypatch.setitem(sys.modules, name, None)
    with usql.connect() as db, pytest.raises(errors.MissingExtra) as raised:
        db.export_files(tmp_path / out)
    assert module in raised.value.message
    assert raised.value.hint is not None
    assert f"usql-engine[{extra}]" in raised.value.hint
    assert os.listdir(tmp_path) == []


# --- One moment, little memory --------------------------------------------------------------------


def test_an_export_sees_one_state_while_an_import_runs(tmp_path: Path) -> None:
    sessions = demo()
    with imported(tmp_path / "s.db", sessions) as db:
        expected = list(db.export_sessions())
        running = db.export_sessions()
        first = next(running)
        changed = [s | {"city": "Changed", "userActions": []} for s in sessions]
        db.import_sessions([*changed, {"userSessionId": "new", "startTime": 1}])
        assert [first, *running] == expected
        assert {s.get("city") for s in db.export_sessions()} == {"Changed", None}


def test_an_iterator_that_is_dropped_lets_go_of_the_store(tmp_path: Path) -> None:
    with imported(tmp_path / "s.db", demo()[:20]) as db:
        running = db.export_sessions()
        next(running)
        running.close()
        assert db.query("SELECT COUNT(*) FROM usersession").rows == [(20,)]


def test_an_export_can_be_cancelled(tmp_path: Path) -> None:
    with imported(tmp_path / "s.db", demo()) as db:
        running = db.export_sessions()
        next(running)
        canceller = threading.Thread(target=db.interrupt)
        canceller.start()
        canceller.join()
        with pytest.raises(errors.Cancelled):
            list(running)
        assert len(list(db.export_sessions())) == 120


@pytest.mark.parametrize("name", ["out.ndjson", "out.parquet"])
def test_memory_does_not_grow_with_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(parquet, "_GROUP_BYTES", 1024 * 1024)
    text = "x" * 500_000
    sessions = [{"userSessionId": str(n), "startTime": n, "userId": text} for n in range(100)]
    with imported(tmp_path / "s.db", sessions) as db:
        del sessions
        next(db.export_sessions())  # what is imported late
        tracemalloc.start()
        try:
            db.export_files(tmp_path / name)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 25_000_000  # all of it is twice as much
    assert snapshot._CHUNK_BYTES < 25_000_000 / 4


def test_every_engine_exports_the_same(tmp_path: Path) -> None:
    sessions = [*demo()[:30], *hostile()]
    for engine in ("", "duckdb:"):
        with usql.connect(f"{engine}{tmp_path / 'store'}{len(engine)}") as db:
            db.import_sessions(sessions)
            db.export_files(tmp_path / f"{len(engine)}.ndjson")
            db.export_files(tmp_path / f"{len(engine)}.parquet")
    assert (tmp_path / "7.ndjson").read_bytes() == (tmp_path / "0.ndjson").read_bytes()
    for table in catalogue().tables:
        first = pq.read_table(tmp_path / "0.parquet" / f"{table.name}.parquet")
        second = pq.read_table(tmp_path / "7.parquet" / f"{table.name}.parquet")
        assert second.schema.equals(first.schema, check_metadata=True)
        assert second.equals(first)
        assert first.num_rows > 0


def test_an_import_does_not_wait_for_ever_for_an_export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("usql.backends.duckdb.PATIENCE", 0.05)
    with usql.connect(f"duckdb:{tmp_path / 's.duckdb'}") as db:
        db.import_sessions(demo()[:3])
        running = db.export_sessions()
        next(running)
        with pytest.raises(errors.StoreError, match="is being read"):
            db.import_sessions(demo()[:1])
        running.close()
        db.import_sessions(demo()[:1])


@pytest.mark.parametrize("engine", ["", "duckdb:"], ids=["sqlite", "duckdb"])
def test_a_store_can_be_closed_with_an_iterator_left_behind(tmp_path: Path, engine: str) -> None:
    with usql.connect(f"{engine}{tmp_path / 's.db'}") as db:
        db.import_sessions(demo()[:20])
        running = db.export_sessions()
        next(running)
        ended = threading.Event()
        closer = threading.Thread(target=lambda: (db.close(), ended.set()), daemon=True)
        closer.start()
        assert ended.wait(10)
        with pytest.raises(errors.UsqlError):
            list(running)
        closer.join()
    with usql.connect(f"{engine}{tmp_path / 's.db'}", create=False) as again:
        again.import_sessions(demo()[20:21])
        assert len(list(again.export_sessions())) == 21


# --- A choice of sessions -------------------------------------------------------------------------

CHOICE = [
    {"userSessionId": "a", "startTime": 1000, "city": "Linz", "userActions": [{"name": "Pay"}]},
    {"userSessionId": "b", "startTime": 2000, "city": "Linz", "userActions": [{"name": "Look"}]},
    {"userSessionId": "c", "startTime": 3000, "city": "O'Hara", "userActions": []},
    {"userSessionId": "d", "startTime": 4000, "duration": 7, "ip": "10.0.0.1"},
]


@pytest.fixture(params=["", "duckdb:"], ids=["sqlite", "duckdb"])
def choice(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[usql.Database]:
    with usql.connect(f"{request.param}{tmp_path / 's.db'}") as db:
        db.import_sessions(CHOICE)
        yield db


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "abcd"),
        ({"where": "city = 'Linz'"}, "ab"),
        ({"where": "NOT city = 'Linz' -- a comment"}, "cd"),
        ({"where": "useraction.name = 'Pay' OR duration = 7"}, "ad"),
        ({"where": "city = :c", "params": {"c": "O'Hara"}}, "c"),
        ({"where": "startTime < $NOW - 2000", "now": 5000}, "ab"),
        ({"where": "city = 'Nowhere'"}, ""),
        ({"timeframe": (2000, 4000)}, "bc"),
        ({"timeframe": "last 2 seconds", "now": 4500}, "cd"),
        ({"timeframe": (2000, 4000), "where": "city = 'Linz'"}, "b"),
    ],
)
def test_conditions_and_timeframes_choose_sessions(
    choice: usql.Database, tmp_path: Path, options: dict[str, Any], expected: str
) -> None:
    chosen = [session for session in CHOICE if str(session["userSessionId"]) in expected]
    assert list(choice.export_sessions(**options)) == chosen
    summary = choice.export_files(tmp_path / "o.ndjson", **options)
    written = [json.loads(line) for line in (tmp_path / "o.ndjson").read_text().splitlines()]
    assert written == chosen
    assert summary.sessions == len(chosen)
    choice.export_files(tmp_path / "o.parquet", **options)
    found = pq.read_table(tmp_path / "o.parquet" / "usersession.parquet")["userSessionId"]
    assert found.to_pylist() == list(expected)
    actions = pq.read_table(tmp_path / "o.parquet" / "useraction.parquet").to_pylist()
    names = [action["name"] for s in chosen for action in s.get("userActions", [])]
    assert [row["name"] for row in actions] == names


@pytest.mark.parametrize(
    ("where", "shown"),
    [
        (
            "city = 'Linz' AND\ncoutry = 'x'",
            "usersession has no field coutry\n"
            "line 2, column 1: coutry = 'x'\n"
            "                  ^^^^^^\n"
            "hint: did you mean country?",
        ),
        (
            "city = 'Linz' LIMIT 3",
            "this is more than a condition\n"
            "line 1, column 1: city = 'Linz' LIMIT 3\n"
            "                  ^^^^^^^^^^^^^^^^^^^^^\n"
            "hint: give only what stands between WHERE and the rest of a query",
        ),
    ],
)
def test_bad_conditions_are_shown_as_they_were_written(
    choice: usql.Database, where: str, shown: str
) -> None:
    with pytest.raises(errors.UsqlError) as raised:
        next(choice.export_sessions(where=where))
    assert str(raised.value) == shown


@pytest.mark.parametrize(
    "where",
    [
        "",
        ")",
        "city",
        "city = 'x' GROUP BY city",
        "city = 'x' ORDER BY city",
        "city = 'x'; DROP TABLE usersession",
        "city = 'x' UNION SELECT JSON FROM usersession",
        "COUNT(*) > 1",
        "city = :missing",
        "x" * 2_000_000,
    ],
)
def test_texts_that_are_no_condition(choice: usql.Database, where: str) -> None:
    with pytest.raises(errors.UsqlError):
        next(choice.export_sessions(where=where))
    assert len(list(choice.export_sessions())) == 4
