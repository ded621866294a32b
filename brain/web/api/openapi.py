"""GET /api/openapi.json: the API described, for those who connect other systems to it (8.1.4.4: no more is shown than needed)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from brain.identity.people import Person
from brain.model import Role
from brain.web.door.access import require

router = APIRouter(include_in_schema=False)


@router.get("/api/openapi.json")
def described(request: Request, person: Annotated[Person, Depends(require(Role.ADMIN))]) -> dict[str, Any]:
    """The OpenAPI document of this application."""
    return request.app.openapi()
