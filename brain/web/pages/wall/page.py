"""/: the wall (大屏) and seat (坐席). What is wrong, where, how bad, who has it, what is late; and act on it right there.

The page is laid out once with what is known; after that only what changed comes, over one socket (`brain.web.live.hub`). The
viewer's clicks come as one value each from assets/wall.js, so that a list that is redrawn every second costs no callback.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from dash import ClientsideFunction, Dash, Input, Output, Patch, State, ctx, dcc, html, no_update

from brain.identity.doing import Doer, Via
from brain.identity.people import Person
from brain.identity.scope import Sight
from brain.model import Refused, Role, Verb
from brain.store import db
from brain.web import ground, rowwise, themes
from brain.web.door import access
from brain.web.door.access import Page
from brain.web.live import frames, reading
from brain.web.live import hub as live
from brain.web.live.moment import Moment
from brain.web.live.seat import Changes, Parts, Seat
from brain.web.pages.wall import card, desk, left, mapside, right, timeline, top, warnings
from brain.web.parts import bits
from brain.web.parts.bits import attrs
from layers import _compose
from layers._layer import View

PAGE = Page(
    "/",
    "大屏与坐席",
    frozenset({Role.OPERATOR, Role.ACCEPTOR, Role.DISPATCHER, Role.CHIEF, Role.LEADER, Role.DEPARTMENT}),
    order=1,
    keys=("wall", "seat"),
)
GRAPH: dcc.Graph.Config = {"displayModeBar": False, "scrollZoom": True, "doubleClick": False, "responsive": True}
START_ZOOM = 10.45
PRELOAD = ("plotly/package_data/plotly.min.js", "dash/dcc/async-graph.js")
"""What the map needs, asked for while the page is still being laid out."""


def layout(person: Person, **_: str) -> html.Div:
    """The whole page as known now. Its seat remembers what was laid out, so the first push sends only what changed since."""
    state = access.here()
    hub, catalog = state.hub, state.catalog
    seat = hub.sit(uuid4().hex, person, parts_of(state))
    layers, base = state.layers, ground.of(state)
    seat.view = View(View.band(START_ZOOM), frozenset(layer.key for layer in layers if not layer.default_on))
    moment = hub.moment  # the page and what is noted as sent must be of the same moment
    now, seen = hub.differing(seat, moment), hub.seen(moment, seat.sight)
    figure = _compose.compose(
        layers, _Lazy(lambda source: frames.frame(seen, source, catalog)), seat.view, style=base.address,
        centre=base.centre, zoom=START_ZOOM,
    )  # fmt: skip
    side = left.cards(themes.figures(seen, catalog), seen, catalog)
    return html.Div(
        [
            top.header(person, state.pages, state.settings, catalog, "wall"),
            warnings.strip(now[("wall-warning-rows", "children")]),
            html.Aside(side, className="left"),
            html.Main(
                [
                    dcc.Graph(id="wall-map", figure=figure, config=GRAPH, responsive=True, className="map"),
                    mapside.switch(layers, moment, catalog),
                    mapside.legend(layers),
                    mapside.search(),
                    card.frame(),
                ]
            ),
            html.Aside(
                [
                    html.Section(now[("wall-loop", "children")], id="wall-loop"),
                    html.Section(now[("wall-alerts", "children")], id="wall-alerts", className="list"),
                    html.Section(now[("wall-due", "children")], id="wall-due", className="list"),
                ],
                className="right",
            ),
            html.Footer(now[("wall-timeline", "children")], id="wall-timeline"),
            top.help_card(),
            *(dcc.Store(id=f"wall-{name}") for name in ("pick", "act", "view", "seen", "beat", "wake")),
            dcc.Store(id="wall-page", data=seat.id),
        ],
        className="wall",
        id="wall",
        **attrs({"data-box": ",".join(f"{x:.5f}" for x in base.box)}),
    )


class _Lazy(dict):
    """Frames made when a layer asks for them."""

    def __init__(self, make: Callable[[str], Any]):
        super().__init__()
        self.make = make

    def __missing__(self, source: str) -> Any:
        return self.make(source)


# What the page should show ------------------------------------------------------------------------------------------
TRACE = "trace:"


def parts_of(state: Any) -> Parts:
    """The parts of a wall page. Those that depend on the viewer's sight alone are made once for all who share it."""
    hub, catalog = state.hub, state.catalog

    def parts(seat: Seat, moment: Moment) -> Changes:
        shown: Changes = {}
        key, sight, now = seat.sight.key, seat.sight, moment.counted_at or moment.at
        seen = hub.seen(moment, sight)
        for f in hub.shared(moment, ("themes", key), lambda: themes.figures(seen, catalog)):
            shown[f"wall-theme-{f.theme}", "children"] = _sure(f"专题 {f.theme}", lambda f=f: left.card(f, seen, catalog))()
            shown[f"wall-theme-{f.theme}", "data-level"] = f.level or "none"
        shown["wall-warning-rows", "children"] = hub.shared(
            moment, "warning rows", _sure("预警条", lambda: warnings.rows(moment.warnings, catalog, now, moment.drills))
        )
        mine, heard = list(seen.events), list(seen.alerts)
        counts, hours = hub.shared(moment, ("counted", key), lambda: _counted(state, moment, sight))
        shown["wall-loop", "children"] = hub.shared(
            moment, ("loop", key), _sure("事件闭环", lambda: right.loop(mine, counts, now))
        )
        shown["wall-alerts", "children"] = hub.shared(
            moment, ("alert rows", key), _sure("告警列表", lambda: right.alerts(heard, catalog, now))
        )
        shown["wall-due", "children"] = hub.shared(
            moment, ("due rows", key), _sure("临期列表", lambda: right.due(mine, catalog, now))
        )
        shown["wall-timeline", "children"] = hub.shared(
            moment, ("timeline", key), _sure("告警时序", lambda: timeline.timeline(hours, heard, catalog, now))
        )
        places = _compose.slots(state.layers)
        for layer in state.layers:
            if not layer.traces:
                continue
            painted = hub.shared(
                moment,
                ("layer", layer.key, key, seat.view.zoom),
                lambda layer=layer: layer.paint(frames.frame(seen, layer.source, catalog), seat.view),
            )
            for index, trace in zip(places[layer.key], painted, strict=True):
                shown["wall-map", f"{TRACE}{index}"] = {k: trace[k] for k in MOVING if k in trace} | (
                    {"symbol": trace["marker"]["symbol"]}
                    if isinstance(trace.get("marker", {}).get("symbol"), list)
                    else {}
                )
            if layer.refresh_s:
                newest = mapside.seen_at(layer, moment, catalog)
                shown[f"wall-age-{layer.key}", "data-at"] = newest.isoformat() if newest else ""
        if seat.selected:
            shown |= _selected(state, seat, moment, now)
        return shown

    return parts


def _sure(what: str, draw: Callable[[], Any]) -> Callable[[], Any]:
    """That part, or 无法显示 in its place: the others are drawn all the same."""
    return lambda: rowwise.whole(draw, what, [bits.lost()])


CARD = tuple((f"wall-card-{piece}", "children") for piece in ("head", "live", "around", "acts"))
"""The pieces of the card in the order of `card.card`."""
ACTS = CARD[-1]

MOVING = ("lon", "lat", "text", "hovertext", "customdata")
"""What of a trace may change after the page is laid out; its look and its visibility do not."""


def _counted(state: Any, moment: Moment, sight: Sight) -> tuple[tuple[int, int], tuple[dict[str, Any], ...]]:
    """(events of today, alerts of the last hours) as far as somebody sees them."""
    with state.pool.connection() as conn:
        return reading.today(conn, moment, sight), reading.hours(conn, moment, sight)


def _case(conn: Any, state: Any, moment: Moment, kind: str, ident: str, seat: Seat) -> desk.Case | None:
    """What was selected; where it cannot be read, a case that says no more than that."""
    lost = desk.Case(kind, ident, rowwise.LOST, "", None, None)
    seen = state.hub.seen(moment, seat.sight)
    return rowwise.whole(lambda: desk.read(conn, state.catalog, seen, kind, ident, seat), f"{kind} {ident}", lost)


def _selected(state: Any, seat: Seat, moment: Moment, now: datetime) -> Changes:
    """The open card's live part; its buttons too, unless a form stands there."""
    selected = seat.selected
    if selected is None:
        return {}
    with state.pool.connection() as conn:
        case = _case(conn, state, moment, *selected, seat)
    if case is None:
        return {}
    shown: Changes = {
        key: piece
        for key, piece in zip(CARD, card.card(case, state.catalog, now), strict=True)
        if key != ACTS or not seat.busy
    }
    return shown if seat.selected == selected else {}  # something else was selected meanwhile


def patched(changes: Changes) -> dict[str, dict[str, Any]]:
    """Changes by component, map traces gathered into one Patch of the figure."""
    out: dict[str, dict[str, Any]] = {}
    patch = None
    for (ident, prop), value in changes.items():
        if not prop.startswith(TRACE):
            out.setdefault(ident, {})[prop] = value
            continue
        patch = patch or Patch()
        trace = patch["data"][int(prop.removeprefix(TRACE))]
        for name, column in value.items():
            if name == "symbol":
                trace["marker"]["symbol"] = column
            else:
                trace[name] = column
    if patch is not None:
        out.setdefault("wall-map", {})["figure"] = patch
    return out


# Callbacks ----------------------------------------------------------------------------------------------------------
def callbacks(app: Dash) -> None:
    """Bind this page's callbacks. All of them come over the page's socket: so they reach the process that holds its seat,
    however many web processes there are."""

    @app.callback(
        Input("wall-wake", "data"),
        State("wall-page", "data"),
        websocket=True,
        persistent=True,
        prevent_initial_call=False,
    )
    async def stream(_wake: Any, page: str) -> None:
        """The page's line: runs as long as its socket and session live."""
        state, person, socket = access.here(), access.viewer(), ctx.websocket
        if person is None or socket is None or not PAGE.lets(person.role, state.catalog) or not page:
            return
        seat = state.hub.sit(page, person, parts_of(state))

        def send(changes: Changes) -> None:
            for ident, props in patched(changes).items():
                for prop, value in props.items():
                    socket.set_prop_sync(ident, prop, value)

        async def alive() -> None:
            await socket.get_prop("wall-page", "data", timeout=20)

        await state.hub.run(seat, send, alive, access.viewer_token())

    app.clientside_callback(
        ClientsideFunction("wall", "beat"), Output("wall-line", "title"), Input("wall-beat", "data")
    )

    @app.callback(
        Output("wall-card-head", "children"),
        Output("wall-card-live", "children"),
        Output("wall-card-around", "children"),
        Output("wall-card-acts", "children"),
        Output("wall-said", "children"),
        Output("wall-card", "hidden"),
        Output("wall-map", "figure", allow_duplicate=True),
        Input("wall-pick", "data"),
        State("wall-page", "data"),
        prevent_initial_call=True,
        websocket=True,
    )
    async def pick(chosen: dict[str, Any] | None, page: str) -> tuple:
        """Something was clicked in a list or on the map, or the card was closed."""
        return await asyncio.to_thread(_pick, access.here(), access.viewer(), page, chosen or {})

    @app.callback(
        Output("wall-card-acts", "children", allow_duplicate=True),
        Output("wall-said", "children", allow_duplicate=True),
        Output("wall-said", "className"),
        Input("wall-act", "data"),
        State("wall-page", "data"),
        prevent_initial_call=True,
        websocket=True,
    )
    async def act(wanted: dict[str, Any] | None, page: str) -> tuple:
        """A button of the card was pressed, or its form was handed in."""
        return await asyncio.to_thread(_act, access.here(), access.viewer_doer(Via.WALL), page, wanted or {})

    @app.callback(
        Output("wall-hands", "children"),
        Input("wall-seen", "data"),
        State("wall-page", "data"),
        prevent_initial_call=True,
        websocket=True,
    )
    async def hands(asked: dict[str, Any] | None, page: str) -> Any:
        """Another organisation was chosen in the form: its people."""
        return await asyncio.to_thread(_hands, access.here(), access.viewer(), page, asked or {})

    @app.callback(
        Output("wall-view", "data"),
        Input("wall-view", "data"),
        State("wall-page", "data"),
        prevent_initial_call=True,
        websocket=True,
    )
    async def view(seen: dict[str, Any] | None, page: str) -> Any:
        """The viewer zoomed into another band: clusters are made anew for it, and come over the socket."""
        hub, zoom = access.here().hub, (seen or {}).get("zoom")
        seat = hub.seat_of(page, access.viewer())
        if seat is not None and isinstance(zoom, int | float):
            hub.look(seat, view=live.with_zoom(seat.view, zoom))
        return no_update

    @app.callback(
        Output("wall-found", "children"),
        Input("wall-search", "value"),
        State("wall-page", "data"),
        prevent_initial_call=True,
        websocket=True,
    )
    async def search(text: str | None, page: str) -> Any:
        return await asyncio.to_thread(_search, access.here(), access.viewer(), page, (text or "").strip())


def _pick(state: Any, person: Person | None, page: str, chosen: dict[str, Any]) -> tuple:
    hub = state.hub
    seat = hub.seat_of(page, person)
    ring = _compose.slots(state.layers)[_compose.PICK][0]
    patch = Patch()
    kind, ident = str(chosen.get("kind") or ""), str(chosen.get("id") or "")
    case = None
    if seat is not None and kind:
        with state.pool.connection() as conn:
            case = _case(conn, state, hub.moment, kind, ident, seat)
    at = ([], []) if case is None or case.lng is None else ([case.lng], [case.lat])
    patch["data"][ring]["lon"], patch["data"][ring]["lat"] = at
    patch["data"][ring]["marker"]["symbol"] = ["pick"] * len(at[0])
    if seat is not None:
        seat.busy = False
        seat.selected = (case.kind, case.id) if case else None
    if not kind:
        return no_update, no_update, no_update, [], "", True, patch
    pieces = card.card(case, state.catalog, datetime.now(UTC))
    if seat is not None and case is not None:
        hub.shown(seat, dict(zip(CARD, pieces, strict=True)))
    return *pieces, "", False, patch


def _act(state: Any, by: Doer | None, page: str, wanted: dict[str, Any]) -> tuple:
    """(buttons or form, what to say, its class). A refusal leaves the form as it stands."""
    hub, catalog, now = state.hub, state.catalog, datetime.now(UTC)
    seat = hub.seat_of(page, by.who) if by is not None else None
    if by is None or seat is None or seat.selected is None:
        return no_update, "页面已重新连接，请重新选择后再办", "bad"
    do, verb = str(wanted.get("do") or ""), str(wanted.get("verb") or "")
    with state.pool.connection() as conn:
        try:
            if do == "form":
                return _form(state, conn, seat, verb), "", ""
            said = ""
            if do == "ack":
                note = str(wanted.get("note") or "")
                said = desk.acknowledge(conn, catalog, by, str(wanted.get("alert")), now, note=note)
            elif do == "report":
                said = desk.report(conn, catalog, by, str(wanted.get("alert")), now)
            elif do == "go":
                said = desk.act(conn, catalog, by, str(wanted.get("event")), verb, wanted, now)
        except Refused as err:
            return no_update, str(err), "bad"
        seat.busy = False
        hub.mark("alerts", "events")
        case = _chosen(state, conn, seat)
    buttons = card.actions(case, catalog) if case else []
    hub.shown(seat, {ACTS: buttons})
    return buttons, said, "good" if said else ""


def _chosen(state: Any, conn: Any, seat: Seat) -> desk.Case | None:
    """The case of what is selected at this moment; None where nothing is."""
    if seat.selected is None:
        return None
    kind, ident = seat.selected
    return desk.read(conn, state.catalog, state.hub.seen(state.hub.moment, seat.sight), kind, ident, seat)


def _form(state: Any, conn: Any, seat: Seat, verb: str) -> list:
    case = _chosen(state, conn, seat)
    if case is None or case.event is None or verb not in case.verbs:
        raise Refused("案卷已有变化，这个动作现在不能办，请看最新状态", "conflict")
    category = state.catalog.categories.get(case.event["category"])
    org = case.event["org"] or (category.org if category else None)
    people = desk.hands(conn, org, case.event["grid"]) if org else []
    seat.in_hand, seat.busy = frozenset({ACTS}), True
    return card.form(case, Verb(verb), state.catalog, state.hub.moment.orgs, people, org)


def _hands(state: Any, person: Person | None, page: str, asked: dict[str, Any]) -> Any:
    seat = state.hub.seat_of(page, person)
    if seat is None or not asked.get("org") or not asked.get("event"):
        return no_update
    with state.pool.connection() as conn:
        row = db.one(conn, "web_event", id=str(asked["event"]))
        if row is None or not seat.sight.sees_event(row, row["joined"]):
            return no_update
        people = desk.hands(conn, str(asked["org"]), row["grid"])
    return card.forms.hand_options(people, row, state.catalog)


def _search(state: Any, person: Person | None, page: str, text: str) -> Any:
    seat = state.hub.seat_of(page, person)
    if seat is None or not text:
        return []
    like = "%" + text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%"
    with state.pool.connection() as conn:
        rows = db.many(conn, "web_search", like=like, cameras=list(state.catalog.cameras), **seat.sight.parameters())
    if not rows:
        return bits.empty("没有找到")
    return [
        html.Button(
            [html.B(r["name"]), html.Small(r["label"])],
            **attrs({
                "data-pick": f"{r['what']}:{r['id']}",
                "data-lnglat": f"{r['lng']:.5f},{r['lat']:.5f}",
                "data-near": "1",
            }),
        )
        for r in rows
    ]
