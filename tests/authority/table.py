"""Who may see and do what, written by hand from the rules: the expectation, never the code's own answer.

Sources: design/event-loop.md (who does which verb), design/house.md "who may see what", promises 5 and 5a, catalog/roles.toml,
domain/10-security (field and row level, separation of duties). True: must be shown; False: must not be; None: the rules are
silent, and either answer passes.
"""

from __future__ import annotations

from dataclasses import dataclass

DISTRICT = "441402"
SEATS = frozenset({"operator", "acceptor", "dispatcher", "chief", "leader"})
"""Roles that see `all` within the places they hold their role for."""


@dataclass(frozen=True)
class Viewer:
    """An account. `places` are code prefixes, `grid` the 网格 that a worker looks after."""

    login: str
    role: str
    org: str | None = None
    places: tuple[str, ...] = ()
    grid: str | None = None
    id: int = 0

    def __str__(self) -> str:
        return f"{self.login} ({self.role})"


@dataclass(frozen=True)
class Case:
    """An event (案卷) as far as sight asks."""

    key: str
    id: str
    state: str
    town: str | None
    village: str | None
    grid: str | None
    org: str | None
    reporter_id: int | None
    reporter_org: str | None
    handler_id: int | None
    checker_id: int | None
    joined: frozenset[str] = frozenset()

    def __str__(self) -> str:
        held = f", held by {self.org}" if self.org else ""
        parts = f", joined by {'、'.join(sorted(self.joined))}" if self.joined else ""
        unit = f", reported by {self.reporter_org}" if self.reporter_org else ""
        return f"{self.key} ({self.state} in {self.grid or 'no 网格'}{held}{parts}{unit})"


@dataclass(frozen=True)
class Signal:
    """An alert: where it is, whose station it is of, and the event it belongs to."""

    key: str
    id: int
    town: str | None
    grid: str | None
    org: str | None
    case: Case | None = None
    cleared: bool = False

    def __str__(self) -> str:
        of = f", of case {self.case}" if self.case else ""
        return f"{self.key} ({'cleared' if self.cleared else 'open'} in {self.grid or 'no 网格'}, station of {self.org}{of})"


def lies_in(viewer: Viewer, *codes: str | None) -> bool:
    """Whether one of the codes begins with a place the viewer holds his role for. What lies nowhere lies in the district."""
    known = [c for c in codes if c] or [DISTRICT]
    return any(code.startswith(place) for place in viewer.places for code in known)


def in_his_town(viewer: Viewer, *codes: str | None) -> bool:
    """A town's command room answers for what lies in its town (属地), whoever handles it; a department of the district has no
    place of its own."""
    is_town = viewer.org is not None and viewer.org in viewer.places and viewer.org.startswith(DISTRICT)
    return is_town and any(code.startswith(viewer.org) for code in codes if code)


def his_own(viewer: Viewer, case: Case) -> bool:
    return viewer.id in (case.reporter_id, case.handler_id, case.checker_id)


def his_units(viewer: Viewer, case: Case) -> bool:
    """Held, reported or joined (联动) by his organisation."""
    return viewer.org is not None and (viewer.org in (case.org, case.reporter_org) or viewer.org in case.joined)


def his_to_take(viewer: Viewer, case: Case) -> bool:
    """Given to his organisation and to nobody in it yet: any of its workers may take it (接单)."""
    return (
        viewer.org is not None
        and viewer.org == case.org
        and case.handler_id is None
        and case.state in ("dispatched", "handling")
    )


def sees_case(viewer: Viewer, case: Case) -> bool:
    match viewer.role:
        case "operator" | "acceptor" | "dispatcher" | "chief" | "leader":
            placed = lies_in(viewer, case.town, case.village, case.grid)
            return placed or his_units(viewer, case) or his_own(viewer, case)
        case "department":
            return his_units(viewer, case) or his_own(viewer, case) or in_his_town(viewer, case.town, case.village, case.grid)
        case "worker":
            at_home = viewer.grid is not None and case.grid == viewer.grid
            return at_home or his_own(viewer, case) or his_to_take(viewer, case)
        case "public":
            return viewer.id == case.reporter_id
        case _:  # the administrator reads no case at all, his own former reports included
            return False


def sees_signal(viewer: Viewer, signal: Signal) -> bool | None:
    its_case = signal.case
    match viewer.role:
        case "operator" | "acceptor" | "dispatcher" | "chief" | "leader":
            if lies_in(viewer, signal.town, signal.grid):
                return True
            own_station = viewer.org is not None and viewer.org == signal.org
            if own_station or (its_case and sees_case(viewer, its_case)):
                return None  # outside his places, but his unit's station or the alert of a case he sees
            return False
        case "department":
            if in_his_town(viewer, signal.town, signal.grid) or (viewer.org is not None and viewer.org == signal.org):
                return True
            if its_case is None or viewer.org is None:
                return False
            if viewer.org == its_case.org or viewer.org in its_case.joined:
                return True
            return None if sees_case(viewer, its_case) else False  # he sees the case only as its reporter
        case "worker":
            at_home = viewer.grid is not None and signal.grid == viewer.grid
            return at_home or bool(its_case and sees_case(viewer, its_case))
        case _:
            return False


ACKNOWLEDGES = frozenset({"operator", "acceptor", "dispatcher", "chief", "department", "worker"})
"""Who may say that he has seen an alert: who is told and must act. A leader reads and supervises."""

ALL = frozenset({"worker", "public", "operator", "acceptor", "dispatcher", "chief", "department", "leader"})
VERBS: dict[str, frozenset[str]] = {
    "accept": frozenset({"acceptor", "chief"}),
    "decline": frozenset({"acceptor", "chief"}),
    "ask_verify": frozenset({"acceptor", "chief"}),
    "verified": frozenset({"worker"}),
    "register": frozenset({"acceptor", "chief"}),
    "dispatch": frozenset({"dispatcher", "chief"}),
    "take": frozenset({"department", "worker"}),
    "return": frozenset({"department"}),
    "arbitrate": frozenset({"chief"}),
    "arrive": frozenset({"department", "worker"}),
    "answer": frozenset({"department", "worker"}),
    "rework": frozenset({"dispatcher", "chief", "acceptor"}),
    "check": frozenset({"worker", "chief"}),
    "close": frozenset({"acceptor", "chief", "worker"}),  # a worker only what he handled himself (自行处置)
    "rate": ALL,  # the reporter, or who calls him back; the guard asks which
    "reopen": ALL,  # the reporter, or a supervisor
    "suspend": frozenset({"chief", "leader"}),
    "resume": frozenset({"chief", "leader"}),
    "void": frozenset({"chief"}),
    "urge": frozenset({"operator", "acceptor", "dispatcher", "chief", "leader", "public"}),
    "supervise": frozenset({"chief", "leader"}),
    "extend": frozenset({"department", "dispatcher", "chief"}),
    "escalate": frozenset(),
    "note": ALL - {"public"},
    "attach": ALL,
    "link": frozenset({"acceptor", "chief", "dispatcher"}),
    "join": frozenset({"dispatcher", "chief"}),
    "self_handle": frozenset({"worker"}),
}
"""Verb → roles that may ever do it, whatever the state."""

REPORTS = ALL
"""Who has a way in (上报), and may therefore ask whether something similar was reported close by."""
HANDS_IN_PHOTOS = ALL

PAGES: dict[str, frozenset[str]] = {
    "/": SEATS | {"department"},
    "/report": SEATS | {"department"},
}
"""Pages that show cases, and who may open them (catalog/roles.toml)."""
ASSESSED = frozenset({"department", "worker"})
"""Roles that a report is about: they read issued ones only."""


def reads_report(viewer: Viewer, draft: bool) -> bool | None:
    """Drafts are for the report's makers and leaders; what the seats may read of one is not said."""
    if viewer.role not in PAGES["/report"]:
        return False
    if not draft:
        return True
    if viewer.role in ASSESSED:
        return False
    return True if viewer.role in ("chief", "leader") else None
