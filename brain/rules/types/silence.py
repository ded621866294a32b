"""No record for longer than a limit (seconds by level); “雨量站离线：09-04 03:00 以后已 3 小时没有数据，达蓝色限值 3 小时”."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from brain.model import Level, Quality, Reading, RuleState, Station
from brain.rules.contract import Action, Cause, Evidence, Graded, LimitsFrom, Rule, Standing, Type
from brain.rules.explaining import clock, level_word, span
from brain.rules.grading import own_limits
from brain.rules.params import by_level, flag

TYPE = Type("silence", "离线", by_clock=True)
PARAMS = {
    "key_limits": by_level("重点站（params.key）多少秒没有数据算哪一级"),
    "only_declared": flag("只管申报了这些量（params.kinds）或已经发过的站"),
}
ALIVE = frozenset(Quality) - {Quality.DUPLICATE, Quality.TEST}


class Found(NamedTuple):
    last: datetime | None
    age: float
    limits: Mapping[Level, float]


def grade(rule: Rule, station: Station, trail: Sequence[Reading], held: RuleState, now: datetime) -> Graded[Found]:
    """`params.key` stations use `key_limits`.

    Any quality counts as a sign of life, but what a console made up. The next record clears it, if it is itself younger than
    the mildest limit: a record that was sent long ago does not prove that the station speaks now. `due` is when the next limit
    is reached.
    While somebody is at work on the station (`params.maintenance`, windows as ISO times) nothing new is said, and its
    silence is counted from the end of that work.
    """
    limits, limits_from = limits_of(rule, station)
    heard = [r for r in trail if r.kind in rule.inputs and r.quality in ALIVE]
    newest = max(heard, key=lambda r: r.at, default=None)
    last = max((at for at in (newest.at if newest else None, held.seen_at) if at is not None), default=None)

    def evidence_of(standing: Standing | None, since: datetime | None = last) -> Evidence:
        return Evidence(
            readings=[newest] if newest else [],
            limits=limits,
            limits_from=limits_from,
            what=rule.label,
            standing=standing,
            more={"last_seen": since.isoformat()} if since else {},
        )

    if last is None:
        return Graded(
            held, "hold", held.level, Found(None, 0.0, limits), lambda: evidence_of(Standing(Cause.NO_RECORD))
        )
    windows = [tuple(map(datetime.fromisoformat, w)) for w in station.params.get("maintenance", ())]
    if until := max((ends for starts, ends in windows if starts <= now < ends), default=None):
        if newest is None or held.level is None or now - newest.at >= timedelta(seconds=min(limits.values())):
            state = replace(held, seen_at=last)
            work = Standing(Cause.MAINTENANCE)
            return Graded(
                state, "hold", held.level, Found(last, 0.0, limits), lambda: evidence_of(work), due=until
            )  # fmt: skip
    else:
        last = max([last, *(ends for _, ends in windows if ends <= now)])
    since = last
    age = (now - since).total_seconds()
    level = min((lv for lv, limit in limits.items() if age >= limit), default=None)
    before = held.level
    waiting = [since + timedelta(seconds=limit) for lv, limit in limits.items() if level is None or lv < level]
    action: Action = "hold" if level == before else "clear" if level is None else "open" if before is None else "change"
    state = replace(
        held, level=level, since=held.since if action == "hold" else (since if level else None), seen_at=since
    )

    def evidence() -> Evidence:
        if action != "hold":
            return evidence_of(None, since)
        quiet = f"{clock(since)} 有过数据，至今 {span(max(age, 0.0))}"
        if level is not None:
            return evidence_of(Standing(Cause.HELD, detail=f"{quiet}仍没有新的，维持{level_word(rule, level)}"), since)
        if not limits:
            return evidence_of(Standing(Cause.NO_LIMITS), since)
        mildest = max(limits)
        detail = f"{quiet}，未到{level_word(rule, mildest)}限值 {span(limits[mildest])}，不算离线"
        return evidence_of(Standing(Cause.WITHIN, detail=detail), since)

    return Graded(
        state, action, level, Found(since, age, limits), evidence, age if level is not None else None,
        limits[level] if level is not None else None, min(waiting, default=None),
    )  # fmt: skip


def limits_of(rule: Rule, station: Station) -> tuple[Mapping[Level, float], LimitsFrom]:
    """Seconds by level at a station, and where they stand."""
    if own := own_limits(station, "silence"):
        return own, LimitsFrom.STATION
    if station.params.get("key") and (found := rule.params.get("key_limits")):
        return found, LimitsFrom.VARIANT
    return rule.limits, LimitsFrom.RULE


def say(rule: Rule, graded: Graded[Found]) -> str:
    last, age, limits = graded.found
    seen, level = clock(last) if last else "", graded.level
    if level is None:
        return f"{rule.label}：{seen} 已恢复上报，解除"
    return f"{rule.label}：{seen} 以后已 {span(age)}没有数据，达{level_word(rule, level)}限值 {span(limits[level])}"
