"""Imports sqlglot, which starts without the search for plugins that it might want to make one day.

sqlglot imports ``importlib.metadata`` for dialects that other packages may bring; with it come
``email``, ``zipfile``, ``random`` and ``socket``: a tenth of the time that a small query takes from
the command line, for something that only an unknown dialect's name would use.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

_SLOW = "importlib.metadata"


class _WhenUsed(ModuleType):
    """Stands where a module is to be; whoever uses something of it gets the module's own."""

    def __getattr__(self, name: str) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            from importlib import metadata

            return getattr(metadata, name)(*args, **kwargs)

        if name.startswith("__"):
            raise AttributeError(name)
        return call


def _import_sqlglot() -> None:
    if _SLOW in sys.modules or "sqlglot" in sys.modules:
        return
    sys.modules[_SLOW] = _WhenUsed(_SLOW)
    try:
        import sqlglot  # noqa: F401
    finally:
        del sys.modules[_SLOW]


_import_sqlglot()
