"""What a judgement says for itself: the answers to “why did this fire” and “why did it not”.

A change carries its evidence with it. A hold's is made when somebody asks (`thresholds.explain`), because most judgements
are holds; its sentence is the same for all types, from what was looked at and one cause of a closed list.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from brain.city import ZONE
from brain.model import Level, Reading, Station
from brain.rules.contract import Cause, Evidence, Graded, Rule, Standing

KEEP = 12  # readings kept in the evidence: enough to see the run, small enough for a row


class Explanation(NamedTuple):
    """One evaluation, explained. `cause` is None for a change; `says` is one Chinese sentence; `evidence` is JSON-able."""

    action: str
    level: Level | None
    cause: Cause | None
    says: str
    evidence: dict[str, Any]
    due: datetime | None


def level_word(rule: Rule, level: Level) -> str:
    """The word of a level, as the city calls it."""
    return rule.words.of("level", level)


def text(rule: Rule, kind: str, value: float) -> str:
    """A value with decimals and unit of its kind, or its word."""
    return rule.kinds[kind].text(value)


def clock(moment: datetime) -> str:
    """`09-04 03:00`, Beijing time."""
    return moment.astimezone(ZONE).strftime("%m-%d %H:%M")


def span(seconds: float) -> str:
    """A duration as it is spoken."""
    if seconds < 3600:
        return f"{seconds / 60:.0f} 分钟"
    if seconds < 48 * 3600:
        return f"{seconds / 3600:.1f} 小时".replace(".0 ", " ")
    return f"{seconds / 86400:.1f} 天".replace(".0 ", " ")


# Evidence -----------------------------------------------------------------------------------------------------------
def of_change(rule: Rule, station: Station, before: Level | None, evidence: Evidence) -> dict[str, Any]:
    """JSON-able: rule and version, limits and whether they are the station's own, slack and holds, the last readings."""
    return {
        "rule": f"{rule.kind}/{rule.key}",
        "version": rule.version,
        "type": rule.type,
        "label": rule.label,
        "station": station.id,
        "limits": {level.key: value for level, value in evidence.limits.items()},
        "station_override": evidence.limits_from == "station",
        "reset": rule.reset,
        "records": rule.records,
        "hold_on_s": rule.hold_on_s,
        "hold_off_s": rule.hold_off_s,
        "before": before.key if before else None,
        "readings": [_line(r) for r in list(evidence.readings)[-KEEP:]],
        **evidence.more,
    }


def _line(r: Reading) -> dict[str, Any]:
    return {"kind": r.kind, "at": r.at.isoformat(), "value": r.value, "quality": r.quality.value, "seq": r.seq}


def of_any(
    rule: Rule, station: Station, before: Level | None, graded: Graded[Any], evidence: Evidence
) -> dict[str, Any]:
    """The same of a change or a hold, and where the limits stand; of a hold also its cause and what is still missing."""
    found = of_change(rule, station, before, evidence) | {
        "limits_from": evidence.limits_from.value,
        "action": graded.action,
        "level": graded.level.key if graded.level else None,
        "value": graded.value,
        "what": evidence.what,
    }
    if (standing := evidence.standing) is None or graded.action != "hold":
        return found
    wait = standing.wait
    return found | {
        "cause": standing.cause.value,
        "wait": wait
        and {"level": wait.level.key if wait.level else None, "records": wait.records, "seconds": wait.seconds},
    }


# Why nothing happened -----------------------------------------------------------------------------------------------
def why_not(rule: Rule, level: Level | None, evidence: Evidence) -> str:
    """“浊度 30.0 NTU：未达蓝色限值 80 NTU，不告警”: one Chinese sentence for a hold."""
    standing = evidence.standing or Standing(Cause.HELD if level else Cause.WITHIN)
    said = standing.detail or _USUAL[standing.cause](rule, level, evidence, standing)
    return f"{evidence.what or rule.label}：{said}"


def _held(rule: Rule, level: Level | None) -> str:
    return f"维持{level_word(rule, level)}" if level else "不告警"


def _within(rule: Rule, level: Level | None, evidence: Evidence, standing: Standing) -> str:
    if not evidence.limits:
        return "正常，不告警"
    mildest = max(evidence.limits)
    return f"未达{level_word(rule, mildest)}限值 {evidence.limits[mildest]:g}，不告警"


def _missing(rule: Rule, level: Level | None, evidence: Evidence, standing: Standing) -> str:
    """A level is reached, or left, but something is still missing."""
    wait = standing.wait
    if wait is None:
        return _held(rule, level)
    better = level is not None and (wait.level is None or wait.level > level)
    found = "已好转" if better else f"已到{level_word(rule, wait.level)}" if wait.level else "已到限值"
    left = [f" {wait.records} 条记录"] if wait.records else []
    left += [f"持续 {span(wait.seconds)}"] if wait.seconds else []
    goal = "才解除" if wait.level is None else f"才算{level_word(rule, wait.level)}"
    more = f"，还要{'、'.join(left)}{goal}" if left else ""
    return f"{found}{more}，现在{_held(rule, level)}"


def _stale(rule: Rule, level: Level | None, evidence: Evidence, standing: Standing) -> str:
    wait = standing.wait
    word = level_word(rule, wait.level) if wait and wait.level else "限值"
    return f"到过{word}，之后没有新的记录，不足以证实，{_held(rule, level)}"


def _untrusted(rule: Rule, level: Level | None, evidence: Evidence, standing: Standing) -> str:
    words = sorted({rule.words.of("quality", r.quality) for r in evidence.readings if r.quality not in rule.accepts})
    quality = f"（{'、'.join(words)}）" if words else ""
    return f"最新的记录按数据质量{quality}不参与判断，{_held(rule, level)}"


def _slack(rule: Rule, level: Level | None, evidence: Evidence, standing: Standing) -> str:
    return f"已退到限值以内，但没有超过回差 {rule.reset:g}，{_held(rule, level)}"


Say = Callable[[Rule, Level | None, Evidence, Standing], str]


def _plain(sentence: str) -> Say:
    def say(rule: Rule, level: Level | None, evidence: Evidence, standing: Standing) -> str:
        return f"{sentence}，{_held(rule, level)}"

    return say


_USUAL: Mapping[Cause, Say] = {
    Cause.NO_RECORD: _plain("没有可用的记录"),
    Cause.UNTRUSTED: _untrusted,
    Cause.NO_LIMITS: _plain("没有给该站设限值，请在站点参数 limits 里补上"),
    Cause.WITHIN: _within,
    Cause.RECORDS: _missing,
    Cause.HOLD_ON: _missing,
    Cause.STALE: _stale,
    Cause.HELD: _plain("仍在告警，没有变化"),
    Cause.SLACK: _slack,
    Cause.RECORDS_OFF: _missing,
    Cause.HOLD_OFF: _missing,
    Cause.NOT_MEASURED: _plain("没有测到引起告警的项目，不能证明已恢复"),
    Cause.NO_BASE: _plain("此前的记录太少，没有可比的常态"),
    Cause.FLOOR: _plain("数值太小，不作判断"),
    Cause.INCOMPLETE: _plain("所需的量不全，算不出结果"),
    Cause.STANDING: _plain("同站其他项目也没有变化，不能说是仪器卡滞"),
    Cause.EXPLAINED: _plain("变化另有原因，不像仪器故障"),
    Cause.MAINTENANCE: _plain("站点正在检修维护，这段时间不判断"),
    Cause.EXEMPT: _plain("该处已登记为例外"),
}
