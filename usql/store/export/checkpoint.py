"""How far an export to another system has come, in a file, so that a later one can go on there.

What arrives: what an export is of and where it goes, and the last session that was received. What
leaves: the same, read back by the next run; or an ``ExportError`` where the file belongs to another
export, or the store is no longer the one it was. Of URL and selection, it has
no more than digests: either may hold what others should not read.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from usql.errors import ExportError
from usql.store.export.output import replacing
from usql.store.export.snapshot import SessionIdentity, Snapshot

_VERSION = 1
_RESTART = "start from the beginning with --restart (restart=True); what is there is replaced"


@dataclass(frozen=True, slots=True)
class Job:
    """What an export is of, and where it goes: what may not change between two runs.

    Attributes:
        store: path of the store.
        url: of the receiver, as a digest.
        selection: what chooses the sessions, as a digest; "" for all.
    """

    store: str
    url: str
    selection: str = ""

    @classmethod
    def of(cls, store: str, url: str, selection: str = "") -> Job:
        """Return the job of a store, a URL and a selection, as texts."""
        return cls(store, _digest(url), _digest(selection) if selection else "")

    @property
    def digest(self) -> str:
        """A short name for the job."""
        text = json.dumps(asdict(self), sort_keys=True)
        return _digest(text)[:12]


@dataclass(frozen=True, slots=True)
class Reached:
    """How far a job has come.

    Attributes:
        number: of the last session that was received; 0 before the first.
        sessions: that were received.
        now: what the job took for the present when it began, in ms.
        identity: of the last session; ``None`` before the first.
    """

    number: int
    sessions: int
    now: int
    identity: SessionIdentity | None = None


class Checkpoint:
    """The file of one job."""

    def __init__(self, path: Path, job: Job) -> None:
        self.path = path
        self._job = job

    @classmethod
    def beside(cls, store: Path, job: Job) -> Checkpoint:
        """Return the checkpoint that stands beside a store unless another place is named."""
        return cls(store.with_name(f"{store.name}.export-{job.digest}.json"), job)

    def read(self) -> Reached | None:
        """Return how far the job has come, or ``None`` if there is no checkpoint.

        Raises:
            ExportError: it is another job's, or no checkpoint.
        """
        try:
            found = json.loads(self.path.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ExportError(f"{self.path} cannot be read: {error.strerror}") from error
        except ValueError:
            found = None
        if not isinstance(found, dict) or found.get("version") != _VERSION:
            raise ExportError(f"{self.path} is no checkpoint", hint="name another file")
        for name, text in (("store", "store"), ("url", "URL"), ("selection", "selection")):
            if found.get(name) != getattr(self._job, name):
                raise ExportError(
                    f"the checkpoint {self.path} is of another {text}",
                    hint="name another file, or " + _RESTART,
                )
        return _reached(found, self.path)

    def check(self, reached: Reached, snapshot: Snapshot) -> None:
        """Raise where the store is no longer the one that an earlier run read."""
        if reached.number and snapshot.identity(reached.number) != reached.identity:
            raise ExportError(
                f"the store has changed too much since {self.path} was written", hint=_RESTART
            )

    def write(self, reached: Reached) -> None:
        """Put down how far the job has come, for good."""
        entry = {"version": _VERSION, **asdict(self._job), **asdict(reached)}
        with replacing(self.path, overwrite=True) as file:
            file.write(json.dumps(entry, indent=1).encode() + b"\n")

    def remove(self) -> None:
        """Remove it: the job is done, or starts anew."""
        with suppress(FileNotFoundError):
            os.unlink(self.path)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _reached(found: dict[str, Any], path: Path) -> Reached:
    try:
        identity = found["identity"]
        number, sessions, now = (found[name] for name in ("number", "sessions", "now"))
        if not all(type(value) is int for value in (number, sessions, now)):
            raise TypeError
        return Reached(number, sessions, now, None if identity is None else tuple(identity))
    except (KeyError, TypeError):
        raise ExportError(f"{path} is no checkpoint", hint="name another file") from None
