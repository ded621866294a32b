"""The card of a theme: each way to find its number and each thing that may stand beside it, from stations as they are read."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from brain.catalog import Piece, _themes
from brain.web import themes
from brain.web.live.moment import Moment

NOW = datetime(2026, 9, 3, 2, 0, tzinfo=UTC)


def station(ident: str, theme: str, values: dict[str, float], stale: bool = False, **params) -> dict:
    seen = NOW - timedelta(minutes=5)
    readings = {kind: (value, seen.isoformat(), "ok") for kind, value in values.items()}
    return {"id": ident, "name": f"{ident}（梅江）", "theme": theme, "params": params, "readings": readings, "stale": stale,
            "level": "", "seen_at": seen if values else None}  # fmt: skip


def moment(*stations: dict, alerts: tuple[dict, ...] = (), trails: dict | None = None) -> Moment:
    return Moment(NOW, stations={s["id"]: s for s in stations}, alerts=alerts, trails=trails or {})


def alert(ident: str, theme: str, kind: str, level: int) -> dict:
    return {"station": ident, "name": ident, "theme": theme, "kind": kind, "level": level}


def shown(figure: themes.Figure) -> tuple[str, str, str, str]:
    return figure.value, figure.unit, figure.place, figure.words


# What ships -----------------------------------------------------------------------------------------------------------
def test_the_cards_stand_in_the_catalogs_order(catalog):
    assert [f.theme for f in themes.figures(moment(), catalog)] == ["water", "rain", "drainage", "fire", "cameras", "air"]


def test_a_theme_without_stations_shows_a_dash_and_says_so(catalog):
    for figure in themes.figures(moment(), catalog):
        assert (figure.value, figure.place, figure.state) == ("—", "", "无数据"), figure.theme


def test_water_is_its_worst_section_against_its_own_target(catalog):
    clean = {"ph": 7.2, "dissolved_oxygen": 8.0, "codmn": 1.5, "ammonia": 0.1, "total_phosphorus": 0.01}
    found = moment(
        station("A", "water", clean | {"ammonia": 1.4}, target=4),  # Ⅳ, and may be
        station("B", "water", clean | {"ammonia": 0.9}, target=2),  # Ⅲ, and must not be
        station("W", "water", {"water_level": 75.2}),
        trails={("W", "water_level"): tuple((NOW - timedelta(hours=n), 75.2 - n, "ok") for n in (2, 1, 0))},
    )
    figure = themes.figure(found, catalog, "water")
    assert shown(figure) == ("Ⅲ", "类水质", "B（目标Ⅱ类）", "2 断面 1 达标 · W 75.20 m 涨")
    assert (figure.station, figure.kind) == ("W", "water_level")


def test_the_line_of_water_is_that_of_the_gauge_that_is_worse(catalog):
    one, two = station("W1", "water", {"water_level": 99.0}), station("W2", "water", {"water_level": 10.0})
    assert themes.lead(moment(one, two), catalog.themes["water"]) == ("W1", "water_level")
    assert themes.lead(moment(one, two | {"level": "blue"}), catalog.themes["water"]) == ("W2", "water_level")


def test_rain_is_the_most_that_fell_and_says_when_none_did(catalog):
    wet = moment(station("R1", "rain", {"rain_1h": 3.0, "rain_24h": 20.0}), station("R2", "rain", {"rain_1h": 12.5}))
    assert shown(themes.figure(wet, catalog, "rain")) == ("12.5", "mm/h 最大", "R2", "24 小时最大 20.0 mm · 2 站在线 2")
    dry = moment(station("R1", "rain", {"rain_1h": 0.0}, stale=False), station("R2", "rain", {"rain_1h": 9.0}, stale=True))
    assert shown(themes.figure(dry, catalog, "rain")) == ("0.0", "mm/h 最大", "各站 1 小时无雨", "2 站在线 1")


def test_ponding_counts_the_places_at_the_mildest_limit_and_the_pumps(catalog):
    pumps = [station(f"P{n}", "drainage", {"pump_state": state}) for n, state in enumerate((1.0, 0.0, 2.0))]
    ponds = [station("A", "drainage", {"pond_depth": 31.4}), station("B", "drainage", {"pond_depth": 5.0}),
             station("C", "drainage", {"pond_depth": 4.9})]  # fmt: skip
    figure = themes.figure(moment(*ponds, *pumps), catalog, "drainage")
    assert shown(figure) == ("31", "cm 最深", "A · 2 处积水", "泵站运行 1/3 故障 1 · 6 处在线 6")
    assert themes.figure(moment(ponds[2]), catalog, "drainage").place == "没有积水"


def test_fire_is_the_number_of_stations_in_doubt_beside_the_weather(catalog):
    found = moment(
        station("F1", "fire", {"air_temp": 33.4, "humidity": 41.0}),
        alerts=(alert("X", "fire", "smoke", 2), alert("X", "fire", "thermal_max", 3), alert("F1", "fire", "fire_danger", 4)),
    )
    figure = themes.figure(found, catalog, "fire")
    assert shown(figure) == ("1", "处疑似火情", "最高气温 33 ℃ · 最低湿度 41 %", "1 处在线 1")
    assert (figure.level, figure.state) == ("orange", "橙色")


def test_cameras_are_the_share_of_those_that_ever_spoke(catalog):
    found = moment(
        station("C1", "cameras", {"camera_online": 1.0}), station("C2", "cameras", {"camera_online": 1.0, "camera_fault": 1.0}),
        station("C3", "cameras", {"camera_online": 0.0}, stale=True), station("C4", "cameras", {}, stale=True),
    )  # fmt: skip
    figure = themes.figure(found, catalog, "cameras")
    assert shown(figure) == ("66.7", "% 在线", "在线 2 / 3 路", "离线 1 · 图像异常 1")


def test_air_is_the_worst_index_with_its_cause(catalog):
    figure = themes.figure(moment(station("Q", "air", {"pm25": 120.0}), station("R", "air", {"pm25": 10.0})), catalog, "air")
    assert figure.place == "Q" and figure.unit.startswith("AQI ") and figure.words == "首要 PM2.5 · 未审核"


def test_what_qualifies_a_figure_is_not_said_without_one(catalog):
    assert themes.figure(moment(station("Q", "air", {}, stale=True)), catalog, "air").words == "1 站在线 0"


# Ways that a city may choose ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("piece", "said"),
    [
        (Piece("min", {"of": "rain_1h", "unit": "mm 最小"}), ("1.0", "mm 最小", "R1")),
        (Piece("sum", {"of": "rain_1h", "unit": "mm"}), ("10.5", "mm", "2 站合计")),
        (Piece("count_over", {"of": "rain_1h", "least": 5.0, "unit": "站大雨"}), ("1", "站大雨", "R2")),
        (Piece("count_over", {"of": "rain_1h", "least": 50.0, "unit": "站暴雨", "none": "没有暴雨"}), ("0", "站暴雨", "没有暴雨")),
        (Piece("max", {"of": "rain_24h", "unit": "mm", "idle_unit": "毫米"}), ("—", "毫米", "")),
    ],
)
def test_another_figure_is_found_as_the_entry_says(catalog, piece, said):
    city = replace(catalog, themes=catalog.themes | {"rain": replace(catalog.themes["rain"], figure=piece)})
    found = moment(station("R1", "rain", {"rain_1h": 1.0}), station("R2", "rain", {"rain_1h": 9.5}))
    assert shown(themes.figure(found, city, "rain"))[:3] == said


def test_every_way_that_the_catalog_allows_is_there(catalog):
    assert set(themes.FIGURES) == set(_themes.FIGURES) and set(themes.PIECES) == set(_themes.PIECES)
