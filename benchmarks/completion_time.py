"""How long suggestions take per key: ``python -m benchmarks.completion_time STORE``.

Types a long query character by character, twice: the first time nothing is known of the store, and
modules are still to be imported, unless ``--warm`` prepares them as the shell does. The target is
50 ms by the clock on a quiet machine; the processor's time of the calling thread is what remains of
it on a busy one.
"""

from __future__ import annotations

import argparse
import time

import usql

QUERY = (
    "SELECT country AS land, AVG(useraction.duration), TOP(useraction.name, 3) FROM usersession "
    "WHERE country = 'Austria' AND useraction.name LIKE 'P%' AND bounce = false "
    "GROUP BY country ORDER BY land LIMIT 10"
)
_SHOWN = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("store")
    parser.add_argument("--warm", action="store_true", help="prepare first, as the shell does")
    options = parser.parse_args()
    with usql.connect(options.store, create=False) as db:
        if options.warm:
            began = time.perf_counter()
            db.prepare_completion()
            print(f"prepared in {1000 * (time.perf_counter() - began):.0f} ms")
        for name in ("first", "second"):
            taken = [_key(db, cursor) for cursor in range(len(QUERY) + 1)]
            print(f"{name} time, ms by the clock and of the processor:")
            for kind, at in (("clock", 0), ("processor", 1)):
                ordered = sorted(taken, key=lambda t, at=at: -t[at])
                median = ordered[len(ordered) // 2][at]
                slowest = ", ".join(f"{t[at]:.1f} after {t[2]!r}" for t in ordered[:_SHOWN])
                print(f"  {kind:<10} median {median:.1f}; slowest {slowest}")


def _key(db: usql.Database, cursor: int) -> tuple[float, float, str]:
    """Return the ms that one key takes, and what stands before it."""
    clock, processor = time.perf_counter(), time.thread_time()
    db.complete(QUERY[:cursor], cursor)
    ms = 1000 * (time.perf_counter() - clock), 1000 * (time.thread_time() - processor)
    return *ms, QUERY[max(0, cursor - 12) : cursor]


if __name__ == "__main__":
    main()
