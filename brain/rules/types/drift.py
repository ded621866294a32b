"""Drift: an instrument leaves its neighbours, slowly or for good, while they stay together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from statistics import median
from typing import Any, NamedTuple

from brain.model import Level, Reading, RuleState, Station
from brain.rules.contract import Action, Cause, Evidence, Graded, Rule, Standing, Type
from brain.rules.explaining import clock
from brain.rules.params import level as one_level
from brain.rules.params import number, number_of_inputs, whole

TYPE = Type("drift", "漂移", asked_by="neighbours")
PARAMS = {
    "neighbours": whole("和最近几个邻站比", example="3"),
    "min_neighbours": whole("至少有几个邻站有数据才比", example="2"),
    "within_m": number("多少米以内算邻站", least=0.0, example="80000.0"),
    "days": whole("连续几天偏离才算", example="5"),
    "base_days": whole("常态取前多少天", example="21"),
    "min_base": whole("常态至少有多少天的数据", example="10"),
    "spread": number("偏离要超过离散度的几倍", least=0.0, example="4.0"),
    "level": one_level("算哪一级"),
    "step": number_of_inputs("各项偏离多少才算", example="{ ph = 0.5 }"),
}


class Found(NamedTuple):
    """What drifts now and what did before: kind → {since, base, shift}."""

    items: Mapping[str, Mapping[str, Any]]
    before: Mapping[str, Mapping[str, Any]]


def grade(rule: Rule, station: Station, trail: Sequence[Reading], held: RuleState, now: datetime) -> Graded[Found]:
    """`trail` are no readings but daily distances from the neighbours (`flow.truth.gaps`), oldest first.

    A quantity drifts when on each of the last `days` days its distance is beyond its usual one (the median of the
    `base_days` days before; at least `min_base` of them) by more than `step` and more than `spread` times their median
    deviation, always to the same side. It is well again when the last `days` days are within half of that step of the
    distance that was usual when it began; a day without neighbours or without data proves nothing either way.

    `memo.items`: kind → {since, base, shift}.
    """
    params = rule.params
    before: dict[str, dict[str, Any]] = dict(held.memo.get("items", {}))
    items, shown = dict(before), list[Reading]()
    for kind in rule.inputs:
        days = [r for r in trail if r.kind == kind and r.at < now]
        recent = days[-params["days"] :]
        if kind not in params["step"] or len(recent) < params["days"]:
            continue
        if kind in before:
            if all(abs(r.value - before[kind]["base"]) <= params["step"][kind] / 2 for r in recent):
                del items[kind]
                shown += recent
            continue
        base = [r.value for r in days[: -params["days"]][-params["base_days"] :]]
        if len(base) < params["min_base"]:
            continue
        usual = median(base)
        limit = max(params["step"][kind], params["spread"] * median(abs(value - usual) for value in base))
        moved = [r.value - usual for r in recent]
        if all(m >= limit for m in moved) or all(m <= -limit for m in moved):
            items[kind] = {"since": recent[0].at.isoformat(), "base": usual, "shift": median(moved)}
            shown += recent
    level: Level | None = params["level"] if items else None
    newest = max((r.at for r in trail), default=held.seen_at)
    state = replace(held, level=level, seen_at=newest, memo={"items": items} if items else {})
    if items.keys() == before.keys():
        return Graded(state, "hold", level, Found(items, before), lambda: _held_evidence(rule, trail, items, now))
    action: Action = "clear" if not items else "change" if before else "open"
    return Graded(
        replace(state, since=None if not items else held.since or newest),
        action,
        level,
        Found(items, before),
        lambda: Evidence(readings=shown, what=rule.label, more={"items": items}),
        max((abs(i["shift"]) for i in items.values()), default=None),
    )


def _held_evidence(rule: Rule, trail: Sequence[Reading], items: Mapping[str, Any], now: datetime) -> Evidence:
    wanted = rule.params["days"] + rule.params["min_base"]
    most = max((sum(r.kind == kind and r.at < now for r in trail) for kind in rule.inputs), default=0)
    if not trail:
        standing = Standing(Cause.NO_RECORD, detail="没有能和邻站比较的日子，不作判断")
    elif items:
        standing = Standing(Cause.HELD, detail=f"{'、'.join(rule.kinds[k].label for k in items)}仍偏离邻近测站")
    elif most < wanted:
        standing = Standing(Cause.NO_BASE, detail=f"能和邻站比较的只有 {most} 天，要有 {wanted} 天，不作判断")
    else:
        standing = Standing(Cause.WITHIN, detail=f"没有连续 {rule.params['days']} 天偏离邻近测站，不告警")
    return Evidence(readings=trail, what=rule.label, standing=standing, more={"items": items})


def say(rule: Rule, graded: Graded[Found]) -> str:
    items, before = graded.found
    if not items:
        return f"{'、'.join(rule.kinds[k].label for k in before)}与邻近测站恢复一致，解除；偏离期间的数据不参与判断"
    parts = "、".join(
        f"{rule.kinds[kind].label}自 {clock(datetime.fromisoformat(item['since']))[:5]} 起较邻近测站偏"
        f"{'高' if item['shift'] > 0 else '低'} {rule.kinds[kind].text(abs(item['shift']))}"
        for kind, item in items.items()
    )
    return f"{parts}，疑似仪器漂移，请现场比测"
