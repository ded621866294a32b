"""/audit 审计记录: the trail for its reader. What is looked for stands in the address; taking it away is itself written down.

A line that has no number in the chain yet waits for the engine, which links every two seconds: the page says how many wait, so
that an engine that stands still is seen here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from dash import Dash, Input, Output, State, dcc, html, no_update

from brain.catalog import Words
from brain.identity import trail
from brain.identity.people import Person
from brain.identity.trail import Asked
from brain.model import Role
from brain.web.door import access
from brain.web.door.access import Page, home_of
from brain.web.pages.wall import top
from brain.web.parts import bits

PAGE = Page("/audit", "审计记录", frozenset({Role.ADMIN}), order=80, keys=("audit",))
SHOWN = 50
LATE = timedelta(minutes=1)  # what waits longer for its link: the engine is not at work
FIELDS = {
    "who": ("人员", "姓名，可只写一部分"), "action": ("操作", "全部操作，可选几种"), "object": ("对象", "如 event:，可只写一部分"),
    "ip": ("来源地址", "如 10.1.，写开头即可"), "since": ("从", "2026-09-01"), "until": ("到（含）", "2026-09-30"),
}  # fmt: skip

LABELS: Any = {
    "select_all": "全选", "deselect_all": "全不选", "selected_count": "选了 {num_selected} 种", "search": "搜索操作，如 登录、结案",
    "clear_search": "清除搜索", "clear_selection": "清除已选的操作", "no_options_found": "没有这样的操作，换一个字试试",
}  # fmt: skip


def address(given: Mapping[str, Any]) -> str:
    """This page with these parameters; empty ones are left out."""
    said = urlencode({k: v for k, v in given.items() if v not in (None, "", False)})
    return PAGE.path + (f"?{said}" if said else "")


def asked_of(given: Mapping[str, str]) -> tuple[Asked, str]:
    """What is asked for, and a sentence when a field cannot be read (it is then left out)."""
    days: dict[str, datetime | None] = {"since": None, "until": None}
    wrong = ""
    for name in days:
        if text := given.get(name, "").strip():
            try:
                day = datetime.combine(datetime.strptime(text, "%Y-%m-%d").date(), time.min, bits.ZONE)
                days[name] = day + timedelta(days=1) if name == "until" else day
            except (ValueError, OverflowError):
                wrong = f"“{FIELDS[name][0]}”要写成年-月-日，例如 2026-09-01；现在的“{text}”没有用上"
    before = given.get("before", "")
    texts = {name: given.get(name, "").strip().replace("\0", "")[:100] for name in ("who", "object", "ip")}
    actions = tuple(code for code in given.get("action", "").replace("\0", "")[:2000].split(",") if code.strip())[:100]
    number = int(before) if before.isascii() and before.isdecimal() and len(before) <= 18 else None
    refused, since, until = given.get("refused") == "1", days["since"], days["until"]
    return Asked(**texts, actions=actions, refused=refused, since=since, until=until, before=number), wrong


def layout(person: Person, **given: str) -> html.Div:
    asked, wrong = asked_of(given)
    now = datetime.now(UTC)
    state = access.here()
    words = state.catalog.words
    names = trail.known_actions(words)
    with state.pool.connection() as conn:
        lines = trail.found(conn, asked, SHOWN + 1)
        standing = trail.standing(conn)
    shown = {k: v for k, v in given.items() if k in FIELDS or k == "refused"}
    return html.Div(
        [
            dcc.Location(id="audit-go", refresh=True),
            html.Header([html.H1("审计记录"), html.Nav([html.A("返回首页", href=home_of(person)), *top.own_links()])]),
            html.Main([_form(shown, asked, names), html.P(wrong, className="wrong", role="alert") if wrong else None,
                       _standing(standing, now), _table(lines[:SHOWN], names, words), _turn(shown, asked, lines)]),
        ],
        id="audit",
        className="light-page",
    )  # fmt: skip


def _form(shown: Mapping[str, str], asked: Asked, names: Mapping[str, str]) -> html.Section:
    fields = [
        html.Div(
            [html.Label(word, htmlFor=f"audit-{name}"), _choose(asked, names, hint) if name == "action" else _typed(name, shown, hint)],
            className=f"field {name}",
        )
        for name, (word, hint) in FIELDS.items()
    ]
    refused = dcc.Checklist([{"label": "只看被拒的", "value": "1"}], ["1"] if asked.refused else [], id="audit-refused")
    return html.Section(
        [
            html.Div([*fields, html.Div(refused, className="field tick")], className="fields"),
            html.Div(
                [
                    html.Button("查询", id="audit-find", className="main"),
                    html.A("清除条件", href=PAGE.path),
                    html.A("导出 CSV", href=_export(asked), download="", className="export", title="导出本身也会记入审计"),
                ],
                className="does",
            ),
        ],
        className="find",
    )


def _typed(name: str, shown: Mapping[str, str], hint: str) -> dcc.Input:
    return dcc.Input(id=f"audit-{name}", value=shown.get(name, ""), placeholder=hint, debounce=True, maxLength=100)


def _choose(asked: Asked, names: Mapping[str, str], hint: str) -> dcc.Dropdown:
    """Actions by their words; the search finds the code, too. What stands in the address may be a code without words."""
    offered = dict(names) | {code: code for code in asked.actions if code not in names}
    options: Any = [
        {"label": html.Span([word, html.Code(code) if code != word else None], className="one"), "value": code, "search": f"{word} {code}"}
        for code, word in offered.items()
    ]
    return dcc.Dropdown(options, list(asked.actions), id="audit-action", multi=True, placeholder=hint, maxHeight=420, labels=LABELS)


def _export(asked: Asked) -> str:
    given = {
        "who": asked.who, "actions": asked.actions, "object": asked.object, "ip": asked.ip, "refused": "true" if asked.refused else "",
        "since": asked.since and asked.since.isoformat(), "until": asked.until and asked.until.isoformat(),
    }  # fmt: skip
    said = urlencode({k: v for k, v in given.items() if v}, doseq=True)
    return "/api/v1/audit/export.csv" + (f"?{said}" if said else "")


def _standing(standing: Mapping[str, Any], now: datetime) -> html.P:
    oldest: datetime | None = standing["oldest"]
    late = oldest if oldest is not None and now - oldest > LATE else None
    words = [f"链上 {standing['links']:,} 条", f"，待入链 {standing['waiting']:,} 条"]
    if late:
        words.append(f"（最早的在 {bits.clock(late, now)}，规则引擎没有在入链，请检查 brain engine）")
    elif standing["waiting"]:
        words.append("（引擎每 2 秒入链一次）")
    words.append("。核对整条链：brain verify-audit")
    if standing["failing"]:
        words.append(f"　签链已停：{standing['failing']}")
    return html.P("".join(words), className="standing bad" if late or standing["failing"] else "standing")


def _table(lines: Sequence[Mapping[str, Any]], names: Mapping[str, str], words: Words) -> html.Div | html.P:
    if not lines:
        return html.P("没有符合条件的记录。", className="none")
    head = html.Tr([html.Th(w, className=c) for w, c in (
        ("时间", ""), ("人员", ""), ("操作", ""), ("对象", ""), ("来源地址", ""), ("结果", ""), ("详情", ""), ("链号", "n"))])  # fmt: skip
    other = words.of("audit", "other")
    rows = [_row(one, names.get(one["action"], other), trail.told(words, one["detail"])) for one in lines]
    return html.Div(html.Table([html.Thead(head), html.Tbody(rows)]), className="wide trail")


def _row(one: Mapping[str, Any], action: str, detail: str) -> html.Tr:
    at = bits.local(one["at"])
    return html.Tr(
        [
            html.Td([html.Time(f"{at:%m-%d %H:%M:%S}", dateTime=at.isoformat(), title=f"{at:%Y-%m-%d %H:%M:%S.%f}"),
                     html.Small(f"{at:%Y}")], className="at"),
            html.Td([one["actor"], html.Small(f"#{one['actor_id']}") if one["actor_id"] else None], className="who"),
            html.Td([action, html.Code(one["action"])], className="act"),
            html.Td(one["object"], className="object"), html.Td(one["ip"] or "—", className="ip"),
            html.Td(html.Span("准" if one["ok"] else "拒", className="state " + ("ok" if one["ok"] else "no"))),
            html.Td(detail, className="detail"),
            html.Td(f"{one['link']:,}" if one["link"] else html.Span("待入链", className="quiet"), className="n"),
        ],
        className="" if one["ok"] else "refused",
        **bits.attrs({"data-id": str(one["id"])}),
    )  # fmt: skip


def _turn(shown: Mapping[str, str], asked: Asked, lines: Sequence[Mapping[str, Any]]) -> html.Nav:
    newest = html.A("回到最新", href=address(shown)) if asked.before else None
    older = html.A("更早的", href=address({**shown, "before": lines[SHOWN - 1]["id"]}), className="older") if len(lines) > SHOWN else None
    return html.Nav([newest, older], className="turn")


def callbacks(app: Dash) -> None:
    names = list(FIELDS)
    typed = [name for name in names if name != "action"]

    @app.callback(
        Output("audit-go", "href"),
        inputs={"clicks": Input("audit-find", "n_clicks"), "submits": [Input(f"audit-{name}", "n_submit") for name in typed]},
        state={"refused": State("audit-refused", "value"), "values": [State(f"audit-{name}", "value") for name in names]},
        prevent_initial_call=True,
    )
    def find(clicks: int | None, submits: list[int | None], refused: list[str] | None, values: list[Any]) -> Any:
        """Go to the address that says what was typed; a press of Enter in a field is as good as the button."""
        if not clicks and not any(submits):
            return no_update
        said = (",".join(map(str, value)) if isinstance(value, list) else str(value or "").strip() for value in values)
        given = dict(zip(names, said, strict=True))
        return address({**given, "refused": "1" if refused else ""})
