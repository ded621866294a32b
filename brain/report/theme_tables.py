"""What the parts of a theme's section say, once for page and document: tables, paragraphs and notes, in order.

`PRINTS` has one entry for each part that `themes.PARTS` makes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from brain import rowwise
from brain.report import text
from brain.report.cells import Cell, Column, Snapshot, Table, table, verdict
from brain.report.sentences import Sentence, number

Found = Mapping[str, Any]
"""A theme of a snapshot: label, unit, stations, heard, and what its parts found."""


@dataclass(frozen=True, slots=True)
class Words:
    """A paragraph, or (`small`) a note."""

    text: str
    small: bool = False


Block = Table | Words


@dataclass(frozen=True, slots=True)
class Print:
    """How a part is read: `marks` are the keys by which it is known in a snapshot from before parts were named, `blocks`
    what it says; `worry` and `calm` give a sentence for page one, where the part has cause to (else None)."""

    marks: frozenset[str]
    blocks: Callable[[Found], list[Block]]
    worry: Callable[[Found], Sentence | None] = lambda found: None
    calm: Callable[[Found], Sentence | None] = lambda found: None


def themes_of(s: Snapshot) -> list[tuple[str, Found]]:
    """(key, theme) of a snapshot in the city's order; JSON keeps none."""
    return sorted(s["themes"].items(), key=lambda pair: (pair[1].get("order", 99), pair[0]))


def parts_of(found: Found) -> list[str]:
    return found.get("parts") or [name for name, part in PRINTS.items() if part.marks <= found.keys()]


def blocks(found: Found) -> list[Block]:
    """What the section of a theme says. A table without rows says its `empty` or nothing."""
    said: list[Block] = []
    lost = found.get("lost", {})
    for name in parts_of(found):
        if name in lost.get("parts", ()):
            said.append(Words(f"{_part(found, name)}{rowwise.LOST}，请联系维护人员。"))
            continue
        for block in rowwise.whole(
            lambda name=name: PRINTS[name].blocks(found), f"月报 {name}", [Words(f"{_part(found, name)}{rowwise.LOST}，请联系维护人员。")]
        ):
            if isinstance(block, Table) and not block.rows:
                said += [Words(block.empty)] if block.empty else []
            else:
                said.append(block)
    if stations := lost.get("stations"):
        said.append(Words(f"{'、'.join(stations)}的读数{rowwise.LOST}，未计入本节。"))
    return said


def _part(found: Found, name: str) -> str:
    """What a part is called where it cannot be shown: the section's own name, unless it has several."""
    return CALLED.get(name) or str(found["label"])



def tables(s: Snapshot) -> list[Table]:
    return [block for _, found in themes_of(s) for block in blocks(found) if isinstance(block, Table)]


# Water ----------------------------------------------------------------------------------------------------------------
def _classes(found: Found) -> list[Block]:
    columns = (
        Column("name", "断面", 3.6),
        Column("class", "月均类别", 1.9),
        Column("last", "上月", 1.7),
        Column("target", "目标", 1.7),
        Column("met", "评价", 1.8),
        Column("worst", "定类指标", 3.1),
        Column("days", "有数天数", 1.8, align="right", format="count"),
    )

    def line(r: Found) -> list[Any]:
        return [
            r["name"], Cell(r["class"], shown=r["class_text"]), Cell(r["last"], shown=r["last_text"]),
            Cell(r["target"], shown=r["target_text"]), verdict(r["met"], "达标", "未达标"), "、".join(r["worst"]) or None, r["days"],
        ]  # fmt: skip

    if not found["sections"]:
        return []
    states = [Words(said)] if (said := _rivers(found)) else []
    return [table("water_class", "水质断面", columns, found["sections"], line, key="name"), *states, Words(_CLASSES, small=True)]


def _rivers(found: Found) -> str:
    """One sentence a river with sections enough to have a state; "" where none has."""
    return "".join(
        f"{r['name']} {r['sections']} 个断面，Ⅰ—Ⅲ类 {r['good']} 个，水质状况{r['state_text']}。" for r in found.get("rivers", ())
    )


_CLASSES = "类别按月均值单因子评价（GB 3838-2002 河流限值，现有指标）。站点数据来源见“关于数据”。"


def _off_target(found: Found) -> Sentence | None:
    off = [s for s in found["sections"] if s["met"] is False]
    if not off:
        return None
    worst = max(off, key=lambda s: (s["class"] - s["target"], s["class"], s["id"]))
    cause = f"，影响指标为{'、'.join(worst['worst'])}" if worst["worst"] else ""
    return Sentence(
        [f"{worst['name']}断面月均 ", number(worst["class_text"]), f"，未达 {worst['target_text']}目标{cause}；",
         number(text.count(found["with_target"])), " 个有目标的断面中达标 ", number(text.count(found["met"])), " 个。"],
        "断面表",
    )  # fmt: skip


def _on_target(found: Found) -> Sentence | None:
    if not found["sections"]:
        return None
    return Sentence(
        ["水质断面 ", number(text.count(len(found["sections"]))), " 个，月均达到或优于Ⅲ类 ", number(text.count(found["good"])),
         " 个，目标均达到。"],
        "断面表",
    )  # fmt: skip


def _levels(found: Found) -> list[Block]:
    columns = (
        Column("name", "水位站", 5.4),
        Column("high", "月最高水位", 3.6, align="right"),
        Column("warn", "警戒水位", 3.6, align="right"),
        Column("over", "评价", 3.0),
    )

    def line(r: Found) -> list[Any]:
        over = verdict(None if r["over"] is None else not r["over"], "未超", "超警")
        return [r["name"], Cell(r["high"], shown=r["high_text"]), Cell(r["warn"], shown=r["warn_text"]), over]

    return [table("water_levels", "水位", columns, found["levels"], line, key="name")]


# Outlets --------------------------------------------------------------------------------------------------------------
def _outlets(found: Found) -> list[Block]:
    columns = (
        Column("name", "排放口", 4.4),
        Column("due", "应传小时", 2.0, align="right", format="count"),
        Column("valid", "有效小时", 2.0, align="right", format="count"),
        Column("share", "有效传输率", 2.2, unit="%", align="right"),
        Column("over", "超标小时", 2.0, align="right", format="count"),
        Column("what", "超标项", 3.0),
    )

    def line(r: Found) -> list[Any]:
        share = Cell(r["share"], shown=r["share_text"])
        return [r["name"], r["due"], r["valid"], share, r["over"], "、".join(r["what"]) or None]

    if not found["outlets"]:
        return []
    return [table("outlets", "排放口", columns, found["outlets"], line, key="name"), Words(_OUTLETS, small=True)]


_OUTLETS = (
    "各监测项的小时相加；停运、维护、校准的小时不计应传，故障、超量程的不算有效。超标按小时均值和各口现行限值，"
    "自动监测数据未经审核，不作执法依据；排放口不评水质类别，不计入断面。"
)


def _exceeded(found: Found) -> Sentence | None:
    over = [r for r in found["outlets"] if r["over"]]
    if not over:
        return None
    top = max(over, key=lambda r: (r["over"], r["id"]))
    return Sentence(
        [f"排放口小时均值超标涉及 {text.count(len(over))} 处，{top['name']}最多，", number(text.count(top["over"])), " 小时次。"],
        "排放口",
    )


# Rain and ponding -----------------------------------------------------------------------------------------------------
def _rain(found: Found) -> list[Block]:
    columns = (
        Column("name", "雨量站", 5.4),
        Column("total", "月雨量", 3.2, unit="mm", align="right", format="fixed"),
        Column("max_1h", "最大 1 小时", 3.4, unit="mm", align="right", format="fixed"),
        Column("max_24h", "最大 24 小时", 3.6, unit="mm", align="right", format="fixed"),
    )

    def line(r: Found) -> list[Any]:
        return [r["name"], r["total"], r["max_1h"], r["max_24h"]]

    fast = [Words("回放速度高于实时的站不计月雨量（“—”）。", small=True)] if found["without_total"] else []
    return [table("rain_sums", "雨量", columns, found["gauges"], line, key="name"), *fast]


def _ponding(found: Found) -> list[Block]:
    columns = (
        Column("name", "积水点", 6.6),
        Column("n", "告警", 3.0, unit="次", align="right", format="count"),
        Column("peak", "最高级别", 3.0),
        Column("depth", "最大水深", 3.0),
    )

    def line(r: Found) -> list[Any]:
        return [r["name"], r["n"], Cell(r["peak"], shown=r["peak_text"]), Cell(r["depth"], shown=r["depth_text"])]

    return [table("ponding", "积水点", columns, found["places"], line, key="name", empty="本月没有积水告警。")]


def _ponded(found: Found) -> Sentence | None:
    if not found["places"]:
        return None
    top = found["places"][0]
    return Sentence(
        [f"积水告警涉及 {text.count(len(found['places']))} 处，{top['name']}最多，", number(text.count(top["n"])),
         f" 次，最深 {top['depth_text']}。"],
        "积水点",
    )  # fmt: skip


# Fire, cameras, air ---------------------------------------------------------------------------------------------------
def _hotspots(found: Found) -> list[Block]:
    n, cells = text.count(found["hotspots"]), text.count(found["cells"])
    return [Words(f"卫星热点 {n} 次，涉及 {cells} 个监测格，最强 {found['strongest_text']}。")]


def _online(found: Found) -> list[Block]:
    heard = f"有记录 {text.count(found['heard'])} / {text.count(found['stations'])} {found['unit']}"
    columns = (
        Column("org", "单位", 5.6),
        Column("due", f"有记录 / {found['unit']}数", 2.4, align="right"),
        Column("share", "在线率", 2.6, unit="%", align="right"),
        Column("good", "完好率", 2.6, unit="%", align="right"),
        Column("outages", "中断", 2.4, unit="次", align="right", format="count"),
    )

    def line(r: Found) -> list[Any]:
        due = Cell(r["due"], shown=f"{text.count(r['due'])} / {text.count(r['cameras'])}")
        return [r["name"], due, Cell(r["share"], shown=r["share_text"]), r["good_text"], r["outages"]]

    said: list[Block] = [
        Words(f"{found['label']}在线率 {found['share_text']} %（环比 {found['mom']}），目标 {found['target_text']} %；{heard}。"),
        table("online", "在线率", columns, found.get("orgs", ()), line, key="name"),
    ]
    if found.get("worst"):
        said.append(Words("在线时间最少：" + "、".join(f"{r['name']} {r['share_text']} %" for r in found["worst"]) + "。"))
    return said + ([Words(f"{found['definition']}。", small=True)] if "definition" in found else [])


def _composite(found: Found) -> str:
    """The composite index with what it was judged by; "" where an item was missing."""
    return f"综合指数 {found['composite_text']}（HJ 663，GB 3095-2026 二级限值）。" if found.get("composite") is not None else ""


def _air(found: Found) -> list[Block]:
    words = "、".join(f"{r['word']} {r['days']} 天" for r in found["levels"])
    cause = "、".join(f"{r['label']} {r['days']} 天" for r in found["causes"])
    says = f"有效 {found['valid']} 天，优良 {found['good']} 天，优良率 {found['share_text']} %（环比 {found['mom']}）。"
    said = says + (f"{words}。" if words else "") + (f"首要污染物：{cause}。" if cause else "") + _composite(found)
    return [Words(said), Words("参考数据，未经审核。", small=True)]


# Any theme ------------------------------------------------------------------------------------------------------------
def _extremes(found: Found) -> list[Block]:
    columns = (
        Column("name", "站点", 4.6),
        Column("kind", "监测量", 2.6),
        Column("mean", "月均", 2.2, align="right"),
        Column("high", "最高", 2.2, align="right"),
        Column("low", "最低", 2.2, align="right"),
        Column("days", "有数天数", 1.8, align="right", format="count"),
    )

    def line(r: Found) -> list[Any]:
        return [r["name"], r["label"], *(Cell(r[k], shown=r[f"{k}_text"]) for k in ("mean", "high", "low")), r["days"]]

    return [table("extremes", found["label"], columns, found["extremes"], line, key="name", empty="本月没有可用的测量值。")]


CALLED = {
    "water_class": "水质断面", "water_levels": "水位", "rain_sums": "雨量", "ponding": "积水点", "hotspots": "卫星热点",
    "online": "在线率", "air_days": "空气质量", "outlets": "排放口",
}  # fmt: skip
PRINTS: dict[str, Print] = {
    "water_class": Print(frozenset({"sections"}), _classes, worry=_off_target, calm=_on_target),
    "water_levels": Print(frozenset({"sections", "levels"}), _levels),
    "rain_sums": Print(frozenset({"gauges"}), _rain),
    "ponding": Print(frozenset({"places"}), _ponding, worry=_ponded),
    "hotspots": Print(frozenset({"hotspots"}), _hotspots),
    "online": Print(frozenset({"outages", "target_text"}), _online),
    "air_days": Print(frozenset({"valid", "causes"}), _air),
    "outlets": Print(frozenset({"outlets"}), _outlets, worry=_exceeded),
    "extremes": Print(frozenset({"extremes"}), _extremes),
}
