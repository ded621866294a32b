"""/intake 接入质量: do the accounts add up, who delivers how well, what changed its shape, and what became a dead letter.

One address for all of it: `feed` narrows it to a feed with its stations, `rule` and `words` to a group of dead letters,
`letter` opens one. The administrator mends right there; the duty desk reads; a department reads about its own feeds.

A replay is not done here: the page leaves a request that an intake worker takes (`ingest/watch/mender.py`), and asks until the
answer stands in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update
from typing_extensions import TypedDict

from brain.flow.measured import mending
from brain.identity.doing import Doer, Via
from brain.identity.people import Person
from brain.model import Refused, Role
from brain.store import db
from brain.web.door import access
from brain.web.door.access import Page, home_of
from brain.web.pages.intake import feeds, letters
from brain.web.pages.intake.feeds import WINDOWS, address
from brain.web.pages.wall import top

PAGE = Page("/intake", "接入质量", mending.READERS, order=30, keys=("feeds",))
SHOWN = 200  # letters of a group listed, groups listed
DISCARDED = 100_000  # letters discarded at once
ANSWER_S = 120  # a worker that has not answered by then is not there


def layout(
    person: Person,
    *,
    feed: str = "",
    rule: str = "",
    words: str = "",
    letter: str = "",
    enc: str = "utf8",
    h: str = "",
    **_: str,
) -> html.Div:
    """`h` is the window in hours, `enc` how a letter's bytes are read (utf8, gbk)."""
    state, now, hours = access.here(), datetime.now(UTC), int(h) if h.isdecimal() and int(h) in WINDOWS else 24
    with state.pool.connection() as conn:
        mine = mending.feeds_of(conn, person)
        one = next((f for f in mine if f["feed"] == feed), None)
        if feed and one is None:
            body: list[Any] = [html.P("没有这个接入，或它不归您看。", className="none")]
        elif one is not None and rule:
            body = _group(conn, person, one, rule, words, letter, enc, hours)
        elif one is not None:
            body = _feed(conn, person, one, now, hours)
        else:
            body = _overview(conn, person, mine, now, hours)
    links = [html.A("怎样接入", href="/guide"), html.A("返回首页", href=home_of(person))]
    return html.Div(
        [
            dcc.Location(id="intake-go", refresh=True),
            dcc.Store(id="intake-here", data={"feed": feed, "rule": rule, "words": words, "h": hours}),
            html.Header([_title(one, rule), _windows(feed, rule, hours), html.Nav([*links, *top.own_links()])]),
            html.Main(body),
        ],
        id="intake",
        className="light-page",
    )  # fmt: skip


def _title(one: dict[str, Any] | None, rule: str) -> html.H1:
    if one is None:
        return html.H1("接入质量")
    parts: list[Any] = [html.A("接入质量", href="/intake"), html.Span("›")]
    if rule:
        parts += [html.A(one["title"], href=address(feed=one["feed"])), html.Span("›"), f"死信：{letters.word(rule)}"]
    else:
        parts.append(one["title"])
    return html.H1(parts)


def _windows(feed: str, rule: str, hours: int) -> html.Div | None:
    if rule:
        return None
    links = [html.A(w, href=address(feed=feed, h=n), className="on" if n == hours else "") for n, w in WINDOWS.items()]
    return html.Div(links, className="windows")


# Three views -----------------------------------------------------------------------------------------------------------
def _overview(
    conn: psycopg.Connection, person: Person, mine: list[dict[str, Any]], now: datetime, hours: int
) -> list[Any]:
    titles = {f["feed"]: f["title"] for f in mine}
    found = [r for r in db.many(conn, "drifts", all=False, feed=None) if mending.sees(person, r["org"])]
    groups = db.many(conn, "letters_grouped", feeds=list(titles), most=SHOWN)
    return [
        dcc.Interval(id="intake-tick", interval=5_000),
        html.Div(_live(conn, person, mine, now, hours), id="intake-live", className="live"),
        html.Section([html.H2("报文结构变化"), feeds.drifts(found, mending.may_change(person))], id="drifts"),
        html.Section(
            [
                html.H2(["待处理死信", html.Small(f"{sum(g['n'] for g in groups):,} 条" if groups else "")]),
                letters.groups(groups, titles, hours, not mending.may_change(person)),
            ],
            id="letters",
        ),
    ]


def _live(conn: psycopg.Connection, person: Person, mine: list[dict[str, Any]], now: datetime, hours: int) -> list[Any]:
    """What is drawn anew while one looks: accounts, workers, table, board."""
    workers = mending.workers(conn, now)
    keys = {f["feed"] for f in mine}
    quality = mending.summed(
        [r for r in mending.pairs(conn, access.here().catalog, now, hours) if r["feed"] in keys], "feed"
    )
    rates = _rates(conn, 60, now - timedelta(minutes=feeds.MINUTES + 1))
    shown = [f for f in mine if f["feed"] not in mending.ONE_OFF or f["received"]]
    department = person.role is Role.DEPARTMENT
    staff = html.Ul([feeds.worker_line(w) for w in workers], className="workers") if workers else html.P(
        "还没有接入进程报到；请检查 python -m ingest run 是否在运行", className="verdict bad"
    )  # fmt: skip
    return [
        html.Section([feeds.accounts(mine, workers), None if department else staff], className="totals"),
        html.Section([html.H2("各接入"), feeds.table(shown, quality, rates, now, hours)]),
        None
        if department
        else html.Section(
            [
                html.H2(["部门接入质量榜", html.Small("得分 = 到报率 × 有效率")]),
                feeds.board(mine, quality, hours),
            ]
        ),
    ]


def _rates(conn: psycopg.Connection, step_s: int, since: datetime) -> dict[str, dict[datetime, dict[str, Any]]]:
    """Feed → beginning of each step → what was received in it."""
    found: dict[str, dict[datetime, dict[str, Any]]] = {}
    for r in db.many(conn, "quality_rates", step_s=step_s, since=since):
        found.setdefault(r["feed"], {})[r["at"]] = r
    return found


def _feed(conn: psycopg.Connection, person: Person, one: dict[str, Any], now: datetime, hours: int) -> list[Any]:
    """One feed: its table line, its hours, its stations, its drift and its letters."""
    catalog = access.here().catalog
    rows = [r for r in mending.pairs(conn, catalog, now, hours) if r["feed"] == one["feed"]]
    rates = _rates(conn, 60, now - timedelta(minutes=feeds.MINUTES + 1))
    step = 300 if hours == 1 else 3600 if hours == 24 else 6 * 3600
    begin = now - timedelta(hours=max(hours, 2))
    long = _rates(conn, step, begin).get(one["feed"], {})
    edge = datetime.fromtimestamp(begin.timestamp() // step * step, UTC)
    steps, at = [], edge
    while at <= now:
        r = long.get(at, {})
        steps.append((r.get("received", 0), r.get("dead", 0)))
        at += timedelta(seconds=step)
    drifted = db.many(conn, "drifts", all=True, feed=one["feed"])
    groups = db.many(conn, "letters_grouped", feeds=[one["feed"]], most=SHOWN)
    every = {300: "每 5 分钟", 3600: "每小时", 21600: "每 6 小时"}[step]
    return [
        html.Section([feeds.table([one], mending.summed(rows, "feed"), rates, now, hours)]),
        html.Section(
            [
                html.H2(
                    [
                        "收报数",
                        html.Small(f"{WINDOWS[hours]}，{every}；最高 {max([s[0] for s in steps] or [0]):,}；红为死信"),
                    ]
                ),
                html.Img(src=feeds.bars(steps, 1200, 90), alt=f"{WINDOWS[hours]}收报数", className="chart"),
            ]
        ),
        html.Section([html.H2("测站"), feeds.stations(rows, catalog)]),
        html.Section([html.H2("报文结构变化"), feeds.drifts(drifted, mending.may_change(person))], id="drifts"),
        html.Section(
            [html.H2("待处理死信"), letters.groups(groups, {one["feed"]: one["title"]}, hours, not mending.may_change(person))],
            id="letters",
        ),
    ]


def _group(
    conn: psycopg.Connection,
    person: Person,
    one: dict[str, Any],
    rule: str,
    words: str,
    letter: str,
    enc: str,
    hours: int,
) -> list[Any]:
    """A group of letters: the list, one of them opened, and what can be done."""
    here = {"feed": one["feed"], "rule": rule, "words": words, "h": hours}
    rows = db.many(conn, "letters_listed", feed=one["feed"], rule=rule, words=words or None, most=SHOWN)
    chosen = int(letter) if letter.isdecimal() and len(letter) < 19 else rows[0]["id"] if rows else None
    opened = db.one(conn, "letter", id=chosen) if chosen is not None else None
    if opened is not None and opened["feed"] != one["feed"]:
        opened = None
    total = db.row(conn, "letters_count", feed=one["feed"], rule=rule, words=words or None)["n"]
    lead = html.H2(
        [
            f"{total:,} 条待处理",
            html.Small(f"列出最早的 {SHOWN} 条" if total > SHOWN else "最早的在前，重放也按这个次序"),
        ]
    )
    veil = not mending.may_change(person)
    left: list[Any] = (
        [lead, letters.listed(rows, here, chosen, veil)] if rows else [html.P("这一类死信都处理完了。", className="verdict")]
    )
    right: list[Any] = [letters.letter(opened, here, "gbk" if enc == "gbk" else "utf8", veil) if opened else None]
    if mending.may_change(person) and rows:
        still = opened if opened is not None and opened["status"] == "open" else None
        right.append(
            letters.mending(
                one, rule, (still or rows[0])["reason"], total, still["id"] if still else None,
                db.many(conn, "intake_station_names"), access.here().catalog, db.many(conn, "mappings_of", feed=one["feed"]),
            )
        )  # fmt: skip
    return [
        dcc.Store(id="intake-one", data=opened and opened["id"]),
        dcc.Store(id="intake-asked"),
        dcc.Interval(id="intake-wait", interval=500, disabled=True),
        html.Div([html.Div(left), html.Div(right)], className="split"),
    ]


# Doing -----------------------------------------------------------------------------------------------------------------
class Here(TypedDict):
    """What the page shows: a feed, a kind of dead letter (rule and words), the hours looked back."""

    feed: str
    rule: str
    words: str
    h: int


class Asked(TypedDict):
    """A replay that was asked for: its number, and when (seconds since 1970)."""

    id: int
    at: float


def _person() -> Person:
    """Who asks. Raises Refused for who may not open the page at all."""
    state, person = access.here(), access.viewer()
    if person is None or not PAGE.lets(person.role, state.catalog):
        raise Refused("您的角色不能使用这项功能", "role")
    return person


def _doer() -> Doer:
    """Who acts; whether he may is asked by the deed itself, so that a refusal is in the audit trail."""
    by = access.viewer_doer(Via.PAGE)
    if by is None:
        raise Refused(access.NOBODY, "login")
    return by


def _ids(conn: psycopg.Connection, here: Here, scope: str | None, one: int | None) -> list[int]:
    """The letters that are meant: the whole group, or the one that is open."""
    if scope == "one":
        return [one] if one is not None else []
    rows = db.many(
        conn, "letters_listed", feed=here["feed"], rule=here["rule"], words=here["words"] or None, most=DISCARDED
    )
    return [r["id"] for r in rows]


def callbacks(app: Dash) -> None:
    @app.callback(
        Output("intake-live", "children"), Input("intake-tick", "n_intervals"), State("intake-here", "data"), prevent_initial_call=True
    )  # fmt: skip
    def tick(_: int, here: Here) -> Any:
        try:
            person = _person()
        except Refused:
            return no_update
        with access.here().pool.connection() as conn:
            return _live(conn, person, mending.feeds_of(conn, person), datetime.now(UTC), here["h"])

    @app.callback(
        Output("intake-place", "className"), Output("intake-kind", "className"), Output("intake-word", "className"),
        Input("intake-what", "value"),
    )  # fmt: skip
    def fields(what: str | None) -> tuple[str, str, str]:
        """The field in which our own word is given: chosen where we have a list of them."""
        return tuple(
            "" if shown else "away" for shown in (what == "station", what == "kind", what in ("unit", "column"))
        )  # type: ignore[return-value]

    @app.callback(
        Output("intake-said", "children"), Output("intake-asked", "data"), Output("intake-wait", "disabled"),
        Output("intake-go", "href"),
        Input("intake-map", "n_clicks"), Input("intake-replay", "n_clicks"), Input("intake-discard", "n_clicks"),
        State("intake-here", "data"), State("intake-what", "value"), State("intake-given", "value"),
        State("intake-place", "value"), State("intake-kind", "value"), State("intake-word", "value"),
        State("intake-reason", "value"), State("intake-scope", "value"), State("intake-one", "data"),
        prevent_initial_call=True,
    )  # fmt: skip
    def act(
        mapped: int | None, replayed: int | None, discarded: int | None, here: Here, what: str | None, given: str | None,
        place: str | None, kind: str | None, word: str | None, reason: str | None,
        scope: str | None, one: int | None,
    ) -> tuple[Any, Any, Any, Any]:  # fmt: skip
        """Map and replay, replay, or discard a group."""
        if not (mapped or replayed or discarded):
            return no_update, no_update, no_update, no_update
        state, now = access.here(), datetime.now(UTC)
        try:
            by = _doer()
            with state.pool.connection() as conn:
                if ctx.triggered_id == "intake-discard":
                    n = mending.discard(conn, by, here["feed"], _ids(conn, here, scope, one), reason or "", now)
                    return f"已丢弃 {n} 条", no_update, True, address(feed=here["feed"]) + "#letters"
                if ctx.triggered_id == "intake-map":
                    meant = {"station": place, "kind": kind}.get(what or "", word)
                    mending.set_mapping(conn, state.catalog, by, here["feed"], what or "", given or "", meant or "", now)
                only = _ids(conn, here, scope, one) if ctx.triggered_id == "intake-replay" else None
                ident = mending.ask_replay(conn, by, here["feed"], here["rule"], only, now)
        except Refused as err:
            return str(err), no_update, True, no_update
        return "正在重放……", {"id": ident, "at": now.timestamp()}, False, no_update

    @app.callback(
        Output("intake-said", "children", allow_duplicate=True), Output("intake-wait", "disabled", allow_duplicate=True),
        Input("intake-wait", "n_intervals"), State("intake-asked", "data"), State("intake-here", "data"),
        prevent_initial_call=True,
    )  # fmt: skip
    def answered(_: int, asked: Asked | None, here: Here) -> tuple[Any, Any]:
        """What came of the replay, as soon as a worker has done it."""
        if not asked:
            return no_update, True
        try:
            person = _person()
            with access.here().pool.connection() as conn:
                row = mending.replay_of(conn, asked["id"])
        except Refused as err:
            return str(err), True
        if row is None or not (mending.may_change(person) and row["feed"] == here["feed"]):
            return "没有这次重放", True
        if row["done_at"] is None:
            late = datetime.now(UTC).timestamp() - asked["at"] > ANSWER_S
            return ("还没有接入进程来做；请求已留下，进程恢复后会做" if late else no_update), late
        return _outcome(row, here), True

    @app.callback(
        Output("intake-go", "href", allow_duplicate=True), Input({"type": "intake-drift", "id": ALL}, "n_clicks"),
        State("intake-here", "data"), prevent_initial_call=True,
    )  # fmt: skip
    def noted(clicks: Sequence[int | None], here: Here) -> Any:
        """A change of shape was taken note of."""
        asked = ctx.triggered_id
        if asked is None or not any(clicks):
            return no_update
        try:
            with access.here().pool.connection() as conn:
                mending.note_drift(conn, _doer(), asked["id"], datetime.now(UTC))
        except Refused:  # the button is not offered to who may not
            return no_update
        return address(feed=here["feed"], h=here["h"])


def _outcome(row: dict[str, Any], here: Here) -> list[Any]:
    if row["error"]:
        return [f"重放没有做成：{row['error']}；数据库恢复后请再试"]
    still = row["still"] or {}
    said: list[Any] = [html.B(f"已重放 {row['replayed']} 条"), f"，仍不能收 {sum(still.values())} 条。"]
    if still:
        said.append(html.Ul([html.Li(f"{n} 条：{reason}") for reason, n in list(still.items())[:5]]))
    said.append(html.A("刷新列表", href=address(**here)))
    return said
