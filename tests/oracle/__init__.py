"""An independent referee for the engine.

Queries are built as structures (`model`), evaluated naively over plain Python objects
(`evaluate`), rendered to text and run by the engine, and the two answers are compared.
Nothing here shares code with the engine; only `compare` imports it, through its public API.
"""
