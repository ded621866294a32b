"""sensors.toml: themes, kinds and rules, checked against each other and against the categories."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from brain.catalog._toml import Entry, near
from brain.catalog._words import THEMES
from brain.catalog.records import ANY_THEME, Category, Rule, SensorKind, Theme, Words
from brain.model import PLATFORM, TRUSTED, Level, Quality

LEVEL_KEYS = tuple(level.key for level in Level)
PARAMS: dict[str, dict[str, type]] = {
    "ladder": {"direction": str, "variant_by": str, "variants": dict, "hold_s": dict, "records_off": int, "wet": dict},
    "ratio": {"window_records": int, "min_records": int, "floor": float, "records_off": int},
    "water_class": {
        "target": int,
        "over_yellow": float,
        "worst": str,
        "source_class": int,
        "records_off": int,
    },
    "aqi": {"records_off": int},
    "fire_danger": {
        "window_records": int,
        "levels": dict,
        "season": list,
        "temp": list,
        "humidity": list,
        "wind": list,
        "rain": list,
        "grades": list,
        "day_records": int,
        "rain_from": float,
        "records_off": int,
    },
    "hotspot": {"nominal": float, "high": float, "frp_orange": float, "window_s": int},
    "state": {"levels": dict, "hold_s": dict, "key_hold_s": dict, "records_off": int},
    "parts": {"levels": dict, "window_records": int, "window_s": int},
    "silence": {"key_limits": dict, "only_declared": bool},
    "stuck": {"items": list, "movers": list, "records": int, "min_movers": int, "min_steps": int, "level": str},
    "suspect": {
        "window_records": int,
        "min_records": int,
        "min_items": int,
        "spread": float,
        "level": str,
        "jump": dict,
        "chemical": list,
        "physical": list,
        "explains": list,
    },
    "drift": {
        "neighbours": int,
        "min_neighbours": int,
        "within_m": float,
        "days": int,
        "base_days": int,
        "min_base": int,
        "spread": float,
        "level": str,
        "step": dict,
    },
    "stalled": {"of": str, "unit": str, "forget_s": int},
}
"""Parameters that each rule type knows; `tests/house` holds the types against `rules.thresholds.TYPES`."""
OPTIONAL = frozenset(
    {"direction", "variant_by", "variants", "hold_s", "key_hold_s", "key_limits", "records_off", "wet", "only_declared"}
)
"""Parameters that may be left out; all others their type needs."""


def sensors(
    top: Entry, categories: dict[str, Category], words: Words
) -> tuple[dict[str, Theme], dict[str, SensorKind], dict[tuple[str, str], Rule]]:
    themes = _themes(top, words)
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
    return themes, kinds, rules


def _themes(top: Entry, words: Words) -> dict[str, Theme]:
    found = {}
    entries = top.entries("theme")
    for key in THEMES:
        if key not in entries:
            raise top.wrong(f"theme.{key}", "缺少这个主题，请补上")
        entry = entries.pop(key)
        found[key] = Theme(key, words.of("theme", key), entry.take("order", int), entry.take("unit", str))
        entry.done()
    for key, entry in entries.items():
        raise entry.wrong("", f"不认识的主题“{key}”{near(key, THEMES)}")
    return dict(sorted(found.items(), key=lambda pair: pair[1].order))


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
    kind_type = entry.one_of("type", PARAMS)
    inputs = entry.texts("inputs", ()) if kind_type == "stalled" else entry.texts("inputs")
    if not inputs and kind_type != "stalled":
        raise entry.wrong("inputs", "至少要有一个量")
    for name in inputs:
        if name not in kinds:
            raise entry.wrong("inputs", f"没有量“{name}”{near(name, kinds)}")
    opens = entry.take("opens", str, None)
    if opens is not None and opens not in categories:
        raise entry.wrong("opens", f"categories.toml 里没有类别“{opens}”{near(opens, categories)}；请改正或先登记")
    if opens is None and entry.has("opens_at"):
        raise entry.wrong("opens_at", "没有写 opens，不会上报；请补上 opens 或删去 opens_at")
    params = _params(entry, kind_type, inputs)
    rule = Rule(
        key=key,
        kind=kind,
        theme=entry.one_of("theme", (PLATFORM,) if kind_type == "stalled" else {**themes, ANY_THEME: None}),
        label=entry.take("label", str),
        type=kind_type,
        version=entry.take("version", int),
        inputs=inputs,
        params=params,
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
    )
    for name, value in (("reset", rule.reset), ("hold_on_s", rule.hold_on_s), ("hold_off_s", rule.hold_off_s)):
        if value < 0:
            raise entry.wrong(name, f"不能是负数，现在是 {value}")
    if rule.records < 1:
        raise entry.wrong("records", "至少 1 条记录")
    entry.done()
    _check_limits(rule, rule.limits, entry, "limits")
    for name, limits in rule.params.get("variants", {}).items():
        _check_limits(rule, limits, entry, f"params.variants.{name}")
    return rule


def _params(entry: Entry, kind_type: str, inputs: tuple[str, ...]) -> dict[str, Any]:
    table = entry.table("params", {})
    known = PARAMS[kind_type]
    found: dict[str, Any] = {}
    for name, kind in known.items():
        if not table.has(name):
            if name not in OPTIONAL:
                raise table.wrong(name, f"{kind_type} 类规则需要这一项，请补上")
            continue
        if name == "variants":
            variants = table.table(name)
            found[name] = {key: variants.levels(key) for key in variants.names()}
        elif name in ("hold_s", "key_hold_s", "key_limits"):
            found[name] = table.levels(name)
        elif name == "levels":
            found[name] = {}
            for value, word in table.table(name).items().items():
                if word not in LEVEL_KEYS:
                    raise table.wrong(f"levels.{value}", f"级别只能是 {'、'.join(LEVEL_KEYS)}")
                found[name][int(value)] = Level.of(word)
        elif name in ("level", "worst"):
            found[name] = Level.of(table.one_of(name, LEVEL_KEYS))
        elif name == "of":
            found[name] = table.one_of(name, ("worker", "feed"))
        elif name == "direction":
            found[name] = table.one_of(name, ("up", "down"))
        elif name in ("items", "movers", "chemical", "physical", "explains"):
            found[name] = table.texts(name)
            for item in found[name]:
                if item not in inputs:
                    raise table.wrong(name, f"“{item}”不在本规则的 inputs 里{near(item, inputs)}")
        elif name == "wet":
            found[name] = _wet(table.table(name), inputs)
        elif name == "step":
            found[name] = _step(table.table(name), inputs)
        elif name == "jump":
            found[name] = _jump(table.table(name), inputs)
        else:
            found[name] = table.take(name, kind)
    table.allow(known)
    table.done()
    return found


def _wet(table: Entry, inputs: tuple[str, ...]) -> dict[str, Any]:
    found = {
        "kind": table.one_of("kind", inputs),
        "records": table.take("records", int),
        "step": table.take("step", int),
        "from": table.take("from", float),
        "factor": table.take("factor", float),
    }
    table.done()
    if not 0 < found["factor"] <= 1:
        raise table.wrong("factor", "应在 0 和 1 之间，如 0.8 表示下调两成")
    return found


def _step(table: Entry, inputs: tuple[str, ...]) -> dict[str, float]:
    found = {}
    for item, step in table.items().items():
        if item not in inputs:
            raise table.wrong(item, f"不在本规则的 inputs 里{near(item, inputs)}")
        if isinstance(step, bool) or not isinstance(step, int | float) or step <= 0:
            raise table.wrong(item, f"应是正数，现在是 {step!r}")
        found[item] = float(step)
    return found


def _jump(table: Entry, inputs: tuple[str, ...]) -> dict[str, tuple[float, float]]:
    found = {}
    for item, pair in table.items().items():
        if item not in inputs:
            raise table.wrong(item, f"不在本规则的 inputs 里{near(item, inputs)}")
        if not (isinstance(pair, list) and len(pair) == 2 and all(isinstance(v, int | float) for v in pair)):
            raise table.wrong(item, "应写成 [绝对变幅, 相对变幅]，如 [1.0, 0.5]")
        found[item] = (float(pair[0]), float(pair[1]))
    return found


def _check_limits(rule: Rule, limits: dict[Level, float], entry: Entry, name: str) -> None:
    """Limits must grow with the level (fall, where low values are bad), and a held level must be able to end."""
    if not limits:
        return
    down = rule.params.get("direction") == "down"
    values = [limits[level] for level in sorted(limits, reverse=True)]
    pairs = list(pairwise(values))
    if any(a <= b if down else a >= b for a, b in pairs):
        raise entry.wrong(name, f"限值矛盾：从蓝到红应逐级{'减小' if down else '增大'}，现在是 {values}")
    if rule.opens is not None and rule.type == "ladder" and not any(level <= rule.opens_at for level in limits):
        raise entry.wrong("opens_at", f"限值里没有 {rule.opens_at.key} 或更重的级别，永远不会上报；请改级别或补限值")
    if rule.type != "ladder":
        return
    low, high = rule.kinds[rule.inputs[0]].sane
    for level, value in limits.items():
        if not low <= value <= high:
            raise entry.wrong(f"{name}.{level.key}", f"限值 {value:g} 在合理范围 {low:g}–{high:g} 之外，永远达不到")
    mildest = values[0]
    if (mildest + rule.reset >= high) if down else (mildest - rule.reset <= low):
        raise entry.wrong("reset", f"回差 {rule.reset:g} 太大：{mildest:g} 级的告警永远不会解除，请减小回差")
