"""themes.toml: the themes of the city, each one entry; checked against the kinds of sensors.toml."""

from __future__ import annotations

import re

from brain.catalog._toml import Entry, near
from brain.catalog.records import BadCatalog, SensorKind, Words
from brain.catalog.theme_records import Piece, Theme
from brain.model import PLATFORM, Source

Params = dict[str, type]

FIGURES: dict[str, Params] = {
    "max": {"of": str, "unit": str, "idle_unit": str, "none": str, "counted": str, "decimals": int},
    "min": {"of": str, "unit": str, "idle_unit": str, "decimals": int},
    "sum": {"of": str, "unit": str, "idle_unit": str, "decimals": int},
    "count_over": {"of": str, "least": float, "unit": str, "none": str},
    "alerts": {"kinds": list, "unit": str},
    "online_rate": {"unit": str},
    "worst_class": {"unit": str},
    "worst_aqi": {"unit": str},
}
"""How the number of a card may be found, with its parameters; `brain.web.themes.FIGURES` finds it (a house test holds both)."""
PIECES: dict[str, Params] = {
    "max": {"of": str, "label": str, "decimals": int},
    "min": {"of": str, "label": str, "decimals": int},
    "states": {"of": str, "label": str, "on": int, "bad": int, "bad_label": str},
    "count": {"of": str, "least": float, "label": str},
    "online": {},
    "heard": {"label": str},
    "silent": {"label": str},
    "classes": {"label": str},
    "trend": {},
    "pollutants": {},
    "text": {"words": str},
}
"""What may stand beside it; `brain.web.themes.PIECES` says it."""
OPTIONAL = frozenset({"idle_unit", "none", "counted", "decimals", "bad", "bad_label"})
PARTS = ("water_class", "water_levels", "rain_sums", "air_days", "online", "ponding", "hotspots", "outlets", "extremes")
"""Parts of a theme's section in the report; `brain.report.themes.PARTS` makes them."""
INDICES = ("", "water_class", "aqi")
TAKEN = frozenset({PLATFORM, "alerts", "events", "warnings", "clock"})
"""What the screens call other things by."""


def themes(top: Entry) -> dict[str, Theme]:
    """All themes, in their order."""
    found = {key: _theme(key, entry) for key, entry in top.entries("theme").items()}
    top.done()
    if not found:
        raise top.wrong("theme", "至少要有一个主题")
    return dict(sorted(found.items(), key=lambda pair: (pair[1].order, pair[0])))


def _theme(key: str, entry: Entry) -> Theme:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,30}", key) or key in TAKEN:
        raise entry.wrong("", f"主题的键“{key}”不能用；请用小写英文字母、数字和下划线，且不是 {'、'.join(sorted(TAKEN))}")
    leads = entry.texts("leads")
    if not leads:
        raise entry.wrong("leads", "至少写一个量，站点旁边先说它")
    found = Theme(
        key=key,
        label=entry.take("label", str),
        order=entry.take("order", int),
        unit=entry.take("unit", str),
        icon=entry.take("icon", str, "dot"),
        layers=entry.texts("layers", []),
        leads=leads,
        figure=_piece(entry.table("figure"), FIGURES),
        place=_pieces(entry, "place"),
        beside=_pieces(entry, "beside"),
        trail=entry.take("trail", str, ""),
        trail_by=entry.one_of("trail_by", ("value", "level"), "value"),
        index=entry.one_of("index", INDICES, ""),
        online=entry.take("online", str, ""),
        fault=entry.take("fault", str, ""),
        source=Source(entry.one_of("source", ("sensor", "camera"), "sensor")),
        flood=entry.take("flood", bool, False),
        landmark=entry.take("landmark", bool, False),
        report=entry.texts("report", ["extremes"]),
    )
    if not found.label.strip():
        raise entry.wrong("label", "名称是空的，请填写")
    for name in found.report:
        if name not in PARTS:
            raise entry.wrong("report", f"报告没有“{name}”这一部分{near(name, PARTS)}；可用的是 {'、'.join(PARTS)}")
    entry.done()
    return found


def _pieces(entry: Entry, name: str) -> tuple[Piece, ...]:
    listed = entry.take(name, list, [])
    return tuple(_piece(Entry(entry.file, f"{entry.key}.{name}[{n}]", one), PIECES) for n, one in enumerate(listed))


def _piece(table: Entry, known: dict[str, Params]) -> Piece:
    kind = table.one_of("type", known)
    params = {}
    for name, wants in known[kind].items():
        if table.has(name) or name not in OPTIONAL:
            params[name] = table.texts(name) if wants is list else table.take(name, wants)
    table.allow(known[kind])
    table.done()
    return Piece(kind, params)


def check(themes: dict[str, Theme], kinds: dict[str, SensorKind], words: Words) -> None:
    """Every kind that a theme names must be there, and a theme's name must stand in one place only.

    Raises BadCatalog naming the key.
    """
    for theme in themes.values():
        named = [("leads", k) for k in theme.leads] + [("trail", theme.trail), ("online", theme.online), ("fault", theme.fault)]
        for where, pieces in (("figure", (theme.figure,)), ("place", theme.place), ("beside", theme.beside)):
            named += [(where, k) for p in pieces for k in (p.get("of", ""), *p.get("kinds", ()))]
        for where, kind in named:
            if kind and kind not in kinds:
                raise BadCatalog(
                    f"themes.toml 的 theme.{theme.key}.{where}：没有量“{kind}”{near(kind, kinds)}；请先在 sensors.toml 登记"
                )
        if not theme.online and (theme.figure.type == "online_rate" or "online" in theme.report):
            raise BadCatalog(f"themes.toml 的 theme.{theme.key}.online：要算在线率，请写明由哪个量自报在线")
        if theme.online and kinds[theme.online].silence_s is None:
            raise BadCatalog(f"themes.toml 的 theme.{theme.key}.online：“{theme.online}”没有 silence_s，永远不会离线；请补上")
    for key in words.group("theme"):
        if key != PLATFORM:
            raise BadCatalog(f"words.toml 的 theme.{key}：主题的名称写在 themes.toml 的 [theme.{key}] label，请移过去")
