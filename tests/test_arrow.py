"""Results in columns: every type, every oddity, and the way out of the command line."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas
import polars
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import usql
from usql import errors
from usql.render import BINARY_FORMATS, write_binary
from usql.result import Column, Result

ROOT = Path(__file__).parent.parent
TIME = 1_772_323_200_000


def column(type: str, *values: Any) -> Any:
    table = Result((Column("x", type),), [(value,) for value in values]).to_arrow()
    return table.column("x").combine_chunks()


@pytest.mark.parametrize(
    ("type", "values", "arrow"),
    [
        ("string", ["Linz", None, "\x00é😀"], pa.string()),
        ("enum", ["A", None], pa.string()),
        ("ip", ["10.0.0.1"], pa.string()),
        ("json", ['{"a":1}'], pa.string()),
        ("long", [1, None, 2**63 - 1, -(2**63)], pa.int64()),
        ("double", [0.1, None, 5e-324], pa.float64()),
        ("boolean", [True, False, None], pa.bool_()),
        ("string[]", [["a", "b"], [], None], pa.list_(pa.string())),
        ("long[]", [[1, 2], []], pa.list_(pa.int64())),
        ("double[]", [[0.5], []], pa.list_(pa.float64())),
        ("boolean[]", [[True], []], pa.list_(pa.bool_())),
    ],
)
def test_types_and_values(type: str, values: list[Any], arrow: Any) -> None:
    found = column(type, *values)
    assert found.type == arrow
    assert found.to_pylist() == values


def test_dates_are_timestamps() -> None:
    found = column("date", TIME, None)
    assert found.type == pa.timestamp("ms", "UTC")
    assert found.cast(pa.int64()).to_pylist() == [TIME, None]
    assert found[0].as_py().isoformat() == "2026-03-01T00:00:00+00:00"
    assert column("date[]", [TIME]).type == pa.list_(pa.timestamp("ms", "UTC"))


@pytest.mark.parametrize("type", ["long", "date"])
def test_what_leaves_64_bits_is_a_double(type: str) -> None:
    found = column(type, 2**63, 1, None)
    assert found.type == pa.float64()
    assert found.to_pylist() == [2.0**63, 1.0, None]
    assert column(f"{type}[]", [2**63], [1]).to_pylist() == [[2.0**63], [1.0]]


@pytest.mark.parametrize(
    ("values", "kind", "kept"),
    [
        ([{"plan": "gold"}, None, {}], pa.string(), [[("plan", "gold")], None, []]),
        ([{"n": 1}], pa.int64(), [[("n", 1)]]),
        ([{"n": 1, "x": 0.5}], pa.float64(), [[("n", 1.0), ("x", 0.5)]]),
        ([{"n": 2**64}], pa.float64(), [[("n", 2.0**64)]]),
        ([{"n": 1, "s": "a"}], pa.string(), [[("n", "1"), ("s", '"a"')]]),
    ],
)
def test_properties_are_maps(values: list[Any], kind: Any, kept: list[Any]) -> None:
    found = column("properties", *values)
    assert found.type == pa.map_(pa.string(), kind)
    assert found.to_pylist() == kept


def test_properties_of_many_rows_are_lists_of_maps() -> None:
    found = column("properties[]", [{"a": "x"}, {}], [])
    assert found.type == pa.list_(pa.map_(pa.string(), pa.string()))
    assert found.to_pylist() == [[[("a", "x")], []], []]


def test_no_rows_have_types_nonetheless_and_names_do_not_repeat() -> None:
    table = Result((Column("n", "long"), Column("n", "date")), []).to_arrow()
    assert table.num_rows == 0
    assert table.column_names == ["n", "n (2)"]
    assert table.schema.types == [pa.int64(), pa.timestamp("ms", "UTC")]


def test_pandas_keeps_whole_numbers_and_booleans_beside_nulls() -> None:
    columns = (Column("n", "long"), Column("b", "boolean"), Column("t", "date"))
    frame = Result(columns, [(2**60 + 1, True, TIME), (None, None, None)]).to_pandas()
    assert isinstance(frame, pandas.DataFrame)
    assert frame["n"][0] == 2**60 + 1
    assert frame["b"].isna().tolist() == [False, True]
    assert frame["t"][0] == pandas.Timestamp("2026-03-01", tz="UTC")


def test_polars() -> None:
    columns = (Column("n", "long"), Column("s", "string[]"), Column("t", "date"))
    frame = Result(columns, [(2**60 + 1, ["a"], TIME), (None, [], None)]).to_polars()
    assert isinstance(frame, polars.DataFrame)
    assert frame["n"].to_list() == [2**60 + 1, None]
    assert frame["s"].to_list() == [["a"], []]
    assert frame["t"].cast(polars.Int64).to_list() == [TIME, None]


def read(format: str, data: bytes) -> Any:
    source = pa.BufferReader(data)
    return pq.read_table(source) if format == "parquet" else pa.ipc.open_file(source).read_all()


@pytest.mark.parametrize("format", BINARY_FORMATS)
def test_files_hold_the_table(format: str) -> None:
    result = Result((Column("n", "long"), Column("s", "string[]")), [(1, ["a"]), (None, [])])
    file = io.BytesIO()
    write_binary(result, format, file)
    assert not file.closed
    assert read(format, file.getvalue()).equals(result.to_arrow())


@pytest.mark.parametrize(
    ("module", "method", "extra"),
    [
        ("pyarrow", "to_arrow", "arrow"),
        ("pandas", "to_pandas", "pandas"),
        ("polars", "to_polars", "polars"),
    ],
)
def test_a_missing_library_is_named(
    monkeypatch: pytest.MonkeyPatch, module: str, method: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(errors.MissingExtra) as raised:
        getattr(Result((Column("n", "long"),), [(1,)]), method)()
    assert raised.value.code == "missing-extra"
    assert raised.value.hint == f'python -m pip install "usql-engine[{extra}]"'


# --- The command line -----------------------------------------------------------------------------

QUERY = "SELECT city, COUNT(*) AS n FROM usersession GROUP BY city"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "s.db"
    with usql.connect(path) as db:
        db.import_sessions(
            [{"userSessionId": str(n), "startTime": n, "city": "Línz"} for n in range(3)]
        )
    return path


def process(*arguments: Any, **options: Any) -> Any:
    command = [sys.executable, "-m", "usql", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": ""}
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    return subprocess.run(command, env=environment, timeout=60, check=False, **options)


@pytest.mark.parametrize("format", BINARY_FORMATS)
def test_binary_results_go_to_files_and_pipes(store: Path, format: str) -> None:
    piped = process("query", store, QUERY, "--format", format)
    out = store.with_name("result")
    saved = process("query", store, QUERY, "--format", format, "-o", out)
    assert (piped.returncode, saved.returncode) == (0, 0)
    assert saved.stdout == b""
    for data in (piped.stdout, out.read_bytes()):
        assert read(format, data).to_pylist() == [{"city": "Línz", "n": 3}]


def test_a_terminal_gets_a_hint_instead_of_bytes(store: Path) -> None:
    terminal, end = pty.openpty()
    try:
        done = process("query", store, QUERY, "--format", "parquet", stdout=end)
    finally:
        os.close(end)
        os.close(terminal)
    assert done.returncode == 2
    assert b"parquet is not for a terminal" in done.stderr
    assert b"-o FILE" in done.stderr


def test_text_goes_to_files_as_through_a_pipe(store: Path) -> None:
    out = store.with_name("result.csv")
    out.write_text("earlier")
    assert process("query", store, QUERY, "--format", "csv", "-o", out).returncode == 0
    piped = process("query", store, QUERY, "--format", "csv").stdout
    assert out.read_bytes() == piped == "city,n\nLínz,3\n".encode()


def test_a_bad_query_or_place_leaves_the_file_as_it_was(store: Path) -> None:
    out = store.with_name("result.csv")
    out.write_text("earlier")
    assert process("query", store, "SELECT", "-o", out).returncode == 1
    assert out.read_text() == "earlier"
    missing = process("query", store, QUERY, "-o", store.with_name("no") / "x.csv")
    assert missing.returncode == 1
    assert b"does not exist" in missing.stderr


def test_a_result_is_never_written_over_the_store(store: Path) -> None:
    done = process("query", store, QUERY, "-o", store)
    assert done.returncode == 2
    assert b"is the store itself" in done.stderr
    assert process("query", store, QUERY).returncode == 0
