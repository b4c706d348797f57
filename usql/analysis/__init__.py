"""Analyses of sessions: lists, findings, one session, one user, Apdex and scores.

Each is made of queries of the language, which it tells (``questions``), and yields frozen records,
with ``tables()`` for people and ``to_dict()`` for programs. ``usql.analysis.methods`` has the
methods of ``Database`` that lead here.
"""
