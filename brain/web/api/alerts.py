"""Alerts: what machines believe now, and acknowledging that a person has seen it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import psycopg
from fastapi import APIRouter, Depends, Header, Path, Query, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict

from brain import rowwise
from brain.catalog import Catalog
from brain.flow.alerts import recording
from brain.identity.doing import Doer, act_audited
from brain.identity.people import Person, actor_of
from brain.identity.scope import Sight
from brain.model import PLATFORM, Level, Refused
from brain.store import db
from brain.web.api._answers import Plain
from brain.web.api._fields import gcj, text
from brain.web.api._keys import once
from brain.web.door.access import current, database, doer

router = APIRouter(prefix="/api/v1", tags=["alerts"], route_class=Plain)
Me = Annotated[Person, Depends(current)]
By = Annotated[Doer, Depends(doer)]
Db = Annotated[psycopg.Connection, Depends(database)]
Key = Annotated[UUID | None, Header(alias="Idempotency-Key")]


def _shape(row: dict[str, Any], catalog: Catalog) -> dict[str, Any]:
    level = Level(row["level"]).key
    kind = catalog.kinds.get(row["kind"])
    return row | {
        "level": level,
        "level_words": catalog.words.of("level", level),
        "theme_words": catalog.theme_label(row["theme"]),
        "measured": f"{kind.label} {kind.text(row['value'])}" if kind and row["value"] is not None else None,
        "gcj": gcj(row["lng"], row["lat"]) if row["lng"] is not None else None,
    }


def _lost(row: dict[str, Any]) -> dict[str, Any]:
    """An alert of which nothing can be told but that it is there: its fields, empty."""
    shown = dict.fromkeys(row) | dict.fromkeys(("level_words", "theme_words", "measured", "gcj"))
    return shown | {"id": row["id"], "name": rowwise.LOST, "message": rowwise.LOST, "broken": True}


@router.get("/alerts")
def many(
    request: Request,
    person: Me,
    conn: Db,
    theme: Annotated[str | None, Query(max_length=40)] = None,
    level: Literal["red", "orange", "yellow", "blue"] | None = None,
    cleared: bool = False,
    size: Annotated[int, Query(ge=1, le=500)] = 100,
) -> dict[str, Any]:
    """Open alerts that I may see, the worst first; of one `theme` (a key of /api/v1/themes, or `platform`), of `level` and
    worse, with `cleared` also those that are over."""
    catalog = request.app.state.catalog
    if theme is not None and theme not in (known := (*catalog.themes, PLATFORM)):
        raise Refused(f"没有专题“{theme[:40]}”，只能取 {'、'.join(known)}。请改正后再提交", "theme")
    rows = db.many(
        conn, "api_alerts", cleared=cleared, theme=theme, level=Level.of(level) if level else None, id=None, size=size,
        **Sight.of(person, catalog.roles).parameters(),
    )  # fmt: skip
    by_id = {str(row["id"]): row for row in rows}
    said = rowwise.each(rows, lambda r: rowwise.sayable(_shape(r, catalog)), "告警", lambda ident: _lost(by_id[ident]))
    return {"now": datetime.now(UTC), "alerts": said}


class Ack(BaseModel):
    """`until`: the acknowledgement expires then; a worsening takes it back in any case."""

    model_config = ConfigDict(extra="forbid")
    until: AwareDatetime | None = None
    note: text(500) = ""  # type: ignore[valid-type]


@router.post("/alerts/{alert_id}/ack", name="alert_ack")
def ack(
    alert_id: Annotated[int, Path(ge=1, le=2**63 - 1)],
    body: Ack,
    request: Request,
    person: Me,
    by: By,
    conn: Db,
    key: Key = None,
) -> dict[str, Any]:
    """I have seen it."""
    catalog, now = request.app.state.catalog, datetime.now(UTC)

    def do() -> dict[str, Any]:
        after = recording.ack(conn, catalog, alert_id, actor_of(person), now, until=body.until, note=body.note)
        return {"alert": {"id": after.id, "acked_by": after.acked_by, "acked_at": _iso(after.acked_at),
                          "acked_until": _iso(after.acked_until)}}  # fmt: skip

    again = once(conn, key, person, f"ack {alert_id} {body.model_dump_json()}", now)
    return act_audited(conn, by, "alert_ack", f"alert:{alert_id}", now, do, once=again)


def _iso(at: datetime | None) -> str | None:
    return at and at.isoformat()
