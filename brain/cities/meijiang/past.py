"""One simulated case from report to closing: the same rules, clocks and log lines as a real one, on a past date.

Nothing here decides by itself what is allowed: every step goes through `rules.lifecycle.check` and takes its deadlines
from `flow.clocks`, so that a simulated history can only be one that could have happened. Chance (a seeded
`random.Random`) only chooses who, when and which way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from brain.catalog import Catalog
from brain.flow.events import clocks
from brain.model import ENGINE, Actor, Clock, Event, Limit, Role, State, Verb
from brain.rules import lifecycle, sla

V = Verb
ANSWERS = (
    "已清理完毕，现场恢复正常。",
    "已劝导整改，现场秩序恢复。",
    "已维修恢复功能。",
    "已清运，并告知责任人保持。",
    "已处理完毕，后续加强巡查。",
)
REWORKS = ("清理不彻底，仍有残留", "照片不能反映整改结果", "整改后又出现同样问题", "修复质量不合格")
EXTENSIONS = ("需更换的配件尚未到货", "连续降雨无法施工", "需与权属单位协调")
SUSPENSIONS = ("须待管网改造时一并处理", "权属有争议，待协调")
VOIDS = ("经核对与已结案卷为同一问题", "位置不在本区")
CHECKED = "现场核查，问题已解决。"


@dataclass(frozen=True, slots=True)
class Crew:
    """Who acts in the district: actors by role, by organisation and by grid."""

    acceptors: Sequence[Actor]
    dispatchers: Sequence[Actor]
    chiefs: Sequence[Actor]
    departments: Mapping[str, Sequence[Actor]]
    workers: Mapping[str, Sequence[Actor]]  # by grid, and by town as the fall-back
    orgs: frozenset[str]
    by_login: dict[str, Actor]
    grids: dict[int, str]  # the grid of each worker

    def worker(self, rng: Random, event: Event, but: int | None = None) -> Actor:
        """A worker of the case's grid, else of its town, else anyone; not the person `but`."""
        for key in (event.grid, event.town, ""):
            pool = [w for w in self.workers.get(key or "", ()) if w.id != but]
            if pool:
                return rng.choice(pool)
        raise LookupError("history: the district has no second worker")


@dataclass(frozen=True, slots=True)
class Chances:
    """Shares of the by-ways, from data/history.toml [chance]."""

    decline: float
    void: float
    verify: float
    late_desk: float
    late_check: float
    rework: float
    extend: float
    suspend: float
    rate: float
    urge: float
    self_handle: float
    chronic: float
    returned: float
    late_hours: tuple[float, float]  # of a lognormal: how long over the limit
    late_most: float


@dataclass(slots=True)
class Life:
    """A case being lived: its row and its lines so far."""

    catalog: Catalog
    crew: Crew
    rng: Random
    event: Event
    lines: list[dict[str, Any]] = field(default_factory=list)
    at: datetime = field(init=False)  # of its last line; set by `reported`

    @property
    def dispatched_at(self) -> datetime:
        assert self.event.dispatched_at is not None, "asked only of a case that was dispatched"
        return self.event.dispatched_at

    @property
    def due_at(self) -> datetime:
        assert self.event.due_at is not None, "asked only of a case whose limit runs"
        return self.event.due_at

    @property
    def limit(self) -> Limit:
        limit = clocks.limit_on(self.event)
        assert limit is not None, "asked only of a case that was registered"
        return limit

    def minutes(self, low: float, high: float) -> timedelta:
        return timedelta(seconds=int(self.rng.uniform(low, high) * 60))

    def reported(self, actor: Actor) -> None:
        """The first line."""
        self.at = self.event.reported_at
        due = clocks.stage_due(self.catalog, "accept", self.at)
        self.event = replace(self.event, stage_due_at=due)
        self._line(V.REPORT, None, actor, {"source": str(self.event.source)}, None, None)

    def do(
        self,
        verb: Verb,
        actor: Actor,
        at: datetime,
        *,
        own: dict[str, Any] | None = None,
        reason: str | None = None,
        note: str | None = None,
        detail: dict[str, Any] | None = None,
        case: str | None = None,
        **given: Any,
    ) -> None:
        """One verb: asked of the rules, stamped by the clocks, written down. `own` are the verb's further columns.

        Raises Refused when the rules say no: then this history is wrong, not the rules.
        """
        before, at = self.event, max(at, self.at + timedelta(seconds=1))
        handed = lifecycle.Given(reason=reason, note=note, photos=("simulated",), **given)
        facts = lifecycle.Facts(now=at, practice=self.catalog.practice, known_orgs=self.crew.orgs, distance_m=5.0)
        move = lifecycle.check(before, verb, actor, handed, facts)
        first = clocks.register_stamps(self.catalog, before, case) if verb in (V.REGISTER, V.DISPATCH) else {}
        change = first | clocks.stamps(self.catalog, replace(before, **first), move, at)
        if move.counts:
            change[move.counts] = getattr(before, move.counts) + 1
        self.event = replace(before, state=move.to or before.state, **(change | (own or {})))
        detail = dict(detail or {})
        if self.event.due_at != before.due_at:
            detail["due_at"] = self.due_at.isoformat()
        self.at = at
        self._line(verb, before.state, actor, detail, reason, note)

    def _line(
        self,
        verb: Verb,
        before: State | None,
        actor: Actor,
        detail: dict[str, Any],
        reason: str | None,
        note: str | None,
    ) -> None:
        self.lines.append(
            {
                "event_id": self.event.id,
                "at": self.at,
                "verb": str(verb),
                "from_state": before and str(before),
                "to_state": str(self.event.state),
                "actor_id": actor.id,
                "actor_name": actor.name,
                "role": str(actor.role),
                "org": actor.org,
                "reason": reason,
                "note": note,
                "detail": detail,
            }
        )


@dataclass(frozen=True, slots=True)
class Script:
    """What chance settled beforehand: who should handle the case, how prompt that unit is, which by-way it takes."""

    org: str
    prompt: float
    reporter: Actor
    self_able: bool
    case: str | None
    other_org: str | None  # where it went first, if it will be returned


def live(catalog: Catalog, crew: Crew, rng: Random, event: Event, script: Script, chances: Chances) -> Life:
    """The whole life of one case; the last line is its end."""
    life = Life(catalog, crew, rng, event)
    life.reported(script.reporter)
    by_people = event.source not in ("sensor", "camera")
    outside = event.source in ("public", "hotline")
    if script.self_able and rng.random() < chances.self_handle and event.source == "grid":
        _self_handled(life, script)
        return life
    acceptor = rng.choice(crew.acceptors)
    if outside and rng.random() < chances.decline * 3:
        reason = rng.choice(catalog.practice.decline_reasons)
        life.do(V.DECLINE, acceptor, life.at + life.minutes(3, 9), reason=reason)
        return life
    _desk(life, chances, acceptor, by_people, outside)
    if rng.random() < chances.void:
        life.do(V.VOID, rng.choice(crew.chiefs), life.at + life.minutes(3, 40), reason=rng.choice(VOIDS))
        return life
    condition = catalog.practice.register_conditions[2 if event.source == "sensor" else rng.randrange(2)]
    life.do(
        V.REGISTER,
        acceptor,
        life.at + _desk_time(life, chances),
        condition=condition,
        case=script.case,
        own={"register_condition": condition},
        detail={"condition": condition, "case": script.case},
    )
    _dispatch(life, script.other_org or script.org, chances)
    if script.other_org:
        life.do(
            V.RETURN,
            clerk(life, script.other_org),
            life.at + life.minutes(12, 70),
            reason=catalog.practice.return_reasons[0],
            detail={"org": script.other_org, "handler": life.event.handler_id},
            own={"org": None, "handler_id": None, "taken_at": None, "arrived_at": None},
        )
        _dispatch(life, script.org, chances)
    _handle(life, script, chances)
    _finish(life, script, chances, outside)
    return life


def _desk_time(life: Life, chances: Chances) -> timedelta:
    return life.minutes(11, 45) if life.rng.random() < chances.late_desk else life.minutes(1.5, 9.5)


def _desk(life: Life, chances: Chances, acceptor: Actor, by_people: bool, outside: bool) -> None:
    """Accepted, and looked at on site when a stranger reported it."""
    if by_people:
        life.do(V.ACCEPT, acceptor, life.at + _desk_time(life, chances))
    else:
        life.do(V.ACCEPT, ENGINE, life.at + timedelta(seconds=2))
    if outside and life.rng.random() < chances.verify:
        worker = life.crew.worker(life.rng, life.event)
        life.do(
            V.ASK_VERIFY,
            acceptor,
            life.at + life.minutes(1, 4),
            own={"checker_id": worker.id},
            detail={"verifier": worker.id},
        )
        wait = life.minutes(62, 150) if life.rng.random() < chances.late_check else life.minutes(8, 56)
        life.do(
            V.VERIFIED,
            worker,
            life.at + wait,
            passed=True,
            note="情况属实。",
            own={"checker_id": None},
            detail={"passed": True},
        )


def clerk(life: Life, org: str) -> Actor:
    """Who signs for an organisation; one without people of its own signs as the organisation."""
    found = life.crew.departments.get(org)
    return life.rng.choice(found) if found else Actor(None, "单位收件", Role.DEPARTMENT, org)


def _dispatch(life: Life, org: str, chances: Chances) -> None:
    town_worker = life.crew.worker(life.rng, life.event) if org == life.event.town else None
    signer = town_worker or clerk(life, org)
    handler = signer.id if signer.org == org else None
    life.do(
        V.DISPATCH,
        life.rng.choice(life.crew.dispatchers),
        life.at + _desk_time(life, chances),
        org=org,
        own={"org": org, "handler_id": handler, "taken_at": None, "arrived_at": None},
        detail={"org": org, "handler": handler},
    )


def _at_fraction(life: Life, start: datetime, fraction: float) -> datetime:
    """When that share of the handling limit is used, counted on the case's own clock from `start`."""
    limit = life.limit
    return sla.due(start, Limit(limit.clock, limit.amount * fraction), life.catalog.calendar)


def _answer_at(life: Life, script: Script, chances: Chances) -> datetime:
    """When the answer comes: mostly well inside the limit, sometimes a few hours over it, now and then days."""
    rng, start = life.rng, life.dispatched_at
    if rng.random() < script.prompt:
        return _at_fraction(life, start, min(0.97, 0.12 + 0.82 * rng.betavariate(2.0, 2.2)))
    hours = min(rng.lognormvariate(*chances.late_hours), chances.late_most)
    clock = Clock.URGENT_HOUR if sla.runs_always(life.limit.clock) else Clock.WORK_HOUR
    return sla.advance(life.due_at, hours * 3600, clock, life.catalog.calendar)


def _handler(life: Life, script: Script) -> Actor:
    workers = life.crew.workers.get("", ())
    known = next((w for w in workers if w.id == life.event.handler_id), None)
    return known or clerk(life, script.org)


def _handle(life: Life, script: Script, chances: Chances) -> None:
    """Taken, gone to, answered; sometimes extended, suspended or urged on the way."""
    rng, handler = life.rng, _handler(life, script)
    natural = sla.runs_always(life.limit.clock)
    clock = Clock.URGENT_HOUR if natural else Clock.WORK_HOUR
    start = life.dispatched_at
    answer = _answer_at(life, script, chances)
    take = sla.advance(life.at, rng.uniform(3, 26) * 60, clock, life.catalog.calendar)
    life.do(V.TAKE, handler, min(take, life.at + (answer - life.at) * 0.5), own={"handler_id": handler.id})
    long = life.limit.clock == Clock.WORK_DAY
    if long and rng.random() < chances.extend:
        asked = _at_fraction(life, start, rng.uniform(0.6, 0.9))
        if asked > life.at:
            reason = rng.choice(EXTENSIONS)
            life.do(V.EXTEND, rng.choice(life.crew.dispatchers), asked, reason=reason, detail={"granted": True})
            answer = _at_fraction(life, start, rng.uniform(1.1, 1.9))
    elif long and rng.random() < chances.suspend:
        _suspended(life)
        answer = life.at + (life.due_at - life.at) * rng.uniform(0.4, 0.9)
    due = life.due_at
    if answer > due and rng.random() < chances.urge * 12:
        urged = due + (answer - due) * rng.uniform(0.1, 0.6)
        if urged > life.at:
            life.do(V.URGE, rng.choice(life.crew.dispatchers), urged, reason="已超过处置时限")
    answer_it(life, handler, max(answer, life.at + timedelta(minutes=4)))


def _suspended(life: Life) -> None:
    chief, rng = life.rng.choice(life.crew.chiefs), life.rng
    at = life.at + life.minutes(120, 900)
    until = at + timedelta(days=rng.randint(7, 25))
    life.do(
        V.SUSPEND,
        chief,
        at,
        reason=rng.choice(SUSPENSIONS),
        until=until,
        own={"suspend_until": until},
        detail={"until": until.isoformat()},
    )
    stage = clocks.stage_of(life.catalog, life.event, State(life.event.suspended_from))
    due = clocks.stage_due(life.catalog, stage, until) if stage else None
    life.do(V.RESUME, chief, until, own={"suspend_until": None, "stage_due_at": due})


def answer_it(life: Life, handler: Actor, at: datetime, checker: Actor | None = None) -> None:
    """Gone to the place (mostly), answered, and handed to a checker."""
    if life.rng.random() < 0.7 and at - life.at > timedelta(minutes=12):
        life.do(V.ARRIVE, handler, at - min(life.minutes(5, 45), (at - life.at) * 0.8))
    checker = checker or life.crew.worker(life.rng, life.event, but=handler.id)
    life.do(
        V.ANSWER,
        handler,
        at,
        note=life.rng.choice(ANSWERS),
        detail={"checker": checker.id},
        own={"checker_id": checker.id, "check_passed": None, "checked_at": None},
    )


def _finish(life: Life, script: Script, chances: Chances, outside: bool) -> None:
    """Checked, perhaps done again, closed, rated."""
    rng = life.rng
    if rng.random() < chances.rework:
        answered = life.at
        life.do(
            V.REWORK,
            rng.choice(life.crew.dispatchers),
            life.at + life.minutes(15, 100),
            reason=rng.choice(REWORKS),
            own={"answered_at": None, "checked_at": None, "check_passed": None},
        )
        left = max(life.due_at - life.at, (life.due_at - answered), timedelta(hours=1))
        again = sla.advance(
            life.at,
            min(left.total_seconds(), 4 * 3600) * rng.uniform(0.3, 0.9),
            Clock.URGENT_HOUR,
            life.catalog.calendar,
        )
        answer_it(life, _handler(life, script), again)
    checker = next(w for w in life.crew.workers[""] if w.id == life.event.checker_id)
    wait = life.minutes(125, 700) if rng.random() < chances.late_check else life.minutes(12, 112)
    life.do(
        V.CHECK,
        checker,
        life.at + wait,
        passed=True,
        note=CHECKED,
        detail={"passed": True},
        own={"check_passed": True, "checker_id": checker.id},
    )
    wanted = 3 if life.event.source == "sensor" else rng.choice((0, 0, 1, 2))
    condition = life.catalog.practice.close_conditions[wanted]
    closer = rng.choice([*life.crew.acceptors, *life.crew.chiefs])
    life.do(
        V.CLOSE,
        closer,
        life.at + life.minutes(3, 28),
        condition=condition,
        own={"close_condition": condition},
        detail={"condition": condition},
    )
    if outside and rng.random() < chances.rate:
        assert life.event.answered_at is not None, "only what was answered is closed"
        late = life.event.answered_at > life.due_at
        weights = (30, 30, 22, 12, 6) if late or life.event.reworks else (58, 33, 6, 2, 1)
        told = {
            "response": int(rng.random() < 0.95),
            "solved": int(rng.random() < 0.93),
            "satisfied": rng.choices((5, 4, 3, 2, 1), weights)[0],
        }
        life.do(
            V.RATE,
            rng.choice(life.crew.acceptors),
            life.at + life.minutes(90, 2400),
            ratings=told,
            own={f"rating_{k}": v for k, v in told.items()},
            detail={"ratings": told},
        )


def _self_handled(life: Life, script: Script) -> None:
    """自行处置: the worker who reports it clears it on the same visit."""
    life.do(
        V.SELF_HANDLE, script.reporter, life.at + life.minutes(4, 25), note="现场已清理。", own={"self_handled": True}
    )
    condition = life.catalog.practice.close_conditions[0]
    life.do(
        V.CLOSE,
        script.reporter,
        life.at + life.minutes(1, 6),
        condition=condition,
        own={"close_condition": condition},
        detail={"condition": condition},
    )
