"""The themes of the report: what stations measured, judged by the standards, and what is said where they were silent."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from brain.report import docx, snapshot, theme_tables

BEIJING = timezone(timedelta(hours=8))
CUT = datetime(2026, 9, 2, 8, 0, tzinfo=BEIJING)
FIRST = datetime(2026, 8, 10, 0, 0, tzinfo=BEIJING)
LAST_DAY = datetime(2026, 8, 31, 0, 0, tzinfo=BEIJING)


@pytest.fixture
def measured(city_db):
    """`measured(station, kind, values, every)`: readings of August, one each `every` minutes from the 10th on."""

    def store(station: str, kind: str, values, every: float = 60, start: datetime = FIRST) -> None:
        with (
            city_db.cursor() as cursor,
            cursor.copy("COPY reading (station, kind, at, seq, value, quality, delay_s) FROM STDIN") as copy,
        ):
            for n, value in enumerate(values):
                at = start + timedelta(minutes=every * n)
                copy.write_row([station, kind, at, "", value, "ok", 0])

    return store


@pytest.fixture
def built(city_db, catalog):
    return lambda: snapshot.build(city_db, catalog, "2026-08", CUT)


def test_a_section_is_judged_by_its_months_mean_against_its_target(measured, built):
    for kind, value in (("ph", 7.2), ("dissolved_oxygen", 6.4), ("codmn", 3.0), ("ammonia", 0.3)):
        measured("WQ-01", kind, [value] * 6, 240)
    measured("WQ-01", "total_phosphorus", [0.10, 0.10, 0.20, 0.20, 0.15, 0.15], 240)  # mean 0.15: Ⅲ
    made = built()
    (section,) = made["themes"]["water"]["sections"]
    assert (section["class"], section["target"], section["met"], section["worst"]) == (3, 2, False, ["总磷"])
    words = "".join(p if isinstance(p, str) else p["b"] for p in made["conclusions"][3]["parts"])
    assert "未达 Ⅱ类目标" in words and "总磷" in words


def test_readings_that_are_not_trusted_do_not_enter_a_class(measured, built, city_db):
    measured("WQ-01", "ammonia", [0.3] * 3, 240)
    measured("WQ-01", "ammonia", [9.0], start=FIRST + timedelta(days=2))
    city_db.execute("UPDATE reading SET quality = 'suspect' WHERE value = 9.0")
    assert built()["themes"]["water"]["sections"][0]["class"] == 2


def test_an_outlet_is_no_section_and_has_its_hours_counted(measured, built, city_db):
    """20 hours of August sent: two of them excused, one at fault, three above the limit of its own."""
    city_db.execute(
        "INSERT INTO station (id, name, theme, lng, lat, params) VALUES "
        "('OUT-01', '污水厂总排口', 'water', 116.1, 24.3, '{\"discharge\": {\"outlet_cod\": 40}}')"
    )
    measured("OUT-01", "outlet_cod_1h", [30.0] * 13 + [40.0] + [41.0] * 3 + [900.0] * 3)
    measured("OUT-01", "outlet_ph", [7.0] * 5)
    for hour, quality in ((17, "maintenance"), (18, "maintenance"), (19, "suspect")):
        at = FIRST + timedelta(hours=hour)
        city_db.execute("UPDATE reading SET quality = %s WHERE station = 'OUT-01' AND kind = 'outlet_cod_1h' AND at = %s", [quality, at])
    made = built()
    water = made["themes"]["water"]
    assert water["sections"] == []
    (outlet,) = water["outlets"]
    assert (outlet["due"], outlet["valid"], outlet["over"], outlet["what"]) == (31 * 24 - 2, 17, 3, ["废水 COD小时均值 3 小时"])
    assert outlet["share"] == pytest.approx(17 / 742)
    (printed,) = [t for t in theme_tables.tables(made) if t.name == "outlets"]
    assert len(printed.rows) == 1 and len(docx.document(made)) > 10_000


def test_a_city_without_outlets_prints_no_table_of_them(measured, built):
    measured("WL-01", "water_level", [75.2])
    assert not [t for t in theme_tables.tables(built()) if t.name == "outlets"]


def test_the_highest_level_is_held_against_the_warning_level(measured, built):
    measured("WL-01", "water_level", [75.2, 76.4, 75.8])
    (level,) = built()["themes"]["water"]["levels"]
    assert (level["high"], level["warn"], level["over"]) == (76.4, 76.0, True)


def test_a_gauge_that_reports_by_the_hour_gets_a_months_sum(measured, built):
    measured("RG-01", "rain_1h", [0.0, 12.5, 7.5, 0.0])
    measured("RG-01", "rain_24h", [20.0])
    (gauge,) = built()["themes"]["rain"]["gauges"]
    assert (gauge["total"], gauge["max_1h"], gauge["max_24h"]) == (20.0, 12.5, 20.0)


def test_a_series_played_faster_than_measured_gets_no_sum(measured, built):
    measured("RG-01", "rain_1h", [5.0] * 360, 1 / 6)  # an hour of the series each ten seconds
    (gauge,) = built()["themes"]["rain"]["gauges"]
    assert gauge["total"] is None and gauge["max_1h"] == 5.0


def test_air_days_are_judged_by_the_edition_of_their_date_and_need_twenty_hours(measured, built):
    for kind, good, bad in (
        ("pm25", 20, 70),
        ("pm10", 40, 60),
        ("so2", 8, 8),
        ("no2", 20, 20),
        ("o3", 60, 60),
        ("co", 0.6, 0.6),
    ):
        measured("AQ-01", kind, [good] * 24 + [bad] * 24 + [good] * 12)
    air = built()["themes"]["air"]
    assert (air["good"], air["valid"], air["invalid"]) == (1, 2, 1)  # 70 µg/m³ is 轻度污染 since HJ 633-2026
    assert air["standards"] == ["HJ 633-2026"] and air["causes"][0]["kind"] == "pm25"
    assert air["share_text"] == "50.0"
    assert air["composite"] == pytest.approx(8 / 60 + 20 / 40 + 0.6 / 4 + 60 / 160 + 50 / 60 + 45 / 30, abs=0.01)


def test_a_river_with_five_sections_has_a_state_and_one_with_fewer_has_none(measured, built, city_db):
    names = [r["id"] for r in city_db.execute("SELECT id FROM station WHERE id LIKE 'WQ-%%' ORDER BY id").fetchall()]
    rivers = {name: "梅江" if n < 5 else "周溪河" for n, name in enumerate(names)}
    for name, river in rivers.items():
        city_db.execute(
            "UPDATE station SET params = params - 'lake' || jsonb_build_object('river', %s::text) WHERE id = %s", [river, name]
        )
        measured(name, "ammonia", [0.3])
    made = built()
    assert [(r["name"], r["sections"], r["state_text"]) for r in made["themes"]["water"]["rivers"]] == [("梅江", 5, "优")]
    assert len(docx.document(made)) > 10_000


def test_the_online_rate_is_weighted_by_time_and_told_by_owner(measured, built, city_db):
    one, two = (r["id"] for r in city_db.execute("SELECT id FROM station WHERE theme = 'cameras' ORDER BY id LIMIT 2"))
    city_db.execute("UPDATE station SET org = CASE id WHEN %s THEN 'gaj' ELSE 'cgj' END WHERE theme = 'cameras'", [one])
    measured(one, "camera_online", [1] * 720, 2, start=LAST_DAY)
    measured(two, "camera_online", [1] * 600 + [0], 2, start=LAST_DAY)  # many words, then a lone one: off for four hours
    found = built()["themes"]["cameras"]
    assert (found["share_text"], found["outages"]) == ("91.7", 1)
    assert [(r["name"], r["share_text"], r["due"]) for r in found["orgs"]] == [
        ("城管局", "83.3", 1), ("公安分局", "100.0", 1)
    ]  # fmt: skip
    assert [r["id"] for r in found["worst"]] == [two] and "短于 10 分钟的中断不计" in found["definition"]


def test_owners_whose_cameras_never_spoke_have_no_rate(measured, built, city_db):
    one = city_db.execute("SELECT id FROM station WHERE theme = 'cameras' ORDER BY id LIMIT 1").fetchone()["id"]
    city_db.execute("UPDATE station SET org = CASE id WHEN %s THEN 'gaj' ELSE 'cgj' END WHERE theme = 'cameras'", [one])
    measured(one, "camera_online", [1] * 720, 2, start=LAST_DAY)
    made = built()
    orgs = {r["name"]: r for r in made["themes"]["cameras"]["orgs"]}
    assert (orgs["城管局"]["share_text"], orgs["城管局"]["due"]) == ("—", 0)
    (table,) = theme_tables.tables(made)
    assert [c.text for c in table.rows[-1]][:3] == ["城管局", f"0 / {orgs['城管局']['cameras']}", "—"]


def test_stations_that_were_silent_are_counted_on_page_one(measured, built):
    measured("WQ-01", "ammonia", [0.3])
    made = built()
    says = {m["key"]: m["says"] for m in made["missing"]}
    assert says["water"].endswith("站本月没有数据") or "本月没有数据" in says["water"]
    assert not next(m for m in made["missing"] if m["key"] == "water")["whole"]
    assert next(m for m in made["missing"] if m["key"] == "air")["whole"]
    assert "空气" in docx.lacking(made)


def test_alerts_are_told_by_theme_and_level_with_their_median_times(built, city_db):
    for n, (level, acked) in enumerate(((3, 4), (3, 8), (1, None))):
        at = FIRST + timedelta(hours=n)
        city_db.execute(
            "INSERT INTO alert (station, kind, rule, theme, level, peak, value, message, opened_at, observed_at, changed_at, cleared_at,"
            " acked_at) VALUES ('PD-01', 'pond_depth', %s, 'drainage', %s, %s, 20, '积水', %s, %s, %s, %s, %s)",
            [f"r{n}", level, level, at, at, at, at + timedelta(hours=1), acked and at + timedelta(minutes=acked)],
        )
    made = built()
    rows = {r["level"]: r for r in made["alerts"]["rows"]}
    assert (rows["yellow"]["n"], rows["yellow"]["ack_text"], rows["yellow"]["stood_text"]) == (2, "6 分", "1 小时 0 分")
    assert rows["red"]["ack_text"] == "—" and made["alerts"]["total"] == 3


def test_the_document_takes_every_theme_it_is_given(measured, built, city_db):
    measured("WQ-01", "ammonia", [0.3])
    measured("WL-01", "water_level", [75.2])
    measured("RG-01", "rain_1h", [1.0])
    measured("AQ-01", "pm25", [20.0] * 24)
    measured("PD-01", "pond_depth", [3.0])
    measured("FW-001", "hotspot", [12.0])
    camera = city_db.execute("SELECT id FROM station WHERE theme = 'cameras' ORDER BY id LIMIT 1").fetchone()["id"]
    measured(camera, "camera_online", [1.0, 1.0])
    made = built()
    assert set(made["themes"]) == {"water", "rain", "air", "drainage", "fire", "cameras"}
    assert len(docx.document(made)) > 10_000
