"""Files as they come: formats, signs, encodings, damage; good rows are kept, bad ones named."""

from __future__ import annotations

import gzip
import io
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import zstandard

from usql.errors import BadData
from usql.events.reading import MAX_LINE, Reading, Row, expanded, opened, texts


def _rows(data: bytes, reading: Reading | None = None) -> list[Row]:
    with opened(io.BytesIO(data), reading or Reading()) as log:
        return list(log.rows)


def _values(data: bytes, reading: Reading | None = None) -> list[dict[str, str]]:
    rows = _rows(data, reading)
    assert [row.problem for row in rows] == [None] * len(rows)
    return [row.values for row in rows]


def _problems(data: bytes) -> list[tuple[int, str | None]]:
    return [(row.line, row.problem) for row in _rows(data)]


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_the_sign_between_columns_is_recognised(sign: str) -> None:
    data = f'a{sign}"b, c; d"{sign}e\n1{sign}2{sign}3\n'.encode()
    assert _values(data) == [{"a": "1", "b, c; d": "2", "e": "3"}]


def test_quotes_newlines_blank_lines_and_missing_values() -> None:
    data = b'\xef\xbb\xbf\n\na,b,c\r\n"x\r\ny","say ""hi""",\r\n\r\nNULL,\\N,0\r\n'
    rows = _rows(data)
    assert [row.values for row in rows] == [{"a": "x\r\ny", "b": 'say "hi"'}, {"c": "0"}]
    assert [row.line for row in rows] == [4, 7]


def test_cells_too_few_or_too_many_are_a_bad_row() -> None:
    assert _problems(b"a,b\n1\n1,2\n1,2,3\n1,2,,\n") == [
        (2, "expected 2 columns, got 1"),
        (3, None),
        (4, "expected 2 columns, got 3"),
        (5, None),
    ]


def test_bad_bytes_are_a_bad_row_and_another_encoding_may_be_said() -> None:
    data = "a,b\nMüller,1\nMeier,2\n".encode("latin-1")
    assert _problems(data) == [
        (2, "not of the encoding of the file: bytes that are no text"),
        (3, None),
    ]
    assert _values(data, Reading(encoding="latin-1"))[0] == {"a": "Müller", "b": "1"}


def test_utf_16_is_known_by_its_mark() -> None:
    assert _values("a,b\nÄ,2\n".encode("utf-16")) == [{"a": "Ä", "b": "2"}]


def test_a_line_too_long_is_passed_over_with_flat_memory() -> None:
    data = b"a,b\n1,2\n" + b"x" * (20 * MAX_LINE) + b"\n3,4\n"
    with opened(io.BytesIO(data), Reading()) as log:
        tracemalloc.start()
        rows = [(row.line, row.problem) for row in log.rows]
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert rows == [(2, None), (3, "longer than 1,048,576 characters"), (4, None)]
    assert peak < 12 * MAX_LINE


def test_a_quote_that_is_never_closed_does_not_fill_the_memory() -> None:
    data = b'a,b\n1,2\n"x,2\n' + b"1,2\n" * 200_000
    problems = [problem for _, problem in _problems(data) if problem]
    assert problems[0] == "not CSV: field larger than field limit (131072)"


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress])
def test_archives_are_known_by_their_bytes_and_break_off(
    pack: Callable[[bytes], bytes],
) -> None:
    lines = "".join(f"{n},{n * 7919 % 10_007}\n" for n in range(50_000))
    packed = pack(b"a,b\n" + lines.encode())
    assert len(_values(packed)) == 50_000
    *good, last = _rows(packed[: len(packed) // 2])
    assert all(row.problem is None for row in good)
    assert len(good) > 1000
    assert last.problem == "the archive is cut off"


def test_an_archive_that_unpacks_beyond_reason_is_left() -> None:
    bomb = gzip.compress(b"a,b\n1,2\n" + b"x,y\n" * 10_000_000)
    rows = _rows(bomb)
    assert len(rows) < 5_000_000
    assert rows[0].values == {"a": "1", "b": "2"}
    assert rows[-1].problem == (
        "the archive unpacks to over 200 times its size; the rest is left out"
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"a,a\n1,2\n", "two columns 'a'"),
        (b"PK\x03\x04", "zip archive"),
        (b"PAR1 and nothing", "not a Parquet file"),
        (b"\x1f\x8b broken", "the archive is cut off"),
        (gzip.compress(b"", mtime=0)[:10] + b"\xff" * 50, "the archive is damaged"),
        (b"\xff\xfa,b\n", "names of the columns are not UTF-8"),
    ],
)
def test_files_that_cannot_be_read_at_all(data: bytes, message: str) -> None:
    with pytest.raises(BadData, match=message):
        _rows(data)


@pytest.mark.parametrize(
    "settings", [{"format": "xls"}, {"delimiter": ",,"}, {"decimal": "x"}, {"encoding": "klingon"}]
)
def test_ways_to_read_that_do_not_exist(settings: dict[str, Any]) -> None:
    with pytest.raises(BadData):
        Reading(**settings)


def test_a_stream_stays_open() -> None:
    stream = io.BytesIO(b"a,b\n1,2\n")
    with opened(stream, Reading()) as log:
        list(log.rows)
    assert not stream.closed


def test_json_lines_are_flattened() -> None:
    data = b'{"a": 1, "b": {"c": true, "d": [1, 2]}}\n[1]\n{"a": 1.0, "e": null}\n{"a": nope}\n'
    rows = _rows(data, Reading(format="jsonl"))
    assert [row.values for row in rows] == [
        {"a": "1", "b.c": "true", "b.d": "[1,2]"},
        {},
        {"a": "1.0"},
        {},
    ]
    assert [row.line for row in rows if row.problem] == [2, 4]


def test_parameters_of_google_analytics_become_columns() -> None:
    params = [
        {"key": "title", "value": {"string_value": "Home", "int_value": None}},
        {"key": "count", "value": {"string_value": None, "int_value": 3}},
    ]
    assert texts({"event_params": params}) == {
        "event_params.title": "Home",
        "event_params.count": "3",
    }


def test_depth_is_limited() -> None:
    deep: dict[str, Any] = {}
    for _ in range(100):
        deep = {"a": deep}
    with pytest.raises(BadData, match="deeper than 64"):
        texts(deep)


def test_parquet_has_types_of_its_own(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    table = pa.table(
        {
            "user": ["ann", None],
            "at": pa.array(
                [datetime(2026, 3, 1, 12, tzinfo=UTC), None], pa.timestamp("ns", tz="UTC")
            ),
            "price": pa.array([Decimal("12.50"), None], pa.decimal128(8, 2)),
            "count": pa.array([3, None]),
            "nested": [{"a": True}, {"a": None}],
        }
    )
    file = tmp_path / "log.parquet"
    pq.write_table(table, file)
    with opened(file, Reading()) as log:
        assert log.columns == ("user", "at", "price", "count", "nested")
        rows = list(log.rows)
    assert [row.values for row in rows] == [
        {
            "user": "ann",
            "at": "2026-03-01T12:00:00+00:00",
            "price": "12.50",
            "count": "3",
            "nested.a": "true",
        },
        {},
    ]


def test_a_parquet_file_that_breaks_off(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    file = tmp_path / "log.parquet"
    pq.write_table(pa.table({"user": ["ann"] * 1000}), file)
    file.write_bytes(file.read_bytes()[:-10])
    with pytest.raises(BadData, match="not a Parquet file"), opened(file, Reading()):
        pass


def test_folders_and_patterns(tmp_path: Path) -> None:
    for name in ("b.csv", "a.tsv", "c.jsonl.gz", "note.txt", "s.db.rejects.ndjson"):
        (tmp_path / name).write_text("a\n")
    found = expanded([tmp_path])
    assert [Path(str(file)).name for file in found] == ["a.tsv", "b.csv", "c.jsonl.gz"]
    assert expanded([str(tmp_path / "*.csv")]) == [tmp_path / "b.csv"]
    with pytest.raises(BadData, match="no such file"):
        expanded([tmp_path / "none.csv"])
