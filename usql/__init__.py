"""The open engine for USQL, the User Sessions Query Language.

    import usql

    with usql.connect("sessions.db") as db:
        db.import_files(["export.ndjson.gz"])
        result = db.query("SELECT country, COUNT(*) FROM usersession GROUP BY country")
        print(result)

``connect`` opens a store, ``parse`` and ``format`` work on the text of queries, and everything that
fails raises ``UsqlError``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from usql.backends.running import Stop as Stop
    from usql.compiled import Compiled as Compiled
    from usql.engine import Database as Database
    from usql.engine import connect as connect
    from usql.engine import copy as copy
    from usql.errors import UsqlError as UsqlError
    from usql.events.importing import EventSummary as EventSummary
    from usql.events.mapping import EventMapping as EventMapping
    from usql.explain import Explanation as Explanation
    from usql.formatter import format as format
    from usql.parser import parse as parse
    from usql.result import Column as Column
    from usql.result import Result as Result
    from usql.segments.segment import Segment as Segment
    from usql.store.checking import CheckReport as CheckReport
    from usql.store.copying import CopySummary as CopySummary
    from usql.store.export.auth import BasicAuth as BasicAuth
    from usql.store.export.auth import BearerAuth as BearerAuth
    from usql.store.export.auth import OAuth2 as OAuth2
    from usql.store.export.files import ExportProgress as ExportProgress
    from usql.store.export.files import ExportSummary as ExportSummary
    from usql.store.export.post import SendSummary as SendSummary
    from usql.store.importer import ImportSummary as ImportSummary
    from usql.store.info import StoreInfo as StoreInfo
    from usql.store.removal import CompactSummary as CompactSummary
    from usql.store.removal import DeleteSummary as DeleteSummary

_HOMES = {
    "BasicAuth": "usql.store.export.auth",
    "BearerAuth": "usql.store.export.auth",
    "CheckReport": "usql.store.checking",
    "Column": "usql.result",
    "CompactSummary": "usql.store.removal",
    "Compiled": "usql.compiled",
    "CopySummary": "usql.store.copying",
    "Database": "usql.engine",
    "DeleteSummary": "usql.store.removal",
    "EventMapping": "usql.events.mapping",
    "EventSummary": "usql.events.importing",
    "Explanation": "usql.explain",
    "ExportProgress": "usql.store.export.files",
    "ExportSummary": "usql.store.export.files",
    "ImportSummary": "usql.store.importer",
    "OAuth2": "usql.store.export.auth",
    "Result": "usql.result",
    "Segment": "usql.segments.segment",
    "SendSummary": "usql.store.export.post",
    "StoreInfo": "usql.store.info",
    "Stop": "usql.backends.running",
    "UsqlError": "usql.errors",
    "connect": "usql.engine",
    "copy": "usql.engine",
    "format": "usql.formatter",
    "parse": "usql.parser",
}
"""Where each public name lives; they are imported when first used, so that starting is quick."""

__all__ = [*sorted(_HOMES), "__version__"]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'usql' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(home), name)
    globals()[name] = value
    return value
