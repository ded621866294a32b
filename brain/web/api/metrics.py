"""GET /metrics: the district's intake, engine and work as Prometheus reads them, out of the database.

Who may read it: whoever brings the token (`metrics_token`, as `Authorization: Bearer …`), as Prometheus can; whoever asks directly
from this very machine, where no token is set; and always a logged-in administrator. A request that came through a proxy counts
as one from outside, whatever the proxy's own address is, so that publishing the pages does not publish the figures. Each
worker has a /metrics of its own on its HTTP door, where the accounts are exact at the instant of the scrape.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any

import psycopg
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from psycopg_pool import PoolTimeout

from brain.flow.measured import mending
from brain.model import Level, Role
from brain.settings import bears
from brain.store import db
from brain.store.health import health
from brain.web.door.access import lookup
from brain.web.door.address import PROXIED

router = APIRouter()
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def may_read(request: Request) -> bool:
    if token := request.app.state.settings.metrics_token:
        if bears(request.headers.get("authorization", ""), token):
            return True
    elif not request.scope.get(PROXIED) and request.client is not None:
        try:
            asker = ip_address(request.client.host)
        except ValueError:
            asker = None
        if asker is not None and (asker.is_loopback):
            return True
    person = lookup(request)
    return person is not None and not person.must_change and person.role is Role.ADMIN


@router.get("/metrics", include_in_schema=False)
def metrics(request: Request) -> Response:
    """200 with the figures; 403 for who may not read them, 503 while the database is away."""
    try:
        if not may_read(request):
            said = {"code": "role", "message": "监控指标只给系统管理员和采集程序：要带 BRAIN_METRICS_TOKEN；没有设置时限本机直连"}
            return JSONResponse({"detail": said}, 403)
        with request.app.state.pool.connection(timeout=3) as conn:
            body = exposition(conn, datetime.now(UTC))
    except (psycopg.Error, PoolTimeout):
        return JSONResponse({"detail": {"code": "database", "message": "数据库连不上，稍后再取"}}, 503)
    return Response(body, media_type=CONTENT_TYPE, headers={"Cache-Control": "no-store"})


def exposition(conn: psycopg.Connection, now: datetime) -> bytes:
    """The figures, all from one snapshot of the database."""
    with conn.transaction():
        conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Found(list(_families(conn, now))))  # type: ignore[arg-type]
    return generate_latest(registry)


class _Found:
    def __init__(self, families: list[Metric]):
        self.families = families

    def collect(self) -> list[Metric]:
        return self.families


def _families(conn: psycopg.Connection, now: datetime) -> Iterator[Metric]:
    feeds, workers = db.many(conn, "accounts_feeds"), mending.workers(conn, now)
    says = {
        "received": "Readings and refusals committed", "stored": "Readings stored",
        "duplicate": "Readings that were there already", "dead": "Refusals in the dead letter",
    }  # fmt: skip
    for what, sentence in says.items():
        yield _counter(f"feed_{what}", sentence, "feed", [(f["feed"], f[what]) for f in feeds])
    yield _gauge("dead_letters_open", "Dead letters not dealt with", "feed", [(f["feed"], f["letters"]) for f in feeds])
    yield _gauge(
        "feed_last_received_age_seconds", "Time since a feed delivered anything", "feed",
        [(f["feed"], _age(f["last_received_at"], now)) for f in feeds if f["last_received_at"]],
    )  # fmt: skip
    yield _gauge(
        "feed_in_flight", "In memory or spill, as the workers last told", "feed", mending.in_flight(workers).items()
    )
    for name, sentence, value in (
        ("worker_up", "Whether a worker gives signs of life", lambda w: int(w["alive"])),
        ("worker_beat_age_seconds", "Time since its last sign of life", lambda w: w["age_s"]),
        ("worker_queued", "Readings and refusals in its memory", lambda w: w["queued"]),
        ("worker_waiting_seconds", "Age of its oldest message in memory", lambda w: w["waiting_s"]),
        ("worker_spill_units", "Readings and refusals in its spill", lambda w: w["spill_units"]),
        ("worker_spill_bytes", "Bytes in its spill", lambda w: w["spill_bytes"]),
    ):
        yield _gauge(name, sentence, "worker", [(w["worker"], value(w)) for w in workers])
    seen = health(conn, now)
    lag = seen["engine_lag_s"]
    yield _single(
        "engine_lag_seconds", "Age of the oldest batch that the engine has not consumed", 0.0 if lag is None else lag
    )
    yield from _duties(conn, now)
    levels = {r["level"]: r["n"] for r in db.many(conn, "metrics_alerts")}
    yield _gauge("alerts_open", "Open alerts", "level", [(level.key, levels.get(level, 0)) for level in Level])
    yield _single("events_open", "Open events", seen["open_events"])
    yield _single(
        "feed_drifts_open",
        "Changes of shape that nobody has taken note of",
        len(db.many(conn, "drifts", all=False, feed=None)),
    )


def _duties(conn: psycopg.Connection, now: datetime) -> Iterator[Metric]:
    """The duties of the engine, as it last wrote them down (every few seconds, failures at once)."""
    found = db.many(conn, "duties")
    for column, sentence in (("runs", "Runs, failed ones too"), ("failures", "Runs that failed")):
        yield _counter(f"duty_{column}", sentence, "duty", [(d["name"], d[column]) for d in found])
    for name, sentence, column in (
        ("last_run_age_seconds", "Time since it last began", "ran_at"),
        ("last_success_age_seconds", "Time since it was last brought to its end", "done_at"),
    ):
        yield _gauge(f"duty_{name}", sentence, "duty", [(d["name"], _age(d[column], now)) for d in found if d[column]])
    for name, sentence, column in (
        ("took_seconds", "How long the last run took", "took_s"),
        ("rows", "Rows that the last run moved", "rows"),
        ("failing", "Failures in a row", "failing"),
        ("every_seconds", "How often it is to run; 0 at every step", "every_s"),
    ):
        yield _gauge(f"duty_{name}", sentence, "duty", [(d["name"], d[column]) for d in found])


def _age(at: datetime, now: datetime) -> float:
    return max((now - at).total_seconds(), 0.0)


def _counter(name: str, says: str, label: str, values: Any) -> Metric:
    family = CounterMetricFamily(f"brain_{name}", says, labels=[label])
    for key, value in values:
        family.add_metric([key], value)
    return family


def _gauge(name: str, says: str, label: str, values: Any) -> Metric:
    family = GaugeMetricFamily(f"brain_{name}", says, labels=[label])
    for key, value in values:
        family.add_metric([key], value)
    return family


def _single(name: str, says: str, value: float) -> Metric:
    return GaugeMetricFamily(f"brain_{name}", says, value=value)
