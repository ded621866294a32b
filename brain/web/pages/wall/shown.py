"""What a wall page should show at a moment, part by part, and how a change of it is sent.

`brain.web.live.hub` asks this for every seat and sends what differs. A part that cannot be drawn stands as 无法显示 in its
place; the others are drawn all the same.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from dash import Patch

from brain import rowwise
from brain.identity.scope import Sight
from brain.web import themes
from brain.web.live import frames, reading
from brain.web.live.moment import Moment
from brain.web.live.seat import Changes, Parts, Seat
from brain.web.pages.wall import card, desk, left, mapside, right, timeline, warnings
from brain.web.parts import bits
from layers import _compose

TRACE = "trace:"
CARD = tuple((f"wall-card-{piece}", "children") for piece in ("head", "live", "around", "acts"))
"""The pieces of the card in the order of `card.card`."""
ACTS = CARD[-1]

MOVING = ("lon", "lat", "text", "hovertext", "customdata")
"""What of a trace may change after the page is laid out; its look and its visibility do not."""


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
            moment, ("alert rows", key), _sure("告警列表", lambda: right.alerts(heard, catalog, now, seen.whole, moment.more))
        )
        shown["wall-due", "children"] = hub.shared(
            moment, ("due rows", key), _sure("临期列表", lambda: right.due(mine, catalog, now))
        )
        shown["wall-timeline", "children"] = hub.shared(
            moment, ("timeline", key), _sure("告警时序", lambda: timeline.timeline(hours, heard, catalog, now))
        )
        slots = _compose.slots(state.layers)
        for layer in state.layers:
            if not layer.traces:
                continue
            painted = hub.shared(
                moment,
                ("layer", layer.key, key, seat.view.zoom),
                lambda layer=layer: rowwise.whole(
                    lambda: layer.paint(frames.frame(seen, layer.source, catalog), seat.view), f"图层 {layer.key}", None
                ),
            )
            if painted is None:
                continue  # its marks stay where they were
            for index, trace in zip(slots[layer.key], painted, strict=True):
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


def _counted(state: Any, moment: Moment, sight: Sight) -> tuple[tuple[int, int], tuple[dict[str, Any], ...]]:
    """(events of today, alerts of the last hours) as far as somebody sees them."""
    with state.pool.connection() as conn:
        return reading.today(conn, moment, sight), reading.hours(conn, moment, sight)


def case_of(conn: Any, state: Any, moment: Moment, kind: str, ident: str, seat: Seat) -> desk.Case | None:
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
        case = case_of(conn, state, moment, *selected, seat)
    if case is None:  # it has left his sight while the card stood open: what was true of it is not told on
        seat.busy = False
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
