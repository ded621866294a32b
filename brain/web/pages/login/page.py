"""/login: who are you. A plain form; its POST lives in `brain.web.door.access` beside the session."""

from __future__ import annotations

from fastapi.responses import RedirectResponse, Response

from brain.identity.people import Person
from brain.web.door import plain
from brain.web.door.access import Page, safe_next

PAGE = Page("/login", "登录", plain=True)


def layout(person: Person | None, *, next: str = "", said: str = "", **_: str) -> str | Response:
    """The form; somebody who is logged in goes on to where he wanted."""
    if person is not None:
        return RedirectResponse("/password" if person.must_change else safe_next(next, person), 303)
    return plain.login(next, said=said)
