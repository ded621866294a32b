"""sensors.toml: kinds and rules, checked against each other, against the themes and against the categories.

What stands in a rule's `params` is known by its type alone (`brain/rules/types/<type>.py`, PARAMS): nothing here names a type.
"""

from __future__ import annotations

from typing import Any

from brain.catalog._toml import Entry, near
from brain.catalog.records import ANY_THEME, Category, Rule, SensorKind, Words
from brain.catalog.theme_records import Theme
from brain.model import PLATFORM, TRUSTED, Level, Quality
from brain.rules import params
from brain.rules.registry import TYPES

LEVEL_KEYS = tuple(level.key for level in Level)


def sensors(
    top: Entry, themes: dict[str, Theme], categories: dict[str, Category], words: Words
) -> tuple[dict[str, SensorKind], dict[tuple[str, str], Rule]]:
    if top.has("theme"):
        raise top.wrong("theme", "主题已移到 themes.toml，请把 [theme.*] 搬过去，并照那里的说明补全")
    kinds = {key: _kind(key, entry, themes) for key, entry in top.entries("kind").items()}
    labels = {key: str(word) for key, word in top.table("derived").items().items()}
    for key in labels:
        if key in kinds:
            raise top.wrong(f"derived.{key}", "派生量与感知量重名，请改名")
    rules: dict[tuple[str, str], Rule] = {}
    rule_table = top.table("rule")
    for kind in rule_table.names():
        if kind not in kinds and kind not in labels:
            raise rule_table.wrong(kind, f"没有这个量{near(kind, [*kinds, *labels])}；请在 [kind] 或 [derived] 登记")
        label = labels.get(kind) or kinds[kind].label
        for key, entry in rule_table.entries(kind).items():
            rules[kind, key] = _rule(kind, key, label, entry, kinds, themes, categories, words)
    rule_table.done()
    top.done()
    return kinds, rules


def _kind(key: str, entry: Entry, themes: dict[str, Theme]) -> SensorKind:
    sane = entry.take("sane", list)
    if len(sane) != 2 or not all(isinstance(v, int | float) for v in sane) or sane[0] >= sane[1]:
        raise entry.wrong("sane", f"应写成 [下限, 上限] 且下限小于上限，现在是 {sane!r}")
    words = {}
    for value, word in entry.table("words", {}).items().items():
        if not str(value).isdigit() or not isinstance(word, str):
            raise entry.wrong(f"words.{value}", '应写成 0 = "词"')
        words[int(value)] = word
    kind = SensorKind(
        key=key,
        label=entry.take("label", str),
        unit=entry.take("unit", str),
        theme=entry.one_of("theme", themes),
        decimals=entry.take("decimals", int),
        sane=(float(sane[0]), float(sane[1])),
        period_s=entry.take("period_s", int),
        silence_s=entry.take("silence_s", int, None),
        words=words,
        standard=entry.take("standard", str),
        accepts=_qualities(entry),
        detection_limit=entry.take("detection_limit", bool, False),
    )
    if kind.period_s <= 0:
        raise entry.wrong("period_s", "上报间隔应大于 0 秒")
    if kind.silence_s is not None and kind.silence_s < kind.period_s:
        raise entry.wrong(
            "silence_s", f"离线时限 {kind.silence_s} 秒短于上报间隔 {kind.period_s} 秒，会一直误报；请加大"
        )
    entry.done()
    return kind


def _qualities(entry: Entry) -> frozenset[Quality]:
    if not entry.has("accepts"):
        return TRUSTED
    known = {quality.value for quality in Quality}
    names = entry.texts("accepts")
    for name in names:
        if name not in known:
            raise entry.wrong("accepts", f"没有数据质量“{name}”{near(name, known)}")
    if Quality.TEST in names:
        raise entry.wrong("accepts", "测试数据（test）从不参与判断；请去掉")
    return frozenset(Quality(name) for name in names)


def _rule(
    kind: str,
    key: str,
    kind_label: str,
    entry: Entry,
    kinds: dict[str, SensorKind],
    themes: dict[str, Theme],
    categories: dict[str, Category],
    words: Words,
) -> Rule:
    rule_type = TYPES[entry.one_of("type", TYPES)].type
    of_platform = rule_type.asked_by == "platform"
    inputs = entry.texts("inputs", ()) if of_platform else entry.texts("inputs")
    if not inputs and not of_platform:
        raise entry.wrong("inputs", "至少要有一个量")
    for name in inputs:
        if name not in kinds:
            raise entry.wrong("inputs", f"没有量“{name}”{near(name, kinds)}")
    opens = entry.take("opens", str, None)
    if opens is not None and opens not in categories:
        raise entry.wrong("opens", f"categories.toml 里没有类别“{opens}”{near(opens, categories)}；请改正或先登记")
    if opens is None and entry.has("opens_at"):
        raise entry.wrong("opens_at", "没有写 opens，不会上报；请补上 opens 或删去 opens_at")
    rule = Rule(
        key=key,
        kind=kind,
        theme=entry.one_of("theme", (PLATFORM,) if of_platform else {**themes, ANY_THEME: None}),
        label=entry.take("label", str),
        type=rule_type.key,
        version=entry.take("version", int),
        inputs=inputs,
        params=_params(entry, rule_type.key, inputs),
        limits=entry.levels("limits", {}),
        reset=entry.take("reset", float, 0.0),
        hold_on_s=entry.take("hold_on_s", int, 0),
        hold_off_s=entry.take("hold_off_s", int, 0),
        records=entry.take("records", int, 1),
        opens=opens,
        opens_at=Level.of(entry.one_of("opens_at", LEVEL_KEYS, "red")),
        accepts=_qualities(entry),
        kinds={name: kinds[name] for name in inputs},
        kind_label=kind_label,
        words=words,
        asked_by=rule_type.asked_by,
        turn=rule_type.turn,
    )
    for name, value in (("reset", rule.reset), ("hold_on_s", rule.hold_on_s), ("hold_off_s", rule.hold_off_s)):
        if value < 0:
            raise entry.wrong(name, f"不能是负数，现在是 {value}")
    if rule.records < 1:
        raise entry.wrong("records", "至少 1 条记录")
    entry.done()
    if wrong := params.limits_wrong(rule.limits, down=rule.params.get("direction") == "down"):
        raise entry.wrong("limits", wrong)
    if found := rule_type.check(rule):
        raise entry.wrong(*found)
    return rule


def _params(entry: Entry, key: str, inputs: tuple[str, ...]) -> dict[str, Any]:
    """What the rule's type makes of its params table; the type's own sentence, with file and key in front, where it cannot."""
    table = entry.table("params", {})
    try:
        return params.read(TYPES[key].params, table.items(), inputs, key)
    except params.BadParam as bad:
        raise table.wrong(bad.key, bad.why) from None
