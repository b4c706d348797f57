"""Rules for Apdex and scores: what TOML may say, which rule is nearest, the same as conditions."""

from __future__ import annotations

from pathlib import Path

import pytest

import usql
from tests.analysis.plain import failed, random_store, rows, value
from usql.analysis.rules import ApdexRule, Rules
from usql.errors import BadData

TEXT = """
[apdex]
satisfied = "3s"
tolerated = 10000

[apdex.application."Web shop"]
satisfied = "2s"
errors_frustrate = false

[apdex.application."Web shop".key_action.Payment]
tolerated = "5.5s"

[apdex.key_action.Payment]
satisfied = "900ms"

[experience]
rage = 4
frustrated = 0.5
"""


def test_the_nearest_table_rules() -> None:
    rules = Rules.parse(TEXT)
    assert rules.rule("Web shop", "Payment") == ApdexRule(2000, 5500, False)
    assert rules.rule("Web shop", "Help") == ApdexRule(2000, 8000, False)
    assert rules.rule("App", "Payment") == ApdexRule(900, 3600, True)
    assert rules.rule(None, "Payment") == ApdexRule(900, 3600, True)
    assert rules.rule("App", None) == ApdexRule(3000, 10000, True)
    assert (rules.experience.rage, rules.experience.frustrated) == (4, 0.5)
    assert rules.experience.crash == 5000


def test_what_no_table_is_about_keeps_its_category() -> None:
    rules = Rules.parse('[apdex.application.A]\nsatisfied = "1s"')
    assert rules.category("A", "x", 1001, stored="SATISFIED") == "TOLERATING"
    assert rules.category("B", "x", 1001, stored="SATISFIED") == "SATISFIED"
    assert rules.category("B", "x", 1001) is None


def test_the_ends_of_the_ranges() -> None:
    rule = ApdexRule(1000, 4000)
    assert [rule.category(ms) for ms in (0, 1000, 1001, 4000, 4001, None)] == [
        *("SATISFIED", "SATISFIED", "TOLERATING", "TOLERATING", "FRUSTRATED", "UNKNOWN"),
    ]
    assert rule.category(1, failed=True) == "FRUSTRATED"
    assert rule.category(None, failed=True) == "FRUSTRATED"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[apdx]", "rules has no 'apdx'; did you mean apdex?"),
        ("[apdex]\nsatisfied = 'soon'", "apdex.satisfied: 'soon' is not a length of time"),
        ("[apdex]\nsatisfied = 0", "apdex.satisfied: 0 is not a length"),
        ("[apdex]\nsatisfied = true", "apdex.satisfied: True is not a length"),
        ("[apdex]\nsatisfied = '2s'\ntolerated = '1s'", "1000 ms are tolerated, but 2000"),
        ("[apdex]\ntolerated = '1s'", 'apdex does not say what satisfies; add satisfied = "3s"'),
        ("[apdex.key_action.P]\nerrors_frustrate = true", "apdex.key_action.P does not say"),
        ("[apdex]\nsatisfied = 5\nerrors_frustrate = 1", "expected true or false, got 1"),
        ("apdex = 3", "apdex: expected a table, got 3"),
        ("[apdex.application]\nA = 3", "apdex.application.A: expected a table"),
        ("[apdex.application.A]\nsatisfid = 3", "did you mean satisfied?"),
        ("[experience]\nrage = -1", "experience.rage: expected a number from 0 up"),
        ("[experience]\nrages = 1", "did you mean rage?"),
        ("x", "not TOML"),
    ],
)
def test_what_rules_cannot_say(text: str, said: str) -> None:
    with pytest.raises(BadData) as caught:
        Rules.parse(text)
    whole = f"{caught.value.message}; {caught.value.hint}"
    assert said in whole, whole


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(TEXT, "utf-8")
    assert Rules.read(path) == Rules.parse(TEXT)
    path.write_text("[apdex]\nx = 1", "utf-8")
    with pytest.raises(BadData, match=r"rules\.toml: apdex has no 'x'"):
        Rules.read(path)
    with pytest.raises(BadData, match="cannot be read: No such file"):
        Rules.read(tmp_path / "none.toml")


@pytest.mark.parametrize("seed", range(6))
def test_conditions_count_what_categories_say(seed: int) -> None:
    made, found = random_store(seed)
    actions = [action for _, action in rows(found, "useraction")]
    names = [value(action, "name") for action in actions if value(action, "name") is not None]
    apps = [value(a, "application") for a in actions if value(a, "application") is not None]
    document = {
        "apdex": {
            "key_action": {name: {"satisfied": 600} for name in names[:2]},
            "application": {
                app: {
                    "satisfied": 90,
                    "errors_frustrate": bool(seed % 2),
                    "key_action": {name: {"satisfied": 2, "tolerated": 500} for name in names[1:3]},
                }
                for app in apps[:2]
            },
        }
    }
    if seed % 3:
        document["apdex"] |= {"satisfied": 1000, "tolerated": 4800}  # type: ignore[dict-item]
    rules = Rules.of(document)
    with usql.connect() as db:
        db.import_sessions(made)
        for category in ("SATISFIED", "TOLERATING", "FRUSTRATED"):
            counted = db.query(f"SELECT COUNT(*) FROM useraction WHERE {rules.condition(category)}")
            expected = sum(
                rules.category(
                    value(action, "application"),
                    value(action, "name"),
                    value(action, "duration"),
                    failed=failed(action),
                    stored=value(action, "apdexCategory"),
                )
                == category
                for action in actions
            )
            assert counted.rows == [(expected,)], category
