"""The themes of the report: what stations measured, judged by the standards, and what is said where they were silent."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from brain.report import docx, snapshot

BEIJING = timezone(timedelta(hours=8))
CUT = datetime(2026, 9, 2, 8, 0, tzinfo=BEIJING)
FIRST = datetime(2026, 8, 10, 0, 0, tzinfo=BEIJING)


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


def test_the_online_rate_weighs_every_camera_alike(measured, built, city_db):
    one, two = (r["id"] for r in city_db.execute("SELECT id FROM station WHERE theme = 'cameras' ORDER BY id LIMIT 2"))
    measured(one, "camera_online", [1] * 100, 1)
    measured(two, "camera_online", [1, 0], 1)
    assert built()["themes"]["cameras"]["share_text"] == "75.0"


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
    made = built()
    assert set(made["themes"]) == {"water", "rain", "air", "drainage", "fire"}
    assert len(docx.document(made)) > 10_000
