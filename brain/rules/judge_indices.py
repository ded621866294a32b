"""Rules on an index made of several quantities: water class, AQI, fire weather; and satellite hotspots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from brain.city import ZONE
from brain.model import Judgement, Level, Quality, Reading, RuleState, Station
from brain.rules import air_quality, fire_danger, hysteresis, water_quality
from brain.rules.evidence import clock, evidence, level_word, span
from brain.rules.hysteresis import Grade, Sample
from brain.rules.judge_values import accepted, deciding_value, no_worse, used_readings, worst_level


def by_instant(readings: Sequence[Reading]) -> list[tuple[datetime, dict[str, Reading]]]:
    """Readings of one instant together, ascending; of several sequences the last counts."""
    found: dict[datetime, dict[str, Reading]] = {}
    for reading in sorted(readings, key=lambda r: (r.at, r.seq)):
        found.setdefault(reading.at, {})[reading.kind] = reading
    return sorted(found.items())


def _news(
    instants: list[tuple[datetime, dict[str, Reading]]], held: RuleState
) -> list[tuple[datetime, dict[str, Reading]]]:
    """What is newer than the last record judged, and the newest in any case: an index is dear to compute twice."""
    return [pair for pair in instants if held.seen_at is None or pair[0] > held.seen_at] or instants[-1:]


def water(rule: Any, station: Station, trail: Sequence[Reading], held: RuleState, now: datetime) -> Judgement:
    """GB 3838 class against the station's target (`params.target`, default of the rule), per sample.

    Limits are classes worse than the target; an item `over_yellow` times over its target limit is yellow, 劣Ⅴ is
    `worst`; a drinking source (`params.source`) worse than `source_class` is red. A sample without the item that
    brought the held level does not ease it: what was not measured has not recovered.
    """
    target = int(station.params.get("target", rule.params["target"]))
    lake = bool(station.params.get("lake"))
    source = bool(station.params.get("source"))
    culprits = set(held.memo.get("by", ()))
    samples = []
    for at, found in _news(by_instant(accepted(rule, trail)), held):
        values = {kind: r.value for kind, r in found.items()}
        judged = water_quality.judge(values, lake=lake, items=rule.inputs)
        if judged:
            samples.append(Sample(at, "", float(judged.cls), tuple(found.values()), (judged, values)))

    def shown(judged: water_quality.Judged, values: Mapping[str, float]) -> Level | None:
        found = [worst_level(rule.limits, judged.cls - target, down=False)]
        over = [water_quality.exceed_factor(item, values[item], target=target, lake=lake) for item in judged.by_item]
        if judged.cls > target and max(over, default=0.0) >= rule.params["over_yellow"]:
            found.append(Level.YELLOW)
        if judged.cls > target and judged.cls == water_quality.WORSE_THAN_V:
            found.append(rule.params["worst"])
        if source and judged.cls > rule.params["source_class"]:
            found.append(Level.RED)
        return min((level for level in found if level is not None), default=None)

    def grade(sample: Sample, level: Level | None) -> Grade:
        judged, values = sample.more
        now_shown = shown(judged, values)
        if level is not None and culprits - set(values):
            return Grade(now_shown, level, judged)
        return Grade(now_shown, no_worse(now_shown, level), judged)

    outcome = hysteresis.fold(held, samples, grade, hysteresis.holds_of(rule, list(Level)), now)
    state, level = outcome.state, outcome.state.level
    if outcome.action != "hold":
        by = outcome.why.worst if level is not None else ()
        state = replace(
            state, memo={k: v for k, v in state.memo.items() if k != "by"} | ({"by": list(by)} if by else {})
        )
    cause = outcome.cause
    return Judgement(
        state=state,
        action=outcome.action,
        level=level,
        value=deciding_value(outcome, held),
        limit=float(target),
        message=_water_words(rule, outcome, held.level, target) if cause else "",
        evidence=evidence(
            rule,
            station,
            used_readings(rule, trail, outcome),
            action=outcome.action,
            limits=rule.limits,
            overridden="target" in station.params,
            before=held.level,
            target=target,
            lake=lake,
            source=source,
            classes=dict(outcome.why.by_item) if outcome.why else {},
            missing=list(outcome.why.missing) if outcome.why else [],
        ),
        due=outcome.due,
    )


def _water_words(rule: Any, outcome: hysteresis.Outcome, before: Level | None, target: int) -> str:
    judged: water_quality.Judged = outcome.why
    values = outcome.cause.more[1]
    cls, goal = rule.words.of("water_class", judged.cls), rule.words.of("water_class", target)
    if outcome.action == "clear":
        return f"水质{cls}，连续 {rule.params.get('records_off', 1)} 条记录达到目标{goal}，解除"
    items = "、".join(
        "pH 超标" if item == "ph" else f"{rule.kinds[item].label} {rule.kinds[item].text(values[item])}"
        for item in judged.worst
    )
    level = level_word(rule, outcome.state.level)
    part = "（按现有指标评价）" if judged.missing else ""
    if before is not None and outcome.state.level > before:
        found = f"{cls}，已达目标{goal}" if judged.cls <= target else f"{cls}（{items}），仍劣于目标{goal}"
        return f"水质{found}，由{level_word(rule, before)}降为{level}{part}"
    return f"水质{cls}（{items}），劣于目标{goal}，达{level}{part}"


def aqi(rule: Any, station: Station, trail: Sequence[Reading], held: RuleState, now: datetime) -> Judgement:
    """Real-time AQI of the hour (HJ 633 by Beijing date of observation); an index that is NA is no record at all."""
    samples = []
    for at, found in _news(by_instant(accepted(rule, trail)), held):
        judged = air_quality.judge(
            {kind: max(0.0, r.value) for kind, r in found.items()}, at.astimezone(ZONE).date(), hourly=True
        )
        if judged.aqi is not None:
            samples.append(Sample(at, "", float(judged.aqi), tuple(found.values()), judged))

    def grade(sample: Sample, level: Level | None) -> Grade:
        kept = worst_level(rule.limits, sample.value, down=False, slack=rule.reset)
        return Grade(worst_level(rule.limits, sample.value, down=False), no_worse(kept, level), sample.more)

    outcome = hysteresis.fold(held, samples, grade, hysteresis.holds_of(rule, list(rule.limits)), now)
    level, value, judged = outcome.state.level, deciding_value(outcome, held), outcome.why
    message = ""
    if outcome.action != "hold":
        primary = "、".join(rule.kinds[item].label for item in judged.primary)
        head = f"实时 AQI {value:.0f}（{rule.words.of('aqi_level', judged.level)}）"
        head += f"，首要污染物 {primary}" if primary else ""
        tail = f"达{level_word(rule, level)}限值 {rule.limits[level]:.0f}" if level else "已回落，解除"
        message = f"{head}，{tail}"
    return Judgement(
        state=outcome.state,
        action=outcome.action,
        level=level,
        value=value,
        limit=rule.limits.get(level) if level else None,
        message=message,
        evidence=evidence(
            rule,
            station,
            used_readings(rule, trail, outcome),
            action=outcome.action,
            limits=rule.limits,
            before=held.level,
            indices=dict(judged.by_item) if judged else {},
            standard=judged.standard if judged else "",
        ),
        due=outcome.due,
    )


def fire(rule: Any, station: Station, trail: Sequence[Reading], held: RuleState, now: datetime) -> Judgement:
    """Fire weather of the last `window_records` records (a day of hourly ones): LY/T 1172, 本平台测算.

    Dry days are counted in records (`day_records` a day), because recorded data may be played faster than they were
    observed. Until rain is seen they count from the first record on: an unknown past is not taken for a drought.
    """
    params = rule.params
    window, day = params["window_records"], params["day_records"]
    instants = by_instant(accepted(rule, trail))
    fresh = {at for at, _ in instants if held.seen_at is None or at > held.seen_at}
    rain, dry = held.memo.get("rain"), int(held.memo.get("dry", 0))
    counted: dict[datetime, tuple[float | None, int]] = {}
    samples = []
    for number, (at, found) in enumerate(instants):
        if at in fresh and "rain_24h" in found:
            amount = found["rain_24h"].value
            rain, dry = (amount, 0) if amount >= params["rain_from"] else (rain, dry + 1)
        if at in fresh:
            counted[at] = (rain, dry)
        past = [pair[1] for pair in instants[max(0, number + 1 - window) : number + 1]]
        kinds = {kind: [p[kind].value for p in past if kind in p] for kind in ("air_temp", "humidity", "wind_speed")}
        if len(past) < window or not all(kinds.values()):
            continue
        judged = fire_danger.index(
            temp_max=max(kinds["air_temp"]),
            humidity_min=min(kinds["humidity"]),
            wind_max=max(kinds["wind_speed"]),
            rain=params["rain"][-1][0] if rain is None else rain,
            dry_days=dry // day,
            season=params["season"][at.astimezone(ZONE).month - 1],
            temp=params["temp"],
            humidity=params["humidity"],
            wind=params["wind"],
            rain_table=params["rain"],
            grades=params["grades"],
        )
        samples.append(Sample(at, "", judged.h, tuple(found.values()), judged))

    def grade(sample: Sample, level: Level | None) -> Grade:
        shown = params["levels"].get(sample.more.grade)
        return Grade(shown, no_worse(shown, level), sample.more)

    outcome = hysteresis.fold(held, samples, grade, hysteresis.holds_of(rule, sorted(params["levels"].values())), now)
    state = outcome.state
    if counted:
        seen = max(at for at in counted if outcome.cause is None or at <= outcome.cause.at)
        state = replace(state, seen_at=seen, memo=state.memo | {"rain": counted[seen][0], "dry": counted[seen][1]})
    level, judged = state.level, outcome.why
    message = ""
    if outcome.action != "hold":
        word = rule.words.of("fire_grade", judged.grade)
        head = f"森林火险气象指数 {judged.h:.0f}（{word}，本平台测算）"
        message = f"{head}，{level_word(rule, level)}" if level else f"{head}，解除"
    return Judgement(
        state=state,
        action=outcome.action,
        level=level,
        value=deciding_value(outcome, held),
        limit=None,
        message=message,
        evidence=evidence(
            rule,
            station,
            used_readings(rule, trail, outcome),
            action=outcome.action,
            before=held.level,
            parts={n: getattr(judged, n) for n in ("a", "b", "c", "d", "e", "h", "grade")} if judged else {},
            dry_days=int(state.memo.get("dry", 0)) // day,
        ),
        due=outcome.due,
    )


def hotspot(rule: Any, station: Station, trail: Sequence[Reading], held: RuleState, now: datetime) -> Judgement:
    """Satellite hotspots of one watch cell (practice of domain 04 §5).

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
        return _spot_end(rule, station, held, now, window)
    level, newest = before, fresh[-1]
    strongest = max(fresh, key=lambda r: r.value)
    for spot in fresh:
        found = _spot_level(params, spot, sure.get((spot.at, spot.seq)))
        passes = {r.at for r in spots if spot.at - window <= r.at <= spot.at and _apart(r.at, spot.at)}
        if passes and found > Level.ORANGE:
            found = Level.ORANGE
        level = found if level is None else min(level, found)
    action = "open" if before is None else "change" if level != before else "hold"
    state = replace(
        held,
        level=level,
        since=held.since if action == "hold" else newest.at,
        seen_at=newest.at,
        memo={"seen_seq": newest.seq, "last": [newest.at.isoformat(), newest.value]},
    )
    confidence = sure.get((strongest.at, strongest.seq))
    said = f"，置信度 {confidence:.0f}%" if confidence is not None else ""
    count = f"{len(fresh)} 个" if len(fresh) > 1 else ""
    power = f"{clock(strongest.at)} 辐射功率 {strongest.value:.1f} MW"
    message = f"卫星发现{count}热点，{power}{said}，{level_word(rule, level)}疑似火情"
    return Judgement(
        state=state,
        action=action,
        level=level,
        value=strongest.value,
        limit=None,
        message="" if action == "hold" else message,
        evidence=evidence(
            rule, station, readings, action=action, before=before, confidence=confidence, window_s=params["window_s"]
        ),
        due=newest.at + window,
    )


def _apart(a: datetime, b: datetime) -> bool:
    """Two passes, not two pixels of one: at least half an hour between them."""
    return abs(b - a) >= timedelta(minutes=30)


def _spot_level(params: Mapping[str, Any], spot: Reading, confidence: float | None) -> Level:
    if spot.quality == Quality.MANUAL:
        return Level.RED
    if confidence is not None and confidence < params["nominal"]:
        return Level.BLUE
    if spot.value >= params["frp_orange"] or (confidence is not None and confidence >= params["high"]):
        return Level.ORANGE
    return Level.YELLOW


def _spot_end(rule: Any, station: Station, held: RuleState, now: datetime, window: timedelta) -> Judgement:
    last = held.memo.get("last")
    value = float(last[1]) if last else None
    if held.level is None or held.seen_at is None:
        return Judgement(state=held, action="hold", value=value)
    ends = held.seen_at + window
    if now < ends and not station.params.get("static_heat"):
        return Judgement(state=held, action="hold", level=held.level, value=value, due=ends)
    message = f"{span(window.total_seconds())}内没有新的卫星热点，自动失效（卫星只报有火，不报无火，请以现场核查为准）"
    if station.params.get("static_heat"):
        message = "该处已登记为固定热源，解除"
    return Judgement(
        state=replace(held, level=None, since=None),
        action="clear",
        value=value,
        message=message,
        evidence=evidence(rule, station, (), before=held.level, window_s=window.total_seconds()),
    )
