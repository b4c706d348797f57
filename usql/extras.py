"""Libraries that not every installation has, imported where they are used, or said to be missing.

What arrives: the name of a module. What leaves: the module, or a ``MissingExtra`` that says what
to install.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from usql.errors import MissingExtra

EXTRAS = {
    "pyarrow": "arrow",
    "pyarrow.parquet": "arrow",
    "pandas": "pandas",
    "polars": "polars",
    "zstandard": "zstd",
    "urllib3": "http",
    "starlette": "server",
    "uvicorn": "server",
    "prometheus_client": "server",
}
"""Modules, and the extras that bring them."""


def load(module: str, purpose: str) -> Any:
    """Return a module that an extra brings.

    Args:
        module: one of ``EXTRAS``.
        purpose: what it is needed for, to begin a sentence with.

    Raises:
        MissingExtra: it is not installed.

    >>> load("pyarrow", "Parquet").__name__
    'pyarrow'
    """
    try:
        return import_module(module)
    except ImportError:
        raise MissingExtra(
            f"{purpose} needs {module.partition('.')[0]}, which is not installed",
            hint=f'python -m pip install "usql-engine[{EXTRAS[module]}]"',
        ) from None
