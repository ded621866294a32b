"""Drift: an instrument leaves its neighbours, slowly or for good, while they stay together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from statistics import median
from typing import Any

from brain.model import Judgement, Reading, RuleState, Station
from brain.rules.evidence import clock, evidence


def drift(rule: Any, station: Station, trail: Sequence[Reading], held: RuleState, now: datetime) -> Judgement:
    """`trail` are no readings but daily distances from the neighbours (`flow.truth.gaps`), oldest first.

    A quantity drifts when on each of the last `days` days its distance is beyond its usual one (the median of the
    `base_days` days before; at least `min_base` of them) by more than `step` and more than `spread` times their median
    deviation, always to the same side. It is well again when the last `days` days are within half of that step of the
    distance that was usual when it began; a day without neighbours or without data proves nothing either way.

    `memo.items`: kind → {since, base, shift}.
    """
    params, before = rule.params, dict(held.memo.get("items", {}))
    items, shown = dict(before), []
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
    level = params["level"] if items else None
    newest = max((r.at for r in trail), default=held.seen_at)
    state = replace(held, level=level, seen_at=newest, memo={"items": items} if items else {})
    if items.keys() == before.keys():
        return Judgement(state=state, action="hold", level=level)
    action = "clear" if not items else "change" if before else "open"
    return Judgement(
        state=replace(state, since=None if not items else held.since or newest),
        action=action,
        level=level,
        value=max((abs(i["shift"]) for i in items.values()), default=None),
        message=_words(rule, items, before),
        evidence=evidence(rule, station, shown, before=held.level, action=action, items=items),
    )


def _words(rule: Any, items: dict[str, Any], before: dict[str, Any]) -> str:
    if not items:
        return f"{'、'.join(rule.kinds[k].label for k in before)}与邻近测站恢复一致，解除；偏离期间的数据不参与判断"
    parts = "、".join(
        f"{rule.kinds[kind].label}自 {clock(datetime.fromisoformat(item['since']))[:5]} 起较邻近测站偏"
        f"{'高' if item['shift'] > 0 else '低'} {rule.kinds[kind].text(abs(item['shift']))}"
        for kind, item in items.items()
    )
    return f"{parts}，疑似仪器漂移，请现场比测"
