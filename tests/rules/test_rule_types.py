"""A rule type is one file, and the file is its registration; its parameters are checked by what it declares itself."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from brain.catalog import BadCatalog, load
from brain.rules import registry, types
from brain.rules.params import BadParam, Param, read

TOP = Path(__file__).parents[2]
SWING = '''"""A value that swings: the step between two records."""

from typing import NamedTuple

from brain.rules import hysteresis
from brain.rules.contract import Evidence, Graded, Type
from brain.rules.grading import deciding_value, no_worse, samples_of, standing
from brain.rules.hysteresis import Grade
from brain.rules.params import number

TYPE = Type("swing", "摆动")
PARAMS = {"step": number("相邻两条记录差多少算摆动", least=0.0, example="5.0")}


class Found(NamedTuple):
    step: float


def grade(rule, station, trail, held, now):
    samples = samples_of(rule, trail)
    before = {b.at: a.value for a, b in zip(samples, samples[1:])}

    def graded(sample, level):
        swung = abs(sample.value - before.get(sample.at, sample.value)) >= rule.params["step"]
        shown = max(rule.limits) if swung else None
        return Grade(shown, no_worse(shown, level))

    holds = hysteresis.holds_of(rule, list(rule.limits))
    outcome = hysteresis.fold(held, samples, graded, holds, now)
    value = deciding_value(outcome, held)

    def evidence():
        return Evidence(samples and samples[-1].readings, rule.limits, what=f"摆动 {value}",
                        standing=standing(rule, trail, samples, outcome, graded, holds, now))

    return Graded(outcome.state, outcome.action, outcome.state.level, Found(rule.params["step"]), evidence, value)


def say(rule, graded):
    return f"摆动 {graded.found.step:g} 以上" if graded.level else "不再摆动，解除"
'''
RULE = """
[rule.water_level.swing]
label = "水位摆动"
theme = "water"
type = "swing"
version = 1
inputs = ["water_level"]
limits = { blue = 1.0 }
params = { step = 2.0 }
"""
ASKED = """
import json, sys
from datetime import UTC, datetime, timedelta
import brain.rules.types
brain.rules.types.__path__.append(sys.argv[1])  # as if the file lay in the folder
from brain.catalog import load
from brain.model import Reading, RuleState, Station
from brain.rules import thresholds
catalog, start = load(sys.argv[2]), datetime(2026, 9, 3, tzinfo=UTC)
rule, place = catalog.rules["water_level", "swing"], Station("S", "S", "water", 116.0, 24.0)
trail = [Reading("S", "water_level", start + timedelta(hours=n), v) for n, v in enumerate([76.0, 76.5, 79.0])]
calm = thresholds.explain(rule, place, trail[:2], RuleState(), start)
found = thresholds.judge_all(rule, place, trail, RuleState(), start)
print(json.dumps({
    "word": catalog.words.of("rule_type", "swing"), "asked": rule in catalog.rules_for(place, {"water_level"}),
    "said": [(j.action, j.message) for j in found], "evidence": found[0].evidence["limits"],
    "calm": [calm.cause, calm.says],
}))
"""


def test_a_rule_type_is_added_by_one_file_and_named_by_a_catalog_of_a_city(tmp_path):
    """In a process of its own: nothing but the file and the TOML knows of the type."""
    folder, city = tmp_path / "types", tmp_path / "catalog"
    for path, name, text in ((folder, "swing.py", SWING), (city, "sensors.toml", RULE)):
        path.mkdir()
        (path / name).write_text(text, encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-c", ASKED, str(folder), str(city)], cwd=TOP, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == {
        "word": "摆动",
        "asked": True,
        "said": [["open", "摆动 2 以上"]],
        "evidence": {"blue": 1.0},
        "calm": ["within", "摆动 76.5：未达蓝色限值 1，不告警"],
    }


def test_every_file_of_the_folder_is_a_rule_type_and_nothing_else_is_one():
    files = {p.stem for p in Path(types.__path__[0]).glob("*.py")} - {"__init__"}
    assert set(registry.TYPES) == files


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A second folder of rule types; gives `find` over both."""
    monkeypatch.setattr(types, "__path__", [*types.__path__, str(tmp_path)])

    def find(name: str, text: str):
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
        monkeypatch.delitem(sys.modules, f"brain.rules.types.{name}", raising=False)
        return registry.find([str(tmp_path)])

    return find


@pytest.mark.parametrize(
    ("name", "lost", "says"),
    [
        ("odd_a", "def say", "odd_a.py：缺少 say"),
        ("odd_b", "PARAMS =", "odd_b.py：缺少 PARAMS"),
        ("odd_c", "", "odd_c.py：TYPE 写的是“swing”，应与文件名相同"),
    ],
)
def test_a_file_that_is_no_rule_type_is_named_with_what_it_lacks(folder, name, lost, says):
    text = SWING.replace(lost, "_lost =" if "=" in lost else "def _lost", 1) if lost else SWING
    with pytest.raises(registry.BadType, match=says):
        folder(name, text)


@pytest.mark.parametrize(
    ("name", "before", "after", "says"),
    [
        ("odd_d", 'TYPE = Type("swing", "摆动")', 'TYPE = "odd_d"', "TYPE 应写成"),
        ("odd_e", 'PARAMS = {"step": number(', 'PARAMS = {"step": str(', "PARAMS 应是"),
    ],
)
def test_a_part_of_the_wrong_kind_is_named(folder, name, before, after, says):
    text = SWING.replace('Type("swing"', f'Type("{name}"') if "TYPE" not in before else SWING
    text = text.replace(', least=0.0, example="5.0"', "") if "PARAMS" in before else text
    with pytest.raises(registry.BadType, match=f"{name}.py：{says}"):
        folder(name, text.replace(before, after))


def test_two_files_of_one_name_are_refused(tmp_path):
    (tmp_path / "state.py").write_text(SWING, encoding="utf-8")
    with pytest.raises(registry.BadType, match=r"state\.py：有两个同名"):
        registry.find([*types.__path__, str(tmp_path)])


# Parameters ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("key", sorted(registry.TYPES))
def test_the_example_of_every_parameter_is_one_that_it_takes(key):
    inputs = ("codmn", "ammonia", "water_temp", "ph", "turbidity", "rain_24h")
    for name, param in registry.TYPES[key].params.items():
        written = load_toml(f"x = {param.example}")["x"]
        param.reader(written, inputs)
        assert any("\u4e00" <= letter <= "\u9fff" for letter in param.says), name


def load_toml(text: str):
    import tomllib

    return tomllib.loads(text)


@pytest.mark.parametrize(
    ("text", "key", "remedy"),
    [
        ("[rule.turbidity.surge.params]\nfloor = 'x'\n", "rule.turbidity.surge.params.floor", "应是数字"),
        ("[rule.turbidity.surge.params]\nflor = 1.0\n", "rule.turbidity.surge.params.flor", "floor"),
        ("[rule.turbidity.surge.params]\nwindow_records = 0\n", "params.window_records", "不能小于 1"),
        ("[rule.turbidity.surge.params]\nmin_records = true\n", "params.min_records", "应是整数"),
        ("[rule.turbidity.surge.params]\nfloor = { drop = true }\n", "params.floor", "请补上，如 floor = 50.0"),
        ("[rule.well_depth.ladder.params]\ndirection = 'left'\n", "params.direction", "只能是 up、down"),
        ("[rule.smoke.smoke.params]\nlevels = { 1 = 'purple' }\n", "params.levels.1", "red"),
        ("[rule.smoke.smoke.params]\nlevels = { x = 'red' }\n", "params.levels.x", "状态值"),
        ("[rule.camera_online.offline.params.hold_s]\nblue = -1\n", "params.hold_s.blue", "不能小于 0"),
        ("[rule.pond_depth.ladder.params.variants.underpass]\nred = 1.0\n", "params.variants.underpass", "逐级增大"),
        ("[rule.rain_1h.tip.params.wet]\nfactor = 2.0\n", "params.wet.factor", "不能大于 1"),
        ("[rule.rain_1h.tip.params.wet]\nkind = 'rain_3h'\n", "params.wet.kind", "inputs"),
        ("[rule.device.suspect_water.params]\nchemical = ['ammonium']\n", "params.chemical", "ammonia"),
        ("[rule.device.suspect_water.params.jump]\nph = [0.5]\n", "params.jump.ph", "2 个数字"),
        ("[rule.device.drift_air.params.step]\npm25 = 0.0\n", "params.step.pm25", "正数"),
        ("[rule.fire_danger.index.params]\nseason = [10]\n", "params.season", "12 个数字"),
        ("[rule.fire_danger.index.params]\ntemp = [[9.0, 1], [5.0, 2], [99.0, 3]]\n", "params.temp", "逐行增大"),
        ("[rule.device.silence_battery.params]\nonly_declared = 1\n", "params.only_declared", "true 或 false"),
    ],
)
def test_a_wrong_parameter_is_named_with_file_key_and_remedy(tmp_path, text, key, remedy):
    (tmp_path / "sensors.toml").write_text(text, encoding="utf-8")
    with pytest.raises(BadCatalog) as told:
        load(str(tmp_path))
    sentence = str(told.value)
    assert sentence.startswith("sensors.toml 的 ") and key in sentence and remedy in sentence


def test_a_parameter_that_is_not_written_takes_its_default():
    assert load().rules["pump_state", "fault"].params["records_off"] == 1


def test_a_reader_that_refuses_is_told_with_what_the_parameter_is_for():
    def never(value: object, inputs: tuple[str, ...]) -> object:
        raise BadParam("", "不行")

    with pytest.raises(BadParam, match=r"x：不行（x：试验用；写法如 x = 1）"):
        read({"x": Param("试验用", "整数", "1", never)}, {"x": 2}, (), "swing")


def test_a_word_for_a_rule_type_that_is_not_there_is_refused(tmp_path):
    (tmp_path / "words.toml").write_text('[rule_type]\nladderr = "阶梯"\n', encoding="utf-8")
    with pytest.raises(BadCatalog, match=r"words\.toml 的 rule_type\.ladderr.*ladder"):
        load(str(tmp_path))


def test_a_city_may_call_a_rule_type_by_its_own_word(tmp_path):
    (tmp_path / "words.toml").write_text('[rule_type]\nladder = "阶梯限值"\n', encoding="utf-8")
    words = load(str(tmp_path)).words
    assert (words.of("rule_type", "ladder"), words.of("rule_type", "state")) == ("阶梯限值", "状态")
