import pytest

from usql.experience import (
    ApdexCounts,
    ApdexLimits,
    ExperienceRules,
    experience_score,
    rating,
)


def test_apdex_leaves_unknown_actions_out() -> None:
    counts = ApdexCounts.of(["SATISFIED", "SATISFIED", "TOLERATING", "FRUSTRATED", "UNKNOWN", None])
    assert counts.total == 4
    assert counts.apdex == (2 + 0.5) / 4
    assert ApdexCounts().apdex is None


@pytest.mark.parametrize(
    ("apdex", "name"),
    [
        (1.0, "excellent"),
        (0.94, "excellent"),
        (0.9399, "good"),
        (0.85, "good"),
        (0.8499, "fair"),
        (0.7, "fair"),
        (0.5, "poor"),
        (0.4999, "unacceptable"),
        (0.0, "unacceptable"),
    ],
)
def test_ratings_begin_at_their_thresholds(apdex: float, name: str) -> None:
    assert rating(apdex) == name


@pytest.mark.parametrize(
    ("duration", "failed", "category"),
    [
        (3000, False, "SATISFIED"),
        (3001, False, "TOLERATING"),
        (12000, False, "TOLERATING"),
        (12001, False, "FRUSTRATED"),
        (1, True, "FRUSTRATED"),
        (None, False, "UNKNOWN"),
        (None, True, "FRUSTRATED"),
    ],
)
def test_categories_of_durations(duration: int | None, failed: bool, category: str) -> None:
    assert ApdexLimits().category(duration, failed=failed) == category


@pytest.mark.parametrize(
    ("counts", "others", "score"),
    [
        # Weights, frustrated of all: 3/10 = 30 %, which is not more than 30 %.
        ((0, 2, 0), {"errors": 1, "rages": 1}, "FRUSTRATED"),  # 3 of 9
        ((7, 0, 3), {}, "TOLERATED"),  # 9 of 30: exactly 30 %
        ((6, 0, 3), {}, "FRUSTRATED"),  # 9 of 27
        ((2, 2, 0), {}, "SATISFIED"),  # exactly half
        ((1, 2, 0), {}, "TOLERATED"),
        ((9, 0, 0), {"errors": 1}, "TOLERATED"),  # a frustrated element
        ((900, 0, 0), {"crashes": 1}, "FRUSTRATED"),  # 5000 of 7700
        ((0, 0, 0), {"rages": 1}, "FRUSTRATED"),
        ((0, 0, 0), {}, "UNDEFINED"),
    ],
)
def test_user_experience_scores(
    counts: tuple[int, int, int], others: dict[str, int], score: str
) -> None:
    assert experience_score(ApdexCounts(*counts), **others) == score


def test_weights_and_thresholds_are_configurable() -> None:
    counts = ApdexCounts(satisfied=6, frustrated=3)
    assert experience_score(counts, rules=ExperienceRules(frustrated=0.5)) == "TOLERATED"
    satisfied = ApdexCounts(satisfied=1, tolerating=2)
    assert experience_score(satisfied, rules=ExperienceRules(satisfied=0.3)) == "SATISFIED"
