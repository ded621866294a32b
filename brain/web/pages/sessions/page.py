"""/sessions 登录着的地方: a person's own open sessions, each ended by a button (its POST lives in `brain.web.door.access`)."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from brain.identity import sessions
from brain.identity.people import Person
from brain.web.door import plain
from brain.web.door.access import COOKIE, Page, home_of

PAGE = Page("/sessions", "登录着的地方", plain=True)


def layout(person: Person | None, *, request: Request, **_: str) -> str | Response:
    if person is None:
        return RedirectResponse("/login?next=/sessions", 303)
    state = request.app.state
    with state.pool.connection() as conn:
        found = sessions.listed(conn, person, datetime.now(UTC), state.settings, request.cookies.get(COOKIE))
    return plain.sessions(found, home=home_of(person))
