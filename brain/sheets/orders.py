"""A row into an order of the 12345 hotline, with what its platform's words mean here. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime

from brain.catalog.sheet_records import OrderState, Sheets
from brain.model import WorkOrder
from brain.sheets import cells, places
from brain.sheets.cells import BLANK, Unreadable, half, short
from brain.sheets.columns import Columns
from brain.sheets.fields import blank, by_field, forms, moment, read, whole, whole_row
from brain.sheets.heads import plain
from brain.sheets.masking import masked
from brain.sheets.shape import Cell, Row

SYSTEMS = (("高德", "GCJ-02"), ("腾讯", "GCJ-02"), ("gcj", "GCJ-02"), ("火星", "GCJ-02"), ("百度", "BD-09"), ("bd09", "BD-09"))
"""Words in the name of a coordinate column that say its system; without one it is CGCS2000."""


def order_of(
    row: Row, columns: Columns, about: datetime | None = None, spared: list[Unreadable] | None = None
) -> WorkOrder:
    """The 12345 order of a row. Phones and numbers of papers in its text are masked. `about`: when the sheet came in. `spared` takes
    what is unreadable in it without making it less of a complaint (its due date); without it that is raised, too. Raises
    Unreadable."""
    by, forms_of = by_field(row, columns), forms(columns)
    whole_row(row, columns)

    def bare(field: str, most: int) -> str:
        given = by.get(field, ("", None))[1]
        if isinstance(given, float) and given.is_integer():
            given = int(given)
        return "" if given is None else " ".join(str(given).split())[:most]

    def said(field: str, most: int) -> str:
        return masked(bare(field, most))

    number = bare("number", 64)  # never masked: it may look like a phone number, and is the order's identity
    if not number:
        column = by.get("number", ("工单编号", None))[0]
        raise Unreadable("number", f"第 {row.line} 行没有工单编号；请填上“{column}”")
    content, title = said("content", 5000), said("title", 200)
    if not content and not title:
        raise Unreadable("content", f"第 {row.line} 行工单 {short(number)} 没有诉求内容；请填上诉求内容或标题")

    def at(field: str) -> datetime | None:
        return None if blank(by.get(field, ("", None))[1]) else moment(row, by[field], forms_of.get(field, ""), about)

    due = None
    try:
        due = at("due_at")
    except Unreadable as err:
        if spared is None:
            raise
        spared.append(Unreadable(err.rule, f"{err}（工单已收下，没有记办理时限）"))
    return WorkOrder(
        number=number, state=bare("state", 40), title=title or content[:40], content=content or title, sort=said("sort", 40),
        topic=said("topic", 80), urgency=said("urgency", 40), address=said("address", 200), town=said("town", 60),
        point=_point(row, by, forms_of), asked_at=at("asked_at"), due_at=due, reply=said("reply", 2000),
    )  # fmt: skip


SAME = ("title", "content", "address")


def apart(rows: Iterable[Row], columns: Columns) -> list[Row]:
    """The rows, with a word in those whose number an earlier one has for another complaint: taken for a repeat, it would be lost.
    A row that only says another state or reply is the next one of its order."""
    first: dict[str, tuple[int, dict[str, str]]] = {}
    made = []
    for row in rows:
        by = by_field(row, columns)
        number = plain(whole(by.get("number", ("", None))[1]))
        said = {f: "".join(whole(by[f][1]).split()) for f in SAME if f in by and not blank(by[f][1])}
        try:
            whole_row(row, columns)
        except Unreadable:  # told there; its number may be none
            made.append(row)
            continue
        line, before = first.setdefault(number, (row.line, said))
        if number and any(before.get(f, text) != text for f, text in said.items()):
            says = f"第 {row.line} 行的工单编号与第 {line} 行相同，内容却不同，不能当作重复；请核对编号后重新导出"
            row = Row(row.line, row.cells, (*row.wrong, ("", says)))
        made.append(row)
    return made


def _point(row: Row, by: Mapping[str, tuple[str, Cell]], said: Mapping[str, str]) -> tuple[float, float] | None:
    """(lng, lat) of an order, from one column or two; None where the sheet gives none."""
    turn = False
    if not blank(by.get("point", ("", None))[1]):
        column, given = by["point"]
        pair = [float(part) for part in re.findall(r"-?\d+(?:\.\d+)?", half(str(given)))]
        turn = len(pair) == 2 and abs(pair[0]) < abs(pair[1])  # 纬度在前: in one cell both orders are usual
    else:
        found = [by.get(key, ("", None)) for key in ("lng", "lat")]
        broken = next((says for place, says in row.wrong if place == "lng"), "")
        if all(blank(given) for _, given in found) and broken and not broken.partition("没有位置")[1]:
            raise Unreadable("place", broken)
        if any(blank(given) for _, given in found):
            return None
        column = found[0][0]
        given = f"{found[0][1]},{found[1][1]}"
        pair = [number for cell in found if (number := read(row, cells.number, cell)) is not None]
    if len(pair) != 2:
        raise Unreadable("place", f"第 {row.line} 行“{column}”不是国内的经纬度“{short(given)}”；请用“116.12,24.30”，没有就留空")
    lng, lat = reversed(pair) if turn else pair
    named = said.get("point", said.get("lng", ""))
    if not blank(by.get("crs", ("", None))[1]):
        named = places.system(by["crs"][1])
    elif not named:
        named = next((system for word, system in SYSTEMS if word in plain(column)), "")
    spot = places.located(lng, lat, f"第 {row.line} 行“{column}”", named)
    if not places.at_home(*spot):
        raise Unreadable("place", f"第 {row.line} 行“{column}”不是国内的经纬度“{short(given)}”；请用“116.12,24.30”，没有就留空")
    return spot


def category_of(order: WorkOrder, told: Sheets) -> str:
    """The category proposed for an order: of the first words that occur in its text; the acceptor may judge otherwise."""
    text = f"{order.title} {order.topic} {order.content}"
    return next((key for key, words in told.categories if any(word in text for word in words)), told.category)


def state_of(order: WorkOrder, told: Sheets) -> OrderState:
    """The state that the platform's word means; an order without one waits. Raises Unreadable."""
    wanted = plain(order.state)
    if wanted in BLANK:
        return next(iter(told.states.values()))
    for state in told.states.values():
        if wanted in map(plain, state.names):
            return state
    known = "、".join(s.label for s in told.states.values())
    reason = f"工单 {short(order.number)} 有不认识的状态“{short(order.state)}”；可用 {known}，或在 sheets.toml 补上这个叫法"
    raise Unreadable("state", reason)
