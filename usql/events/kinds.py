"""What logs call the types of their rows, in the catalogue's words.

What arrives: the type, or the name, of a row. What leaves: the type of the action, and what else
happened: a page change, a rage click or tap, an error or a crash, or "".
"""

from __future__ import annotations

import re
from collections.abc import Mapping

Kind = tuple[str, str]
"""Type of the action, and what else happened."""

CUSTOM: Kind = ("Custom", "")
_LOAD: Kind = ("Load", "PageChange")
_KINDS: Mapping[str, Kind] = {
    **dict.fromkeys(
        ["load", "pageview", "page", "pageload", "screenview", "screen", "pagechange"], _LOAD
    ),
    **dict.fromkeys(["xhr", "ajax", "fetch", "request", "apicall"], ("Xhr", "")),
    "rageclick": ("RageClick", "RageClick"),
    "ragetap": ("Custom", "RageTap"),
    **dict.fromkeys(["error", "exception", "jserror", "javascripterror"], ("Error", "Error")),
    **dict.fromkeys(["crash", "appcrash", "appexception"], ("Error", "Crash")),
}
_BY_TYPE: Mapping[str, Kind] = {
    "Load": _LOAD,
    "RageClick": ("RageClick", "RageClick"),
    "Error": ("Error", "Error"),
}
_EXACT = (
    "Custom EndVisit Error Load RageClick SyntheticHiddenAction UserSessionProperties VisitTag Xhr"
)


class Kinds:
    """Knows the usual words, and those that a mapping adds."""

    def __init__(self, said: Mapping[str, str]) -> None:
        self._said = {_plain(word): _BY_TYPE.get(kind, (kind, "")) for word, kind in said.items()}
        self._exact = {_plain(kind): _BY_TYPE.get(kind, (kind, "")) for kind in _EXACT.split()}

    def of(self, written: str) -> Kind:
        """Return what a type means; ``Custom`` if nobody knows.

        >>> Kinds({}).of("page_view"), Kinds({"buy": "Xhr"}).of("Buy"), Kinds({}).of("buy")
        (('Load', 'PageChange'), ('Xhr', ''), ('Custom', ''))
        """
        return self._known(written) or CUSTOM

    def usual(self, name: str, *, page_named: bool) -> Kind:
        """Return what a row is that says no type: the view of a page, or what its name means."""
        # A page may be called "error".
        return _LOAD if page_named else self._known(name) or CUSTOM

    def _known(self, written: str) -> Kind | None:
        plain = _plain(written)
        return self._said.get(plain) or _KINDS.get(plain) or self._exact.get(plain)


def _plain(word: str) -> str:
    return re.sub(r"[^a-z0-9]", "", word.casefold())
