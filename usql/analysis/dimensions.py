"""What figures are told apart by: applications, actions, places, browsers, times, anything.

What arrives: the name of a dimension, or an expression of the language. What leaves: a
``Dimension`` that has the expression in queries on actions and on sessions.
"""

from __future__ import annotations

from difflib import get_close_matches

from usql.errors import UnknownName
from usql.record import Record


class Dimension(Record):
    """What groups are made by.

    Attributes:
        name: as a person says it.
        of_actions: the expression in a query on ``useraction``.
        of_sessions: the expression in a query on ``usersession``.
        timed: whether it is a time: its groups are told in their order, and none is left out.
        only: a condition on ``useraction`` that comes with it.
    """

    name: str
    of_actions: str
    of_sessions: str
    timed: bool = False
    only: str = ""

    def expression(self, table: str) -> str:
        """Return the expression in a query on a table."""
        return self.of_actions if table == "useraction" else self.of_sessions


def _of_session(name: str, field: str) -> Dimension:
    return Dimension(name, f"usersession.{field}", field)


def _time(name: str, expression: str) -> Dimension:
    return Dimension(name, expression, expression, timed=True)


_ALL = (
    Dimension("application", "application", "useraction.application"),
    Dimension("action", "name", "useraction.name"),
    Dimension("key-action", "name", "useraction.name", only="keyUserAction = true"),
    Dimension("type", "type", "useraction.type"),
    _of_session("application-type", "applicationType"),
    _of_session("app-version", "appVersion"),
    _of_session("user-type", "userType"),
    _of_session("continent", "continent"),
    _of_session("country", "country"),
    _of_session("region", "region"),
    _of_session("city", "city"),
    _of_session("browser", "browserFamily"),
    _of_session("os", "osFamily"),
    _of_session("device", "device"),
    _of_session("connection", "connectionType"),
    _time("hour", "DATETIME(startTime, 'yyyy-MM-dd HH:mm', 'hour')"),
    _time("day", "DATETIME(startTime, 'yyyy-MM-dd', 'day')"),
    _time("week", "DATETIME(startTime, 'yyyy-MM-dd', 'week')"),
    _time("month", "DATETIME(startTime, 'yyyy-MM', 'month')"),
    _time("hour-of-day", "HOUR(startTime)"),
    _time("weekday", "DATETIME(startTime, 'E')"),
)
DIMENSIONS = {dimension.name: dimension for dimension in _ALL}
"""The dimensions that have a name."""


def dimension(name: str) -> Dimension:
    """Return the dimension of a name; any other text is an expression of the language.

    Raises:
        UnknownName: it is a word that is neither.

    >>> dimension("country").of_actions
    'usersession.country'
    >>> dimension("usersession.isp").of_actions
    'usersession.isp'
    """
    found = DIMENSIONS.get(name.strip().casefold())
    if found is not None:
        return found
    if not name.strip():
        raise UnknownName("a dimension is missing", hint=f"there are {', '.join(DIMENSIONS)}")
    return Dimension(name.strip(), name.strip(), name.strip())


def nearest(name: str) -> str:
    """Return a hint at the dimensions there are, for a name that is none."""
    close = get_close_matches(name, DIMENSIONS, n=1)
    if close:
        return f"did you mean {close[0]}?"
    return f"dimensions are {', '.join(DIMENSIONS)}, or an expression such as stringProperties.plan"
