"""The figure of each theme (水、雨、排水、林、视频、气): one number with its unit, its level, and what stands behind it.

Pure: a `Moment` goes in. A theme without data shows a dash and says so; nothing is ever made up.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from brain.catalog import Catalog
from brain.model import Level
from brain.rules import flood
from brain.web.readouts import CLASS_SIGN, THEMES, air_index, short, values_of, water_class

if TYPE_CHECKING:
    from brain.web.live.moment import Moment

NONE = "—"
Said = tuple[str, str, str, str]
"""(figure, unit, where it comes from, what stands beside it)"""


@dataclass(frozen=True, slots=True)
class Figure:
    """One card. `place` says where the figure comes from, `words` what stands beside it.

    `level` is the key of the theme's worst open alert ('' for none), `state` its word; `station` and `kind` say whose
    series the sparkline shows, `seen_at` is the newest observation of the theme.
    """

    theme: str
    title: str
    value: str
    unit: str
    place: str
    words: str
    level: str
    state: str
    station: str | None
    kind: str | None
    seen_at: datetime | None


def figures(moment: Moment, catalog: Catalog) -> list[Figure]:
    """All cards, in the catalog's order."""
    return [figure(moment, catalog, theme) for theme in sorted(THEMES, key=lambda t: catalog.themes[t].order)]


def figure(moment: Moment, catalog: Catalog, theme: str) -> Figure:
    stations = of_theme(moment, theme)
    levels = [a["level"] for a in moment.alerts if a["theme"] == theme]
    level = Level(min(levels)).key if levels else ""
    seen = max((s["seen_at"] for s in stations if s["seen_at"]), default=None)
    value, unit, place, words = _PARTS[theme](stations, moment, catalog)
    station, kind = lead(moment, theme) or (None, None)
    state = catalog.words.of("level", level) if level else ("无数据" if seen is None else "正常")
    return Figure(theme, catalog.themes[theme].label, value, unit, place, words, level, state, station, kind, seen)


def of_theme(moment: Moment, theme: str) -> list[dict[str, Any]]:
    """Stations of a theme, satellite watch cells (`params.watch`) left out: they are places, no devices."""
    return [s for s in moment.stations.values() if s["theme"] == theme and not s["params"].get("watch")]


def _having(stations: list[dict], kind: str) -> list[tuple[float, dict]]:
    """(value, station) of those that measure a kind and are not silent, the highest first."""
    found = [(v, s) for s in stations if not s["stale"] and (v := values_of(s).get(kind)) is not None]
    return sorted(found, key=lambda pair: (-pair[0], pair[1]["id"]))


def lead(moment: Moment, theme: str) -> tuple[str, str] | None:
    """(station, kind) of the series on a theme's card; None where nothing is measured."""
    stations = of_theme(moment, theme)
    kinds = {"water": "water_level", "rain": "rain_1h", "drainage": "pond_depth", "fire": "air_temp", "air": "pm25"}
    if theme not in kinds:
        return None
    found = _having(stations, kinds[theme])
    if theme == "water":  # the river's own gauge, unless another one is worse
        found.sort(key=lambda pair: (_rank(pair[1]["level"]), pair[1]["id"]))
    return (found[0][1]["id"], kinds[theme]) if found else None


def _rank(level: str) -> int:
    return Level.of(level) if level else 9


def _online(stations: list[dict], catalog: Catalog, theme: str) -> str:
    on = sum(1 for s in stations if not s["stale"])
    return f"{len(stations)} {catalog.themes[theme].unit}在线 {on}"


def _water(stations: list[dict], moment: Moment, catalog: Catalog) -> Said:
    sections = [(j.cls, s) for s in stations if not s["stale"] and (j := water_class(s))]
    words = []
    if sections:
        good = sum(1 for cls, s in sections if cls <= s["params"].get("target", 3))
        words.append(f"{len(sections)} 断面 {good} 达标")
    if (key := lead(moment, "water")) and key in moment.trails:
        trail = [(at, value) for at, value, _ in moment.trails[key]]
        turn = flood.trend(trail)
        level = catalog.kinds["water_level"].text(trail[-1][1])
        gauge = short(moment.stations[key[0]]["name"])
        words.append(f"{gauge} {level}" + (f" {catalog.words.of('trend', turn)}" if turn else ""))
    if not sections:
        return NONE, "类水质", "", " · ".join(words) or _online(stations, catalog, "water")
    worst, at = max(sections, key=lambda pair: (pair[0] - pair[1]["params"].get("target", 3), pair[0]))
    return (
        CLASS_SIGN[worst],
        "类水质",
        f"{short(at['name'])}（目标{CLASS_SIGN[at['params'].get('target', 3)]}类）",
        " · ".join(words),
    )


def _rain(stations: list[dict], moment: Moment, catalog: Catalog) -> Said:
    found = _having(stations, "rain_1h")
    if not found:
        return NONE, "mm/h", "", _online(stations, catalog, "rain")
    value, at = found[0]
    day = _having(stations, "rain_24h")
    words = [f"24 小时最大 {day[0][0]:.1f} mm"] if day else []
    place = short(at["name"]) if value > 0 else "各站 1 小时无雨"
    return f"{value:.1f}", "mm/h 最大", place, " · ".join([*words, _online(stations, catalog, "rain")])


def _drainage(stations: list[dict], moment: Moment, catalog: Catalog) -> Said:
    ponds = _having(stations, "pond_depth")
    pumps = [v for v, _ in _having(stations, "pump_state")]
    words = []
    if pumps:
        fault = sum(1 for v in pumps if v == 2)
        words.append(f"泵站运行 {sum(1 for v in pumps if v == 1)}/{len(pumps)}" + (f" 故障 {fault}" if fault else ""))
    words.append(_online(stations, catalog, "drainage"))
    if not ponds:
        return NONE, "cm 积水", "", " · ".join(words)
    least = catalog.rules["pond_depth", "ladder"].limits[Level.BLUE]
    wet = sum(1 for v, _ in ponds if v >= least)
    depth, at = ponds[0]
    place = f"{short(at['name'])} · {wet} 处积水" if wet else "没有积水"
    return f"{depth:.0f}", "cm 最深", place, " · ".join(words)


def _fire(stations: list[dict], moment: Moment, catalog: Catalog) -> Said:
    doubts = [a for a in moment.alerts if a["theme"] == "fire" and a["kind"] in ("hotspot", "smoke", "thermal_max")]
    if not any(s["seen_at"] for s in stations):
        return NONE, "处疑似火情", "", _online(stations, catalog, "fire")
    place = ""
    if heat := _having(stations, "air_temp"):
        dry = min((v for v, _ in _having(stations, "humidity")), default=None)
        place = f"最高气温 {heat[0][0]:.0f} ℃" + (f" · 最低湿度 {dry:.0f}%" if dry is not None else "")
    return str(len({a["station"] for a in doubts})), "处疑似火情", place, _online(stations, catalog, "fire")


def _cameras(stations: list[dict], moment: Moment, catalog: Catalog) -> Said:
    known = [s for s in stations if s["seen_at"]]
    if not known:
        return NONE, "% 在线", "", _online(stations, catalog, "cameras")
    on = sum(1 for s in known if not s["stale"])
    bad = sum(1 for s in known if values_of(s).get("camera_fault", 0) > 0)
    return (
        f"{100 * on / len(known):.1f}",
        "% 在线",
        f"在线 {on} / {len(known)} 路",
        f"离线 {len(known) - on} · 图像异常 {bad}",
    )


def _air(stations: list[dict], moment: Moment, catalog: Catalog) -> Said:
    judged = [(j, s) for s in stations if not s["stale"] and (j := air_index(s, moment.at)) and j.aqi is not None]
    if not judged:
        return NONE, "AQI", "", _online(stations, catalog, "air")
    worst, at = max(judged, key=lambda pair: pair[0].aqi)
    first = "、".join(catalog.kinds[k].label for k in worst.primary)
    words = [f"首要 {first}" if first else "无首要污染物", "未审核"]
    return str(worst.aqi), f"AQI {catalog.words.of('aqi_level', worst.level)}", short(at["name"]), " · ".join(words)


_PARTS = {"water": _water, "rain": _rain, "drainage": _drainage, "fire": _fire, "cameras": _cameras, "air": _air}
