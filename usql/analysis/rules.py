"""Which durations satisfy, per application and action, and what weighs how much in a score.

What arrives: a TOML file, or its content. What leaves: ``Rules``, which give the category of an
action, and the same as conditions of the language, so that a query can count by them.

    [apdex]                                    # all actions, unless a table below is nearer
    satisfied = "3s"
    tolerated = "12s"                          # four times ``satisfied`` unless given
    errors_frustrate = true

    [apdex.application."Web shop"]             # every action of an application
    satisfied = "2s"

    [apdex.key_action.Payment]                 # actions of a name, in every application
    tolerated = "5s"

    [apdex.application."Web shop".key_action.Payment]
    satisfied = "1500ms"

    [experience]                               # weights of the user experience score
    rage = 4

The nearest table rules: an action of an application, an action, an application, all. What it does
not say it takes from the table around it: an action of an application from the application, an
application and an action from all. Actions that no table is about keep the category that is stored.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from usql.analysis.asking import literal
from usql.errors import BadData
from usql.experience import (
    FRUSTRATED,
    SATISFIED,
    TOLERATING,
    ApdexLimits,
    ExperienceRules,
)
from usql.record import Record

CATEGORIES = (SATISFIED, TOLERATING, FRUSTRATED)
"""The categories that count in an Apdex, the best first."""
_FAILED = (
    "requestErrorCount > 0 OR javascriptErrorCount > 0 OR customErrorCount > 0 OR hasCrash = true"
)
_USUAL_RATIO = 4
"""Tolerated durations end at four times the satisfying ones: the Apdex specification's rule."""


class ApdexRule(Record):
    """Which actions satisfy.

    Attributes:
        satisfied: longest duration that satisfies, in ms.
        tolerated: longest duration that is tolerated, in ms.
        errors_frustrate: whether an action with an error, or a crash, frustrates however short.
    """

    satisfied: int = 3_000
    tolerated: int = 12_000
    errors_frustrate: bool = True

    def category(self, duration: int | None, *, failed: bool = False) -> str:
        """Return the category of an action.

        Args:
            duration: in ms; ``None`` if it is not known.
            failed: whether it had an error or a crash.

        >>> ApdexRule(1000, 4000, False).category(1001, failed=True)
        'TOLERATING'
        """
        limits = ApdexLimits(self.satisfied, self.tolerated)
        return limits.category(duration, failed=failed and self.errors_frustrate)

    def condition(self, category: str) -> str:
        """Return the condition on ``useraction`` for actions of a category that counts."""
        within = {
            SATISFIED: f"duration <= {self.satisfied}",
            TOLERATING: f"duration > {self.satisfied} AND duration <= {self.tolerated}",
            FRUSTRATED: f"duration > {self.tolerated}",
        }[category]
        if not self.errors_frustrate:
            return within
        if category == FRUSTRATED:
            return f"({within} OR {_FAILED})"
        return f"{within} AND NOT ({_FAILED})"


class Scope(Record):
    """Some actions, and the rule for them; ``None`` stands for any.

    Attributes:
        application: that they belong to.
        action: their name.
        rule: for them.
    """

    application: str | None
    action: str | None
    rule: ApdexRule


class Rules(Record):
    """Rules for actions and sessions.

    Attributes:
        usual: the rule for actions that no scope is about; ``None`` if they keep their category.
        scopes: of single applications and actions, the nearest first.
        experience: weights and thresholds of the user experience score.
    """

    usual: ApdexRule | None = None
    scopes: tuple[Scope, ...] = ()
    experience: ExperienceRules = ExperienceRules()

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Rules:
        """Return the rules of a TOML file.

        Raises:
            BadData: it cannot be read, or says what no rules can say.
        """
        try:
            text = Path(path).read_text(encoding="utf-8-sig")
        except OSError as error:
            raise BadData(f"{path} cannot be read: {error.strerror}") from None
        except UnicodeDecodeError as error:
            raise BadData(f"{path} is not TOML: {error}") from None
        try:
            return cls.parse(text)
        except BadData as error:
            raise BadData(f"{path}: {error.message}", hint=error.hint) from None

    @classmethod
    def parse(cls, text: str) -> Rules:
        """Return the rules that a TOML text says.

        Raises:
            BadData: it says what no rules can say.

        >>> rules = Rules.parse('[apdex.key_action.Payment]\\nsatisfied = "2s"')
        >>> rules.category("Web shop", "Payment", 2500), rules.category("Web shop", "Help", 2500)
        ('TOLERATING', None)
        """
        import tomllib

        try:
            document = tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            raise BadData(f"not TOML: {error}") from None
        return cls.of(document)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Rules:
        """Return the rules that a decoded document says.

        Raises:
            BadData: it says what no rules can say.

        >>> Rules.of({"apdex": {"satisfied": 500}}).usual
        ApdexRule(satisfied=500, tolerated=2000, errors_frustrate=True)
        """
        _known("rules", document, ("apdex", "experience"))
        apdex = _table("apdex", document.get("apdex", {}))
        _known("apdex", apdex, (*_RULE, "application", "key_action"))
        usual = _rule("apdex", apdex, None)
        scopes = sorted(_scopes(apdex, usual), key=_nearness)
        return cls(usual, tuple(scopes), _experience(document.get("experience", {})))

    def rule(self, application: str | None, action: str | None) -> ApdexRule | None:
        """Return the rule for the actions of a name in an application; ``None`` for none."""
        for scope in self.scopes:
            if scope.application in (None, application) and scope.action in (None, action):
                return scope.rule
        return self.usual

    def category(
        self,
        application: str | None,
        action: str | None,
        duration: int | None,
        *,
        failed: bool = False,
        stored: str | None = None,
    ) -> str | None:
        """Return the category of an action.

        Args:
            application: that it belongs to.
            action: its name.
            duration: in ms; ``None`` if it is not known.
            failed: whether it had an error or a crash.
            stored: the category that it has, and keeps where there is no rule for it.
        """
        rule = self.rule(application, action)
        return stored if rule is None else rule.category(duration, failed=failed)

    def condition(self, category: str) -> str:
        """Return the condition on ``useraction`` for the actions of a category that counts.

        >>> Rules(ApdexRule(100, 400, False)).condition("TOLERATING")
        'duration > 100 AND duration <= 400'
        >>> Rules().condition("TOLERATING")
        "apdexCategory = 'TOLERATING'"
        """
        parts = [
            " AND ".join((*where, _condition(rule, category))) for where, rule in self._partition()
        ]
        return parts[0] if len(parts) == 1 else " OR ".join(f"({part})" for part in parts)

    @property
    def counts(self) -> tuple[str, ...]:
        """Columns of a query on ``useraction`` that count actions: all, and of each category."""
        return (
            "COUNT(*) AS actions",
            *(
                f"CONDITION(COUNT(*), WHERE {self.condition(category)}) AS {category.lower()}"
                for category in CATEGORIES
            ),
        )

    def _partition(self) -> Iterator[tuple[tuple[str, ...], ApdexRule | None]]:
        """Yield conditions of which exactly one is true for each action, and its rule."""
        nearer: list[Scope] = []
        for scope in self.scopes:
            own = (*_equals("application", scope.application), *_equals("name", scope.action))
            yield (*own, *_besides(scope.application, scope.action, nearer)), scope.rule
            nearer.append(scope)
        yield _besides(None, None, nearer), self.usual


def _nearness(scope: Scope) -> tuple[bool, bool]:
    return scope.action is None, scope.application is None


def _equals(field: str, value: str | None) -> Iterator[str]:
    if value is not None:
        yield f"{field} = {literal(value)}"


def _besides(
    application: str | None, action: str | None, nearer: Iterable[Scope]
) -> tuple[str, ...]:
    """Return the conditions that keep out the actions for which a nearer scope rules."""
    found: list[str] = []
    for other in nearer:
        if application is not None and other.application not in (None, application):
            continue
        if action is not None and other.action not in (None, action):
            continue
        terms: list[str] = []
        if application is None:
            terms += _equals("application", other.application)
        if action is None:
            terms += _equals("name", other.action)
        found.append(f"NOT ({' AND '.join(terms)})" if len(terms) > 1 else f"NOT {terms[0]}")
    return tuple(dict.fromkeys(found))


def _condition(rule: ApdexRule | None, category: str) -> str:
    return f"apdexCategory = '{category}'" if rule is None else rule.condition(category)


# --- reading ------------------------------------------------------------------------------------

_RULE = ("satisfied", "tolerated", "errors_frustrate")


def _scopes(apdex: Mapping[str, Any], usual: ApdexRule | None) -> Iterator[Scope]:
    for action, said in _tables("apdex", apdex, "key_action"):
        yield _scope(f"apdex.key_action.{action}", None, action, said, usual)
    for application, said in _tables("apdex", apdex, "application"):
        place = f"apdex.application.{application}"
        _known(place, said, (*_RULE, "key_action"))
        own = _rule(place, said, usual)
        if own is not None and any(name in said for name in _RULE):
            yield Scope(application, None, own)
        for action, inner in _tables(place, said, "key_action"):
            yield _scope(f"{place}.key_action.{action}", application, action, inner, own)


def _scope(
    place: str,
    application: str | None,
    action: str,
    said: Mapping[str, Any],
    around: ApdexRule | None,
) -> Scope:
    _known(place, said, _RULE)
    rule = _rule(place, said, around)
    if rule is None:
        raise _unsaid(place)
    return Scope(application, action, rule)


def _rule(place: str, said: Mapping[str, Any], around: ApdexRule | None) -> ApdexRule | None:
    """Return what a table says; ``None`` if neither it nor the table around it says anything."""
    if "satisfied" not in said and around is None:
        if any(name in said for name in _RULE):
            raise _unsaid(place)
        return None
    around = around or ApdexRule()
    satisfied, tolerated = around.satisfied, around.tolerated
    if "satisfied" in said:
        satisfied = _ms(f"{place}.satisfied", said["satisfied"])
        tolerated = satisfied * _USUAL_RATIO
    if "tolerated" in said:
        tolerated = _ms(f"{place}.tolerated", said["tolerated"])
    if tolerated < satisfied:
        raise BadData(
            f"{place}: {tolerated} ms are tolerated, but {satisfied} ms satisfy",
            hint="what is tolerated should be longer than what satisfies",
        )
    errors = said.get("errors_frustrate", around.errors_frustrate)
    if not isinstance(errors, bool):
        raise BadData(f"{place}.errors_frustrate: expected true or false, got {errors!r}")
    return ApdexRule(satisfied, tolerated, errors)


def _unsaid(place: str) -> BadData:
    return BadData(f"{place} does not say what satisfies", hint=f'add satisfied = "3s" to {place}')


_LENGTH = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m)")
_UNITS = {"ms": 1, "s": 1_000, "m": 60_000}


def _ms(place: str, value: Any) -> int:
    """Return a length of time in ms; it is at least one."""
    ms = value if type(value) is int else None
    if isinstance(value, str) and (found := _LENGTH.fullmatch(value.strip())):
        ms = round(float(found[1]) * _UNITS[found[2]])
    if ms is None or not 0 < ms < 2**53:
        raise BadData(
            f"{place}: {value!r} is not a length of time", hint='write "800ms", "3s", or ms: 3000'
        )
    return ms


def _experience(said: Any) -> ExperienceRules:
    names = [part.name for part in fields(ExperienceRules)]
    _known("experience", _table("experience", said), names)
    for name, value in said.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e12:
            raise BadData(f"experience.{name}: expected a number from 0 up, got {value!r}")
    return ExperienceRules(**said)


def _tables(place: str, said: Mapping[str, Any], name: str) -> Iterator[tuple[str, Any]]:
    for key, inner in _table(f"{place}.{name}", said.get(name, {})).items():
        yield key, _table(f"{place}.{name}.{key}", inner)


def _table(place: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadData(f"{place}: expected a table, got {value!r}")
    return value


def _known(place: str, said: Mapping[str, Any], names: Iterable[str]) -> None:
    for name in said:
        if name not in names:
            close = get_close_matches(name, list(names), n=1)
            hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(names)}"
            raise BadData(f"{place} has no {name!r}", hint=hint)
