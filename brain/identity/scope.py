"""Who sees what: by role, places and organisation. Lists, exports, thumbnails and pushes ask the same scope.

SIGHT is a ceiling that no catalog can lift (GB/T 22239-2019 level 3, separation of duties): the system administrator
reads no cases, the public reads its own. `catalog.roles` may narrow it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from brain.model import DISTRICT, Actor, Event, Role

ORDER = ("none", "own", "org", "places", "all")
"""From the narrowest sight to the widest."""

SIGHT: dict[Role, str] = {
    Role.OPERATOR: "all",
    Role.ACCEPTOR: "all",
    Role.DISPATCHER: "all",
    Role.CHIEF: "all",
    Role.LEADER: "all",
    Role.DEPARTMENT: "org",
    Role.WORKER: "places",
    Role.PUBLIC: "own",
    Role.ADMIN: "none",
    Role.CLOCK: "all",
    Role.RULE: "all",
}


@dataclass(frozen=True, slots=True)
class Scope:
    """What an actor may read: events lying in one of `places` (code prefixes), held or reported by `org`, or with
    `person` as reporter, handler or checker. `everything` is for the engine only; all empty reads nothing."""

    everything: bool = False
    places: tuple[str, ...] = ()
    org: str | None = None
    person: int | None = None

    @property
    def nothing(self) -> bool:
        return not (self.everything or self.places or self.org or self.person is not None)


def sight(role: Role, roles: Mapping[Role, Any] | None = None) -> str:
    """How far a role sees: the ceiling, or what the catalog narrows it to."""
    ceiling = SIGHT[role]
    wished = roles[role].sees if roles and role in roles else ceiling
    return min(ceiling, wished, key=ORDER.index)


def scope(actor: Actor, roles: Mapping[Role, Any] | None = None) -> Scope:
    """The scope of an actor; `roles` is `catalog.roles`.

    Someone who sees `all` sees the places he holds his role for; without places, his organisation's events only.
    """
    if actor.role in (Role.CLOCK, Role.RULE):
        return Scope(everything=True)
    reach = sight(actor.role, roles)
    if reach == "none":
        return Scope()
    places = tuple(place for place in actor.places if place) if reach in ("all", "places") else ()
    return Scope(places=places, org=actor.org if reach != "own" else None, person=actor.id)


def may_see(
    actor: Actor, event: Event, roles: Mapping[Role, Any] | None = None, joined: frozenset[str] = frozenset()
) -> bool:
    """Whether the actor may read the event; `joined` are the organisations that take part by 联动."""
    found = scope(actor, roles)
    if found.everything:
        return True
    if found.person is not None and found.person in (event.reporter_id, event.handler_id, event.checker_id):
        return True
    if found.org is not None and (found.org in (event.org, event.reporter_org) or found.org in joined):
        return True
    codes = [code for code in (event.town, event.village, event.grid, event.cell) if code] or [DISTRICT]
    return any(code.startswith(place) for place in found.places for code in codes)


def sees_alert(actor: Actor, alert: Mapping[str, Any], roles: Mapping[Role, Any] | None = None) -> bool:
    """Whether the actor may read an alert (a row with grid, town and org): it lies in his places, or its device is his
    organisation's. The public sees none."""
    found = scope(actor, roles)
    if found.everything:
        return True
    if actor.role is Role.PUBLIC:
        return False
    if found.org is not None and alert["org"] == found.org:
        return True
    code = alert["grid"] or alert["town"] or DISTRICT
    return any(code.startswith(place) for place in found.places)


def may_open(role: Role, page: str, roles: Mapping[Role, Any]) -> bool:
    """Whether a role may open a page (its key); `roles` is `catalog.roles`, "*" stands for every page."""
    pages = roles[role].pages
    return "*" in pages or page in pages
