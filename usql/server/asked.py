"""What bodies of requests may say: one class each, which checks them and describes itself.

The descriptions are those of the OpenAPI document. Names are in camel case in the body.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from usql.analysis.rules import Rules
from usql.engine import DEFAULT_LIMIT, Database
from usql.segments import Segment
from usql.server.problems import Problem

FORMATS = {
    "json": "application/json",
    "ndjson": "application/x-ndjson",
    "csv": "text/csv; charset=utf-8",
    "arrow": "application/vnd.apache.arrow.file",
}
"""Formats of results, and their media types."""
MOST_ROWS = 1_000_000
"""Of a result."""
MOST_SESSIONS = 100_000
"""Of a list; each of them has many fields."""
MOST_VALUES = 10_000
"""Of an attribute."""
QUERY_EXAMPLE = "SELECT country, COUNT(*) FROM usersession GROUP BY country"
CONDITION_EXAMPLE = "country = 'Austria' AND bounce = false"
SEGMENT_EXAMPLE = "Country: Austria, Spain; Duration: >= 60s"

_T = TypeVar("_T")

Query = Annotated[str, Meta(description="The text of a query.", examples=[QUERY_EXAMPLE])]
Condition = Annotated[
    str | None,
    Meta(
        description="A condition on `usersession`, as behind `WHERE`; all sessions unless given.",
        examples=[CONDITION_EXAMPLE],
    ),
]
Against = Annotated[
    str | None,
    Meta(
        description="A condition on `usersession`: what to compare with.",
        examples=["country = 'Spain'"],
    ),
]
SegmentText = Annotated[str, Meta(description="The text of a segment.", examples=[SEGMENT_EXAMPLE])]
MaybeSegment = Annotated[
    str | None,
    Meta(
        description="In place of a condition: the text of a segment, or the name of a stored one.",
        examples=[SEGMENT_EXAMPLE],
    ),
]
Timeframe = Annotated[
    str | tuple[int, int] | None,
    Meta(description="`last 7 days`, or two moments in ms, UTC; all data unless given."),
]
Zone = Annotated[
    str | int | None,
    Meta(description="`Europe/Vienna`, or minutes east of UTC; UTC unless given."),
]
Format = Annotated[
    str, Meta(description="How it is answered.", extra_json_schema={"enum": list(FORMATS)})
]
RulesObject = Annotated[
    dict[str, Any] | None,
    Meta(
        description="What satisfies, as in a file of rules; as stored unless given.",
        examples=[{"apdex": {"satisfied": "2s"}}],
    ),
]
By = Annotated[
    str | list[str],
    Meta(
        description="Dimensions such as `application`, `action`, `country` or `day`, or"
        " expressions as behind `GROUP BY`; none of them: the total alone.",
        examples=["application", ["country", "day"]],
    ),
]
Name = Annotated[str, Meta(description="Up to 200 characters.", examples=["regulars"])]
Most = Annotated[int, Meta(ge=0, le=MOST_ROWS)]
MostGroups = Annotated[Most | None, Meta(description="Most groups; null: all.")]


class SegmentOf(msgspec.Struct, forbid_unknown_fields=True):
    """A segment by its text, where a condition might stand as well."""

    segment: SegmentText


Segments = Annotated[
    dict[str, str | SegmentOf],
    Meta(
        description="What `IN SEGMENT` may name, besides the segments of the store: conditions on"
        ' `usersession`, or `{"segment": …}`.',
        examples=[{"spain": "country = 'Spain'", "long": {"segment": "Duration: >= 60s"}}],
    ),
]


class _Body(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """The base of all."""


class _Settings(_Body):
    """What comes with every query, and every analysis."""

    params: Annotated[dict[str, Any], Meta(description="Values of `:name` parameters.")] = {}
    timeframe: Timeframe = None
    time_zone: Zone = None

    def settings(self) -> dict[str, Any]:
        """Return them as arguments of the library's functions."""
        return {"params": self.params, "timeframe": self.timeframe, "timezone": self.time_zone}


class Asked(_Settings, kw_only=True):
    """About a query."""

    query: Query
    segments: Segments = {}
    format: Format = "json"
    limit: Annotated[
        int, Meta(ge=1, le=MOST_ROWS, description="Most rows of a query without `LIMIT`.")
    ] = DEFAULT_LIMIT

    def settings(self) -> dict[str, Any]:
        """Return them as arguments of the library's functions."""
        segments = {
            name: Segment.parse(each.segment) if isinstance(each, SegmentOf) else each
            for name, each in self.segments.items()
        }
        return super().settings() | {"segments": segments, "default_limit": self.limit}


class CompleteAsked(_Body):
    """About suggestions."""

    text: Annotated[str, Meta(description="One or more queries, finished or not.")]
    cursor: Annotated[
        Annotated[int, Meta(ge=0)] | None,
        Meta(description="Where it stands, in characters; at the end unless given."),
    ] = None


class FormatAsked(_Body):
    """About the canonical form of a query."""

    query: Query


# --- Segments -----------------------------------------------------------------------------------


class SegmentAdded(_Body):
    """A segment to keep."""

    name: Name
    segment: SegmentText


class SegmentPut(_Body):
    """A segment to keep under the name that the path has, whatever had that name before."""

    segment: SegmentText


class SegmentRenamed(_Body):
    """Another name for a segment."""

    name: Name


class ValuesAsked(_Body):
    """About the values of an attribute."""

    attribute: Annotated[
        str, Meta(description="Its label, an alias, or its field.", examples=["Country"])
    ]
    key: Annotated[str, Meta(description="Of a property.")] = ""
    segment: Annotated[
        str,
        Meta(
            description="Only sessions that satisfy its filters of other attributes: the text of a"
            " segment, or the name of a stored one.",
            examples=[SEGMENT_EXAMPLE],
        ),
    ] = ""
    limit: Annotated[int, Meta(ge=1, le=MOST_VALUES, description="Most values.")] = 100
    timeframe: Timeframe = None
    time_zone: Zone = None
    show_query: Annotated[bool, Meta(description="Whether to add the query behind it.")] = False

    def chosen(self, db: Database) -> Segment:
        """Return the segment.

        Raises:
            BadSegment: it is none.
        """
        return db.segments.find(self.segment) if self.segment.strip() else Segment()


# --- Analyses -----------------------------------------------------------------------------------


class ReportAsked(_Settings):
    """About an analysis."""

    show_query: Annotated[bool, Meta(description="Whether to add the queries behind it.")] = False
    format: Format = "json"
    table: Annotated[
        str | None,
        Meta(description="Of formats other than JSON: which table; the main one unless given."),
    ] = None


class _Choosing(ReportAsked):
    where: Condition = None
    segment: MaybeSegment = None

    def chosen(self, db: Database) -> str | Segment | None:
        """Return which sessions.

        Raises:
            Problem: they are chosen in both ways.
            BadSegment: the segment is none.
        """
        return _choice(db, self.where, self.segment, "where and segment")


class SessionsAsked(_Choosing):
    """About a list of sessions."""

    order: Annotated[str, Meta(description="As behind `ORDER BY`.", examples=["duration DESC"])] = (
        "startTime DESC"
    )
    limit: Annotated[int, Meta(ge=0, le=MOST_SESSIONS, description="Most sessions.")] = 500


class SessionAsked(ReportAsked):
    """About one session."""

    rules: RulesObject = None


class UserAsked(ReportAsked, kw_only=True):
    """About a user."""

    user: Annotated[str, Meta(description="A user tag or an internal id.")]
    extended: Annotated[
        bool,
        Meta(description="All user tags and internal ids that share sessions are the same user."),
    ] = False
    recent: Annotated[int, Meta(ge=0, le=MOST_SESSIONS, description="Most sessions to list.")] = 50


class _Comparing(_Choosing):
    against: Against = None
    against_segment: MaybeSegment = None
    against_timeframe: Timeframe = None

    def other(self, db: Database) -> dict[str, Any]:
        """Return what to compare with, as arguments of the library's functions.

        Raises:
            Problem: it is said in both ways.
            BadSegment: the segment is none.
        """
        both = "against and againstSegment"
        against = _choice(db, self.against, self.against_segment, both)
        return {"against": against, "against_timeframe": self.against_timeframe}


class FindingsAsked(_Comparing):
    """About the values of attributes, and what sets sessions apart."""

    attributes: Annotated[
        list[str] | None,
        Meta(
            description="Attributes of segments; all that need no key unless given.",
            examples=[["Country", "String property plan"]],
        ),
    ] = None
    over: Annotated[
        str | None,
        Meta(description="`hour`, `day`, `week`, `month`, `hour-of-day` or `weekday`."),
    ] = None
    values: Annotated[
        int, Meta(ge=1, le=MOST_VALUES, description="Most values of an attribute.")
    ] = 10
    limit: Annotated[Most | None, Meta(description="Most differences; null: all.")] = 50


class ApdexAsked(_Comparing):
    """About the Apdex of user actions."""

    by: By = "application"
    actions: Annotated[
        str | None,
        Meta(description="A condition on `useraction`.", examples=["name = 'Payment'"]),
    ] = None
    rules: RulesObject = None
    limit: MostGroups = 50


class ScoresAsked(_Comparing):
    """About the user experience scores of sessions."""

    by: By = "application"
    rules: RulesObject = None
    limit: MostGroups = 50


def _choice(
    db: Database, where: str | None, segment: str | None, both: str
) -> str | Segment | None:
    if where is not None and segment is not None:
        raise Problem(400, f"{both} exclude each other; a condition may have IN SEGMENT")
    return where if segment is None else db.segments.find(segment)


def rules_of(asked: dict[str, Any] | None) -> Rules | None:
    """Return rules.

    Raises:
        BadData: they say what no rules can say.
    """
    return None if asked is None else Rules.of(asked)


def converted(value: dict[str, Any], kind: type[_T]) -> _T:
    """Return a decoded body as one of these.

    Raises:
        Problem: it is none.
    """
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise Problem(400, f"the body is not as it should be: {error}") from None
