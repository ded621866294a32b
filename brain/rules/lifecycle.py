"""The life of an event (案卷) as one literal table that can be read aloud.

Screen buttons, guards, the API's allowed verbs and the drawn diagram all come from MOVES. `check` decides one verb,
`allowed` lists what an actor may try, `mermaid` and `table` draw it for the docs. Practice numbers (100 m, 7 days …)
come with the facts, from `catalog.practice`; nothing here knows a database or a clock.

核实 and 核查 are two words: 核实 (verify) looks at a report before 立案, 核查 (check) looks at the result before 结案.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from brain.model import CLOSED_STATES, OPEN_STATES, Actor, Event, Refused, Role, State, Verb
from brain.rules.given import NOTHING, Given
from brain.rules.guards import ASK_PRACTICE, GUARDS, HANDLERS, SAYS, STANDING, SUPERVISORS, Facts

__all__ = ["MARKS", "MOVES", "Effect", "Facts", "Given", "Mark", "Move", "allowed", "check", "mermaid", "table"]

S, V, R = State, Verb, Role


class Effect(StrEnum):
    """What a move does to the handling clock. The total clock runs from the report to closing and never stops."""

    NONE = "none"
    START = "start"  # begins, unless it already runs: a second dispatch gives no new time
    STOP = "stop"  # the answer is in; what is left is kept
    RESUME = "resume"  # goes on with what was left (rework, reopen, end of a suspension)
    PAUSE = "pause"  # 挂账
    EXTEND = "extend"  # one original limit more
    END = "end"  # closed, declined, void


@dataclass(frozen=True, slots=True)
class Move:
    """One line of the table.

    `to` is the state after it (None: the state stays; for `resume`, the state before the suspension). `by` are the
    roles that may do it, `clock` its effect, `needs` the guards it must pass, `stage` the stage whose limit begins
    (a key of `catalog.stage_limits`), `stamps` the event column that gets the time, `counts` the counter that goes up,
    `fails_to` where a check that was not passed leads.
    """

    to: State | None
    by: frozenset[Role]
    clock: Effect = Effect.NONE
    needs: tuple[str, ...] = ()
    stage: str | None = None
    stamps: str | None = None
    counts: str | None = None
    fails_to: State | None = None


# The table ----------------------------------------------------------------------------------------------------------
_ENTRY = frozenset({R.WORKER, R.PUBLIC, R.OPERATOR, R.ACCEPTOR, R.DISPATCHER, R.CHIEF, R.DEPARTMENT, R.LEADER, R.RULE})
_PEOPLE = _ENTRY - {R.RULE}
_STAFF = _PEOPLE - {R.PUBLIC}
_ACCEPTORS = frozenset({R.ACCEPTOR, R.CHIEF})
_DISPATCHERS = frozenset({R.DISPATCHER, R.CHIEF})

_RETURN = Move(
    S.REGISTERED,
    frozenset({R.DEPARTMENT}),
    needs=("owner", "return_reason", "not_arbitrated"),
    stage="dispatch",
    counts="returns",
)
_SUSPEND = Move(S.SUSPENDED, SUPERVISORS, Effect.PAUSE, ("reason", "until", "suspend_left"), stamps="suspended_at")
_EXTEND = Move(
    None, _DISPATCHERS | {R.DEPARTMENT}, Effect.EXTEND, ("owner", "reason", "extend_left"), counts="extensions"
)

MOVES: dict[tuple[State | None, Verb], Move] = {
    # the line
    (None, V.REPORT): Move(S.REPORTED, _ENTRY, stage="accept", stamps="reported_at"),
    (S.REPORTED, V.ACCEPT): Move(S.ACCEPTED, _ACCEPTORS | {R.RULE}, stage="register", stamps="accepted_at"),
    (S.REPORTED, V.DECLINE): Move(S.DECLINED, _ACCEPTORS, Effect.END, ("reason",)),
    (S.REPORTED, V.SELF_HANDLE): Move(None, frozenset({R.WORKER}), needs=("reporter", "photo", "near")),
    (S.REPORTED, V.CLOSE): Move(
        S.CLOSED,
        frozenset({R.WORKER, R.ACCEPTOR, R.CHIEF, R.RULE}),
        Effect.END,
        ("self_handled", "close_condition", "sensor_quiet"),
        stamps="closed_at",
    ),
    (S.ACCEPTED, V.ASK_VERIFY): Move(None, _ACCEPTORS, stage="verify", stamps="verify_asked_at"),
    (S.ACCEPTED, V.VERIFIED): Move(
        None,
        frozenset({R.WORKER}),
        needs=("verify_asked", "result", "photo", "near"),
        stage="register",
        stamps="verified_at",
    ),
    (S.ACCEPTED, V.REGISTER): Move(
        S.REGISTERED, _ACCEPTORS, needs=("verify_done", "register_condition"), stage="dispatch", stamps="registered_at"
    ),
    (S.REGISTERED, V.DISPATCH): Move(
        S.DISPATCHED,
        _DISPATCHERS | {R.RULE},
        Effect.START,
        ("org", "returns_left"),
        stage="take",
        stamps="dispatched_at",
    ),
    (S.REGISTERED, V.ARBITRATE): Move(
        S.DISPATCHED,
        frozenset({R.CHIEF}),
        Effect.START,
        ("org", "returned_too_often", "reason"),
        stage="take",
        stamps="dispatched_at",
    ),
    (S.DISPATCHED, V.TAKE): Move(S.HANDLING, HANDLERS, needs=("owner",), stamps="taken_at"),
    (S.DISPATCHED, V.RETURN): _RETURN,
    (S.HANDLING, V.RETURN): _RETURN,
    (S.HANDLING, V.ARRIVE): Move(None, HANDLERS, needs=("owner", "near"), stamps="arrived_at"),
    (S.HANDLING, V.ANSWER): Move(
        S.ANSWERED, HANDLERS, Effect.STOP, ("owner", "photo", "near"), stage="check", stamps="answered_at"
    ),
    (S.ANSWERED, V.REWORK): Move(S.HANDLING, _DISPATCHERS, Effect.RESUME, ("reason",), counts="reworks"),
    (S.ANSWERED, V.CHECK): Move(
        S.CHECKING,
        frozenset({R.WORKER, R.CHIEF}),
        needs=("not_handler", "checker", "result", "photo", "near", "sensor_quiet"),
        stage="close",
        stamps="checked_at",
        fails_to=S.HANDLING,
    ),
    (S.CHECKING, V.REWORK): Move(S.HANDLING, _DISPATCHERS | {R.ACCEPTOR}, Effect.RESUME, ("reason",), counts="reworks"),
    (S.CHECKING, V.CLOSE): Move(
        S.CLOSED,
        _ACCEPTORS,
        Effect.END,
        ("not_handler", "check_passed", "close_condition", "sensor_quiet"),
        stamps="closed_at",
    ),
    (S.CLOSED, V.RATE): Move(None, _PEOPLE, needs=("reporter_or_call_back", "ratings", "not_rated"), stamps="rated_at"),
    (S.CLOSED, V.REOPEN): Move(
        S.REGISTERED,
        _PEOPLE,
        Effect.RESUME,
        ("reporter_or_supervisor", "reason", "reopen_in_time"),
        stage="dispatch",
        counts="reopened",
    ),
    (S.ACCEPTED, V.VOID): Move(S.VOID, frozenset({R.CHIEF}), Effect.END, ("reason",)),
    (S.REGISTERED, V.VOID): Move(S.VOID, frozenset({R.CHIEF}), Effect.END, ("reason",)),
    # suspension: from any open state, once
    (S.REPORTED, V.SUSPEND): _SUSPEND,
    (S.ACCEPTED, V.SUSPEND): _SUSPEND,
    (S.REGISTERED, V.SUSPEND): _SUSPEND,
    (S.DISPATCHED, V.SUSPEND): _SUSPEND,
    (S.HANDLING, V.SUSPEND): _SUSPEND,
    (S.ANSWERED, V.SUSPEND): _SUSPEND,
    (S.CHECKING, V.SUSPEND): _SUSPEND,
    (S.SUSPENDED, V.RESUME): Move(None, SUPERVISORS | {R.CLOCK}, Effect.RESUME),
    # an extension is asked by the department (no effect yet) and granted by the dispatcher or chief
    (S.DISPATCHED, V.EXTEND): _EXTEND,
    (S.HANDLING, V.EXTEND): _EXTEND,
}


@dataclass(frozen=True, slots=True)
class Mark:
    """A verb that never changes the state: it writes a line, in all of `states`."""

    states: frozenset[State]
    move: Move


MARKS: dict[Verb, Mark] = {
    V.URGE: Mark(
        OPEN_STATES - {S.SUSPENDED},
        Move(None, frozenset({R.OPERATOR, R.ACCEPTOR, R.DISPATCHER, R.CHIEF, R.LEADER, R.PUBLIC}), counts="urges"),
    ),
    V.SUPERVISE: Mark(OPEN_STATES, Move(None, SUPERVISORS)),
    V.ESCALATE: Mark(OPEN_STATES - {S.SUSPENDED}, Move(None, frozenset({R.CLOCK}))),
    V.NOTE: Mark(frozenset(State), Move(None, _STAFF | {R.RULE, R.CLOCK}, needs=("note",))),
    V.ATTACH: Mark(OPEN_STATES | {S.CLOSED}, Move(None, _PEOPLE, needs=("photo",))),
    V.LINK: Mark(OPEN_STATES, Move(None, _ACCEPTORS | {R.DISPATCHER, R.RULE}, needs=("note",))),
    V.JOIN: Mark(
        frozenset({S.REGISTERED, S.DISPATCHED, S.HANDLING, S.ANSWERED}), Move(None, _DISPATCHERS, needs=("org",))
    ),
}
MOVES.update({(state, verb): mark.move for verb, mark in MARKS.items() for state in State if state in mark.states})


# Deciding -----------------------------------------------------------------------------------------------------------
def check(event: Event | None, verb: Verb, actor: Actor, given: Given, facts: Facts) -> Move:
    """The move that this verb makes now, with its target state filled in. `event` is None for a report.

    Raises Refused with a Chinese sentence and a code: `no_such_move` (the state does not know the verb), `role` (not
    this role's verb), or the code of the first guard that says no.
    """
    state = event.state if event is not None else None
    move = MOVES.get((state, Verb(verb)))
    if move is None:
        raise Refused("案卷当前状态不能做这个操作", "no_such_move")
    if actor.role not in move.by:
        raise Refused("您的角色不能做这个操作", "role")
    if event is None:
        return move
    for need in move.needs:
        if refused := GUARDS[need](event, actor, given, facts):
            raise refused
    return _resolved(event, Verb(verb), actor, given, facts, move)


def _resolved(event: Event, verb: Verb, actor: Actor, given: Given, facts: Facts, move: Move) -> Move:
    """The line of the table with what depends on the case filled in."""
    if verb == V.CHECK and given.passed is False:
        return replace(move, to=move.fails_to, clock=Effect.RESUME, stage=None, counts="reworks")
    if verb == V.RETURN and event.returns + 1 > facts.practice.max_returns:
        return replace(move, stage="arbitrate")
    if verb == V.EXTEND and actor.role == R.DEPARTMENT:
        return replace(move, to=event.state, clock=Effect.NONE, counts=None)  # asked, not yet granted
    if verb == V.RESUME:
        return replace(move, to=State(event.suspended_from or State.ACCEPTED))
    return move if move.to is not None else replace(move, to=event.state)


def allowed(event: Event, actor: Actor, facts: Facts | None = None) -> list[Verb]:
    """Verbs that the actor may try on the event, in the order of the enum: what the buttons show.

    Only what stands already is asked (state, role, whose event it is, counters); what must still be handed in is
    asked by `check`. Without facts the guards that need the catalog's numbers or the time are left to `check` too.
    """
    found: list[Verb] = []
    for verb in Verb:
        move = MOVES.get((event.state, verb))
        if move is None or actor.role not in move.by:
            continue
        asked = [need for need in move.needs if need in STANDING and (facts is not None or need not in ASK_PRACTICE)]
        if all(GUARDS[need](event, actor, NOTHING, facts or _UNKNOWN) is None for need in asked):
            found.append(verb)
    return found


class _Unknown:
    """Facts nobody looked up: nothing is known to hold."""

    is_reporter = is_last_handler = sensor_firing = False


_UNKNOWN: Facts = _Unknown()  # type: ignore[assignment]


# Drawing ------------------------------------------------------------------------------------------------------------
Name = Callable[[str, object], str]


def _key(group: str, key: object) -> str:
    return str(getattr(key, "value", key))


def mermaid(name: Name = _key) -> str:
    """The table as a Mermaid state diagram, marks left out; pass `catalog.words.of` as `name` for Chinese labels."""
    lines = ["stateDiagram-v2"]
    lines += [f"    {state.value}: {name('state', state)}" for state in State]
    arrows: dict[tuple[str, str], list[str]] = {}
    for (state, verb), move in MOVES.items():
        if verb in MARKS or (move.to is None and verb != V.RESUME):
            continue
        start = state.value if state else "[*]"
        targets = [move.to.value] if move.to else [s.value for s, v in MOVES if v == V.SUSPEND and s is not None]
        targets += [move.fails_to.value] if move.fails_to else []
        for target in targets:
            word = name("verb", verb)
            arrows.setdefault((start, target), []).append(word if target != _value(move.fails_to) else f"{word}✗")
    for (start, target), words in arrows.items():
        lines.append(f"    {start} --> {target}: {' / '.join(dict.fromkeys(words))}")
    lines += [f"    {state.value} --> [*]" for state in State if state in CLOSED_STATES]
    return "\n".join(lines) + "\n"


def _value(state: State | None) -> str | None:
    return state.value if state else None


def table(name: Name = _key) -> str:
    """The table as Markdown rows: from, verb, to, by, clock, what it needs."""
    rows = ["| 从 | 动作 | 到 | 谁 | 处置时限 | 条件 |", "|---|---|---|---|---|---|"]
    for (state, verb), move in MOVES.items():
        if verb in MARKS:
            continue
        start = name("state", state) if state else "–"
        target = name("state", move.to) if move.to else ("挂账前状态" if verb == V.RESUME else start)
        if move.fails_to:
            target += f"；不通过：{name('state', move.fails_to)}"
        by = "、".join(name("role", role) for role in Role if role in move.by)
        needs = "、".join(SAYS[need] for need in move.needs) or "–"
        rows.append(
            f"| {start} | {name('verb', verb)} | {target} | {by} | {name('clock_effect', move.clock)} | {needs} |"
        )
    for verb, mark in MARKS.items():
        by = "、".join(name("role", role) for role in Role if role in mark.move.by)
        where = (
            "任一状态"
            if mark.states == frozenset(State)
            else "、".join(name("state", state) for state in State if state in mark.states)
        )
        needs = "、".join(SAYS[need] for need in mark.move.needs) or "–"
        rows.append(
            f"| {where} | {name('verb', verb)} | 不变 | {by} | {name('clock_effect', mark.move.clock)} | {needs} |"
        )
    return "\n".join(rows) + "\n"
