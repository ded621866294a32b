"""A person's own open sessions: where he is logged in, and ending one of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import psycopg
from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import JSONResponse, Response

from brain.identity import sessions
from brain.identity.people import Person
from brain.identity.tokens import digest
from brain.web.api._answers import Plain
from brain.web.door.access import COOKIE, address_of, current, database, ended
from brain.web.door.plain import device_words

router = APIRouter(prefix="/api/v1/me/sessions", tags=["me"], route_class=Plain)
Me = Annotated[Person, Depends(current)]
Db = Annotated[psycopg.Connection, Depends(database)]


@router.get("")
def mine(request: Request, person: Me, conn: Db) -> dict[str, Any]:
    """Where I am logged in, the session used last first; `mine` is the one that asks."""
    token = request.cookies.get(COOKIE)
    rows = sessions.listed(conn, person, datetime.now(UTC), request.app.state.settings, token)
    return {"sessions": [row | {"device": device_words(row.pop("agent"))} for row in rows]}


@router.post("/{ident}/end", name="session_end")
def end(request: Request, person: Me, conn: Db, ident: Annotated[str, Path(pattern=r"^[0-9a-f]{24}$")]) -> Response:
    """End one of my sessions; its pages and phones are cut off within seconds."""
    gone = sessions.end(conn, person, ident, datetime.now(UTC), address_of(request))
    answer = JSONResponse({"ended": ident})
    return ended(answer) if gone == digest(request.cookies.get(COOKIE, "")) else answer
