"""Runs random queries against the engine and compares its answers with the referee's."""

from __future__ import annotations

import json
import math
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import usql

from . import model as m
from .data import sessions
from .evaluate import Answer, evaluate
from .generate import Catalogue, QueryGenerator
from .render import ParamValue, Renderer
from .store import Store
from .values import InvalidQueryError

QUERIES_PER_DATA_SET = 300

_PLAIN_LABEL = re.compile(r"[\w.]+|\w+\((distinct )?(\*|[\w.]+)(, [\d.]+)?\)", re.ASCII)


@dataclass(frozen=True)
class Case:
    """One query with all that is needed to run it again."""

    number: int
    data_set: int
    query: m.Query
    context: m.Context
    text: str
    params: dict[str, ParamValue]
    segments: dict[str, str]


@dataclass(frozen=True)
class Difference:
    """A case for which engine and referee disagree."""

    case: Case
    expected: str
    got: str

    def __str__(self) -> str:
        case, context = self.case, self.case.context
        return (
            f"--- query {case.number} (data set {case.data_set})\n{case.text}\n"
            f"segments={case.segments} params={case.params}\n"
            f"timeframe={context.timeframe} zone={context.zone!r}"
            f" now={context.now}\nexpected {self.expected}\ngot      {self.got}\n"
        )


class DataSet:
    """Random sessions, loaded by the referee and, through a file, by the engine."""

    def __init__(self, seed: int, number: int, count: int, engine: str = "sqlite") -> None:
        self.number = number
        self._engine = engine
        self.lines = sessions(Random(f"{seed}/data/{number}"), count)
        self.store = Store(self.lines)
        self.catalogue = Catalogue(self.store)
        self._stack = ExitStack()
        self.db: Any = None

    def __enter__(self) -> DataSet:
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        in_memory = self._engine in ("sqlite", "parquet")
        url = ":memory:" if in_memory else f"{self._engine}:{folder / 'store'}"
        self.db = self._stack.enter_context(usql.connect(url))
        path = folder / "sessions.ndjson"
        lines = (json.dumps(line, ensure_ascii=False) for line in self.lines)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        self.db.import_files([path])
        if self._engine == "parquet":
            self.db.export_files(folder / "files", format="parquet")
            self.db = self._stack.enter_context(usql.connect(f"parquet:{folder / 'files'}"))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def case(self, seed: int, number: int) -> Case:
        """The query of that number; seed and number alone decide what it is."""
        rng = Random(f"{seed}/query/{number}")
        generator = QueryGenerator(rng, self.catalogue)
        query = generator.query()
        renderer = Renderer(rng)
        text = renderer.query(query)
        context = generator.context
        segments = {name: renderer.cond(cond) for name, cond in context.segments}
        return Case(number, self.number, query, context, text, renderer.params, segments)


def run(
    seed: int, first: int, count: int, session_count: int, engine: str = "sqlite"
) -> Iterator[Difference | None]:
    """For each query number a difference, or None where engine and referee agree."""
    numbers = range(first, first + count)
    for data_set in range(first // QUERIES_PER_DATA_SET, numbers.stop // QUERIES_PER_DATA_SET + 1):
        start = data_set * QUERIES_PER_DATA_SET
        part = range(max(start, first), min(start + QUERIES_PER_DATA_SET, numbers.stop))
        if part:
            with DataSet(seed, data_set, session_count, engine) as data:
                for number in part:
                    yield check(data, data.case(seed, number))


def check(data: DataSet, case: Case) -> Difference | None:
    """Both answers to one case, compared."""
    try:
        expected = evaluate(data.store, case.query, case.context)
    except InvalidQueryError as error:
        return _check_refused(data, case, str(error))
    try:
        columns, rows = _ask(data, case)
    except usql.UsqlError as error:
        return Difference(case, _shortened(expected), f"UsqlError: {error}")
    except Exception as error:  # whatever escapes the engine is a finding, not our end
        return Difference(case, _shortened(expected), f"{type(error).__name__}: {error}")
    labels = _label_difference(case.query, expected, columns)
    if labels is not None:
        return Difference(case, f"label {labels[0]!r}", f"label {labels[1]!r}")
    json_at = {i for i, text in enumerate(expected.labels) if text == "json"}
    found = _row_difference(expected.rows, rows, json_at if _asks_json(case.query) else set())
    return None if found is None else Difference(case, *found)


def _check_refused(data: DataSet, case: Case, reason: str) -> Difference | None:
    try:
        _, rows = _ask(data, case)
    except usql.UsqlError:
        return None
    except Exception as error:
        return Difference(case, f"an error: {reason}", f"{type(error).__name__}: {error}")
    return Difference(case, f"an error: {reason}", f"{len(rows)} rows")


def _ask(data: DataSet, case: Case) -> tuple[list[str], list[tuple[Any, ...]]]:
    context = case.context
    result = data.db.query(
        case.text,
        case.params or None,
        segments=case.segments,
        timeframe=context.timeframe,
        timezone=context.zone,
        now=context.now,
    )
    return [column.name for column in result.columns], list(result.rows)


def _asks_json(query: m.Query) -> bool:
    return isinstance(query, m.Select) and any(isinstance(item, m.Json) for item in query.items)


# --- labels -------------------------------------------------------------------------------------


def _label_difference(
    query: m.Query, expected: Answer, got: Sequence[str]
) -> tuple[str | None, str] | None:
    if len(expected.labels) != len(got):
        return f"{len(expected.labels)} columns", f"{len(got)} columns: {got}"
    aliases = _aliases(query)
    for want, label in zip(expected.labels, got, strict=True):
        if want is None:
            continue
        # How composed expressions are spelled in a label is not settled to the last blank.
        exact = want in aliases or _PLAIN_LABEL.fullmatch(want) is not None
        if label != want and (exact or _loose(label) != _loose(want)):
            return want, label
    return None


def _aliases(query: m.Query) -> set[str | None]:
    if isinstance(query, m.Funnel):
        return {step.alias for step in query.steps}
    return {item.alias for item in query.items if isinstance(item, m.Column)}


def _loose(text: str) -> str:
    return re.sub(r"""[\s()'"\[\]]""", "", text).casefold()


# --- rows ---------------------------------------------------------------------------------------


def _row_difference(
    expected: list[tuple[Any, ...]], got: list[tuple[Any, ...]], json_at: set[int]
) -> tuple[str, str] | None:
    for number, (want, have) in enumerate(zip(expected, got, strict=False)):
        if len(want) != len(have):
            return f"row {number}: {want}", f"row {number}: {have}"
        for column, (a, b) in enumerate(zip(want, have, strict=True)):
            if not (_same_json(a, b) if column in json_at else same(a, b)):
                return (
                    f"row {number} column {column}: {_cut(a)}  in {_cut(want)}",
                    f"row {number} column {column}: {_cut(b)}  in {_cut(have)}",
                )
    if len(expected) != len(got):
        return f"{len(expected)} rows: {_cut(expected)}", f"{len(got)} rows: {_cut(got)}"
    return None


def same(a: Any, b: Any) -> bool:
    """Equal in value and type; doubles to 9 digits, and NaN never."""
    if type(a) is not type(b):
        return isinstance(a, tuple | list) and isinstance(b, tuple | list) and _same_list(a, b)
    if isinstance(a, float):
        return math.isclose(a, b, rel_tol=1e-9)
    if isinstance(a, tuple | list):
        return _same_list(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    return bool(a == b)


def _same_list(a: Sequence[Any], b: Sequence[Any]) -> bool:
    return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))


def _same_json(expected: Mapping[str, Any], got: Any) -> bool:
    if not isinstance(got, str):
        return False
    return _whole(expected) == _whole(json.loads(got))


def _whole(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record without what counts as absent, its properties by key, its arrays likewise."""
    made: dict[str, Any] = {}
    for name, value in record.items():
        if name.endswith("Properties"):
            pairs = value if isinstance(value, list) else []
            value = {pair["key"]: pair["value"] for pair in pairs} if pairs else value
        elif name in ("userActions", "events", "errors"):
            value = [_whole(item) for item in value or []]
        if value not in (None, [], {}):
            made[name] = value
    return made


def _shortened(answer: Answer) -> str:
    return f"{len(answer.rows)} rows: {_cut(answer.rows)}"


def _cut(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 400 else f"{text[:400]}…"
