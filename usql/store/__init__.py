"""Data at rest: table layout, import, export, demo data; one writer per backend."""
