"""Something of the platform's own stands still; “接入进程 w1 已 20 秒没有心跳，达黄色限值 15 秒；请检查该进程与所在主机”."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from brain.model import Reading, RuleState, Station
from brain.rules.contract import Action, Cause, Evidence, Graded, Rule, Standing, Type
from brain.rules.explaining import level_word
from brain.rules.params import choice, text, whole

TYPE = Type("stalled", "停顿", asked_by="platform")
PARAMS = {
    "of": choice("看接入进程（worker）还是整个接入（feed）", "worker", "feed"),
    "unit": text("limits 的单位，写进告警里", example='"秒"'),
    "forget_s": whole("多少秒没有消息就不再算数", example="86400"),
}
Figure = tuple[float, str, str]
"""How long something has not happened (in the unit of the rule), what, and what to do about it."""


class Found(NamedTuple):
    name: str
    worst: Figure


def grade(rule: Rule, station: Station, trail: Sequence[Reading], held: RuleState, now: datetime) -> Graded[Found]:
    """`station` is what is watched, its `params["figures"]` how long each thing has not happened; the longest one counts.
    No trail: nothing was measured."""
    figures: Sequence[Figure] = station.params["figures"]
    worst = max(figures, key=lambda f: f[0])
    value = worst[0]
    level = min((lv for lv, limit in rule.limits.items() if value >= limit), default=None)
    before = held.level
    action: Action = "hold" if level == before else "clear" if level is None else "open" if before is None else "change"

    def evidence() -> Evidence:
        return Evidence(
            limits=rule.limits,
            what=f"{station.name} 已 {value:.0f} {rule.params['unit']}{worst[1]}",
            standing=Standing(Cause.WITHIN if level is None else Cause.HELD),
            more={"name": station.name, "figures": [[round(number, 1), what] for number, what, _ in figures]},
        )

    if action == "hold":
        return Graded(held, "hold", level, Found(station.name, worst), evidence)
    since = now if level is not None and before is None else held.since
    return Graded(
        replace(held, level=level, since=since, seen_at=now), action, level, Found(station.name, worst), evidence,
        value if level is not None else None, rule.limits[level] if level is not None else None,
    )  # fmt: skip


def say(rule: Rule, graded: Graded[Found]) -> str:
    name, (value, says, mend) = graded.found
    if graded.level is None:
        return f"{name}恢复，解除"
    unit, limit = rule.params["unit"], rule.limits[graded.level]
    return f"{name} 已 {value:.0f} {unit}{says}，达{level_word(rule, graded.level)}限值 {limit:g} {unit}；{mend}"
