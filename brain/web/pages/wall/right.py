"""Right side of the wall: the event loop in figures, the newest and worst alerts, what is due or late."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from dash import html

from brain import rowwise
from brain.catalog import Catalog
from brain.model import State
from brain.web import readouts
from brain.web.parts import bits
from brain.web.parts.bits import attrs

ALERT_ROWS, DUE_ROWS = 14, 12


def loop(events: list[dict[str, Any]], reported_closed: tuple[int, int], now: datetime) -> list:
    """待受理 待立案 在办 超期 今日结案."""
    count = {s: 0 for s in State}
    for state in rowwise.each(events, lambda e: State(e["state"]), "案卷", _none):
        count[state] += 1
    late = sum(rowwise.each(events, lambda e: readouts.is_late(e, now), "案卷", _none))
    waiting = count[State.REPORTED], count[State.ACCEPTED]
    busy = sum(count[s] for s in (State.REGISTERED, State.DISPATCHED, State.HANDLING, State.ANSWERED, State.CHECKING))
    figures = [
        (waiting[0], "待受理", ""),
        (waiting[1], "待立案", ""),
        (busy, "在办", ""),
        (late, "超期", "late" if late else ""),
        (reported_closed[1], "今日结案", ""),
    ]
    shelved = f" · 挂账 {count[State.SUSPENDED]}" if count[State.SUSPENDED] else ""
    return [
        html.H2(["事件闭环", html.Small(f"今日上报 {reported_closed[0]}{shelved}")]),
        html.Div(
            [html.Div([html.B(str(n)), html.Span(w)], className=c or None) for n, w, c in figures], className="loop"
        ),
    ]


def by_place(alerts: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Alerts of one station together, the worst in front; places by worst level, unacknowledged first, newest first."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for a in alerts:
        groups.setdefault(str(a["station"]), []).append(a)
    for group in groups.values():
        group.sort(key=lambda a: (a["level"], a["acked_at"] is not None, -a["opened_at"].timestamp()))
    return sorted(
        groups.values(),
        key=lambda g: (g[0]["level"], g[0]["acked_at"] is not None, -max(a["opened_at"] for a in g).timestamp()),
    )


def alerts(rows: list[dict[str, Any]], catalog: Catalog, now: datetime, whole: bool = True, more: bool = False) -> list:
    """The list of alerts, one row a place."""
    groups = by_place(rows)
    hidden = len(groups) - ALERT_ROWS
    waiting = sum(1 for a in rows if a["acked_at"] is None)
    said = f"{len(groups)} 处 {len(rows)} 条 · 未确认 {waiting}" if rows else "无告警"
    if more:
        said += "；告警过多，只读入最重的部分"
    body: list = rowwise.each(groups[:ALERT_ROWS], lambda g: _alert(g, catalog, now), "告警", _lost_alert, 0)
    if hidden > 0:
        body.append(html.Div(f"另有 {hidden} 处级别较低，见地图", className="more"))
    return [
        html.H2(["告警", html.Small(said)]),
        html.Div(body or bits.empty("目前没有告警" if whole else "您的管辖范围内目前没有告警"), className="rows", id="wall-alert-rows"),
    ]


def _alert(group: list[dict[str, Any]], catalog: Catalog, now: datetime) -> html.Button:
    a = group[0]
    if a["event_id"]:
        state = f"案卷 {readouts.number(a['event_id'])}"
    elif a.get("worked"):
        state = "已有人在办"
    elif a["acked_at"]:
        state = f"{a['acked_by']}已确认"
    else:
        state = "未确认"
    more = f" · 另 {len(group) - 1} 条" if len(group) > 1 else ""
    return html.Button(
        [
            bits.mark(a["level_key"]),
            html.B(readouts.short(a["name"])),
            html.Em(state),
            html.Time(bits.clock(a["opened_at"], now)),
            html.Span(a["message"] + more),
        ],
        className="row alert" + (" acked" if a["acked_at"] else "") + (" late" if a["late"] else ""),
        **attrs({"data-pick": f"alert:{a['id']}", "data-lnglat": _spot(a)}),
    )


def due(events: list[dict[str, Any]], catalog: Catalog, now: datetime) -> list:
    """Events whose limit is nearest or past, with what is left of it."""
    judged = rowwise.each(events, lambda e: (readouts.due_of(e), e), "案卷", _none)
    timed = sorted(((found, e) for found, e in judged if found), key=lambda pair: pair[0][0])
    late = sum(1 for found, _ in timed if found[0] < now)
    said = f"超期 {late} · 有时限 {len(timed)}" if timed else ""

    def row(e: dict[str, Any]) -> html.Button | None:
        found = readouts.left(e, now, catalog)
        return found and _due(found, e, catalog)

    body = rowwise.each([e for _, e in timed[:DUE_ROWS]], row, "案卷", lambda ident: bits.lost(ident, "event"))
    return [
        html.H2(["临期与超期", html.Small(said)]),
        html.Div(body or bits.empty("没有在计时的案卷"), className="rows"),
    ]


def _due(found: readouts.Left, e: dict[str, Any], catalog: Catalog) -> html.Button:
    who = " · ".join(dict.fromkeys(filter(None, [e["town_name"], e["org_short"], e["handler_name"]]))) or "未派单位"
    stage = catalog.words.of("stage", found.stage)
    return html.Button(
        [
            html.B(e["title"]),
            html.Em(f"{stage}{readouts.left_words(found)}"),
            html.Span(f"{catalog.words.of('state', e['state'])} · {who}"),
            html.Small(readouts.number(e["id"])),
            html.I(style={"--used": f"{min(found.share, 1) * 100:.0f}%"}),
        ],
        className=f"row due {found.colour}",
        **attrs({"data-pick": f"event:{e['id']}", "data-lnglat": _spot(e)}),
    )  # fmt: skip


def _none(_: str) -> None:
    """What cannot be reckoned with is left out of a sum."""


def _lost_alert(first: str) -> html.Div:
    return bits.lost(first)


def _spot(row: dict[str, Any]) -> str:
    return "" if row["lng"] is None else f"{row['lng']:.5f},{row['lat']:.5f}"
