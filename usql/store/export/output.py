"""Files and folders that appear when they are whole, or not at all.

What arrives: a path. What leaves: a file or a folder to write to, under a temporary name beside
it, which takes the path's name at the end of the block; where the block fails, it is removed.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from usql.errors import ExportError

_EXISTS_HINT = "name another place, or replace it: --force, overwrite=True"


def same_file(first: Path | None, second: str | os.PathLike[str]) -> bool:
    """Whether two paths, if both are there, name one file."""
    try:
        return first is not None and os.path.samefile(first, second)
    except OSError:
        return False


@contextmanager
def replacing(path: Path, overwrite: bool) -> Iterator[BinaryIO]:
    """Open a file that takes its name when it is complete.

    A device or a pipe is written to as it is.

    Args:
        path: of the file; its folder has to exist.
        overwrite: whether one that exists is replaced.

    Raises:
        ExportError: it cannot be written; what was there is there still.
    """
    with _file_errors(path):
        target = path.resolve()
        if target.exists() and not (target.is_file() or target.is_dir()):
            with target.open("wb") as special:
                yield special
            return
        if target.is_dir():
            raise ExportError(f"{path} is a folder", hint="name a file in it")
        _check(path, target, overwrite)
        temporary = _temporary(target)
        try:
            with temporary.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


@contextmanager
def replacing_folder(path: Path, overwrite: bool, ours: Callable[[Path], bool]) -> Iterator[Path]:
    """Make a folder that takes its name when it is complete.

    Args:
        path: of the folder; the folder it is in has to exist.
        overwrite: whether one that exists is replaced; an empty one always is.
        ours: whether a folder that exists holds nothing but what is replaced.

    Raises:
        ExportError: it cannot be written; what was there is there still.
    """
    with _file_errors(path):
        target = path.resolve()
        filled = target.exists() and not (target.is_dir() and not any(target.iterdir()))
        if filled:
            _check(path, target, overwrite)
            if not (target.is_dir() and ours(target)):
                raise ExportError(
                    f"{path} holds other things than an export in Parquet",
                    hint="name a new folder",
                )
        _check_parent(path, target)
        temporary = _temporary(target)
        temporary.mkdir()
        try:
            yield temporary
            _swap(temporary, target)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise


def _swap(new: Path, target: Path) -> None:
    """Put a folder in the place of another, which there may be."""
    if not target.exists():
        new.rename(target)
        return
    old = _temporary(target)
    target.rename(old)
    try:
        new.rename(target)
    except BaseException:
        with suppress(OSError):
            old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _check(path: Path, target: Path, overwrite: bool) -> None:
    if target.exists() and not overwrite:
        raise ExportError(f"{path} exists", hint=_EXISTS_HINT)
    _check_parent(path, target)


def _check_parent(path: Path, target: Path) -> None:
    if not target.parent.is_dir():
        raise ExportError(f"the folder {path.parent} does not exist", hint="make the folder first")


def _temporary(target: Path) -> Path:
    return target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")


@contextmanager
def _file_errors(path: Path) -> Iterator[None]:
    """Say what the system says within a block as ``ExportError``."""
    try:
        yield
    except BrokenPipeError:  # the reader has gone away, which is its right
        raise
    except OSError as error:
        problem = (error.strerror or str(error)).lower()
        raise ExportError(f"{path} cannot be written: {problem}") from error
