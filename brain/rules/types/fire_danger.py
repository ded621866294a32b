"""Fire weather of the last day of records: LY/T 1172, 本平台测算; “森林火险气象指数 76（四级，本平台测算），橙色”."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from brain.city import ZONE
from brain.model import Level, Reading, RuleState, Station
from brain.rules import fire_danger as fire_weather
from brain.rules import hysteresis
from brain.rules.contract import Cause, Evidence, Graded, Rule, Type
from brain.rules.explaining import level_word
from brain.rules.grading import accepted, by_instant, deciding_value, no_worse, standing, used_readings
from brain.rules.hysteresis import Grade, Sample
from brain.rules.params import levels_of_values, number, numbers, rows, whole

WEATHER = ("air_temp", "humidity", "wind_speed")
RAIN = "rain_24h"


def reach(rule: Rule) -> int:
    return int(rule.params["window_records"]) + 1


TYPE = Type("fire_danger", "森林火险", reach=reach)
POINTS = "[[5.0, 0], [10.0, 4], [99.0, 15]]"
PARAMS = {
    "window_records": whole("看最近多少条记录", example="24"),
    "levels": levels_of_values("火险几级算哪一级告警"),
    "season": numbers("各月的季节分，1 月到 12 月", 12, example="[10, 10, 10, 20, 20, 20, 20, 20, 20, 10, 10, 10]"),
    "temp": rows("最高气温的分值，每行 [上限, 分值]", 2, example=POINTS),
    "humidity": rows("最低湿度的分值，每行 [上限, 分值]", 2, example=POINTS),
    "wind": rows("最大风速的分值，每行 [上限, 分值]", 2, example=POINTS),
    "rain": rows("雨后的分值，每行 [雨量上限, 当日分, 几天后起算, 每日加, 最高]", 5, example="[[2.0, 10, 0, 5, 50]]"),
    "grades": numbers("一到四级的指数上限", 4, example="[25, 50, 72, 90]"),
    "day_records": whole("一天有多少条记录", example="24"),
    "rain_from": number("满多少毫米算有效降雨", least=0.0, example="0.3"),
    "records_off": whole("连续几条好转的记录才降级或解除", default=1),
}


class Found(NamedTuple):
    decided: fire_weather.Index | None


def grade(rule: Rule, station: Station, trail: Sequence[Reading], held: RuleState, now: datetime) -> Graded[Found]:
    """The index of the last `window_records` records (a day of hourly ones).

    Dry days are counted in records (`day_records` a day), because recorded data may be played faster than they were
    observed. Until rain is seen they count from the first record on: an unknown past is not taken for a drought.
    """
    params = rule.params
    window, day = params["window_records"], params["day_records"]
    instants = by_instant(accepted(rule, trail))
    fresh = {at for at, _ in instants if held.seen_at is None or at > held.seen_at}
    rain, dry = held.memo.get("rain"), int(held.memo.get("dry", 0))
    counted: dict[datetime, tuple[float | None, int]] = {}
    samples: list[Sample] = []
    for n, (at, found) in enumerate(instants):
        if at in fresh and RAIN in found:
            amount = found[RAIN].value
            rain, dry = (amount, 0) if amount >= params["rain_from"] else (rain, dry + 1)
        if at in fresh:
            counted[at] = (rain, dry)
        past = [pair[1] for pair in instants[max(0, n + 1 - window) : n + 1]]
        kinds = {kind: [p[kind].value for p in past if kind in p] for kind in WEATHER}
        if len(past) < window or not all(kinds.values()):
            continue
        index = fire_weather.index(
            temp_max=max(kinds["air_temp"]),
            humidity_min=min(kinds["humidity"]),
            wind_max=max(kinds["wind_speed"]),
            rain=params["rain"][-1][0] if rain is None else rain,
            dry_days=dry // day,
            season=params["season"][at.astimezone(ZONE).month - 1],
            temp=params["temp"],
            humidity=params["humidity"],
            wind=params["wind"],
            rain_table=params["rain"],
            grades=params["grades"],
        )
        samples.append(Sample(at, "", index.h, tuple(found.values()), index))

    def graded(sample: Sample, level: Level | None) -> Grade:
        shown = params["levels"].get(sample.more.grade)
        return Grade(shown, no_worse(shown, level), sample.more)

    holds = hysteresis.holds_of(rule, sorted(params["levels"].values()))
    outcome = hysteresis.fold(held, samples, graded, holds, now)
    state = outcome.state
    if counted:
        seen = max(at for at in counted if outcome.cause is None or at <= outcome.cause.at)
        state = replace(state, seen_at=seen, memo=state.memo | {"rain": counted[seen][0], "dry": counted[seen][1]})
    decided: fire_weather.Index | None = outcome.why
    value = deciding_value(outcome, held)

    def evidence() -> Evidence:
        last: fire_weather.Index | None = decided or (samples[-1].more if samples else None)
        parts = {n: getattr(last, n) for n in ("a", "b", "c", "d", "e", "h", "grade")} if last else {}
        return Evidence(
            readings=used_readings(rule, trail, outcome),
            what="森林火险气象指数" if value is None else f"森林火险气象指数 {value:.0f}",
            standing=standing(rule, trail, samples, outcome, graded, holds, now, empty=Cause.INCOMPLETE),
            more={"parts": parts, "dry_days": int(state.memo.get("dry", 0)) // day},
        )

    return Graded(state, outcome.action, state.level, Found(decided), evidence, value, due=outcome.due)


def say(rule: Rule, graded: Graded[Found]) -> str:
    index, level = graded.found.decided, graded.level
    if index is None:
        return ""
    head = f"森林火险气象指数 {index.h:.0f}（{rule.words.of('fire_grade', index.grade)}，本平台测算）"
    return f"{head}，{level_word(rule, level)}" if level else f"{head}，解除"
