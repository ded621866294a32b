"""Orders of the 12345 hotline become events: one an order, whatever number of sheets it stands in.

An order is known by its number. A later row of it that says another state or another reply leaves a note on the event; the
same row again changes nothing. What is finished on the hotline's own platform when it is first seen opens nothing: nobody
here owes work for it.

Why a state of the platform moves no event of ours any further than 受理: registering, dispatching and closing are
decisions of people, with photos and conditions, and a cell of a sheet is no decision.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid5

import psycopg

from brain.catalog import Catalog
from brain.catalog.sheet_records import OrderState
from brain.city import BEIJING
from brain.flow.city import locating
from brain.flow.events import acting
from brain.model import Actor, Refused, Role, Source, State, Verb, WorkOrder
from brain.rules.given import Given
from brain.rules.strangers import OutOfBounds, bounded_time, plain_text
from brain.sheets import orders
from brain.sheets.cells import Unreadable
from brain.store import db

IMPORTER = Actor(None, "12345 工单导入", Role.RULE)
NUMBERS = UUID("6f1c3c1e-6d0e-5a43-9d0b-123450000000")
"""Name space of the events' keys: the same order can never open a second event."""

PLACED = {
    "village": "工单没有坐标，按地址里的“{name}”落点，请受理时核对位置",
    "town": "工单没有坐标，按“{name}”落点，请受理时核对位置",
    "district": "工单没有可用的坐标和地名，暂落在区中心，请受理时改点",
}


def take(conn: psycopg.Connection, catalog: Catalog, order: WorkOrder, now: datetime) -> bool:
    """Take one row of a sheet in; False when nothing in it is new. Raises Refused like `events.report`."""
    order = _bounded(catalog, order, now)
    try:
        state = orders.state_of(order, catalog.sheets)
    except Unreadable as err:
        raise Refused(str(err), err.rule) from None
    with conn.transaction():
        db.run(conn, "order_lock", number=order.number)
        known = db.one(conn, "order_of", number=order.number)
        if known and known["state"] == state.key and (not order.reply or known["reply"] == order.reply):
            return False
        event_id: str | None = known["event_id"] if known else None
        placed = ""
        if event_id is None and state.open:
            event_id, placed = _open(conn, catalog, order, now)
        elif event_id is not None and known is not None:
            before = catalog.sheets.states.get(known["state"])
            acting.act(conn, catalog, event_id, Verb.NOTE, IMPORTER, now, Given(note=_note(catalog, order, state, before)))
        if event_id is not None and state.accept:
            event = acting.get(conn, event_id)
            if event is not None and event.state is State.REPORTED:
                acting.act(conn, catalog, event_id, Verb.ACCEPT, IMPORTER, now)
        db.run(
            conn, "order_put", number=order.number, state=state.key, event_id=event_id, title=order.title,
            sort=order.sort, topic=order.topic, urgency=order.urgency, asked_at=order.asked_at, due_at=order.due_at,
            reply=order.reply or (known["reply"] if known else ""), placed=placed, now=now,
        )  # fmt: skip
    return True


def _bounded(catalog: Catalog, order: WorkOrder, now: datetime) -> WorkOrder:
    """The order with its texts plain. Raises Refused('time') for a time that cannot be."""
    b = catalog.bounds
    for word, said in (("来电时间", order.asked_at), ("办理期限", order.due_at)):
        try:
            if said is not None:
                bounded_time(said, now, b.form_past, b.form_ahead)
        except OutOfBounds:
            raise Refused(f"工单 {plain_text(order.number, 40)} 的{word}是 {said:%Y-%m-%d}，不可信；请核对年份后重新导入", "time") from None
    lines = {
        name: plain_text(getattr(order, name), b.line, lines=False)
        for name in ("state", "title", "sort", "topic", "urgency", "address", "town")
    }
    return replace(order, content=plain_text(order.content, b.body), reply=plain_text(order.reply, b.body), **lines)


def _open(conn: psycopg.Connection, catalog: Catalog, order: WorkOrder, now: datetime) -> tuple[str, str]:
    """Open the event of an order: its number, and how its place was found."""
    lng, lat, placed, name = _place(conn, order)
    lines = [order.content, _facts(order), PLACED[placed].format(name=name) if placed in PLACED else ""]
    event = acting.report(
        conn, catalog, category=orders.category_of(order, catalog.sheets), title=order.title, lng=lng, lat=lat,
        source=Source.HOTLINE, actor=IMPORTER, now=now, description="\n".join(line for line in lines if line),
        address=order.address or order.town, client_key=uuid5(NUMBERS, order.number),
    )  # fmt: skip
    return event.id, placed


def _facts(order: WorkOrder) -> str:
    said = [f"12345 工单 {order.number}", order.sort, order.topic, order.urgency]
    if order.asked_at:
        said.append(f"来电 {order.asked_at.astimezone(BEIJING):%Y-%m-%d %H:%M}")
    if order.due_at:
        said.append(f"12345 要求 {order.due_at.astimezone(BEIJING):%Y-%m-%d %H:%M} 前办结")
    return " · ".join(word for word in said if word)


def _note(catalog: Catalog, order: WorkOrder, state: OrderState, before: OrderState | None) -> str:
    """`before` is None when the city has taken that state out of its catalog since."""
    said = f"12345 工单 {order.number}：{before.label if before else state.label}"
    if before and before.key != state.key:
        said += f" → {state.label}（相当于{catalog.words.of('state', state.meant)}）"
    return f"{said}；答复或回访：{order.reply}" if order.reply else said


def _place(conn: psycopg.Connection, order: WorkOrder) -> tuple[float, float, str, str]:
    """(lng, lat, how, name): the order's own point where it lies in the district, else the village or town that its
    address names, else the middle of the district. Raises Refused('place') where not even that is known."""
    if order.point and locating.spot(conn, *order.point).cell:
        return *order.point, "point", ""
    said = f"{order.address} {order.town}"
    for row in db.many(conn, "order_places"):
        if row["name"] in said or _short(row["name"]) in said:
            return row["lng"], row["lat"], row["kind"], row["name"]
    if middle := db.one(conn, "order_district"):
        return middle["lng"], middle["lat"], "district", ""
    raise Refused("还没有导入本区的行政区划，工单无处落点；请先导入区划（brain migrate 之后装入城市数据）", "place")


def _short(name: str) -> str:
    """A place's name without 村, 社区 or 镇, where three signs or more are left: 金利来 of 金利来街道."""
    for ending in ("街道办事处", "村民委员会", "居民委员会", "社区居委会", "村委会", "街道", "社区", "镇", "村"):
        if name.endswith(ending) and len(name) - len(ending) >= 3:
            return name.removesuffix(ending)
    return name
