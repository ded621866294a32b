"""The card of what is selected: readings against their limits, why the rule fired, who looks after the place, what to do.

Three pieces, because they change at different paces: the head, the live part (every reading), and the actions (only when
the event moves; a form that somebody is filling in is never taken away).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from dash import html

from brain import rowwise
from brain.catalog import Catalog
from brain.flow.city import public_warnings
from brain.model import Level, Quality, Verb
from brain.rules.forms import form_of
from brain.web import readouts
from brain.web.pages.wall import forms, warnings
from brain.web.pages.wall.desk import Case
from brain.web.parts import bits
from brain.web.parts.bits import attrs

DIRECT = 4


def frame() -> html.Section:
    """The card before anything is selected. Its pieces are always there, so that a push finds them."""
    return html.Section(
        [
            html.Header(id="wall-card-head"),
            html.Div([html.Div(id="wall-card-live"), html.Div(id="wall-card-around")], className="body"),
            html.Footer([html.Div(id="wall-card-acts"), html.P(id="wall-said", role="status")]),
        ],
        id="wall-card",
        className="card",
        hidden=True,
    )


def card(case: Case | None, catalog: Catalog, now: datetime) -> tuple[list, list, list, list]:
    """(head, live part, what is around, actions) of a case; of None: that it is gone."""
    what = f"{case.kind} {case.id}" if case else ""
    return rowwise.whole(lambda: _card(case, catalog, now), what, (head("", rowwise.LOST), [bits.empty(what)], [], []))


def _card(case: Case | None, catalog: Catalog, now: datetime) -> tuple[list, list, list, list]:
    if case is None:
        gone = bits.empty("告警已删除、案卷不在您的管辖范围，或站点已停用")
        return head("", "已不在列表中"), [gone], [], []
    if case.warning:
        said = warnings.live(case, public_warnings.standing(case.warning, now), catalog, now)
        return head(case.level, case.title), said, warnings.around(case, catalog), []
    return head(case.level, case.title), live(case, catalog, now), around(case, catalog, now), actions(case, catalog)


def head(level: str, title: str) -> list:
    return [
        bits.mark(level) if level else html.I(className="dot"),
        html.H2(title),
        html.Button("×", className="close", title="关闭 Esc", **attrs({"data-do": "close", "aria-label": "关闭"})),
    ]


# Readings -------------------------------------------------------------------------------------------------------------
def live(case: Case, catalog: Catalog, now: datetime) -> list:
    """What is wrong and why, what it measures now, and where the event stands; an event's own card begins with the event."""
    pieces = [_why(case, catalog, now), _readings(case, catalog), _event_head(case, catalog, now)]
    if case.kind == "event":
        pieces.reverse()
    return [html.Div(piece, className="piece") for piece in pieces if piece]


def _event_head(case: Case, catalog: Catalog, now: datetime) -> list:
    e = case.event
    if e is None:
        return []
    found = readouts.left(e, now, catalog)
    who = " · ".join(filter(None, [e["org_name"], e["handler_name"], e["handler_phone"]])) or "还没有承办单位"
    facts = [
        html.Span([html.Small("状态"), html.B(catalog.words.of("state", e["state"]))]),
        html.Span(
            [
                html.Small(catalog.words.of("stage", found.stage) + "时限"),
                html.B(readouts.left_words(found), className=found.colour),
            ]
        )
        if found
        else None,
        html.Span([html.Small("上报"), html.B(bits.clock(e["reported_at"], now))]),
    ]
    said = (
        (e["supervised"], "督办"),
        (e["returns"], f"退回 {e['returns']} 次"),
        (e["reworks"], f"返工 {e['reworks']} 次"),
        (e["simulated"], "模拟案卷"),
    )
    marks = [words for holds, words in said if holds]
    category = catalog.categories.get(e["category"])
    return [
        html.Div(facts, className="facts"),
        html.P([html.Span(who), *(html.Em(m) for m in marks)], className="who"),
        html.P(
            f"{e['id']} · {category.name if category else e['category']} · {e['address'] or _place(e)}",
            className="quiet",
        ),
        html.P(e["description"], className="says")
        if e["description"] and case.kind == "event" and not case.alert
        else None,
    ]


def _place(row: dict[str, Any]) -> str:
    return " ".join(filter(None, [row.get("town_name"), row.get("grid_name")])) or "位置见地图"


def _readings(case: Case, catalog: Catalog) -> list:
    s = case.station
    if s is None:
        return []
    shown = []
    order = [case.main, *(k for k in case.trails if k != case.main)] if case.main else []
    for kind in [k for k in order if k in (s["readings"] or {})][:3]:
        value, at, quality = s["readings"][kind]
        entry = catalog.kinds.get(kind)
        if entry is None:
            continue
        said = catalog.words.of("quality", quality) if quality != "ok" else ""
        shown.append(
            html.Span([html.Small([entry.label, html.Em(said) if said else None]), html.B(entry.text(value)), _turn(case, kind)],
                      className="main" if kind == case.main else None)
        )  # fmt: skip
    out: list = [html.Div(shown or [html.Span(html.B("还没有数据"))], className="facts")]
    trail = [(at, value) for at, value, _ in _measured(case, case.main or "")]
    if len(trail) > 1 and case.main in catalog.kinds and not catalog.kinds[case.main].words:
        kind = catalog.kinds[case.main]
        src = bits.chart(trail, case.limits, unit=kind.unit, level=case.level)
        out.append(html.Img(src=src, className="chart", alt=f"{kind.label}最近 {len(trail)} 条"))
    tests = [at for trail in case.trails.values() for at, _, quality in trail if quality == Quality.TEST]
    if tests:
        word = catalog.words.of("quality", Quality.TEST)
        out.append(html.P([html.Em(word), f"数据 {len(tests)} 个，最近 ", bits.age(max(tests)), "；不参与判断和统计"], className="quiet"))
    at = max((datetime.fromisoformat(v[1]) for v in (s["readings"] or {}).values()), default=None)
    name = [html.Span(s["name"])] if case.kind == "event" else []
    return [*out, html.P([*name, html.Span(s["id"]), html.Span(["数据 ", bits.age(at)])], className="quiet")]


def _measured(case: Case, kind: str) -> list[tuple[datetime, float, str]]:
    """The trail of a kind without what its sender calls a test."""
    return [one for one in case.trails.get(kind, ()) if one[2] != Quality.TEST]


def _turn(case: Case, kind: str) -> html.Small | None:
    """How far the value moved since the reading before."""
    trail = _measured(case, kind)
    if len(trail) < 2:
        return None
    change = trail[-1][1] - trail[-2][1]
    sign = "→" if abs(change) < 1e-9 else "↗" if change > 0 else "↘"
    return html.Small(f"{sign} {abs(change):.3g}" if sign != "→" else sign, className="turn")


def _why(case: Case, catalog: Catalog, now: datetime) -> list:
    """The rule and what it saw: the answer to "why did this fire"."""
    a = case.alert
    if a is None:
        return []
    rule = catalog.rules.get((a["kind"], a["rule"]))
    seen = a.get("evidence") or {}
    name = rule.label if rule else f"{a['kind']}.{a['rule']}"
    version = seen.get("version") or (rule.version if rule else None)
    when = (
        f"{bits.clock(a['opened_at'], now)} 起"
        if a["cleared_at"] is None
        else f"{bits.clock(a['cleared_at'], now)} 已解除"
    )
    lines = [html.P([bits.word(case.level or Level(a["level"]).key, a["message"])], className="says")]
    kind = catalog.kinds.get(a["kind"])
    limit = f"，限值 {kind.text(a['limit_value'])}" if kind and a["limit_value"] is not None and not kind.words else ""
    method = catalog.words.of("rule_type", rule.type) if rule else ""
    lines.append(
        html.P(
            f"规则“{name}”{'（' + method + '）' if method else ''} 第 {version} 版{limit} · {when}", className="quiet"
        )
    )
    if advice := seen.get("advice"):
        lines.append(html.P(f"健康提示：{advice}", className="quiet"))
    if a["late"]:
        lines.append(html.P("由补传数据产生，不派警，待实时数据证实", className="quiet"))
    if a["acked_at"]:
        lines.append(html.P(f"{a['acked_by']} {bits.clock(a['acked_at'], now)} 确认", className="quiet"))
    for other in case.others[:3]:
        lines.append(html.P([bits.word(Level(other["level"]).key, other["message"])], className="says other"))
    return lines


# Around ---------------------------------------------------------------------------------------------------------------
def around(case: Case, catalog: Catalog, now: datetime) -> list:
    """Who looks after it, cameras near it, steps of the plan, the event's history."""
    rows: list = []
    k = case.keeper
    if k:
        who = f"{k['name']} {k['phone']}" if k["name"] else "没有登记网格员"
        place = " ".join(filter(None, [k["town_name"], k["grid_name"]]))
        rows.append(_line("网格员", [html.B(who), html.Span(place)]))
    if case.resource:
        r = case.resource
        said = "，".join(f"{key} {value}" for key, value in (r["detail"] or {}).items())
        rows.append(
            _line(
                r["kind"],
                [
                    html.B(r["org_short"] or "未定单位"),
                    html.Span(" · ".join(filter(None, [r["org_phone"], said, r["origin"]]))),
                ],
            )
        )
    if case.cameras:
        near = [
            html.Button(
                [c["name"], html.Small(f"{c['m']:.0f} m" + ("" if c["online"] else " 离线"))],
                **attrs({"data-pick": f"station:{c['id']}", "data-lnglat": f"{c['lng']:.5f},{c['lat']:.5f}"}),
            )
            for c in case.cameras
        ]
        rows.append(_line("最近视频", near))
    if case.plan:
        rows.append(_line("预案", [html.Ol([html.Li(step) for step in case.plan])]))
    if case.log:
        rows.append(_line("经过", [html.Ul([_step(entry, catalog, now) for entry in list(case.log)[-6:][::-1]])]))
    if case.station and case.station["origin"]:
        rows.append(_line("数据来源", [html.Small(case.station["origin"])]))
    return rows


def _line(label: str, content: list) -> html.Div:
    return html.Div([html.Small(label), html.Div(content)], className="line")


def _step(entry: Any, catalog: Catalog, now: datetime) -> html.Li:
    def get(key: str) -> Any:
        return entry.get(key) if isinstance(entry, dict) else getattr(entry, key)

    said = get("reason") or get("note")
    text = f"{get('actor_name')} {catalog.words.of('verb', get('verb'))}" + (f"：{said}" if said else "")
    return html.Li([html.Time(bits.clock(get("at"), now)), html.Span(text)])


# Actions --------------------------------------------------------------------------------------------------------------
def actions(case: Case, catalog: Catalog) -> list:
    """The buttons that this viewer may press now; `a` and `d` are their keys."""
    buttons: list = []
    if case.may_ack and case.alert:
        buttons.append(_button("确认告警", "ack", "a", primary=not case.event, alert=case.alert["id"]))
    if case.may_report and case.alert:
        label = f"{form_of(Verb.REPORT, catalog).label}案卷"
        buttons.append(_button(label, "report", "d", alert=case.alert["id"]))
    e = case.event
    if e:
        buttons += _of_verbs(e, case.verbs, catalog)
    if case.kind != "event" and e:
        buttons.append(
            html.Button(
                "看案卷",
                className="act",
                **attrs({"data-pick": f"event:{e['id']}", "data-lnglat": f"{e['lng']:.5f},{e['lat']:.5f}"}),
            )
        )
    out: list = []
    if buttons:
        out.append(html.Div(buttons[:DIRECT], className="acts"))
    if len(buttons) > DIRECT:
        out.append(html.Details([html.Summary("更多"), html.Div(buttons[DIRECT:], className="acts")]))
    if case.phone_verbs:
        words = "、".join(catalog.words.of("verb", v) for v in case.phone_verbs if v not in (Verb.ATTACH, Verb.LINK))
        if words:
            out.append(html.P(f"{words}要现场照片和定位，请在手机端办理", className="quiet"))
    return out


def _of_verbs(event: dict[str, Any], verbs: Sequence[Verb], catalog: Catalog) -> list:
    """A button for each; the first that leads has the key `d`."""
    buttons: list = []
    keyed = "d"
    for verb in verbs:
        immediate = forms.is_immediate(verb, catalog)
        lead = verb in catalog.forms.wall_lead
        key = keyed if lead and keyed else ""
        keyed = "" if key else keyed
        buttons.append(
            _button(
                catalog.words.of("verb", verb), "go" if immediate else "form", key, primary=lead and key == "d", verb=verb,
                event=event["id"], version=event["version"],
            )
        )  # fmt: skip
    return buttons


def _button(text: str, do: str, key: str, *, primary: bool = False, **data: Any) -> html.Button:
    more = {"data-do": do} | {f"data-{name}": str(value) for name, value in data.items()}
    if key:
        more["data-key"] = key
    return html.Button(
        [text, html.Kbd(key) if key else None],
        className="act primary" if primary else "act",
        type="button",
        **attrs(more),
    )


def form(
    case: Case,
    verb: Verb,
    catalog: Catalog,
    orgs: Sequence[dict[str, Any]],
    hands: Sequence[dict[str, Any]],
    org: str | None,
) -> list:
    """Instead of the buttons: the form of one verb."""
    assert case.event is not None, "a form is about an event"
    return [forms.form(verb, case.event, catalog, orgs, hands, org)]
