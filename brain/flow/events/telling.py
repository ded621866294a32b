"""Who is told what when an event moves: one table, read by every verb.

Each line names whom (a word of the catalog's group `who`, or reporter, checker, joined), the kind of the notice, and
the sentence. Whoever did it himself is not told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from brain.catalog import Catalog
from brain.flow.events import clocks, routing
from brain.model import Actor, Event, Role, State, Verb
from brain.notify import notices
from brain.store import db


@dataclass(frozen=True, slots=True)
class Line:
    """Tell `who` in these words; `{}` places: title, id, reason, note, address, due."""

    who: str
    kind: str
    words: str


TOLD: dict[tuple[Verb, State | None], tuple[Line, ...]] = {
    (Verb.REPORT, None): (Line("acceptor", "report", "新上报：{title}，请受理"),),
    (Verb.DECLINE, None): (Line("reporter", "result", "您上报的“{title}”不予受理：{reason}"),),
    (Verb.ASK_VERIFY, None): (Line("checker", "verify", "请到现场核实：{title}，{address}"),),
    (Verb.VERIFIED, None): (Line("acceptor", "verified", "已核实：{title}，请立案或作废"),),
    (Verb.REGISTER, None): (Line("dispatcher", "register", "已立案：{title}，请派遣"),),
    (Verb.DISPATCH, None): (Line("handler", "dispatch", "请处置：{title}，{address}，{due}前反馈"),),
    (Verb.ARBITRATE, None): (Line("handler", "dispatch", "已裁定由贵单位处置：{title}，{address}，{due}前反馈"),),
    (Verb.RETURN, None): (
        Line("dispatcher", "return", "被退回：{title}，原因：{reason}"),
        Line("duty_chief", "return", "被退回：{title}，原因：{reason}"),
    ),
    (Verb.ANSWER, None): (Line("checker", "check", "请到现场核查：{title}，{address}"),),
    (Verb.REWORK, None): (Line("handler", "rework", "需要返工：{title}，原因：{reason}"),),
    (Verb.CHECK, State.HANDLING): (Line("handler", "rework", "核查不通过，请返工：{title}，{note}"),),
    (Verb.CHECK, State.CHECKING): (Line("acceptor", "close", "核查通过：{title}，请结案"),),
    (Verb.CLOSE, None): (Line("reporter", "result", "您上报的“{title}”已结案，请评价"),),
    (Verb.REOPEN, None): (Line("dispatcher", "register", "已重开：{title}，原因：{reason}，请派遣"),),
    (Verb.SUSPEND, None): (Line("handler", "suspend", "已挂账，时限暂停：{title}"),),
    (Verb.RESUME, None): (Line("handler", "resume", "挂账结束，恢复办理：{title}"),),
    (Verb.VOID, None): (
        Line("reporter", "result", "您上报的“{title}”已作废：{reason}"),
        Line("handler", "void", "已作废：{title}"),
    ),
    (Verb.URGE, None): (Line("handler", "urge", "催办：{title}，{note}"),),
    (Verb.SUPERVISE, None): (
        Line("handler", "supervise", "领导督办：{title}，{note}"),
        Line("unit_chief", "supervise", "领导督办：{title}，{note}"),
    ),
    (Verb.EXTEND, None): (Line("handler", "extend", "延期：{title}，{due}前反馈"),),
    (Verb.JOIN, None): (Line("joined", "dispatch", "请联动处置：{title}，{address}，{note}"),),
}
ASKED = Line("dispatcher", "extend", "申请延期：{title}，原因：{reason}，请审批")


def inform_concerned(
    conn: psycopg.Connection,
    catalog: Catalog,
    event: Event,
    verb: Verb,
    actor: Actor,
    now: datetime,
    *,
    reason: str | None = None,
    note: str | None = None,
    joined: str | None = None,
) -> None:
    """Write the notices of a verb; `event` is the row after it. Inside the verb's transaction."""
    lines = TOLD.get((verb, event.state)) or TOLD.get((verb, None)) or ()
    if verb == Verb.EXTEND and actor.role is Role.DEPARTMENT:
        lines = (ASKED,)
    if verb == Verb.RETURN:
        arbiter = event.returns > catalog.practice.max_returns
        lines = tuple(line for line in lines if (line.who == "duty_chief") is arbiter)
    if not lines:
        return
    people = whom(conn, event, [line.who for line in lines], now, joined=joined)
    due = f"{event.due_at.astimezone(clocks.zone(catalog)):%m月%d日 %H:%M}" if event.due_at else "尽快"
    for line, group in zip(lines, people, strict=True):
        words = line.words.format(
            title=event.title,
            id=event.id,
            reason=reason or "",
            note=note or reason or "",
            address="" if event.address and event.address in event.title else event.address or "位置见地图",
            due=due,
        )
        notices.write(
            conn, [p for p in group if p != actor.id], now=now, kind=line.kind, words=words.replace("，，", "，").rstrip("，"),
            event_id=event.id, once=f"{event.id}:{event.version}:{verb}",
        )  # fmt: skip


def whom(
    conn: psycopg.Connection, event: Event, words: Sequence[str], now: datetime, *, joined: str | None = None
) -> list[list[int]]:
    """People behind words such as handler, unit_chief, reporter for one event; one list a word."""
    out: list[list[int]] = []
    asked: list[dict[str, Any]] = []
    for word in words:
        match word:
            case "reporter":
                found = [event.reporter_id] + [r["reporter_id"] for r in db.many(conn, "event_duplicates", id=event.id)]
                out.append([p for p in found if p is not None])
            case "checker":
                out.append([event.checker_id] if event.checker_id else [])
            case "joined":
                part = db.one(conn, "part_of", event_id=event.id, org=joined)
                asked.append({"who": "handler", "org": joined, "handler": part and part["handler_id"]})
                out.append([])
            case _:
                asked.append(asking(event, word))
                out.append([])
    found_by_ask = iter(routing.meant(conn, asked, now))
    return [out[k] if w in ("reporter", "checker") else next(found_by_ask) for k, w in enumerate(words)]


def asking(event: Event, who: str) -> dict[str, Any]:
    """One asking of `routing.meant` for an event: the town is the event's, every other organisation is the
    handler's."""
    return {"who": who, "org": event.town if who == "town" else event.org, "handler": event.handler_id}
