"""Who sees what: one frozen `Sight` per viewer. Pages, API, Dash callbacks, live pushes, photos, exports, evidence lists,
report rows and near-duplicates ask it; lists ask `brain_sees_event` and `brain_sees_alert` (migration 0110), which mean
the same: a property test holds the two to one answer.

CEILING is what no catalog can lift (GB/T 22239-2019 level 3, separation of duties): the system administrator reads no
cases, the public reads its own. `catalog.roles` may narrow it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from brain.catalog import RoleRights
from brain.identity.people import Person, actor_of
from brain.model import DISTRICT, Actor, Alert, Event, Role, State

Roles = Mapping[Role, RoleRights]

ORDER = ("none", "own", "org", "places", "all")
"""From the narrowest reach to the widest."""

CEILING: dict[Role, str] = {
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
TO_TAKE = (State.DISPATCHED, State.HANDLING)
"""States in which an event that names nobody is for any worker of its organisation to take."""
GRID_DIGITS = 15


@dataclass(frozen=True, slots=True)
class Sight:
    """How far somebody sees, as a value; what is empty adds nothing, and all empty sees nothing.

    `areas` are beginnings of codes (district, town, village) and `grids` whole 综合网格: all that lies there. `org`: what
    that organisation holds, reported or joined. `team`: what was dispatched to that organisation and to nobody yet.
    `person`: what he reported, handles or checks. `alerts`: whether alerts are seen at all. `everything` is the engine's.

    Why a grid is compared as a whole and cells never are: unit cells are numbered below their village as grids are, so the
    code of one grid may be that of a cell of another.
    """

    everything: bool = False
    areas: tuple[str, ...] = ()
    grids: tuple[str, ...] = ()
    org: str | None = None
    team: str | None = None
    person: int | None = None
    alerts: bool = False

    @staticmethod
    def of(who: Actor | Person, roles: Roles | None = None) -> Sight:
        """The sight of a person or actor; `roles` is `catalog.roles`, None the ceiling alone.

        Seats and leaders see the places they hold their role for and what is their organisation's; a department what is its
        organisation's, and a town's command room, whose organisation is itself a place, what lies there (属地); a worker his
        网格 and what is his to take; everybody what is his own.

        Why a worker's places count for nothing but whole 网格: they name the street he belongs to, and one street's cases are
        hundreds of other workers' (GB/T 22239-2019, 8.1.4.2: no more than the task needs).
        """
        actor = who if isinstance(who, Actor) else actor_of(who)
        far = reach(actor.role, roles)
        if actor.role in (Role.CLOCK, Role.RULE):
            return Sight(everything=True, alerts=True) if actor.id is None else NOTHING
        if far == "none":
            return NOTHING
        held, ceiling = tuple(place for place in actor.places if place), CEILING[actor.role]
        if far == "org":
            held = tuple(place for place in held if place == actor.org and actor.role is Role.DEPARTMENT)
        areas, grids = _places(held) if far in ("all", "places", "org") else ((), ())
        if actor.role is Role.WORKER:
            areas = ()
        org = actor.org if ceiling in ("org", "all") else None
        if far in ("own", "places"):
            org = None
        team = actor.org if actor.role is Role.WORKER and far != "own" else None
        person = None if _whole(areas) else actor.id
        return Sight(False, areas, grids, org, team, person, alerts=actor.role is not Role.PUBLIC)

    @property
    def key(self) -> tuple[Any, ...]:
        """What two viewers must have in common to see the same: the whole sight. Pictures are shared by it."""
        return (self.everything, self.areas, self.grids, self.org, self.team, self.person, self.alerts)

    @property
    def whole(self) -> bool:
        """Whether no alert and no event of the district is hidden."""
        return self.everything or (self.alerts and _whole(self.areas))

    @property
    def nothing(self) -> bool:
        """Whether neither an event nor an alert can be seen."""
        return not (self.everything or self.areas or self.grids or self.org or self.team or self.person is not None)

    def sees_event(self, event: Event | Mapping[str, Any], joined: Collection[str] = ()) -> bool:
        """Whether the event (a record, or a row with its columns) may be read; `joined` are the organisations that take
        part in it by 联动."""
        e = _columns(event)
        if self.everything or self._covers(e("grid"), e("village"), e("town")):
            return True
        if self.person is not None and self.person in (e("reporter_id"), e("handler_id"), e("checker_id")):
            return True
        if self.org is not None and (self.org in (e("org"), e("reporter_org")) or self.org in joined):
            return True
        return self.team is not None and e("org") == self.team and e("handler_id") is None and e("state") in TO_TAKE

    def sees_alert(
        self,
        alert: Alert | Mapping[str, Any],
        *,
        org: str | None,
        event: Event | Mapping[str, Any] | None = None,
        joined: Collection[str] = (),
    ) -> bool:
        """Whether the alert may be read. `org` owns its station; `event` is the one the alert belongs to, `joined` who
        takes part in that: whoever sees the event sees why it is there."""
        if self.everything:
            return True
        if not self.alerts:
            return False
        a = _columns(alert)
        if self._covers(a("grid"), a("village"), a("town")) or (self.org is not None and org == self.org):
            return True
        return event is not None and self.sees_event(event, joined)

    def parameters(self) -> dict[str, str]:
        """`%(sight)s` of named statements: the value of SQL type `brain_sight`, as text."""
        return {
            "sight": _composite(
                self.everything, self.areas or None, self.grids or None, self.org, self.team, self.person, self.alerts, DISTRICT
            )
        }  # fmt: skip

    def _covers(self, grid: str | None, village: str | None, town: str | None) -> bool:
        """Whether a place lies in what is seen by place; without any code it is the district's."""
        if grid is not None and grid in self.grids:
            return True
        code = next((c for c in (grid, village, town) if c is not None), DISTRICT)
        return any(code.startswith(area) for area in self.areas)


NOTHING = Sight()


def reach(role: Role, roles: Roles | None = None) -> str:
    """How far a role sees: the ceiling, or what the catalog narrows it to."""
    ceiling = CEILING[role]
    wished = roles[role].sees if roles and role in roles else ceiling
    return min(ceiling, wished, key=ORDER.index)


def may_open(role: Role, page: str, roles: Roles) -> bool:
    """Whether a role may open a page (its key); `roles` is `catalog.roles`, "*" stands for every page."""
    pages = roles[role].pages
    return "*" in pages or page in pages


def reads_drafts(role: Role, roles: Roles) -> bool:
    """Whether a role reads reports that are not issued yet: their makers and leaders do, assessed units do not."""
    return roles[role].drafts


def _places(held: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(areas, grids) of the places somebody holds, in order, without those that lie in another."""
    areas: list[str] = []
    for place in sorted({p for p in held if len(p) < GRID_DIGITS}):
        if not any(place.startswith(area) for area in areas):
            areas.append(place)
    grids = {p for p in held if len(p) >= GRID_DIGITS and not any(p.startswith(area) for area in areas)}
    return tuple(areas), tuple(sorted(grids))


def _whole(places: Iterable[str]) -> bool:
    """Whether these places are the whole district: then nothing that is his own lies outside."""
    return any(DISTRICT.startswith(place) for place in places)


def _columns(of: Any) -> Callable[[str], Any]:
    """Reads a column of a row or a field of a record; None where it has none."""
    if isinstance(of, Mapping):
        return cast("Mapping[str, Any]", of).get
    return lambda name: getattr(of, name, None)


def _composite(*values: Any) -> str:
    """A row value as PostgreSQL reads it: `("t","{""441402""}",,…)`. Everything is quoted, so that nothing in a code can
    end its field."""

    def quoted(text: str) -> str:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    def said(value: Any) -> str:
        match value:
            case None:
                return ""
            case bool():
                return "t" if value else "f"
            case tuple():
                return quoted("{" + ",".join(quoted(v) for v in cast("tuple[str, ...]", value)) + "}")
            case _:
                return quoted(str(value))

    return "(" + ",".join(said(v) for v in values) + ")"
