"""Rules that hold between the answers to different queries, whatever the data are.

No expected value is needed here: a rule compares the engine with itself. Conditions, fields and
sessions are random ones, made by the oracle's generators; a few hundred instances of each rule.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from random import Random
from typing import Any

import pytest

import usql
from tests.oracle import model as m
from tests.oracle.compare import DataSet, same
from tests.oracle.data import sessions
from tests.oracle.generate import QueryGenerator
from tests.oracle.render import Renderer
from tests.oracle.store import Store
from usql.errors import UsqlError

SEED = 7
DATA_SETS = range(5)
SESSIONS = 30
INSTANCES = 50
"""Of each rule in each data set."""


class Maker:
    """Makes the parts of one instance, and asks the engine."""

    def __init__(self, data: DataSet, rule: str, number: int) -> None:
        self.rng = Random(f"{SEED}/{rule}/{data.number}/{number}")
        self.generator = QueryGenerator(self.rng, data.catalogue)
        self.table = self.generator.table
        self._db = data.db
        self._renderer = Renderer(self.rng)
        self.context = self.generator.context
        # first, so that every query binds what they name
        self._segments = {n: self._renderer.cond(c) for n, c in self.context.segments}

    def condition(self) -> str:
        """A condition in brackets; what is bound to its parameters is kept."""
        return f"({self._renderer.cond(self.generator.cond())})"

    def text(self, value: m.Value) -> str:
        return self._renderer.value(value)

    def field(self, *types: str, many: bool = True) -> m.Field:
        while True:
            entry = self.generator.entry(frozenset(types) if types else None)
            if many or not entry.many(self.table):
                return self.generator.spelled(entry)

    def entry(self) -> Any:
        """A single-valued field whose values can be compared, with some of its values."""
        while True:
            entry = self.generator.entry()
            if entry.type != "boolean" and not entry.many(self.table):
                return entry

    def name(self, field: m.Field) -> str:
        return self._renderer.field(field)

    def query(self, text: str, timeframe: Any = ...) -> list[tuple[Any, ...]]:
        frame = self.context.timeframe if timeframe is ... else timeframe
        return list(
            self._db.query(
                text,
                self._renderer.params,
                timeframe=frame,
                timezone=self.context.zone,
                now=self.context.now,
                default_limit=None,
                segments=self._segments,
            ).rows
        )

    def row(self, text: str, timeframe: Any = ...) -> tuple[Any, ...]:
        (row,) = self.query(text, timeframe)
        return row


@pytest.fixture(scope="module", params=DATA_SETS, ids=lambda number: f"data{number}")
def data(request: pytest.FixtureRequest) -> Iterator[DataSet]:
    with DataSet(SEED, request.param, SESSIONS) as made:
        yield made


def instances(data: DataSet, rule: str, count: int = INSTANCES) -> Iterator[Maker]:
    for number in range(count):
        yield Maker(data, rule, number)


def combined(values: list[Any], function: Any) -> Any:
    known = [value for value in values if value is not None]
    return function(known) if known else None


def test_a_condition_and_its_negation_part_the_rows(data: DataSet) -> None:
    for make in instances(data, "part"):
        name, p = make.name(make.field("long", "double")), make.condition()
        asked = f"SELECT COUNT(*), SUM({name}), MIN({name}), MAX({name}) FROM {make.table}"
        whole = make.row(asked)
        parts = [make.row(f"{asked} WHERE {p}"), make.row(f"{asked} WHERE NOT {p}")]
        counts, sums, least, most = zip(*parts, strict=True)
        together = (
            sum(counts),
            combined(list(sums), sum),
            combined(list(least), min),
            combined(list(most), max),
        )
        assert same(together, whole), f"{asked} WHERE {p}"


def test_rows_are_counted_as_they_are_listed(data: DataSet) -> None:
    for make in instances(data, "count"):
        p, field = make.condition(), make.name(make.field())
        (count,) = make.row(f"SELECT COUNT(*) FROM {make.table} WHERE {p}")
        plain = make.query(f"SELECT {field} FROM {make.table} WHERE {p}")
        assert len(plain) == count, p


def test_between_is_two_comparisons_of_a_single_value(data: DataSet) -> None:
    for make in instances(data, "between"):
        entry = make.entry()
        name = make.name(make.generator.spelled(entry))
        low, high = (make.text(make.generator.value(entry)) for _ in range(2))
        asked = f"SELECT COUNT(*) FROM {make.table} WHERE"
        between = f"{name} BETWEEN {low} AND {high}"
        both = f"{name} >= {low} AND {name} <= {high}"
        assert make.row(f"{asked} {between}") == make.row(f"{asked} {both}"), between
        negated = f"{name} NOT BETWEEN {low} AND {high}"
        assert make.row(f"{asked} {negated}") == make.row(f"{asked} NOT ({both})"), negated


def test_in_is_equality_with_one_of_them(data: DataSet) -> None:
    for make in instances(data, "in"):
        entry = make.generator.entry()
        name = make.name(make.generator.spelled(entry))
        values = [make.text(make.generator.value(entry)) for _ in range(make.rng.randint(1, 4))]
        asked = f"SELECT COUNT(*) FROM {make.table} WHERE"
        listed = ", ".join(values)
        either = " OR ".join(f"{name} = {value}" for value in values)
        assert make.row(f"{asked} {name} IN ({listed})") == make.row(f"{asked} {either}"), either
        neither = f"{asked} {name} NOT IN ({listed})"
        assert make.row(neither) == make.row(f"{asked} NOT ({either})"), neither


def test_a_timeframe_in_pieces_adds_up(data: DataSet) -> None:
    starts = data.catalogue.starts
    for make in instances(data, "timeframe"):
        name = make.name(make.field("long"))
        asked = f"SELECT COUNT(*), SUM({name}) FROM {make.table} WHERE {fixed(make)}"
        first, last = starts[0], starts[-1] + 1
        cuts = sorted({first, last, *(c for c in make.rng.choices(starts, k=3) if first < c)})
        pieces = [make.row(asked, piece) for piece in pairwise(cuts)]
        counts, sums = zip(*pieces, strict=True)
        assert (sum(counts), combined(list(sums), sum)) == make.row(asked, (first, last)), asked


def fixed(make: Maker) -> str:
    """A condition that does not look at the timeframe."""
    while "TIME_FRAME" in (p := make.condition()).upper():
        pass
    return p


def test_a_funnel_never_rises_and_counts_conditions_joined(data: DataSet) -> None:
    for make in instances(data, "funnel"):
        steps = [make.condition() for _ in range(make.rng.randint(1, 4))]
        where = make.condition()
        counts = make.row(f"SELECT FUNNEL({', '.join(steps)}) FROM {make.table} WHERE {where}")
        assert list(counts) == sorted(counts, reverse=True), steps
        joined = [" AND ".join([where, *steps[: k + 1]]) for k in range(len(steps))]
        expected = [make.row(f"SELECT COUNT(*) FROM {make.table} WHERE {j}")[0] for j in joined]
        assert list(counts) == expected, steps


def test_a_limit_is_a_prefix(data: DataSet) -> None:
    for make in instances(data, "limit"):
        text = some_query(make)
        whole = make.query(text)
        for n in {0, 1, make.rng.randint(0, len(whole) + 1), max(len(whole) - 1, 0)}:
            assert same(make.query(f"{text} LIMIT {n}"), whole[:n]), f"{text} LIMIT {n}"


def some_query(make: Maker) -> str:
    """A query of any kind that has rows and an order but no limit."""
    columns = ", ".join(make.name(make.field()) for _ in range(make.rng.randint(1, 2)))
    by = make.name(make.field())
    source = f"FROM {make.table} WHERE {make.condition()}"
    direction = make.rng.choice(("", " DESC"))
    return make.rng.choice(
        (
            f"SELECT {columns} {source}",
            f"SELECT {columns} {source} ORDER BY {by}{direction}",
            f"SELECT DISTINCT {columns} {source}",
            f"SELECT COUNT(*), MAX(startTime) {source} GROUP BY {columns}",
            f"SELECT {columns}, COUNT(*) AS n {source} GROUP BY {columns} ORDER BY n{direction}",
        )
    )


def test_distinct_is_grouping(data: DataSet) -> None:
    for make in instances(data, "distinct"):
        columns = ", ".join(make.name(make.field()) for _ in range(make.rng.randint(1, 2)))
        source = f"FROM {make.table} WHERE {make.condition()}"
        distinct = make.query(f"SELECT DISTINCT {columns} {source}")
        assert distinct == make.query(f"SELECT {columns} {source} GROUP BY {columns}"), columns


def test_groups_of_a_single_valued_key_part_the_rows(data: DataSet) -> None:
    for make in instances(data, "groups"):
        key = make.name(make.field(many=False))
        number = make.name(make.field("long"))
        source = f"FROM {make.table} WHERE {make.condition()}"
        groups = make.query(f"SELECT {key}, COUNT(*), SUM({number}) {source} GROUP BY {key}")
        assert len({repr(group[0]) for group in groups}) == len(groups), key
        total = sum(group[1] for group in groups), combined([group[2] for group in groups], sum)
        assert total == make.row(f"SELECT COUNT(*), SUM({number}) {source}"), key


@pytest.mark.parametrize("number", DATA_SETS)
def test_the_order_of_import_changes_nothing(number: int) -> None:
    rng = Random(f"{SEED}/import/{number}")
    lines = one_of_each(sessions(rng, SESSIONS))
    shuffled = rng.sample(lines, len(lines))
    with usql.connect(":memory:") as first, usql.connect(":memory:") as second:
        first.import_sessions(lines)
        second.import_sessions(shuffled)
        data = DataSet(SEED, number, SESSIONS)  # only what it generates: the sessions are others
        for instance in range(INSTANCES):
            data.db = first
            make = Maker(data, "import", instance)
            text = some_query(make)
            rows = make.query(text)
            make._db = second
            assert same(make.query(text), rows), text


def one_of_each(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sessions without those that another replaces."""
    return [dict(session.raw) for session in Store(lines).sessions]


def test_these_tests_reach_what_they_are_about(data: DataSet) -> None:
    """Conditions that hold always or never would prove little."""
    telling = 0
    for make in instances(data, "part"):
        make.field("long", "double")
        p = make.condition()
        try:
            (some,) = make.row(f"SELECT COUNT(*) FROM {make.table} WHERE {p}", None)
        except UsqlError:
            continue
        (every,) = make.row(f"SELECT COUNT(*) FROM {make.table}", None)
        telling += 0 < some < every
    assert telling > INSTANCES / 4
