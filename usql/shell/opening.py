"""The store of a session: looked at before the first prompt, opened when it is first needed.

The engine takes longer to import than the editor; a prompt need not wait for it.
"""

from __future__ import annotations

import threading
from contextlib import closing
from typing import TYPE_CHECKING

from usql.store.places import place_of
from usql.store.sqlite_store import MEMORY, Location, open_reader, start_range

if TYPE_CHECKING:
    from usql.engine import Database


class Opening:
    """A store that the first thread to need it opens, and that is open from then on."""

    def __init__(self, store: str) -> None:
        """Name a store by its path or URL."""
        self._store = store
        self._lock = threading.Lock()
        self._database: Database | None = None

    def __call__(self) -> Database:
        """Return the store, open.

        Raises:
            StoreError: there is no store, or something that is none.
        """
        from usql.engine import connect

        with self._lock:
            if self._database is None:
                self._database = connect(self._store, create=self._store == MEMORY)
            return self._database

    def has_sessions(self) -> bool:
        """Look whether the store has sessions; one in a SQLite file is not opened for that.

        Raises:
            StoreError: there is no store, or something that is none.
        """
        place = place_of(self._store) if self._store != MEMORY else None
        if not isinstance(place, Location):
            return self().session_range() is not None
        with closing(open_reader(place)) as connection:
            return start_range(connection) is not None

    def close(self) -> None:
        """Close the store, if it is open; one that is just being opened ends with the process."""
        if self._lock.acquire(blocking=False):
            try:
                if self._database is not None:
                    self._database.close()
            finally:
                self._lock.release()
