"""Event logs to sessions: a row per view or click becomes actions, events, errors and sessions.

``mapping`` and ``recognise`` say what columns mean, ``reading`` reads files, ``rows`` makes events
of their rows, ``log`` keeps them in the store, ``cutting`` and ``deriving`` make sessions of them,
and ``importing`` puts it all together.
"""
