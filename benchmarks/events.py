"""How quickly an event log becomes sessions, and in how much memory.

    python -m benchmarks.events [ROWS]

Writes a click stream of a shop (200,000 rows unless said otherwise) to a temporary folder, imports
it into a fresh store, imports it again, and adds a thousand late rows, each in its own process.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

_RUN = """
import json, resource, sys, time, usql
began, cpu = time.perf_counter(), time.process_time()
with usql.connect(sys.argv[1]) as db:
    summary = db.import_events(sys.argv[2])
print(json.dumps({
    "rows": summary.rows, "new": summary.new_rows, "sessions": summary.sessions,
    "seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu,
    "MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
}))
"""
_HEADER = "event_time,event_type,product_id,brand,price,user_id,user_session\n"


def write(path: Path, rows: int, seed: int) -> None:
    chance = random.Random(seed)
    lines: list[tuple[datetime, str]] = []
    while len(lines) < rows:
        user = chance.randrange(rows // 20 + 1)
        moment = datetime(2026, 3, 1) + timedelta(seconds=chance.random() * 30 * 86_400)
        session = f"{chance.getrandbits(128):032x}"
        for _ in range(chance.randint(1, 15)):
            moment += timedelta(seconds=chance.randint(1, 200))
            name = chance.choice(("view", "view", "cart", "purchase"))
            product, price = chance.randrange(10_000), chance.random() * 1000
            text = f"{name},{product},acme,{price:.2f},{user},{session}"
            lines.append((moment, f"{moment:%Y-%m-%d %H:%M:%S} UTC,{text}\n"))
    lines.sort()
    with path.open("w", encoding="utf-8") as file:
        file.write(_HEADER)
        file.writelines(line for _, line in lines[:rows])


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    with TemporaryDirectory(prefix="usql-events-") as folder:
        log, late = Path(folder) / "log.csv", Path(folder) / "late.csv"
        write(log, rows, seed=1)
        write(late, 1_000, seed=2)
        store = str(Path(folder) / "store.db")
        for label, file in (("fresh", log), ("again", log), ("late", late)):
            done = subprocess.run(
                [sys.executable, "-c", _RUN, store, str(file)],
                check=True,
                capture_output=True,
                text=True,
            )
            figures = json.loads(done.stdout)
            print(
                f"{label}: {figures['rows']:,} rows, {figures['new']:,} new,"
                f" {figures['sessions']:,} new sessions in {figures['seconds']:.1f} s"
                f" ({figures['cpu']:.1f} s of CPU,"
                f" {figures['rows'] / figures['cpu']:,.0f} rows per CPU second),"
                f" {figures['MB']} MB"
            )


if __name__ == "__main__":
    main()
