"""GeoJSON into rows: the properties of each feature, and lng and lat of its point with the system that they are said to be in. Pure."""

from __future__ import annotations

import json
import re
from typing import Any

from brain.catalog.sheet_records import Limits
from brain.sheets import places
from brain.sheets.heads import plain
from brain.sheets.shape import BadSheet, Cell, Row, Sheet, too_long
from brain.sheets.words import Unreadable, fold, half, short

_PAIR = re.compile(r"[\[(]?\s*-?\d+(?:\.\d+)?\s*[,; ]\s*-?\d.*")


def sheet_of(text: str, limits: Limits, systems: frozenset[str] = frozenset()) -> Sheet:
    """`systems`: names of properties that say the system of the point. Raises BadSheet."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError) as err:
        raise BadSheet(f"不是合法的 JSON（{short(str(err), 60)}）；请核对括号、引号与逗号") from None
    features = said.get("features") if isinstance(said, dict) else said
    if not isinstance(features, list):
        raise BadSheet("不是 GeoJSON 的 FeatureCollection，也不是对象的列表；请按 GeoJSON 导出点要素")
    if len(features) > limits.rows:
        raise too_long(limits)
    named = said.get("crs") if isinstance(said, dict) else None
    columns: dict[str, None] = {}
    rows = []
    for number, feature in enumerate(features, 1):
        row = _row(number, feature, named, systems)
        columns |= dict.fromkeys([*row.cells, *(["lng", "lat"] if row.wrong else [])])
        if len(columns) > limits.columns:
            raise BadSheet(f"属性超过 {limits.columns} 种；请只导出需要的属性")
        rows.append(row)
    if not columns:
        raise BadSheet("文件里没有带属性的要素；请核对导出的内容")
    return Sheet(tuple(columns), tuple(rows))


def _row(number: int, feature: Any, named: Any, systems: frozenset[str]) -> Row:
    """What is no feature becomes an empty row, told later."""
    if not isinstance(feature, dict):
        return Row(number, {})
    spatial = feature.get("type") == "Feature"
    properties = feature.get("properties") if spatial else feature
    cells: dict[str, Cell] = {
        name_of(key): value if isinstance(value, (str, int, float, bool)) or value is None else short(value, 400)
        for key, value in (properties if isinstance(properties, dict) else {}).items()
        if spatial or key not in ("geometry", "crs")
    }
    if not spatial and feature.get("geometry") is None:
        return Row(number, cells)
    # one name for all of them, so that they are one column: of two the second would not be asked
    said = {k: cells.pop(k) for k in [k for k, v in cells.items() if plain(k) in systems and not _is_point(v)]}
    system = feature.get("crs", named)
    known = {places.system(one) for one in (*said.values(), *([] if system is None else [system]))}
    if len(known) > 1:
        told = [f"“{k}”写的是“{short(v)}”" for k, v in said.items()]
        told += [] if system is None else [f"crs 写的是“{short(places.name_of(system))}”"]
        return Row(number, cells, (("lng", f"第 {number} 个要素的坐标系说法不一：{'、'.join(told)}；请只留一种"),))
    try:
        cells["lng"], cells["lat"] = places.of_geometry(feature.get("geometry"), f"第 {number} 个要素")
    except Unreadable as err:
        return Row(number, cells, (("lng", str(err)),))
    system = next(iter(said.values()), system)
    if system is not None:
        cells["crs"] = places.name_of(system)
    return Row(number, cells)


def _is_point(value: Cell) -> bool:
    """Whether a property called `coord` holds a pair of numbers, or nothing, and no name."""
    return not str(value).strip() or _PAIR.fullmatch(half(str(value))) is not None


def name_of(cell: object) -> str:
    return short(fold(str(cell)[:200]), 60)
