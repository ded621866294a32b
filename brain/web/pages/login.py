"""/login: who are you. A plain form; its POST lives in `brain.web.access` beside the session."""

from __future__ import annotations

from fastapi.responses import RedirectResponse, Response

from brain.flow.people import Person
from brain.web.access import Page, safe_next
from brain.web.parts import plain

PAGE = Page("/login", "登录", plain=True)


def layout(person: Person | None, *, next: str = "", said: str = "", **_: str) -> str | Response:
    """The form; somebody who is logged in goes on to where he wanted."""
    if person is not None:
        return RedirectResponse("/password" if person.must_change else safe_next(next, person), 303)
    return plain.login(next, said=said)
