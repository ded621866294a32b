"""words.toml: every word a person reads; complete for every enum, or the start-up stops."""

from __future__ import annotations

from enum import StrEnum

from brain.catalog._toml import Entry, near
from brain.catalog.records import BadCatalog, Words
from brain.model import PLATFORM, Clock, Level, Quality, Role, Source, State, Verb
from brain.rules.contract import Cause
from brain.rules.registry import TYPES

FIELDS = ("economy", "market", "society", "service", "ecology")
STAGES = ("accept", "verify", "register", "dispatch", "take", "check", "close", "arbitrate")
SIGHTS = ("all", "places", "org", "own", "none")
TELLS = (
    "handler",
    "unit",
    "unit_chief",
    "duty_seat",
    "duty_chief",
    "duty_leader",
    "town",
    "owner",
    "district_leader",
)
ORG_KINDS = ("department", "town", "desk", "team")


def _values(enum: type[StrEnum]) -> tuple[str, ...]:
    return tuple(member.value for member in enum)


_LEVELS = tuple(level.key for level in Level)
REQUIRED: dict[str, tuple[str, ...]] = {
    "level": _LEVELS,
    "level_rank": _LEVELS,
    "level_name": _LEVELS,
    "state": _values(State),
    "verb": _values(Verb),
    "role": _values(Role),
    "source": _values(Source),
    "quality": _values(Quality),
    "clock": _values(Clock),
    "theme": (PLATFORM,),
    "field": FIELDS,
    "category_kind": ("component", "matter"),
    "stage": (*STAGES, "handle"),
    "clock_effect": ("none", "start", "stop", "resume", "pause", "extend", "end"),
    "alert_action": ("open", "change", "clear", "hold", "ack", "note", "event"),
    "cause": _values(Cause),
    "water_class": tuple("123456"),
    "water_quality": tuple("123456"),
    "river_state": ("good", "fair", "light", "medium", "heavy"),
    "aqi_level": tuple("123456"),
    "aqi_advice": tuple("3456"),
    "fire_grade": tuple("12345"),
    "rain_grade": tuple("0123456"),
    "trend": ("rising", "falling", "steady"),
    "colour": ("green", "yellow", "orange", "red"),
    "org_kind": ORG_KINDS,
    "who": TELLS,
    "warning": ("coming", "in_force", "updated", "cancelled", "over"),
    "warning_status": ("exercise", "test"),
    "phase": ("report", "verify", "answer", "check", "other"),
    "audit": ("event", "duty", "other"),
}
"""Groups and keys that must be there. More groups and more keys are welcome: a page may bring its own words."""


def words(top: Entry) -> Words:
    groups: dict[str, dict[str, str]] = {"rule_type": {}}
    for group, entries in top.items().items():
        if not isinstance(entries, dict):
            raise BadCatalog(f"words.toml 的 {group} 应写在某个组 [组名] 之下")
        table = Entry("words.toml", group, entries)
        groups[group] = {key: table.take(key, str) for key in list(entries)}
        for key, word in groups[group].items():
            if not word.strip():
                raise table.wrong(key, "词是空的，请填写")
    if strange := sorted(set(groups["rule_type"]) - set(TYPES)):
        raise BadCatalog(
            f"words.toml 的 rule_type.{strange[0]}：没有这种规则类型{near(strange[0], TYPES)}，请改名或删去"
        )
    groups["rule_type"] = {key: groups["rule_type"].get(key, found.type.label) for key, found in TYPES.items()}
    for key in ("event", "duty"):
        if (word := groups.get("audit", {}).get(key)) is not None and "{}" not in word:
            raise BadCatalog(f"words.toml 的 [audit] {key}：要有一处 {{}}，放动作的词，例如 {key} = \"案卷{{}}\"")
    lost = [f"[{group}] {key}" for group, keys in REQUIRED.items() for key in keys if key not in groups.get(group, {})]
    if lost:
        raise BadCatalog(f"words.toml 缺少这些词：{'、'.join(lost)}；请在相应的组里补上")
    return Words(groups)
