"""/password: change one's own password; after the first log-in nothing else opens until that is done."""

from __future__ import annotations

from fastapi.responses import RedirectResponse, Response

from brain.identity.people import Person
from brain.web.door import plain
from brain.web.door.access import Page, home_of

PAGE = Page("/password", "修改口令", plain=True)


def layout(person: Person | None, **_: str) -> str | Response:
    if person is None:
        return RedirectResponse("/login?next=/password", 303)
    return plain.password(person.name, forced=person.must_change, home=home_of(person))
