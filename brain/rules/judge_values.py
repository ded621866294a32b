"""Rules on one quantity: ladder (limits per level), ratio (against its own recent past), state (enumerated)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from statistics import median
from typing import Any

from brain.model import Judgement, Level, Reading, RuleState, Station
from brain.rules import hysteresis
from brain.rules.evidence import evidence, level_word, span, text
from brain.rules.hysteresis import Grade, Sample


def accepted(rule: Any, trail: Sequence[Reading], kind: str | None = None) -> list[Reading]:
    """Readings of the rule's inputs (or of one kind) whose quality both the kind and the rule accept, in order."""
    wanted = rule.inputs if kind is None else (kind,)
    found = [
        r for r in trail if r.kind in wanted and r.quality in rule.kinds[r.kind].accepts and r.quality in rule.accepts
    ]
    return sorted(found, key=lambda r: (r.at, r.seq))


def _samples(rule: Any, trail: Sequence[Reading]) -> list[Sample]:
    return [Sample(r.at, r.seq, r.value, (r,)) for r in accepted(rule, trail, rule.inputs[0])]


def limits_at(rule: Any, station: Station) -> tuple[dict[Level, float], bool]:
    """Limits of a ladder at a station, and whether they are its own: `params.limits.<kind>`, else the variant that
    `variant_by` names, else the rule's."""
    own = (station.params.get("limits") or {}).get(rule.inputs[0])
    if own is not None:
        return {Level.of(key): float(value) for key, value in own.items()}, True
    variant = station.params.get(rule.params.get("variant_by", ""))
    return rule.params.get("variants", {}).get(variant, rule.limits), False


def worst_level(limits: Mapping[Level, float], value: float, *, down: bool, slack: float = 0.0) -> Level | None:
    """The worst level whose limit the value reaches; `slack` widens it."""
    reached = [level for level, limit in limits.items() if (value <= limit + slack if down else value >= limit - slack)]
    return min(reached, default=None)


def no_worse(level: Level | None, held: Level | None) -> Level | None:
    """A slack keeps at most the held level: it never worsens."""
    return None if level is None or held is None else max(level, held)


def ladder(rule: Any, station: Station, trail: Sequence[Reading], held: RuleState, now: datetime) -> Judgement:
    """Limits per level, up or down; “浊度 303.5 NTU，达橙色限值 200 NTU”.

    `params.wet` lowers the limits of mountain-torrent stations (`params.torrent`) by its factor while the soil is wet:
    while the amounts of its kind (24-hour sums), taken `step` records apart over `records`, add up to `from`.
    """
    plain, overridden = limits_at(rule, station)
    down = rule.params.get("direction") == "down"
    wet = rule.params.get("wet") if station.params.get("torrent") and not overridden else None
    soil = accepted(rule, trail, wet["kind"]) if wet else []

    def limits_then(at: datetime | None) -> Mapping[Level, float]:
        if not wet or at is None or _fallen(soil, at, wet) < wet["from"]:
            return plain
        return {level: round(limit * wet["factor"], 1) for level, limit in plain.items()}

    def grade(sample: Sample, level: Level | None) -> Grade:
        then = limits_then(sample.at)
        kept = worst_level(then, sample.value, down=down, slack=rule.reset)
        return Grade(worst_level(then, sample.value, down=down), no_worse(kept, level))

    holds = hysteresis.holds_of(rule, list(plain), rule.params.get("hold_s"))
    outcome = hysteresis.fold(held, _samples(rule, trail), grade, holds, now)
    level, before = outcome.state.level, held.level
    limits = limits_then(outcome.cause.at if outcome.cause else outcome.state.seen_at)
    value = deciding_value(outcome, held)
    limit = limits.get(level or before) if (level or before) else None
    message = ""
    if outcome.action != "hold":
        message = _ladder_words(rule, level, before, value, limits, down)
    return Judgement(
        state=outcome.state,
        action=outcome.action,
        level=level,
        value=value,
        limit=limit,
        message=message,
        evidence=evidence(
            rule,
            station,
            used_readings(rule, trail, outcome),
            action=outcome.action,
            limits=limits,
            overridden=overridden,
            before=before,
        ),
        due=outcome.due,
    )


def _fallen(soil: Sequence[Reading], at: datetime, wet: Mapping[str, Any]) -> float:
    """Rain of the last days before an instant, from 24-hour sums a day of records apart (records, not hours, because
    recorded data may be played faster than they were observed)."""
    past = [r.value for r in soil if r.at <= at][::-1]
    return sum(past[: int(wet["records"]) : int(wet["step"])])


def _ladder_words(
    rule: Any, level: Level | None, before: Level | None, value: float, limits: Mapping[Level, float], down: bool
) -> str:
    kind = rule.kinds[rule.inputs[0]]
    now_is = f"{kind.label} {kind.text(value)}"

    def limit(at: Level) -> str:
        return f"限值 {limits[at]:g} {kind.unit}".rstrip()

    if level is None:
        mildest = max(limits, default=None)
        below = f"{level_word(rule, mildest)}{limit(mildest)}" if mildest else "限值"
        return f"{now_is}，已{'高' if down else '低'}于{below}（回差 {rule.reset:g}），解除"
    if before is not None and level > before:
        return f"{now_is}，由{level_word(rule, before)}降为{level_word(rule, level)}（{limit(level)}）"
    return f"{now_is}，{'低至' if down else '达'}{level_word(rule, level)}{limit(level)}"


def deciding_value(outcome: hysteresis.Outcome, held: RuleState) -> float | None:
    """The value that decided, or the newest one known."""
    if outcome.cause is not None:
        return outcome.cause.value
    last = outcome.state.memo.get("last") or held.memo.get("last")
    return float(last[1]) if last else None


def used_readings(rule: Any, trail: Sequence[Reading], outcome: hysteresis.Outcome) -> list[Reading]:
    """The accepted readings up to the one that decided."""
    if outcome.action == "hold":
        return []
    until = outcome.cause.at if outcome.cause else outcome.state.seen_at
    return [r for r in accepted(rule, trail) if until is not None and r.at <= until]


def ratio(rule: Any, station: Station, trail: Sequence[Reading], held: RuleState, now: datetime) -> Judgement:
    """Value over the median of the `window_records` accepted records before it; below `floor` nothing is said.

    Why the base is frozen while a level is held: a long flood would fill its own window and end the alert in its
    middle. It is frozen for one window at most, so that a lasting change of regime does end.
    """
    window, least = rule.params["window_records"], rule.params["min_records"]
    samples = []
    readings = accepted(rule, trail, rule.inputs[0])
    frozen = held.memo.get("base")
    left = frozen["left"] if frozen else 0
    for number, reading in enumerate(readings):
        past = [r.value for r in readings[max(0, number - window) : number]]
        base = median(past) if len(past) >= least else None
        new = held.seen_at is None or (reading.at, reading.seq) > (held.seen_at, held.memo.get("seen_seq", ""))
        if held.level is not None and frozen and new and left > 0:
            base, left = frozen["value"], left - 1
        samples.append(Sample(reading.at, reading.seq, reading.value, (reading,), base))

    def times(sample: Sample) -> float | None:
        if not sample.more or sample.value < rule.params["floor"]:
            return None
        return sample.value / sample.more

    def grade(sample: Sample, level: Level | None) -> Grade:
        found = times(sample)
        if sample.more is None and level is not None:
            return Grade(None, level, sample.more)  # no base, no verdict: keep what is held
        shown = worst_level(rule.limits, found, down=False) if found is not None else None
        kept = worst_level(rule.limits, found, down=False, slack=rule.reset) if found is not None else None
        return Grade(shown, no_worse(kept, level), sample.more)

    outcome = hysteresis.fold(held, samples, grade, hysteresis.holds_of(rule, list(rule.limits)), now)
    state, level = outcome.state, outcome.state.level
    state = replace(state, memo=_base(state, held, outcome, frozen, window))
    value, base = deciding_value(outcome, held), outcome.why
    kind = rule.kinds[rule.inputs[0]]
    message = ""
    if outcome.action == "clear":
        message = f"{kind.label} {kind.text(value)}，已回落，解除"
    elif outcome.action != "hold":
        message = (
            f"{kind.label} {kind.text(value)}，为前 {window} 条记录中位数 {kind.text(base)} 的 {value / base:.1f} 倍，"
            f"达{level_word(rule, level)}限值 {rule.limits[level]:g} 倍"
        )
    return Judgement(
        state=state,
        action=outcome.action,
        level=level,
        value=value,
        limit=round(rule.limits[level] * base, 3) if level and base else None,
        message=message,
        evidence=evidence(
            rule,
            station,
            used_readings(rule, trail, outcome),
            action=outcome.action,
            limits=rule.limits,
            before=held.level,
            base=base,
        ),
        due=outcome.due,
    )


def _base(state: RuleState, held: RuleState, outcome: hysteresis.Outcome, frozen: Any, window: int) -> dict[str, Any]:
    memo = {key: value for key, value in state.memo.items() if key != "base"}
    if state.level is None:
        return memo
    if held.level is None:
        return memo | {"base": {"value": outcome.why, "left": window}}
    if frozen:
        judged = sum(s.at <= state.seen_at for s in outcome.run) if state.seen_at else 0
        return memo | {"base": {"value": frozen["value"], "left": max(0, frozen["left"] - judged)}}
    return memo


def state(rule: Any, station: Station, trail: Sequence[Reading], held: RuleState, now: datetime) -> Judgement:
    """An enumerated value that means a level (`params.levels`), taken after the hold of each level; stations with
    `params.key` true use `key_hold_s`."""
    levels: dict[int, Level] = rule.params["levels"]
    hold_s = rule.params.get("key_hold_s") if station.params.get("key") else None
    hold_s = hold_s or rule.params.get("hold_s") or {}

    def grade(sample: Sample, level: Level | None) -> Grade:
        shown = levels.get(round(sample.value))
        return Grade(shown, no_worse(shown, level))

    holds = hysteresis.holds_of(rule, sorted({*levels.values(), *hold_s}), hold_s)
    outcome = hysteresis.fold(held, _samples(rule, trail), grade, holds, now)
    level, value = outcome.state.level, deciding_value(outcome, held)
    message = ""
    if outcome.action != "hold":
        kind = rule.kinds[rule.inputs[0]]
        lasted = hold_s.get(level, rule.hold_on_s) if level else 0
        how = f"，持续 {span(lasted)} 以上" if lasted else f"，连续 {rule.records} 条记录" if rule.records > 1 else ""
        after = f"{how}，{level_word(rule, level)}" if level else "，恢复正常，解除"
        message = f"{kind.label}：{text(rule, kind.key, value)}{after}"
    return Judgement(
        state=outcome.state,
        action=outcome.action,
        level=level,
        value=value,
        limit=None,
        message=message,
        evidence=evidence(
            rule,
            station,
            used_readings(rule, trail, outcome),
            action=outcome.action,
            before=held.level,
            hold_s={lv.key: seconds for lv, seconds in hold_s.items()},
        ),
        due=outcome.due,
    )
