"""The figure of each theme (themes.toml): one number with its unit, its level, and what stands behind it.

Pure: a `Moment` goes in. A theme without data shows a dash and says so; nothing is ever made up. No theme is known here by
name: its entry says how its number is found (`FIGURES`) and what stands beside it (`PIECES`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from brain import rowwise
from brain.catalog import Catalog, Piece, Theme
from brain.model import Level
from brain.rules import air_quality, flood, water_quality
from brain.web.live.moment import Moment
from brain.web.readouts import CLASS_SIGN, air_index, short, values_of, water_class

NONE = "—"
TARGET = 3  # class that a section without a target of its own is held to (GB 3838-2002: Ⅲ is good)
Said = tuple[str, str, str]
"""(figure, unit, where it comes from)"""


@dataclass(frozen=True, slots=True)
class Figure:
    """One card. `place` says where the figure comes from, `words` what stands beside it.

    `level` is the key of the theme's worst open alert ('' for none), `state` its word; `station` and `kind` say whose
    series the sparkline shows, `seen_at` is the newest observation of the theme.
    """

    theme: str
    title: str
    icon: str
    value: str
    unit: str
    place: str
    words: str
    level: str
    state: str
    station: str | None
    kind: str | None
    seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class Now:
    """What a figure or a piece is made of: a theme, its stations, and the moment they are looked at."""

    theme: Theme
    stations: list[dict[str, Any]]
    moment: Moment
    catalog: Catalog

    def having(self, kind: str) -> list[tuple[float, dict]]:
        """(value, station) of those that measure a kind and are not silent, the highest first."""
        found = [(v, s) for s in self.stations if not s["stale"] and (v := values_of(s).get(kind)) is not None]
        return sorted(found, key=lambda pair: (-pair[0], pair[1]["id"]))

    def heard(self) -> list[dict[str, Any]]:
        return [s for s in self.stations if s["seen_at"]]

    def sections(self) -> list[tuple[water_quality.Judged, dict]]:
        return [(j, s) for s in self.stations if not s["stale"] and (j := water_class(s))]

    def worst_air(self) -> tuple[air_quality.Judged, dict] | None:
        judged = [(j, s) for s in self.stations if not s["stale"] and (j := air_index(s, self.moment.at))]
        known = [(j.aqi, j, s) for j, s in judged if j.aqi is not None]
        return max(known, key=lambda one: one[0])[1:] if known else None

    def number(self, piece: Piece, value: float) -> str:
        return f"{value:.{piece.get('decimals', self.catalog.kinds[piece['of']].decimals)}f}"

    def least(self, kind: str) -> float | None:
        """The mildest limit of a kind's ladder."""
        rule = self.catalog.rules.get((kind, "ladder"))
        return rule.limits[max(rule.limits)] if rule and rule.limits else None


def figures(moment: Moment, catalog: Catalog) -> list[Figure]:
    """All cards, in the catalog's order."""
    return [rowwise.whole(lambda t=t: figure(moment, catalog, t), f"专题 {t}", _lost(catalog, t)) for t in catalog.themes]


def _lost(catalog: Catalog, theme: str) -> Figure:
    entry = catalog.themes[theme]
    return Figure(theme, entry.label, entry.icon, NONE, "", "", rowwise.LOST, "", "", None, None, None)


def figure(moment: Moment, catalog: Catalog, key: str) -> Figure:
    theme = catalog.themes[key]
    now = Now(theme, of_theme(moment, key), moment, catalog)
    levels = [a["level"] for a in moment.alerts if a["theme"] == key]
    level = Level(min(levels)).key if levels else ""
    seen = max((s["seen_at"] for s in now.stations if s["seen_at"]), default=None)
    value, unit, place = FIGURES[theme.figure.type](now, theme.figure)
    known = value != NONE
    if known and theme.place:
        place = " · ".join(_said(now, theme.place))
    words = _said(now, [p for p in theme.beside if known or p.type != "text"])
    station, kind = lead(moment, theme) or (None, None)
    # "unseen": others may have alerts beside the figure, which is the district's
    calm = "none" if seen is None else "calm" if moment.whole and not moment.more else "unseen"
    state = catalog.words.of("level", level) if level else catalog.words.of("theme_state", calm)
    beside = " · ".join(words) or _online(now)
    return Figure(key, theme.label, theme.icon, value, unit, place, beside, level, state, station, kind, seen)


def of_theme(moment: Moment, theme: str) -> list[dict[str, Any]]:
    """Stations of a theme, satellite watch cells (`params.watch`) left out: they are places, no devices."""
    return [s for s in moment.stations.values() if s["theme"] == theme and not s["params"].get("watch")]


def lead(moment: Moment, theme: Theme) -> tuple[str, str] | None:
    """(station, kind) of the series on a theme's card; None where nothing is measured."""
    if not theme.trail:
        return None
    stations = of_theme(moment, theme.key)
    found = [(v, s) for s in stations if not s["stale"] and (v := values_of(s).get(theme.trail)) is not None]
    if theme.trail_by == "level":  # the first gauge, unless another one is worse
        found.sort(key=lambda pair: (_rank(pair[1]["level"]), pair[1]["id"]))
    else:
        found.sort(key=lambda pair: (-pair[0], pair[1]["id"]))
    return (found[0][1]["id"], theme.trail) if found else None


def _rank(level: str) -> int:
    return Level.of(level) if level else 9


# Figures: (now, piece) → (value, unit, place) -------------------------------------------------------------------------
def _max(now: Now, piece: Piece) -> Said:
    found = now.having(piece["of"])
    if not found:
        return _nothing(piece)
    value, at = found[0]
    place = short(at["name"])
    if "counted" in piece.params:
        least = now.least(piece["of"])
        over = sum(1 for v, _ in found if least is not None and v >= least)
        place = f"{place} · {over} {piece['counted']}" if over else piece.get("none", place)
    elif value <= 0:
        place = piece.get("none", place)
    return now.number(piece, value), piece["unit"], place


def _min(now: Now, piece: Piece) -> Said:
    found = now.having(piece["of"])
    if not found:
        return _nothing(piece)
    return now.number(piece, found[-1][0]), piece["unit"], short(found[-1][1]["name"])


def _sum(now: Now, piece: Piece) -> Said:
    found = now.having(piece["of"])
    if not found:
        return _nothing(piece)
    return now.number(piece, sum(v for v, _ in found)), piece["unit"], f"{len(found)} {now.theme.unit}合计"


def _count_over(now: Now, piece: Piece) -> Said:
    found = now.having(piece["of"])
    if not found:
        return _nothing(piece)
    over = [s for v, s in found if v >= piece["least"]]
    return str(len(over)), piece["unit"], short(over[0]["name"]) if over else piece.get("none", "")


def _alerts(now: Now, piece: Piece) -> Said:
    if not now.heard():
        return _nothing(piece)
    about = [a for a in now.moment.alerts if a["theme"] == now.theme.key and a["kind"] in piece["kinds"]]
    return str(len({a["station"] for a in about})), piece["unit"], short(about[0]["name"]) if about else ""


def _online_rate(now: Now, piece: Piece) -> Said:
    known = now.heard()
    if not known:
        return _nothing(piece)
    on = sum(1 for s in known if not s["stale"])
    return f"{100 * on / len(known):.1f}", piece["unit"], f"{on} / {len(known)} {now.theme.unit}"


def _worst_class(now: Now, piece: Piece) -> Said:
    found = now.sections()
    if not found:
        return _nothing(piece)
    worst, at = max(found, key=lambda pair: (pair[0].cls - _target(pair[1]), pair[0].cls))
    return CLASS_SIGN[worst.cls], piece["unit"], f"{short(at['name'])}（目标{CLASS_SIGN[_target(at)]}类）"


def _worst_aqi(now: Now, piece: Piece) -> Said:
    found = now.worst_air()
    if found is None:
        return _nothing(piece)
    index, at = found
    return str(index.aqi), f"{piece['unit']} {now.catalog.words.of('aqi_level', index.level)}", short(at["name"])


def _nothing(piece: Piece) -> Said:
    return NONE, piece.get("idle_unit", piece["unit"]), ""


def _target(station: dict[str, Any]) -> int:
    return station["params"].get("target", TARGET)


FIGURES: dict[str, Callable[[Now, Piece], Said]] = {
    "max": _max, "min": _min, "sum": _sum, "count_over": _count_over, "alerts": _alerts, "online_rate": _online_rate,
    "worst_class": _worst_class, "worst_aqi": _worst_aqi,
}  # fmt: skip


# Pieces: (now, piece) → words, '' for nothing to say ------------------------------------------------------------------
def _said(now: Now, pieces: Any) -> list[str]:
    return [words for piece in pieces if (words := PIECES[piece.type](now, piece))]


def _online(now: Now, piece: Piece | None = None) -> str:
    on = sum(1 for s in now.stations if not s["stale"])
    return f"{len(now.stations)} {now.theme.unit}在线 {on}"


def _extreme(which: int) -> Callable[[Now, Piece], str]:
    def piece_of(now: Now, piece: Piece) -> str:
        found, unit = now.having(piece["of"]), now.catalog.kinds[piece["of"]].unit
        if not found:
            return ""
        return f"{piece['label']} {now.number(piece, found[which][0])}" + (f" {unit}" if unit else "")

    return piece_of


def _states(now: Now, piece: Piece) -> str:
    found = [v for v, _ in now.having(piece["of"])]
    if not found:
        return ""
    on, bad = (sum(1 for v in found if v == piece.get(name)) for name in ("on", "bad"))
    return f"{piece['label']} {on}/{len(found)}" + (f" {piece.get('bad_label', '')} {bad}" if bad else "")


def _count(now: Now, piece: Piece) -> str:
    known = now.heard()
    return f"{piece['label']} {sum(1 for s in known if values_of(s).get(piece['of'], 0) >= piece['least'])}" if known else ""


def _heard(now: Now, piece: Piece) -> str:
    known = now.heard()
    return f"{piece['label']} {sum(1 for s in known if not s['stale'])} / {len(known)} {now.theme.unit}" if known else ""


def _silent(now: Now, piece: Piece) -> str:
    known = now.heard()
    return f"{piece['label']} {sum(1 for s in known if s['stale'])}" if known else ""


def _classes(now: Now, piece: Piece) -> str:
    found = now.sections()
    return f"{len(found)} {piece['label']} {sum(1 for j, s in found if j.cls <= _target(s))} 达标" if found else ""


def _trend(now: Now, piece: Piece) -> str:
    key = lead(now.moment, now.theme)
    if key is None or key not in now.moment.trails:
        return ""
    trail = [(at, value) for at, value, _ in now.moment.trails[key]]
    turn, shown = flood.trend(trail), now.catalog.kinds[key[1]].text(trail[-1][1])
    name = short(now.moment.stations[key[0]]["name"])
    return f"{name} {shown}" + (f" {now.catalog.words.of('trend', turn)}" if turn else "")


def _pollutants(now: Now, piece: Piece) -> str:
    found = now.worst_air()
    if found is None:
        return ""
    first = "、".join(now.catalog.kinds[k].label for k in found[0].primary)
    return f"首要 {first}" if first else "无首要污染物"


def _text(now: Now, piece: Piece) -> str:
    return piece["words"]


PIECES: dict[str, Callable[[Now, Piece], str]] = {
    "max": _extreme(0), "min": _extreme(-1), "states": _states, "count": _count, "online": _online, "heard": _heard,
    "silent": _silent, "classes": _classes, "trend": _trend, "pollutants": _pollutants, "text": _text,
}  # fmt: skip
