"""How long suggestions take per key: ``python -m benchmarks.completion_time STORE``.

Types a long query character by character, twice: the first time nothing is known of the store.
"""

from __future__ import annotations

import sys
import time

import usql

QUERY = (
    "SELECT country AS land, AVG(useraction.duration), TOP(useraction.name, 3) FROM usersession "
    "WHERE country = 'Austria' AND useraction.name LIKE 'P%' AND bounce = false "
    "GROUP BY country ORDER BY land LIMIT 10"
)


def main(store: str) -> None:
    with usql.connect(store, create=False) as db:
        for name in ("first", "second"):
            taken = []
            for cursor in range(len(QUERY) + 1):
                began = time.perf_counter()
                db.complete(QUERY[:cursor], cursor)
                taken.append(
                    ((time.perf_counter() - began) * 1000, QUERY[max(0, cursor - 12) : cursor])
                )
            taken.sort(reverse=True)
            median = taken[len(taken) // 2][0]
            slowest = ", ".join(f"{ms:.1f} ms after {text!r}" for ms, text in taken[:3])
            print(f"{name} time: median {median:.1f} ms; slowest {slowest}")


if __name__ == "__main__":
    main(*sys.argv[1:])
