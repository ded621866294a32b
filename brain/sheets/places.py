"""Where a point of a stranger lies: coordinates in any system said of them, into the stored one, or a sentence why not. Pure.

Everything is kept in CGCS2000 degrees, which WGS 84 equals within centimetres. 高德 and 百度 degrees are turned; metres are not:
of which zone and meridian they are is seldom said right, and whoever exports them can as well export degrees.

Why a swapped pair is refused and not turned: within China no pair of degrees can be read both ways ([place] of bounds.toml), so it
is known for sure, but what else of that sheet is swapped nobody knows, and the sender mends it in a minute.
"""

from __future__ import annotations

import math
import re
from functools import cache
from typing import Any

from brain import catalog as catalogs
from brain.catalog.records import Bounds
from brain.sheets.words import Unreadable, half, short

DEGREES = frozenset({"4326", "4490", "4979", "4480", "crs84", "crs84h", "84", "wgs84", "wgs1984", "cgcs2000", "国家2000", "国家大地2000"})
METRES = frozenset({"3857", "900913", "102100", "3785", "webmercator", "墨卡托", "web墨卡托"})
OFFSET = {
    "gcj02": "GCJ-02", "gcj": "GCJ-02", "火星": "GCJ-02", "火星坐标": "GCJ-02", "高德": "GCJ-02", "高德坐标": "GCJ-02",
    "腾讯": "GCJ-02", "腾讯坐标": "GCJ-02", "amap": "GCJ-02", "bd09": "BD-09", "bd09ll": "BD-09", "百度": "BD-09", "百度坐标": "BD-09",
}  # fmt: skip
ASK = "请导出为 CGCS2000 或 WGS 84 的经纬度（EPSG:4490、EPSG:4326）"
_EPSG = re.compile(r".*?(?:epsg|esri|ogc).*?[:/](?:[\d.]*[:/])?(\w+)", re.I)


@cache
def _bounds() -> Bounds:
    return catalogs.bounds()


def system(said: object) -> str:
    """The system that a `crs` member, a cell or a word of a column's name names: `` for degrees as stored, GCJ-02, BD-09,
    `metres:<name>`, or `?<name>` for one that nobody here knows."""
    name = name_of(said)
    found = _EPSG.fullmatch(name)
    word = re.sub(r"[\s_\-–]", "", half(found[1] if found else name)).casefold().removesuffix("坐标系")
    if word in DEGREES or not word:
        return ""
    if word in OFFSET:
        return OFFSET[word]
    code = int(word) if word.isdecimal() else 0
    if word in METRES or 4491 <= code <= 4554 or 2327 <= code <= 2442 or 32601 <= code <= 32760:
        return f"metres:{short(name)}"
    return f"?{short(name)}"


def name_of(said: object) -> str:
    if isinstance(said, dict):
        inner = said.get("properties")
        found: dict[str, Any] = inner if isinstance(inner, dict) else said
        said = next((found[k] for k in ("name", "code", "href") if k in found), "?")
    if isinstance(said, float) and said.is_integer():
        said = int(said)
    return "" if said is None else str(said)[:200].strip()


def located(lng: float, lat: float, where: str, named: str = "") -> tuple[float, float]:
    """(longitude, latitude) as stored, of a pair in the system `named` (as `system` gives it). Raises Unreadable (rule
    `place`); whether the place is ours is for others to ask."""
    said = f"{lng:.10g},{lat:.10g}"
    if not (math.isfinite(lng) and math.isfinite(lat)):
        raise Unreadable("place", f"{where}的经纬度“{said}”不是有限的数；请核对")
    if named[:1] == "?":
        raise Unreadable("place", f"{where}的坐标系“{named[1:]}”不认识；{ASK}")
    if abs(lng) > 180 and abs(lat) > 180:
        name = f"（{named.removeprefix('metres:')}）" if named else ""
        raise Unreadable(
            "place", f"{where}的“{said}”不是经纬度，像是以米计的投影坐标系{name}；{ASK}"
        )
    b = _bounds()
    if b.south <= lng <= b.north and b.west <= lat <= b.east:
        order = f"请经度（{b.west:g}–{b.east:g}）在前、纬度（{b.south:g}–{b.north:g}）在后"
        raise Unreadable("place", f"{where}的“{said}”把经度、纬度写反了；{order}")
    if abs(lng) > 180 or abs(lat) > 90:
        raise Unreadable("place", f"{where}的“{said}”没有这样的经纬度；请核对列的次序和小数点")
    if lng == lat == 0:
        raise Unreadable("place", f"{where}的经纬度是 0,0，多半是没有定位；没有位置就留空")
    if named.startswith("metres:") and not (b.west <= lng <= b.east and b.south <= lat <= b.north):
        raise Unreadable("place", f"{where}的坐标系是 {named[7:]}（米）；{ASK}")
    if named in ("GCJ-02", "BD-09"):
        from geo import crs  # a heavy import, for the few that say so

        x, y = crs.convert(lng, lat, named)
        return float(x), float(y)
    return lng, lat


def at_home(lng: float, lat: float) -> bool:
    """Whether a point lies where the country does ([place] of bounds.toml)."""
    b = _bounds()
    return b.west <= lng <= b.east and b.south <= lat <= b.north


def of_geometry(shape: Any, where: str) -> tuple[float, float]:
    """The two coordinates of a GeoJSON point as they stand there (RFC 7946, 3.1.2; a height is left out). Raises Unreadable."""
    if shape is None:
        raise Unreadable("place", f"{where}没有位置（geometry 为空）；请补上点，或删去这个要素")
    kind = shape.get("type") if isinstance(shape, dict) else None
    if kind != "Point":
        raise Unreadable("place", f"{where}的几何是 {short(kind)}；这里只收 Point，请转成点再导出")
    spot = shape.get("coordinates")
    if not isinstance(spot, list) or len(spot) < 2:
        raise Unreadable("place", f"{where}的 coordinates 应是 [经度, 纬度]，现为“{short(spot)}”；请核对导出程序")
    pair = []
    for one in spot[:2]:
        try:
            if isinstance(one, bool) or not isinstance(one, (int, float, str)):
                raise ValueError
            pair.append(float(half(one)) if isinstance(one, str) else float(one))
        except (ValueError, OverflowError):
            raise Unreadable("place", f"{where}的 coordinates 里“{short(one)}”不是数；请写成 [116.12, 24.30]") from None
    return pair[0], pair[1]
