"""Random sessions, rich in what hurts: nulls, ties, odd texts, clock changes, many values and none.

Two things are left out on purpose, because they would make a right answer look wrong: doubles whose
sums depend on the order of summation (all are multiples of 2^-10), and longs whose sums pass 2^53.
"""

from __future__ import annotations

from random import Random
from typing import Any

from .schema import ARRAY_OF, FIELDS, SECONDARY, SESSION, FieldInfo

Raw = dict[str, Any]

TEXTS = (
    *("", " ", "Austria", "austria", "AUSTRIA", "Österreich", "österreich", "Spain", "spain "),
    *("O'Hara", 'say "hi"', "''", "it’s", "“x”", "100%", "50% off*", "a?b", "a*b", "%", "*", "?"),
    *("a\\b", "\\", "\\%", "a_b", "aXb", "ab", "_", "😀", "😀😀", "ｚ", "zz", "É", "E\u0301"),
    *("a\u00a0b", "line\nbreak", "tab\there", "null", "NULL", "true", "5", "05", "5.0", "-1"),
    *("[x]", "]", "--x", "/* x */", ";", "$NOW", ":p", "日本語", "x" * 300, "a b", "Loading /cart"),
)
KEYS = (
    *("plan", "Plan", "PLAN", "cart value", "a.b", "größe", "Größe", 'say "hi"', "it's", "x]y"),
    *("[z]", "emoji😀", "order", "from", "1st", "Count", "a_b", "%", " pad "),
)
LONGS = (
    0,
    1,
    2,
    3,
    5,
    10,
    99,
    100,
    499,
    500,
    999,
    1000,
    1500,
    4800,
    5500,
    -1,
    -500,
    123_457,
    2**31,
)
DOUBLES = (0.0, 0.25, 0.5, 1.0, 1.5, -2.5, 3.125, 100.0, 1234.5, 2.0**-10, 2.0**36, -0.75)
ADDRESSES = (
    *("10.0.0.1", "9.255.255.255", "192.168.1.10", "255.255.255.255", "0.0.0.0", "2.0.0.0"),
    *("::1", "2001:db8::1", "2001:db8::a", "2001:1800:ffff:eac2:63f5:568e:b3c6:6c54", "fe80::1"),
)
ZONES: tuple[str | int, ...] = (
    *("UTC", "UTC", "Europe/Vienna", "Europe/Vienna", "America/New_York", "Australia/Lord_Howe"),
    *("America/Sao_Paulo", "Asia/Kathmandu", "Pacific/Apia", 0, 60, 330, -210, -720, 840),
    *("America/St_Johns", "Africa/Casablanca", "Antarctica/Troll", "Pacific/Chatham"),
)

# Instants at which clocks change somewhere in `ZONES`, and a few plain ones.
ANCHORS = (
    1_711_846_800_000,  # Europe, 2024-03-31, spring
    1_729_990_800_000,  # Europe, 2024-10-27, autumn
    1_710_054_000_000,  # New York, 2024-03-10
    1_730_613_600_000,  # New York, 2024-11-03
    1_712_415_600_000,  # Lord Howe, 2024-04-06, by half an hour
    1_541_300_400_000,  # São Paulo, 2018-11-04: no midnight on that day
    1_325_239_200_000,  # Apia, 2011-12-30: a whole day left out
    1_704_067_200_000,  # 2024-01-01 in UTC
    1_709_208_000_000,  # 2024-02-29
    1_717_245_296_789,
)
# Far from the others: before 1970, on its edge, the end of 32 bits, a leap day of 2000 and of 2096.
FAR_ANCHORS = (-1, -86_400_000 * 500, 2_147_483_648_000, 951_782_400_000, 3_981_225_600_000)
_MINUTE, _HOUR, _DAY = 60_000, 3_600_000, 86_400_000

# These are derived on import where they are missing, so they are always given.
_ALWAYS = frozenset(
    {"userSessionId", "startTime", "endTime", "duration", "userActionCount", "bounce"}
)


def instant(rng: Random, anchors: tuple[int, ...]) -> int:
    """A moment near an anchor, often on a full unit or a hair beside it."""
    unit = rng.choice((1, 1000, _MINUTE, 30 * _MINUTE, _HOUR, _DAY))
    return rng.choice(anchors) + rng.randint(-4, 4) * unit + rng.choice((0, 0, 0, 1, -1))


class _Pools:
    """What the fields of one data set hold: few values each, so that there are ties."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        anchors = tuple(rng.sample(ANCHORS, rng.randint(1, 4)))
        if rng.random() < 0.15:
            anchors += (rng.choice(FAR_ANCHORS),)
        self.instants = [instant(rng, anchors) for _ in range(rng.randint(4, 30))]
        self.properties: dict[FieldInfo, list[str]] = {}
        self.pools: dict[tuple[FieldInfo, str], list[Any]] = {}
        self.fill: dict[FieldInfo, float] = {}
        for table in FIELDS.values():
            for info in table.values():
                self.fill[info] = rng.choice((0.0, 0.3, 0.7, 0.7, 0.95, 1.0))
                if info.is_properties:
                    self._add_properties(info)
                else:
                    self.pools[info, ""] = self._pool(info.type, info)

    def _add_properties(self, info: FieldInfo) -> None:
        self.properties[info] = self.rng.sample(KEYS, self.rng.randint(1, 5))
        for key in self.properties[info]:
            self.pools[info, key] = self._pool(info.property_type, info)

    def _pool(self, type_: str, info: FieldInfo) -> list[Any]:
        rng, size = self.rng, self.rng.randint(1, 7)
        match type_:
            case "boolean":
                return [True, False]
            case "long":
                return rng.sample(LONGS, size)
            case "double":
                return rng.sample(DOUBLES, size)
            case "ip":
                return rng.sample(ADDRESSES, size)
            case "date":
                extremes = [0, -_DAY, 2_208_988_800_000] if info.is_properties else []
                return [*self.instants, *rng.sample(extremes, min(1, len(extremes)))]
            case "enum" if rng.random() < 0.9:
                return rng.sample(info.listed, min(size, len(info.listed)))
        return rng.sample(TEXTS, size)

    def value(self, info: FieldInfo) -> Any:
        if info.is_properties:
            return self._property_list(info)
        pool = self.pools[info, ""]
        if info.type == "string[]":
            return self.rng.choices(pool, k=self.rng.choice((0, 1, 1, 2, 3)))
        return self.rng.choice(pool)

    def _property_list(self, info: FieldInfo) -> Any:
        rng = self.rng
        count = rng.choice((0, 1, 1, 2, 3, 5))
        keys = rng.sample(self.properties[info], min(count, len(self.properties[info])))
        if rng.random() < 0.1:
            return {key: rng.choice(self.pools[info, key]) for key in keys}
        if keys and rng.random() < 0.1:
            keys.append(keys[0])
        return [{"key": key, "value": rng.choice(self.pools[info, key])} for key in keys]

    def record(self, table: str) -> Raw:
        raw: Raw = {}
        for name, info in FIELDS[table].items():
            always = table == SESSION and name in _ALWAYS
            if always or self.rng.random() < self.fill[info]:
                raw[name] = self.value(info)
            elif self.rng.random() < 0.2:
                raw[name] = None
        if self.rng.random() < 0.1:
            raw["somethingNew"] = {"a": [1, None, "ü"], "b": {}}
        return raw


def sessions(rng: Random, count: int) -> list[Raw]:
    """Random sessions as lines to import; a later one may replace an earlier one."""
    pools = _Pools(rng)
    made = [_session(pools, number) for number in range(count)]
    if rng.random() < 0.3:
        replaced = rng.sample(made, max(1, count // 10))
        made = [*[_earlier_version(pools, raw) for raw in replaced], *made]
    return made


def _session(pools: _Pools, number: int) -> Raw:
    rng = pools.rng
    raw = pools.record(SESSION)
    # Sessions may share an id, but then another part of the identity tells them apart.
    raw["userSessionId"] = f"s{number // 2 if rng.random() < 0.2 else number}"
    raw["tenantId"] = rng.choice(("t1", "t1", f"t{number}", None))
    raw["startTime"] = rng.choice(pools.instants)
    raw["partNumber"] = number if raw["userSessionId"] != f"s{number}" else rng.choice((None, 0, 1))
    raw["endTime"] = max(raw["startTime"], raw["endTime"])
    raw["clientType"] = rng.choice(("Desktop Browser", None))
    raw["syntheticEvents"] = [{"name": "e", "x": 1.5}] if rng.random() < 0.1 else []
    for table in SECONDARY:
        most = rng.choice((0, 1, 2, 6)) if table == "useraction" else rng.choice((0, 1, 3))
        raw[ARRAY_OF[table]] = [pools.record(table) for _ in range(rng.randint(0, most))]
    return raw


def _earlier_version(pools: _Pools, later: Raw) -> Raw:
    """Another session of the same identity, which the later line replaces as a whole."""
    identity = ("tenantId", "userSessionId", "startTime", "partNumber")
    raw = {**_session(pools, 0), **{name: later.get(name) for name in identity}}
    raw["endTime"] = max(raw["startTime"], raw["endTime"])
    return raw
