"""What a person hands in with a verb, as one frozen value: made once at each door, by `rules.forms.given`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Given:
    """What comes with a verb; which of it is needed is said by the lifecycle's table.

    `reason` is chosen or written, `note` is free text, `org` the department of a dispatch or 联动, `handler_id` the
    person, `condition` the 立案 or 结案 condition, `case` the condition of the category that decides the handling limit,
    `photos` ids of uploaded pictures, `lng` and `lat` where the actor stands (EPSG:4490 degrees; None: unknown), `passed` the
    result of a check or verification, `ratings` the three answers of the reporter, `until` the end of a suspension.
    """

    reason: str | None = None
    note: str | None = None
    org: str | None = None
    handler_id: int | None = None
    condition: str | None = None
    case: str | None = None
    photos: tuple[UUID | str, ...] = ()
    lng: float | None = None
    lat: float | None = None
    passed: bool | None = None
    ratings: dict[str, int] | None = None
    until: datetime | None = None


NOTHING = Given()
