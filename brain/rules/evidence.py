"""What a judgement says for itself: the sentence on the alert list and the answer to “why did this fire”."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from brain.city import ZONE
from brain.model import Level, Reading, Station

KEEP = 12  # readings kept in the evidence: enough to see the run, small enough for a row


def level_word(rule: Any, level: Level) -> str:
    """The word of a level, as the city calls it."""
    return rule.words.of("level", level)


def text(rule: Any, kind: str, value: float) -> str:
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


def evidence(
    rule: Any,
    station: Station,
    readings: Iterable[Reading],
    *,
    limits: Mapping[Level, float] | None = None,
    overridden: bool = False,
    before: Level | None = None,
    action: str = "",
    **more: Any,
) -> dict[str, Any]:
    """JSON-able: rule and version, limits and whether they are the station's own, slack and holds, the readings.

    Empty for a `hold`: nothing happened that would have to be explained, and most judgements are holds.
    """
    if action == "hold":
        return {}
    used = list(readings)[-KEEP:]
    return {
        "rule": f"{rule.kind}/{rule.key}",
        "version": rule.version,
        "type": rule.type,
        "label": rule.label,
        "station": station.id,
        "limits": {level.key: value for level, value in (limits or {}).items()},
        "station_override": overridden,
        "reset": rule.reset,
        "records": rule.records,
        "hold_on_s": rule.hold_on_s,
        "hold_off_s": rule.hold_off_s,
        "before": before.key if before else None,
        "readings": [
            {"kind": r.kind, "at": r.at.isoformat(), "value": r.value, "quality": r.quality.value, "seq": r.seq}
            for r in used
        ],
        **more,
    }
