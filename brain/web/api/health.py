"""GET /healthz: for load balancers and `brain up`; no log-in, no secrets."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from psycopg_pool import PoolTimeout

from brain import __version__
from brain.store.health import health

router = APIRouter()
TOO_FAR_BEHIND_S = 300


@router.get("/healthz", include_in_schema=True, tags=["platform"])
def healthz(request: Request) -> JSONResponse:
    """200 while database and engine keep up, 503 when the database is away or the engine is minutes behind."""
    try:
        with request.app.state.pool.connection(timeout=3) as conn:
            seen = health(conn, datetime.now(UTC))
    except (psycopg.Error, PoolTimeout) as err:
        why = type(err).__name__
        return JSONResponse({"ok": False, "version": __version__, "error": f"数据库连不上（{why}）"}, status_code=503)
    seen["ok"] = seen["engine_lag_s"] is None or seen["engine_lag_s"] < TOO_FAR_BEHIND_S
    return JSONResponse(seen, status_code=200 if seen["ok"] else 503, headers={"Cache-Control": "no-store"})
