"""Back-fill: `brain import readings` of a file beside a raw COPY of the same rows into `reading`, turn about in one run.

BENCH_BACKFILL_ROWS sets the length of the file (2,000,000 unless given; the promise is for 10,000,000).
"""

from __future__ import annotations

import io
import os
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.csv as arrow_csv

from brain import catalog as catalogs
from brain.commands import backfill
from brain.local import postgres
from brain.store import db

ROWS = int(os.environ.get("BENCH_BACKFILL_ROWS", 2_000_000))
ROUNDS = 3 if ROWS <= 3_000_000 else 1
STATIONS, KINDS = 100, ("rain_1h", "rain_3h", "rain_6h", "rain_24h")
START = datetime(2026, 3, 1, tzinfo=UTC)


def rows() -> list[dict]:
    """Rows of the table; the roll-ups right afterwards are part of the import's time."""
    with tempfile.TemporaryDirectory(prefix="brain-bench-") as folder:
        file = Path(folder) / "history.csv"
        _write(file)
        home = os.environ.get("BRAIN_TEST_POSTGRES_HOME", "")
        server = postgres.Server(Path(folder) / "pg", postgres.installation(home))
        server.start()
        try:
            raw, own, grown = [], [], 0.0
            for turn in range(ROUNDS):
                raw.append(_raw(server, file, f"raw{turn}"))
                took, grown = _import(server, file, f"own{turn}")
                own.append(took)
        finally:
            server.stop()
    ratio = statistics.median(r / o for r, o in zip(raw, own, strict=True))
    copied, brought = ROWS / statistics.median(raw), ROWS / statistics.median(own)
    return [
        {"what": f"brain import readings, {ROWS:,} rows, roll-ups made", "figure": brought, "unit": "rows/s",
         "reference": f"raw COPY {copied:,.0f} rows/s", "ratio": ratio, "goal": "≥0.5×"},
        {"what": "memory grown by the import", "figure": grown, "unit": "MB"},
    ]  # fmt: skip


def _write(path: Path) -> None:
    """The file: a year's worth of minutes in the order of time, all stations at each instant."""
    series = [(f"RG-{n:03d}", kind) for n in range(STATIONS) for kind in KINDS]
    steps = -(-ROWS // len(series))
    values = np.round(np.random.default_rng(7).gamma(0.3, 4.0, ROWS), 1)
    with open(path, "wb") as file:
        for first in range(0, steps, 1000):
            many = min(1000, steps - first)
            at = np.repeat(np.arange(first, first + many) * 60_000_000 + int(START.timestamp() * 1e6), len(series))
            at = at[: ROWS - first * len(series)]
            table = pa.table({
                "station": pa.array([s for s, _ in series] * many)[: len(at)],
                "kind": pa.array([k for _, k in series] * many)[: len(at)],
                "at": pa.array(at, pa.timestamp("us", "UTC")),
                "value": values[first * len(series) :][: len(at)],
            })  # fmt: skip
            arrow_csv.write_csv(table, file, arrow_csv.WriteOptions(include_header=first == 0, quoting_style="needed"))


def _fresh(server: postgres.Server, name: str) -> str:
    with db.connect(server.url("postgres")) as conn:
        conn.execute(f"CREATE DATABASE {name}")
    db.migrate(server.url(name))
    with db.connect(server.url(name)) as conn:
        conn.execute("CALL brain_make_partitions(%s)", [START + timedelta(minutes=ROWS // (STATIONS * len(KINDS)))])
        conn.cursor().executemany(
            "INSERT INTO station (id, name, theme, lng, lat) VALUES (%s, %s, 'rain', 116, 24)",
            [(f"RG-{n:03d}",) * 2 for n in range(STATIONS)],
        )
    return server.url(name)


def _raw(server: postgres.Server, path: Path, name: str) -> float:
    """Seconds of a COPY of the same rows, as wide as `reading`, from a file that is ready for it."""
    ready = io.BytesIO()
    table = arrow_csv.read_csv(path)
    whole = pa.table({
        "station": table["station"], "kind": table["kind"], "at": table["at"],
        "seq": pa.array([""] * len(table)), "value": table["value"], "quality": pa.array(["late"] * len(table)),
        "delay_s": pa.array(np.full(len(table), 9_000_000)),
    })  # fmt: skip
    arrow_csv.write_csv(whole, ready, arrow_csv.WriteOptions(include_header=False, quoting_style="needed"))
    with db.connect(_fresh(server, name)) as conn:
        begun = time.perf_counter()
        with conn.cursor().copy("COPY reading FROM STDIN (FORMAT csv, FORCE_NOT_NULL (seq))") as copy:
            view = ready.getbuffer()
            for at in range(0, len(view), 1 << 20):
                copy.write(view[at : at + (1 << 20)])
        return time.perf_counter() - begun


def _import(server: postgres.Server, path: Path, name: str) -> tuple[float, float]:
    """(seconds, memory grown in MB) of the import."""
    process = psutil.Process()
    url = _fresh(server, name)
    before = process.memory_info().rss
    begun = time.perf_counter()
    done = backfill.load(lambda: db.connect(url), catalogs.load(), path, path.with_suffix(".rejects"))
    took = time.perf_counter() - begun
    if (done.stored, done.duplicate, done.refused) != (ROWS, 0, 0):
        raise RuntimeError(f"{done} of {ROWS} rows")
    return took, (process.memory_info().rss - before) / 2**20


if __name__ == "__main__":
    for row in rows():
        print(row)
