"""/report 月报: the month as a sheet of paper; every number opens the cases behind it.

A frozen month shows its frozen report and nothing else; where the record says otherwise by now, the page says so and a
chief or leader may issue a restatement. A month that was never issued is shown as a draft.

Why the lists of cases are drawn by assets/report.js from the API and not by a callback: a list of four hundred rows is
four thousand components to Dash, and takes it most of a minute.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update
from pydantic import Field
from typing_extensions import TypedDict

from brain import rowwise
from brain.identity.doing import Via
from brain.identity.people import Person
from brain.identity.scope import Sight, reads_drafts
from brain.model import Refused, Role
from brain.report import docx, figures, places, readers, snapshot, text
from brain.web.api import report as api
from brain.web.door import access
from brain.web.door.access import Page, home_of
from brain.web.pages.report import sheet, sheet_themes
from brain.web.pages.wall import top
from brain.web.parts.bits import attrs

PAGE = Page(
    "/report",
    "月报",
    frozenset({Role.OPERATOR, Role.ACCEPTOR, Role.DISPATCHER, Role.CHIEF, Role.LEADER, Role.DEPARTMENT}),
    order=20,
)
ISSUERS = (Role.CHIEF, Role.LEADER)


class Key(TypedDict):
    """Which report the page shows."""

    period: Annotated[str, Field(pattern=r"^20\d{2}-(0[1-9]|1[0-2])$")]


def layout(person: Person, *, m: str = "", v: str = "", **_: str) -> html.Div:
    """`m` is the month (2026-10; default: the last one that is over), `v` a frozen version of it."""
    state, now = access.here(), datetime.now(UTC)
    drafts = reads_drafts(person.role, state.catalog.roles)
    with state.pool.connection() as conn:
        months = [r for r in snapshot.periods(conn, now) if drafts or r["frozen"]]
        period = m or _default(months, now)
        try:
            version = int(v) if v else None
            made = snapshot.current(conn, state.catalog, period, now, version, drafts=drafts)
        except (ValueError, LookupError) as err:
            says = str(err) if not str(err).startswith("invalid literal") else "版本应是数字"
            return html.Div(
                [_bar(person, months, "", None, []), html.Main(html.P(says, className="none"))], id="report"
            )
        kept = snapshot.versions(conn, period)
        outlines = places.outlines(conn)
        newer = _newer(conn, state.catalog, made, now) if drafts and kept and version is None else []
        made = readers.for_sight(conn, made, Sight.of(person, state.catalog.roles))
    drawn = outlines["grid"] and made["hot"]["all"]
    figure = rowwise.whole(lambda: figures.hot_map(made, outlines), "月报地图", None) if drawn else None
    sections: list[tuple[str, Callable[[], Any]]] = [
        ("题头", lambda: sheet.head(made)),
        ("迟到数据", lambda: _late_data(newer)),
        ("本月结论", lambda: sheet.conclusions(made)),
        ("事件总量与闭环", lambda: sheet.volume(made)),
        ("镇街评价", lambda: sheet.units(made, "towns", "三", "镇街评价")),
        ("承办单位评价", lambda: sheet.units(made, "departments", "四", "承办单位评价")),
        ("高发事项与高发区域", lambda: sheet.frequent(made, figure)),
        ("超期清单", lambda: sheet.late(made)),
        ("分类专题", lambda: sheet_themes.themes(made)),
        ("研判与建议", lambda: sheet_themes.advice(made)),
        ("附注", lambda: sheet_themes.notes(made)),
    ]
    body = [rowwise.whole(draw, f"月报 {what}", _lost(what)) for what, draw in sections]
    return html.Div(
        [
            dcc.Location(id="report-go", refresh=True),
            dcc.Store(id="report-key", data={"period": period, "version": made["version"], "cut": made["cut_at"]}),
            _bar(person, months, period, made, kept, newer),
            html.Main(html.Article(body, className="sheet")),
            html.Aside(id="report-drawer", hidden=True, **attrs({"aria-label": "依据案卷"})),
        ],
        id="report",
        **attrs({"data-period": period, "data-version": str(made["version"] or ""), "data-cut": made["cut_at"]}),
    )


def _default(months: list[dict[str, Any]], now: datetime) -> str:
    """The newest month that is over and has cases, else the running one."""
    running = f"{text.local(now):%Y-%m}"
    return next((r["period"] for r in months if r["period"] < running), running)


def _newer(conn: Any, catalog: Any, made: dict[str, Any], now: datetime) -> list[dict[str, str]]:
    """Indicators that the record would give otherwise today than the frozen report says."""
    return snapshot.differences(made, snapshot.build(conn, catalog, made["period"], now))


def _lost(what: str) -> html.P:
    return html.P(f"{what}：{rowwise.LOST}，请联系维护人员。", className="none")


def _late_data(newer: list[dict[str, str]]) -> Any:
    if not newer:
        return None
    words = "；".join(f"{r['label']} {r['before']} → {r['after']} {r['unit']}" for r in newer[:6])
    return html.P(
        f"定稿后有迟到数据：{words}{'……' if len(newer) > 6 else ''}。本页仍为定稿时的数字，更正须另出更正版。",
        className="note newer",
    )


def _bar(
    person: Person, months: list[dict[str, Any]], period: str, made: dict[str, Any] | None, kept: list[dict[str, Any]],
    newer: list[dict[str, str]] | None = None,
) -> html.Nav:  # fmt: skip
    """Choose a month and version, download, print, issue."""
    options = [
        {"label": text.month_label(r["period"]) + (" · 已定稿" if r["frozen"] else ""), "value": r["period"]}
        for r in months
    ]
    parts: list[Any] = [
        html.A("‹ 返回", href=home_of(person), className="back"),
        dcc.Dropdown(options, period or None, id="report-month", clearable=False, searchable=False, className="months"),
    ]
    if made is not None:
        if len(kept) > 1:
            chosen = [
                html.A(f"第 {k['version']} 版", href=f"/report?m={period}&v={k['version']}") for k in reversed(kept)
            ]
            parts.append(html.Span(chosen, className="versions"))
        version = f"?version={made['version']}" if made["version"] else ""
        parts += [
            html.Span(docx.standing(made), className="standing"),
            html.A(
                "下载 docx",
                href=f"/api/v1/report/{period}.docx{version}",
                className="button",
                id="report-docx",
                download="",
            ),
            html.Button("打印", id="report-print", className="quiet"),
        ]
        may = person.role in ISSUERS and not made["partial"] and (made["version"] is None or bool(newer))
        label = "定稿" if made["version"] is None else "出更正版"
        parts.append(
            html.Button(
                label,
                id="report-freeze",
                className="quiet",
                hidden=not may,
                title="定稿后数字不再变动，迟到数据另出更正版",
            )
        )
        parts.append(html.Span("", id="report-said", className="said", role="status"))
    return html.Nav(parts + top.own_links(), className="tools")


# Doing --------------------------------------------------------------------------------------------------------------
def callbacks(app: Dash) -> None:
    app.clientside_callback(
        ClientsideFunction("report", "go"), Output("report-go", "href"), Input("report-month", "value"), State("report-key", "data"),
        prevent_initial_call=True,
    )  # fmt: skip
    app.clientside_callback(
        ClientsideFunction("report", "print"), Output("report-print", "title"), Input("report-print", "n_clicks"),
        prevent_initial_call=True,
    )  # fmt: skip
    app.clientside_callback(
        ClientsideFunction("report", "grid"),
        Output("report-map", "className"),
        Input("report-map", "clickData"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output("report-said", "children"), Output("report-go", "href", allow_duplicate=True), Input("report-freeze", "n_clicks"),
        State("report-key", "data"), prevent_initial_call=True,
    )  # fmt: skip
    def frozen(clicks: int | None, key: Key) -> tuple[Any, Any]:
        """Issue the month, or restate it."""
        if not clicks:
            return no_update, no_update
        state, by = access.here(), access.viewer_doer(Via.PAGE)
        if by is None:
            return access.NOBODY, no_update
        try:
            with state.pool.connection() as conn:
                api.issue(state.catalog, conn, by, key["period"], datetime.now(UTC))
        except Refused as err:
            return str(err), no_update
        return "已定稿", f"/report?m={key['period']}"
