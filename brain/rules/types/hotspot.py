"""Satellite hotspots of one watch cell; “卫星发现热点，09-04 03:00 辐射功率 14.6 MW，置信度 63%，黄色疑似火情”."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from brain.model import Level, Quality, Reading, RuleState, Station
from brain.rules.contract import Action, Cause, Evidence, Graded, Rule, Standing, Type
from brain.rules.explaining import clock, level_word, span
from brain.rules.grading import accepted, untrusted
from brain.rules.params import number, whole

TYPE = Type("hotspot", "卫星热点")
PARAMS = {
    "nominal": number("置信度低于多少只算蓝色", least=0.0, most=100.0, example="30.0"),
    "high": number("置信度从多少起算橙色", least=0.0, most=100.0, example="80.0"),
    "frp_orange": number("辐射功率从多少兆瓦起算橙色", least=0.0, example="20.0"),
    "window_s": whole("多少秒没有新热点就自动失效", example="43200"),
}


class Found(NamedTuple):
    """The strongest of the new detections, its confidence and how many there are; no detection for an end by time or by
    declaration (`exempt`)."""

    strongest: Reading | None
    confidence: float | None
    many: int
    exempt: bool


def grade(rule: Rule, station: Station, trail: Sequence[Reading], held: RuleState, now: datetime) -> Graded[Found]:
    """Practice of domain 04 §5.

    blue: confidence below nominal; yellow: nominal; orange: high, or strong (`frp_orange`), or seen in two passes;
    red: confirmed by a person (quality `manual`). Cells marked `params.static_heat` (kilns, flares) say nothing.
    Why time ends it: satellites report fires, never their absence. After `window_s` without a new detection the alert
    expires, and says that it expired; the event it opened is closed by people.
    """
    params = rule.params
    window = timedelta(seconds=params["window_s"])
    readings = accepted(rule, trail)
    sure = {(r.at, r.seq): r.value for r in readings if r.kind == rule.inputs[1]}
    spots = [r for r in readings if r.kind == rule.inputs[0]]
    seen = (held.seen_at, held.memo.get("seen_seq", "")) if held.seen_at else None
    fresh = [r for r in spots if seen is None or (r.at, r.seq) > seen]
    before = held.level
    if not fresh or station.params.get("static_heat"):
        return _end(rule, station, trail, held, now, window)
    level, newest = before, fresh[-1]
    strongest = max(fresh, key=lambda r: r.value)
    for spot in fresh:
        found = _level_of(params, spot, sure.get((spot.at, spot.seq)))
        passes = {r.at for r in spots if spot.at - window <= r.at <= spot.at and _apart(r.at, spot.at)}
        if passes and found > Level.ORANGE:
            found = Level.ORANGE
        level = found if level is None else min(level, found)
    action: Action = "open" if before is None else "change" if level != before else "hold"
    state = replace(
        held,
        level=level,
        since=held.since if action == "hold" else newest.at,
        seen_at=newest.at,
        memo={"seen_seq": newest.seq, "last": [newest.at.isoformat(), newest.value]},
    )
    confidence = sure.get((strongest.at, strongest.seq))

    def evidence() -> Evidence:
        return Evidence(
            readings=readings,
            what=f"{clock(newest.at)} 的卫星热点 {newest.value:.1f} MW",
            standing=Standing(Cause.HELD),
            more={"confidence": confidence, "window_s": params["window_s"]},
        )

    said = Found(strongest, confidence, len(fresh), False)
    return Graded(state, action, level, said, evidence, strongest.value, due=newest.at + window)


def _apart(a: datetime, b: datetime) -> bool:
    """Two passes, not two pixels of one: at least half an hour between them."""
    return abs(b - a) >= timedelta(minutes=30)


def _level_of(params: Mapping[str, Any], spot: Reading, confidence: float | None) -> Level:
    if spot.quality == Quality.MANUAL:
        return Level.RED
    if confidence is not None and confidence < params["nominal"]:
        return Level.BLUE
    if spot.value >= params["frp_orange"] or (confidence is not None and confidence >= params["high"]):
        return Level.ORANGE
    return Level.YELLOW


def _end(
    rule: Rule, station: Station, trail: Sequence[Reading], held: RuleState, now: datetime, window: timedelta
) -> Graded[Found]:
    """Nothing new: a held level goes on until its window is over."""
    exempt = bool(station.params.get("static_heat"))
    last = held.memo.get("last")
    value, ends = float(last[1]) if last else None, held.seen_at + window if held.seen_at else None
    found = Found(None, None, 0, exempt)

    def evidence_of(readings: Sequence[Reading], standing: Standing | None) -> Evidence:
        what = "卫星热点" if value is None else f"卫星热点 {value:.1f} MW"
        return Evidence(readings=readings, what=what, standing=standing, more={"window_s": window.total_seconds()})

    def evidence() -> Evidence:
        mine = [r for r in trail if r.kind in rule.inputs]
        if exempt:
            return evidence_of(mine, Standing(Cause.EXEMPT, detail="该处已登记为固定热源，不告警"))
        if held.level is not None and ends is not None:
            return evidence_of(
                mine, Standing(Cause.HELD, detail=f"没有新的热点，{clock(ends)} 前维持{level_word(rule, held.level)}")
            )
        return evidence_of(mine, untrusted(rule, trail) or Standing(Cause.NO_RECORD if not mine else Cause.WITHIN))

    if held.level is None or ends is None:
        return Graded(held, "hold", None, found, evidence, value)
    if now < ends and not exempt:
        return Graded(held, "hold", held.level, found, evidence, value, due=ends)
    return Graded(
        replace(held, level=None, since=None), "clear", None, found, lambda: evidence_of((), None), value
    )  # fmt: skip


def say(rule: Rule, graded: Graded[Found]) -> str:
    strongest, confidence, n, exempt = graded.found
    if strongest is None or graded.level is None:
        if exempt:
            return "该处已登记为固定热源，解除"
        return (
            f"{span(rule.params['window_s'])}内没有新的卫星热点，自动失效（卫星只报有火，不报无火，请以现场核查为准）"
        )
    sure = f"，置信度 {confidence:.0f}%" if confidence is not None else ""
    many = f"{n} 个" if n > 1 else ""
    power = f"{clock(strongest.at)} 辐射功率 {strongest.value:.1f} MW"
    return f"卫星发现{many}热点，{power}{sure}，{level_word(rule, graded.level)}疑似火情"
