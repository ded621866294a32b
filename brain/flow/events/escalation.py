"""What time does to events: ladders are climbed, limits pass, suspensions end. Rows and sweeps, no timers.

Each duty claims its due rows with SKIP LOCKED, moves and logs them in one transaction, tells the people, and leaves; two
engines side by side never do the same row twice, and a restart loses nothing, because what is due stands in the rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from brain.catalog import Catalog
from brain.flow.alerts import paging
from brain.flow.events import acting, clocks, lines, routing, telling
from brain.flow.events.history import event_of
from brain.flow.events.lines import Line, as_json
from brain.identity import audit
from brain.model import CLOCKWORK, Event, Refused, State, Verb
from brain.notify import notices
from brain.rules.given import Given
from brain.store import db

LIMIT = 500  # rows a duty claims at once: a pass stays short, the next one goes on

STAGE_TOLD = {  # whose post it is, told when the post's limit has passed
    State.REPORTED: ("acceptor",),
    State.ACCEPTED: ("acceptor", "checker"),
    State.REGISTERED: ("dispatcher",),
    State.DISPATCHED: ("handler", "unit_chief"),
    State.ANSWERED: ("checker",),
    State.CHECKING: ("acceptor",),
}


@dataclass(frozen=True, slots=True)
class Word:
    """Something to tell about one event."""

    event: Event
    who: str
    kind: str
    words: str
    once: str


def sweep(conn: psycopg.Connection, catalog: Catalog, now: datetime) -> int:
    """Do everything that is due at `now`; returns how many rows moved (0: nothing was due). At most LIMIT rows a duty:
    call again while it returns so many."""
    return (
        _climb(conn, catalog, now)
        + _stages(conn, now)
        + _overdue(conn, now)
        + _parts(conn, now)
        + _resume(conn, catalog, now)
        + paging.sweep(conn, catalog, now, LIMIT)
    )


def _climb(conn: psycopg.Connection, catalog: Catalog, now: datetime) -> int:
    """Every rung that is due, in order: after a long standstill of the engine nobody is passed over."""
    with conn.transaction():
        due = [event_of(r) for r in db.many(conn, "rungs_due", now=now, limit=LIMIT)]
        if not due:
            return 0
        steps, words, said = [], [], list[tuple[Event, list[dict[str, Any]]]]()
        for event in due:
            rungs, notes, climbed = [], list[dict[str, Any]](), event.rung
            for rung in sorted(event.ladder or [], key=lambda r: r["at"] or "~"):
                at = rung["at"] and datetime.fromisoformat(rung["at"])
                if at and not rung["done"] and at <= now and _drives(rung, event.state):
                    climbed += 1
                    who = catalog.words.of("who", rung["who"])
                    detail = {"rung": climbed, "who": rung["who"], "due": rung["at"]}
                    notes.append({"note": f"提醒{who}", "detail": detail})
                    kind = "remind" if rung["who"] == "handler" else "escalate"
                    words.append(Word(event, rung["who"], kind, _reminder(event, now), f"{event.id}:rung:{climbed}"))
                    rung = rung | {"done": now.isoformat()}
                rungs.append(rung)
            then = clocks.next_rung(rungs, event.state)
            steps.append({"id": event.id, "ladder": rungs, "rung": climbed, "next_rung_at": then, "lines": len(notes)})
            said.append((event, notes))
        versions = {row["id"]: row["version"] for row in db.many(conn, "rungs_climbed", steps=as_json(steps))}
        lines.add_timed(conn, [
            _clockwork(event, versions[event.id] - len(notes) + k, now, **one)
            for event, notes in said for k, one in enumerate(notes, 1)
        ])  # fmt: skip
        _write_notices(conn, words, now)
        _notify(conn, due)
    return len(due)


def _clockwork(event: Event, seq: int, now: datetime, note: str, detail: dict[str, Any]) -> Line:
    """A line of the clock's, which moves no state."""
    return Line(event.id, seq, now, Verb.ESCALATE, event.state, event.state, CLOCKWORK, note=note, detail=detail)


def _drives(rung: dict[str, Any], state: State) -> bool:
    return state in (clocks.RUNS_IN if "after_fraction" in rung else clocks.BEFORE_HANDLING)


def _reminder(event: Event, now: datetime) -> str:
    if event.due_at is None:
        return f"请尽快办理：{event.title}"
    left = (event.due_at - now).total_seconds() / 60
    size = f"{abs(left):.0f} 分钟" if abs(left) < 120 else f"{abs(left) / 60:.0f} 小时"
    return f"{'离处置时限还有' if left > 0 else '处置已超期'} {size}：{event.title}"


def _second(due: datetime | None) -> str:
    assert due is not None, "the statement asks for events whose time is over"
    return f"{due.timestamp():.0f}"


def _stages(conn: psycopg.Connection, now: datetime) -> int:
    with conn.transaction():
        late = [event_of(r) for r in db.many(conn, "stages_overdue", now=now, limit=LIMIT)]
        lines.add_timed(conn, [
            _clockwork(e, e.version, now, "本环节已超时", {"overdue": "stage", "due_at": e.stage_due_at}) for e in late
        ])  # fmt: skip
        words = []
        for event in late:
            once = f"{event.id}:stage:{_second(event.stage_due_at)}"
            told = STAGE_TOLD.get(event.state, ())
            words += [Word(event, who, "overdue", f"本环节已超时：{event.title}", once) for who in told]
        _write_notices(conn, words, now)
        _notify(conn, late)
    return len(late)


def _overdue(conn: psycopg.Connection, now: datetime) -> int:
    with conn.transaction():
        late = [event_of(r) for r in db.many(conn, "handling_overdue", now=now, limit=LIMIT)]
        lines.add_timed(conn, [
            _clockwork(e, e.version, now, "处置时限已到，尚未反馈", {"overdue": "handle", "due_at": e.due_at}) for e in late
        ])  # fmt: skip
        words = []
        for event in late:
            once = f"{event.id}:due:{_second(event.due_at)}"
            words.append(Word(event, "handler", "overdue", f"处置已超期：{event.title}", once))
        _write_notices(conn, words, now)
        _notify(conn, late)
    return len(late)


def _parts(conn: psycopg.Connection, now: datetime) -> int:
    with conn.transaction():
        late = db.many(conn, "parts_overdue", now=now, limit=LIMIT)
        asked = [{"who": "handler", "org": p["org"], "handler": p["handler_id"]} for p in late]
        for part, group in zip(late, routing.meant(conn, asked, now), strict=True):
            once = f"{part['event_id']}:part:{part['org']}:{part['due_at'].timestamp():.0f}"
            words = f"联动处置已超期：{part['title']}"
            notices.write(conn, group, now=now, kind="overdue", words=words, event_id=part["event_id"], once=once)
    return len(late)


def _resume(conn: psycopg.Connection, catalog: Catalog, now: datetime) -> int:
    with conn.transaction():
        over = db.many(conn, "suspensions_over", now=now, limit=LIMIT)
        for row in over:
            try:
                with conn.transaction():
                    acting.act(conn, catalog, row["id"], Verb.RESUME, CLOCKWORK, now, Given(note="挂账到期，自动恢复办理"))
            except Refused as err:  # one odd case must not keep the others waiting
                db.run(conn, "suspension_stuck", id=row["id"])
                audit.audit(conn, CLOCKWORK, "resume", now, object=row["id"], ok=False, error=str(err))
    return len(over)


def _write_notices(conn: psycopg.Connection, words: list[Word], now: datetime) -> None:
    if not words:
        return
    groups = routing.meant(conn, [telling.asking(w.event, w.who) for w in words], now)
    rows = []
    for word, group in zip(words, groups, strict=True):
        event = word.event
        if word.who == "checker":
            group = [event.checker_id] if event.checker_id else []
        rows += [notices.Notice(p, word.kind, word.words, f"{word.once}:{p}", event.id) for p in group]
    notices.write_many(conn, rows, now)


def _notify(conn: psycopg.Connection, moved: Iterable[Event]) -> None:
    rows = [(e.id, str(e.state)) for e in moved]
    if rows:
        db.run(conn, "events_notify", verb=str(Verb.ESCALATE), ids=[i for i, _ in rows], states=[s for _, s in rows])
