"""The catalog: complete, checked against itself, and every mistake named with file, key and remedy."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest

from brain.catalog import FILES, BadCatalog, _themes, load
from brain.catalog._toml import GUESTS
from brain.catalog._work import library_version
from brain.model import PLATFORM, Clock, Level, Limit, Quality, Role, Station
from brain.report import theme_tables
from brain.report import themes as report_themes
from brain.rules import sla, thresholds
from ingest import acl, feeds
from ingest.feeds._sample import samples

CATALOG = load()
SHIPPED = Path(load.__wrapped__.__code__.co_filename).parent


# The dictionary -----------------------------------------------------------------------------------------------------
def test_the_dictionary_has_153_components_and_250_matters_beside_the_local_ones():
    counts = Counter((c.kind, c.local) for c in CATALOG.categories.values())
    assert counts == {("component", False): 153, ("matter", False): 250, ("matter", True): 12}


@pytest.mark.parametrize(
    ("kind", "sizes"),
    [
        ("component", {"01": 76, "02": 44, "03": 16, "04": 14, "05": 3}),
        ("matter", {"01": 76, "02": 44, "03": 16, "04": 14, "05": 3, "06": 51, "07": 7, "08": 16, "09": 21, "10": 2}),
    ],
)
def test_every_group_has_the_size_the_standard_gives_it(kind, sizes):
    found = Counter(c.code[:2] for c in CATALOG.categories.values() if c.kind == kind and not c.local)
    assert found == sizes


@pytest.mark.parametrize("key", ["component:01016", "matter:06031", "matter:07005", "matter:09007", "component:05001"])
def test_numbers_the_standard_left_out_stay_unused(key):
    assert key not in CATALOG.categories


def test_a_component_matter_is_the_component_with_its_ill():
    for category in CATALOG.categories.values():
        if category.kind == "matter" and category.code[:2] <= "05":
            component = CATALOG.categories[f"component:{category.code}"]
            assert category.name == component.name + "异常"
            assert (category.limit, category.conditions, category.org, category.limit_is_default) == (
                component.limit, component.conditions, component.org, component.limit_is_default,
            )  # fmt: skip


@pytest.mark.parametrize(
    ("key", "limit"),
    [
        ("component:01001", Limit(Clock.URGENT_HOUR, 2)),
        ("matter:06010", Limit(Clock.WORK_HOUR, 4)),
        ("matter:06007", Limit(Clock.URGENT_HOUR, 2)),
        ("matter:06001", Limit(Clock.NATURAL_DAY, 2)),
        ("matter:06013", Limit(Clock.WORK_DAY, 5)),
        ("matter:10901", Limit(Clock.URGENT_HOUR, 2)),
        ("matter:09012", Limit(Clock.WORK_HOUR, 2)),
        ("component:01070", Limit(Clock.WORK_DAY, 3)),
    ],
)
def test_a_listed_category_has_the_limit_of_its_list(key, limit):
    assert CATALOG.categories[key].limit == limit and not CATALOG.categories[key].limit_is_default


def test_a_category_nobody_gave_a_limit_has_one_workday_and_says_so():
    category = CATALOG.categories["matter:06015"]
    assert (category.limit, category.limit_is_default) == (Limit(Clock.WORK_DAY, 1), True)


def test_conditions_carry_limits_of_their_own():
    well = dict(CATALOG.categories["component:01004"].conditions)
    assert well["堵塞三分之一以上"] == Limit(Clock.WORK_DAY, 1)


def test_every_limit_can_be_kept_by_the_calendar(now):
    for category in CATALOG.categories.values():
        for limit in (category.limit, *(limit for _, limit in category.conditions)):
            due = sla.due(now, limit, CATALOG.calendar)
            assert sla.spent_s(now, due, limit.clock, CATALOG.calendar) == pytest.approx(sla.size_s(limit))


@pytest.mark.parametrize(
    ("kind", "old", "new"),
    [
        ("component", "01-03", "component:01003"),
        ("component", "0150", "component:01050"),
        ("component", "05-06", "component:01069"),
        ("matter", "01-10", "matter:06010"),
        ("matter", "04-05", "matter:09005"),
        ("matter", "05-06", "matter:10901"),
        ("matter", "05-07", "matter:10001"),
        ("matter", "01-31", None),
        ("matter", "06-99", None),
        ("component", "01-16", None),
        ("matter", "x", None),
    ],
)
def test_an_old_code_finds_its_successor(kind, old, new):
    assert CATALOG.old_codes.new(kind, old) == new


# Kinds and rules ----------------------------------------------------------------------------------------------------
def test_every_kind_is_sent_by_some_feed_or_judged_by_a_rule_and_every_sent_kind_is_there():
    sent = {r.kind.partition("@")[0] for s in samples() for r in s.readings if r.kind[:1] != "?"}
    meant = {kind for module in feeds.load().values() for kind in getattr(module, "MEANT", {}).values()}
    judged = {kind for rule in CATALOG.rules.values() for kind in rule.inputs}
    assert set(CATALOG.kinds) - sent - meant - judged == set()
    assert (sent | meant) - set(CATALOG.kinds) == set()


def test_every_rule_type_has_an_evaluator_and_every_evaluator_a_rule():
    assert set(thresholds.TYPES) == {rule.type for rule in CATALOG.rules.values()}


def test_a_department_may_send_only_feeds_that_come_over_mqtt():
    assert acl.unknown(CATALOG) == []


@pytest.mark.parametrize(
    ("rule", "opens", "level"),
    [
        (("turbidity", "ladder"), "matter:06026", "yellow"),
        (("water_class", "class"), "matter:06026", "yellow"),
        (("water_level", "ladder"), "matter:10907", "yellow"),
        (("pond_depth", "ladder"), "matter:10901", "yellow"),
        (("well_depth", "ladder"), "matter:10904", "yellow"),
        (("pump_state", "fault"), "matter:01072", "yellow"),
        (("hotspot", "hotspot"), "matter:10908", "yellow"),
        (("aqi", "aqi"), "matter:10909", "orange"),
        (("camera_online", "offline"), "matter:01050", "yellow"),
        (("fire_alarm", "alarm"), "matter:10910", "red"),
        (("fire_fault", "fault"), "matter:01013", "yellow"),
        (("device", "silence_rain"), "matter:10911", "yellow"),
        (("leak", "leak"), "matter:10904", "yellow"),
        (("cover_open", "open"), "matter:01023", "orange"),
        (("gas_lel", "ladder"), "matter:10905", "orange"),
    ],
)
def test_an_alert_opens_the_case_that_is_agreed(rule, opens, level):
    assert (CATALOG.rules[rule].opens, CATALOG.rules[rule].opens_at.key) == (opens, level)


def test_every_kind_that_must_speak_has_a_silence_rule():
    watched = {kind for rule in CATALOG.rules.values() if rule.type == "silence" for kind in rule.inputs}
    assert watched >= {kind.key for kind in CATALOG.kinds.values() if kind.silence_s and kind.key != "rain_24h"}


def test_inputs_of_a_rule_are_watched_at_the_stations_of_its_theme():
    for rule in CATALOG.rules.values():
        if rule.theme == PLATFORM:  # watches over the platform, not over a station
            continue
        place = Station("S", "S", rule.theme, 116.0, 24.0)
        assert (rule in CATALOG.rules_for(place, {rule.inputs[0]})) == (rule.type != "drift")


def test_a_value_is_written_with_its_decimals_and_unit_or_its_word():
    assert CATALOG.kinds["turbidity"].text(303.5) == "303.5 NTU"
    assert CATALOG.kinds["ph"].text(7.0) == "7.00"
    assert CATALOG.kinds["pump_state"].text(2) == "故障"


# Work ---------------------------------------------------------------------------------------------------------------
def test_the_holidays_of_2026_come_from_the_library():
    days = CATALOG.calendar
    assert date(2026, 10, 1) in days.holidays and date(2026, 10, 10) in days.workdays
    assert days.known(date(2026, 12, 31)) and library_version()


def test_every_role_has_rights_and_every_ladder_ends_above_the_handler():
    assert set(CATALOG.roles) == set(Role)
    for ladder in CATALOG.ladders.values():
        assert ladder[0]["who"] == "handler" and ladder[-1]["who"] == "duty_leader"
    assert CATALOG.ladder(None) is CATALOG.ladder(Level.BLUE) is CATALOG.ladders["default"]


def test_the_parts_of_a_themes_report_are_made_and_printed():
    assert set(_themes.PARTS) == set(report_themes.PARTS) == set(theme_tables.PRINTS)


def test_what_a_theme_shows_is_measured_by_stations_of_it():
    odd = [(t.key, k) for t in CATALOG.themes.values() for k in (*t.leads, t.trail) if k and CATALOG.kinds[k].theme != t.key]
    assert not odd


def test_every_theme_and_level_has_a_plan():
    assert not [(t, lv.key) for t in CATALOG.themes for lv in Level if not CATALOG.plan_steps(t, lv)]


def test_the_seven_towns_and_the_named_departments_are_there():
    towns = {key for key, org in CATALOG.departments.items() if org.kind == "town"}
    assert towns == {f"441402{n}" for n in ("004", "006", "007", "102", "103", "105", "106")}
    assert len(CATALOG.departments) - len(towns) == 18


# Mistakes -----------------------------------------------------------------------------------------------------------
MISTAKES = [
    ("sensors.toml", "[rule.turbidity.ladder]\nholdon_s = 3\n", "rule.turbidity.ladder.holdon_s", "hold_on_s"),
    ("sensors.toml", '[rule.turbidity.ladder]\nopens = "matter:99999"\n', "rule.turbidity.ladder.opens", "categories.toml"),
    ("sensors.toml", '[rule.turbidity.ladder]\ninputs = ["turbidty"]\n', "rule.turbidity.ladder.inputs", "turbidity"),
    ("sensors.toml", "[rule.turbidity.ladder.limits]\nred = 100.0\n", "rule.turbidity.ladder.limits", "逐级增大"),
    ("sensors.toml", "[rule.well_depth.ladder.limits]\nred = 0.9\n", "rule.well_depth.ladder.limits", "逐级减小"),
    ("sensors.toml", "[rule.turbidity.ladder.limits]\npurple = 1.0\n", "limits.purple", "blue"),
    ("sensors.toml", "[rule.turbidity.ladder.limits]\nred = 99999.0\n", "limits.red", "合理范围"),
    ("sensors.toml", "[rule.pond_depth.ladder]\nreset = 5.0\n", "rule.pond_depth.ladder.reset", "永远不会解除"),
    ("sensors.toml", "[rule.turbidity.ladder]\nreset = -1.0\n", "rule.turbidity.ladder.reset", "负数"),
    ("sensors.toml", "[rule.turbidity.ladder]\nrecords = 0\n", "rule.turbidity.ladder.records", "至少"),
    ("sensors.toml", '[rule.turbidity.ladder]\ntype = "ladderr"\n', "rule.turbidity.ladder.type", "ladder"),
    ("sensors.toml", '[rule.rain_1h.tip]\nopens_at = "red"\n', "rule.rain_1h.tip.opens_at", "opens"),
    ("sensors.toml", "[rule.nothing.x]\nversion = 1\n", "rule.nothing", "derived"),
    ("sensors.toml", "[kind.ph]\nsane = [14.0, 0.0]\n", "kind.ph.sane", "下限"),
    ("sensors.toml", "[kind.ph]\nsilence_s = 10\n", "kind.ph.silence_s", "上报间隔"),
    ("sensors.toml", '[kind.ph]\naccepts = ["good"]\n', "kind.ph.accepts", "good"),
    ("sensors.toml", '[kind.ph]\ntheme = "waters"\n', "kind.ph.theme", "water"),
    ("sensors.toml", "[kind.ph]\ndecimals = 1.5\n", "kind.ph.decimals", "整数"),
    ("sensors.toml", "[rule.device.stuck_water.params]\nrecords = { drop = true }\n", "params.records", "补上"),
    ("categories.toml", '[matter.06010]\nlimit = "4x"\n', "matter.06010.limit", "4h"),
    ("categories.toml", '[matter.06010]\norg = "cg"\n', "matter.06010.org", "cgj"),
    ("categories.toml", '[matter.06010]\nlike = "component:99999"\n', "matter.06010.like", "不存在"),
    ("categories.toml", '[matter.06903]\nname = "本地"\n', "matter.06903.local", "900"),
    ("categories.toml", '[matter.6903]\nname = "本地"\n', "matter.6903", "5 位"),
    ("categories.toml", '[old.moved.matter]\n0501 = "matter:00000"\n', "old.moved.matter.0501", "没有类别"),
    ("departments.toml", '[org.x]\nname = "x"\nshort = "x"\nkind = "team"\nparent = "y"\n', "org.x.parent", "登记"),
    ("departments.toml", '[org.cgj]\nkind = "office"\n', "org.cgj.kind", "department"),
    ("calendar.toml", 'windows = [["08:00", "12:00"], ["11:00", "18:00"]]\n', "windows", "重叠"),
    ("calendar.toml", '[holidays]\n"2027-13-01" = "?"\n', "holidays.2027-13-01", "2027-01-01"),
    ("calendar.toml", '[holidays]\n"2027-02-07" = "a"\n[workdays]\n"2027-02-07" = "b"\n', "2027-02-07", "删去"),
    ("roles.toml", '[worker]\nsees = "everything"\n', "worker.sees", "all"),
    ("roles.toml", '[boss]\npages = []\nsees = "all"\n', "boss", "不认识"),
    ("workflow.toml", "[practice]\nreturn_reasons = []\n", "practice.return_reasons", "至少"),
    ("workflow.toml", "[practice]\nnear_m = -5\n", "practice.near_m", "负数"),
    ("workflow.toml", '[ladder]\nred = [{ after_fraction = 0.5, who = "nobody" }]\n', "ladder.red", "handler"),
    ("workflow.toml", "[stage]\naccept = { drop = true }\n", "stage.accept", "缺少"),
    ("duties.toml", "[any]\ntimeout_s = 0\n", "any.timeout_s", "3600"),
    ("duties.toml", "[any]\nretry_s = [1, -5]\n", "any.retry_s", "大于 0"),
    ("duties.toml", "[duty.drift]\nmax_share = 2\n", "duty.drift.max_share", "不超过 1"),
    ("duties.toml", "[duty.drift]\ntimeout = 5\n", "duty.drift.timeout", "timeout_s"),
    ("kpi.toml", "[target.close_rate]\nred = 0.99\n", "target.close_rate.red", "更差"),
    ("kpi.toml", '[scorecard]\ntown = [{ kpi = "close_rate", weight = 50 }]\n', "scorecard.town", "100"),
    ("themes.toml", '[theme.rain]\nlabel = " "\n', "theme.rain.label", "填写"),
    ("themes.toml", '[theme.rain]\nleads = ["rain_2h"]\n', "theme.rain.leads", "rain_"),
    ("themes.toml", '[theme.rain]\nleads = []\n', "theme.rain.leads", "至少"),
    ("themes.toml", '[theme.rain]\nreport = ["rainsums"]\n', "theme.rain.report", "rain_sums"),
    ("themes.toml", '[theme.rain]\nbeside = [{ type = "onlin" }]\n', "theme.rain.beside[0].type", "online"),
    ("themes.toml", '[theme.rain.figure]\ntype = "maximum"\n', "theme.rain.figure.type", "max"),
    ("themes.toml", '[theme.rain.figure]\nunti = "mm"\n', "theme.rain.figure.unti", "unit"),
    ("themes.toml", '[theme.rain]\nreport = ["online"]\n', "theme.rain.online", "自报在线"),
    ("themes.toml", '[theme.rain]\nonline = "hotspot"\n', "theme.rain.online", "silence_s"),
    ("themes.toml", "[theme.alerts]\norder = 9\n", "theme.alerts", "不能用"),
    ("themes.toml", "[theme.Rain-2]\norder = 9\n", "theme.Rain-2", "小写英文"),
    ("sensors.toml", '[theme.rain]\norder = 9\n', "theme", "themes.toml"),
    ("words.toml", '[theme]\nrain = "雨"\n', "theme.rain", "label"),
    ("plans.toml", '[snow]\nblue = ["x"]\n', "snow", "不认识"),
    ("words.toml", '[state]\nclosed = ""\n', "state.closed", "填写"),
    ("words.toml", "[state\n", "words.toml", "TOML"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "text", "key", "remedy"), MISTAKES, ids=[f"{m[0]}:{m[2]}:{m[3]}" for m in MISTAKES])
def test_a_mistake_is_named_with_file_key_and_remedy(tmp_path, file, text, key, remedy):
    (tmp_path / file).write_text(text, encoding="utf-8")
    with pytest.raises(BadCatalog) as told:
        load(str(tmp_path))
    sentence = str(told.value)
    assert file in sentence and key in sentence and remedy in sentence
    assert any("\u4e00" <= letter <= "\u9fff" for letter in sentence)


def test_a_file_with_an_unknown_name_is_refused(tmp_path):
    (tmp_path / "sensor.toml").write_text("", encoding="utf-8")
    with pytest.raises(BadCatalog, match=r"sensor\.toml.*是不是“sensors\.toml”"):
        load(str(tmp_path))


@pytest.mark.parametrize("file", GUESTS)
def test_the_tables_of_intake_may_lie_in_the_same_folder(tmp_path, file):
    (tmp_path / file).write_text("x = 1", encoding="utf-8")
    assert load(str(tmp_path)).kinds.keys() == CATALOG.kinds.keys()
    assert list((SHIPPED.parent.parent / "ingest").rglob(file))


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(BadCatalog, match="不存在"):
        load(str(tmp_path / "nowhere"))


def test_a_city_may_override_single_values_and_add_entries(tmp_path):
    (tmp_path / "sensors.toml").write_text(
        "[rule.turbidity.ladder.limits]\nblue = 50.0\n"
        '[kind.chlorine]\nlabel = "余氯"\nunit = "mg/L"\ntheme = "water"\ndecimals = 2\nsane = [0.0, 20.0]\n'
        'period_s = 3600\nstandard = "GB 5749-2022"\naccepts = ["ok"]\n'
        "[rule.turbidity.surge]\ndrop = true\n",
        encoding="utf-8",
    )
    (tmp_path / "categories.toml").write_text(
        '[matter]\n06010 = { limit = "2h" }\n06901 = { name = "江边烧烤", local = true }\n', encoding="utf-8"
    )
    city = load(str(tmp_path))
    assert city.rules["turbidity", "ladder"].limits == CATALOG.rules["turbidity", "ladder"].limits | {Level.BLUE: 50.0}
    assert city.kinds["chlorine"].accepts == frozenset({Quality.OK})
    assert ("turbidity", "surge") not in city.rules
    assert city.categories["matter:06010"].limit == Limit(Clock.WORK_HOUR, 2)
    assert city.categories["matter:06901"].local and city.categories["matter:06901"].limit_is_default
    assert len(city.categories) == len(CATALOG.categories) + 1


def test_days_entered_by_hand_go_before_the_library(tmp_path):
    (tmp_path / "calendar.toml").write_text(
        '[holidays]\n"2026-11-18" = "区庆"\n[workdays]\n"2026-10-01" = "值守"\n', encoding="utf-8"
    )
    days = load(str(tmp_path)).calendar
    assert not sla.is_workday(date(2026, 11, 18), days) and sla.is_workday(date(2026, 10, 1), days)
    assert days.names[date(2026, 11, 18)] == "区庆" and days.utc_offset == timedelta(hours=8)


def test_the_catalog_ships_every_file_it_reads():
    assert {path.name for path in SHIPPED.glob("*.toml")} == set(FILES)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[reading]\nahead_s = 0\n", "reading.ahead_s"),
        ("[reading]\nahead_s = 90000\n", "absurd_s"),
        ('[reading]\noldest = "sometime"\n', "reading.oldest"),
        ("[warning]\nlasts_days = 1e9\n", "warning.lasts_days"),
        ("[photo]\nahead_s = nan\n", "photo.ahead_s"),
        ("[text]\nline = 3\n", "text.line"),
        ("[text]\nlines = 300\n", "text.lines"),
    ],
)
def test_bounds_that_bound_nothing_are_refused_by_name(tmp_path, text, named):
    (tmp_path / "bounds.toml").write_text(text)
    with pytest.raises(BadCatalog, match=r"bounds\.toml") as err:
        load(str(tmp_path))
    assert named in str(err.value)


def test_the_catalog_is_read_once():
    assert load() is CATALOG


def test_no_kind_takes_what_its_sender_calls_a_test(tmp_path):
    (tmp_path / "sensors.toml").write_text('[kind.ph]\naccepts = ["ok", "test"]\n', encoding="utf-8")
    with pytest.raises(BadCatalog, match=r"kind\.ph\.accepts.*test"):
        load(tmp_path)


ONE = 'feed = "rain"\ntitle = "x"\ntext = "{}"\n'


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('[door.mqtt]\ntables = ["tims"]\n', r"door\.mqtt\.tables.*tims.*times"),
        ('[door.mqtt]\nhow = [["一段"]]\n', r"door\.mqtt\.how.*2 段"),
        ('[door.mqtt]\nhow = [["主题", "city/{orgs}"]]\n', r"door\.mqtt\.how.*orgs.*org"),
        ('[door.mqtt]\nports = 1\n', r"door\.mqtt\.ports"),
        ('[table.times]\nrows = [["一格"]]\n', r"table\.times\.rows.*3 段"),
        ('[table.times]\nreader = "tims"\n', r"table\.times\.reader"),
        ("[door.mqtt.example.x]\n" + ONE + 'hex = "00"\n', r"example\.x\.text"),
        ("[door.mqtt.example.x]\n" + ONE + 'stations = ["RG-01"]\n', r"example\.x\.stations.*RG-01"),
        ("[door.mqtt.example.x]\n" + ONE + 'way = "fax"\n', r"example\.x\.way"),
        ("[door.mqtt.example.x]\n" + ONE + 'topic = "city/{who}"\n', r"example\.x\.topic.*who"),
        ("[door.mqtt.example.x]\n" + ONE + 'readings = [["RG-01", "rain_1h", 1, "mm", "昨天", "ok"]]\n', r"example\.x\.readings.*昨天"),
        (
            "[door.mqtt.example.x]\n" + ONE + 'readings = [["RG-01", "rain_1h", 1, "mm", "2026-09-03 08:00:00", "okay"]]\n',
            r"example\.x\.readings.*okay",
        ),
        ('[door.mqtt.example.rain]\ntext = 1\n', r"example\.rain\.text"),
    ],
)
def test_a_mistake_in_the_guide_is_named(tmp_path, text, named):
    (tmp_path / "guide.toml").write_text(text, encoding="utf-8")
    with pytest.raises(BadCatalog, match=r"guide\.toml.*" + named):
        load(str(tmp_path))


def test_a_city_adds_to_the_guide_what_is_its_own(tmp_path):
    own = '[door.poll]\ndrop = true\n[door.history]\nwhom = "找数据科"\n[door.mqtt.example.x]\n' + ONE
    (tmp_path / "guide.toml").write_text(own, encoding="utf-8")
    doors = load(str(tmp_path)).guide.doors
    assert "poll" not in doors and doors["history"].whom == "找数据科" and doors["mqtt"].examples[-1].key == "x"
