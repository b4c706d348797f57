"""What engines are measured by: each kind of question that analysts ask, and answers by hand."""

from __future__ import annotations

import re

import pytest

from benchmarks.experts import clickhouse, duckdb, sqlite
from benchmarks.questions import QUESTIONS
from usql.layout import columnar_layout, default_layout
from usql.parser import parse

_PLAIN = r"^(?!.*(COUNT|SUM|AVG|TOP|FUNNEL|GROUP BY)).*"
_HAS = r"useraction\.name = '[^']+'"

KINDS = {
    "plain": _PLAIN + "FROM usersession",
    "group by low cardinality": "GROUP BY country$",
    "group by high cardinality": "GROUP BY userId",
    "TOP": r"^SELECT TOP\(city, 10\), COUNT",
    "nested TOP": r"TOP\(country, \d+\), TOP\(city, \d+\)",
    "DISTINCT count": r"COUNT\(DISTINCT",
    "percentiles": r"MEDIAN.*PERCENTILE",
    "sessions by one condition on actions": rf"FROM usersession WHERE {_HAS}$",
    "by several, with negation": rf"WHERE {_HAS} AND useraction\.name != ",
    "a funnel of three": r"FUNNEL\(([^,()]+, ){2}[^,()]+\)",
    "a funnel of six": r"FUNNEL\(([^,()]+, ){5}[^,()]+\)",
    "CONDITION": r"CONDITION\(COUNT\(\*\), WHERE",
    "CONDITION on actions": rf"CONDITION\(COUNT\(\*\), WHERE {_HAS}",
    "FILTER": "FILTER >",
    "time histogram": r"GROUP BY DATETIME\(startTime",
    "properties as a key": r"GROUP BY stringProperties\.",
    "properties summed": r"SUM\(doubleProperties\.",
    "leading wildcard": "LIKE '%",
    "ORDER BY with LIMIT": r"ORDER BY duration DESC LIMIT \d+",
    "JSON of 50 sessions": "^SELECT JSON FROM usersession LIMIT 50",
    "one user's sessions": r"WHERE userId = '[^']+'$",
    "a session's field for actions": r"FROM useraction GROUP BY usersession\.country",
    "many values as a key": r"FROM usersession GROUP BY useraction\.name",
    "average of many values": r"AVG\(useraction\.duration\).*FROM usersession",
    "two keys": "GROUP BY application, apdexCategory",
}
"""What a question of each kind looks like."""


@pytest.mark.parametrize("kind", KINDS)
def test_there_is_a_question_of_each_kind(kind: str) -> None:
    assert any(re.search(KINDS[kind], question.text) for question in QUESTIONS)


def test_a_histogram_is_asked_in_a_zone_with_clock_changes() -> None:
    zones = {q.zone for q in QUESTIONS if "DATETIME" in q.text}
    assert zones == {"UTC", "Europe/Vienna"}


def test_there_are_enough_questions_and_all_can_be_read() -> None:
    assert len({question.name for question in QUESTIONS}) == len(QUESTIONS) >= 24
    for question in QUESTIONS:
        parse(question.text)


def test_each_question_is_answered_by_hand_on_each_engine() -> None:
    names = {question.name for question in QUESTIONS}
    assert set(sqlite.experts(default_layout())) == names
    assert set(duckdb.experts(columnar_layout())) == names
    assert set(clickhouse.experts(columnar_layout())) == names - {"whole sessions"}
