"""Themes of the city (themes.toml): what there is, and for those who watch the city how each stands now."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from brain.catalog import Theme
from brain.identity import scope
from brain.identity.people import Person
from brain.web import themes
from brain.web.api._answers import Plain
from brain.web.door.access import current

router = APIRouter(prefix="/api/v1", tags=["themes"], route_class=Plain)
WALL = ("wall", "seat")  # the pages that show how the themes stand
Me = Annotated[Person, Depends(current)]


@router.get("/themes")
def many(request: Request, person: Me) -> dict[str, Any]:
    """All themes in their order. `now` is what the wall's card says, for roles that may open the wall; null for others."""
    state = request.app.state
    seen = state.hub.seen(state.hub.moment, scope.Sight.of(person, state.catalog.roles))
    watches = any(scope.may_open(person.role, page, state.catalog.roles) for page in WALL)
    found = [
        _shape(theme) | {"now": _now(themes.figure(seen, state.catalog, key)) if watches else None}
        for key, theme in state.catalog.themes.items()
    ]
    return {"now": datetime.now(UTC), "themes": found}


def _shape(theme: Theme) -> dict[str, Any]:
    return {
        "key": theme.key, "label": theme.label, "order": theme.order, "unit": theme.unit,
        "icon": f"/map/icon/{theme.icon}.png", "layers": theme.layers, "kinds": theme.leads,
    }  # fmt: skip


def _now(figure: themes.Figure) -> dict[str, Any]:
    return {
        "value": figure.value, "unit": figure.unit, "place": figure.place, "words": figure.words,
        "level": figure.level or None, "state": figure.state, "seen_at": figure.seen_at,
    }  # fmt: skip
