"""What `/healthz`, `brain check` and the platform's own page say about the running system: numbers, no secrets."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import psycopg

from brain import __version__
from brain.store import db


def health(conn: psycopg.Connection, now: datetime) -> dict[str, Any]:
    """The body of /healthz, computed from the record alone.

    `intake_lag_s`: seconds since intake last committed a batch (null before the first).
    `engine_lag_s`: age of the oldest committed batch that the engine has not consumed, 0 when it has consumed all.
    `feeds`: seconds since each feed last delivered anything, refused messages included.
    """
    row = db.row(conn, "health_now", now=now)
    return {
        "ok": True,
        "version": __version__,
        "storage": db.body_of(conn),
        "readings_last_minute": int(row["readings_last_minute"]),
        "intake_lag_s": _seconds(row["intake_lag_s"]),
        "engine_lag_s": _seconds(row["engine_lag_s"]),
        "open_alerts": row["open_alerts"],
        "open_events": row["open_events"],
        "feeds": {r["feed"]: _seconds(r["age_s"]) for r in db.many(conn, "health_feeds", now=now)},
    }


def _seconds(value: float | None) -> float | None:
    return None if value is None else round(max(float(value), 0.0), 2)


def alive(conn: psycopg.Connection, what: str, worker: str) -> bool:
    """Whether that process holds its database connection: `brain engine`, or `brain ingest <worker>`."""
    name = f"brain ingest {worker}" if what == "ingest" else f"brain {what}"
    return db.one(conn, "health_alive", name=name) is not None
