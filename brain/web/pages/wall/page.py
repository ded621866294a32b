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

from brain.identity.doing import Doer, Via, refusals_audited
from brain.identity.people import Person
from brain.model import Refused, Role, Verb
from brain.store import db
from brain.web import ground, themes
from brain.web.door import access, calls
from brain.web.door.access import Page
from brain.web.live import frames
from brain.web.live import hub as live
from brain.web.live.seat import Changes, Seat
from brain.web.pages.wall import card, desk, left, mapside, top, warnings
from brain.web.pages.wall.shown import ACTS, CARD, case_of, parts_of, patched
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
OVERTAKEN = frozenset({"conflict", "no_such_move", "reported", "unknown"})
"""Refusals that say that the form, or the button, is of yesterday."""
LOST_SEAT = "页面已重新连接，请重新选择后再办"
ACTIONS = {"ack": "alert_ack", "report": "event_report", "go": ""}
"""How what the card does is called in the trail; "go" is a verb's own."""
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
            case = case_of(conn, state, hub.moment, kind, ident, seat)
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
    do, verb = str(wanted.get("do") or ""), str(wanted.get("verb") or "")
    if by is None:
        return no_update, LOST_SEAT, "bad"
    with state.pool.connection() as conn:
        try:
            if seat is None or seat.selected is None:
                if do not in ACTIONS:
                    raise Refused(LOST_SEAT, "seat")
                with refusals_audited(conn, by, ACTIONS[do] or f"event_{verb[:20]}", _named(wanted), now):
                    raise Refused(LOST_SEAT, "seat")
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
            elif do:
                with refusals_audited(conn, by, "wall_act", _named(wanted), now, do=do[:20]):
                    raise Refused("没有这个动作", "verb")
        except Refused as err:
            if seat is None or err.code not in OVERTAKEN:
                return no_update, str(err), "bad"
            hub.mark("alerts", "events")
            return _shown_acts(state, conn, seat), str(err), "bad"
        hub.mark("alerts", "events")
        return _shown_acts(state, conn, seat), said, "good" if said else ""


def _named(wanted: dict[str, Any]) -> str:
    """What an act was said to be about, for the trail."""
    return next((f"{name}:{str(wanted[name])[:20]}" for name in ("alert", "event") if wanted.get(name)), "")


def _shown_acts(state: Any, conn: Any, seat: Seat) -> list:
    """The card's buttons as they are now, in place of the form that stood there."""
    seat.busy = False
    case = _chosen(state, conn, seat)
    buttons = card.actions(case, state.catalog) if case else []
    state.hub.shown(seat, {ACTS: buttons})
    return buttons


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
    if seat is None or not asked.get("org") or not asked.get("event") or not calls.storable([asked["org"], asked["event"]]):
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
    if not calls.storable(text):
        return bits.empty("没有找到")
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
