"""The two HTTP interfaces on a store: the original's, for its clients, and our own.

``options`` and ``tokens`` need nothing but the standard library; everything else here needs the
extra ``server``. Nothing outside of this package imports starlette or uvicorn.
"""
