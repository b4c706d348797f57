"""Data at rest: table layout, import, export; one writer per backend."""
