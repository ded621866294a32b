"""Outlines of CAP 1.2: `polygon` and `circle`, latitude first in the message and longitude first here.

Why another order is believed only where it can be nothing else: in our latitudes the two numbers of a place cannot be each
other's (bounds.toml, `place`), so a sender with the axes swapped is told from a place abroad. An outline whose points do not
agree is refused. So is one that is larger than any warning (practice, bounds.toml): it would stand over the whole map.
"""

from __future__ import annotations

import re

from brain.catalog import Bounds
from ingest.feeds import BadMessage, _wire

_NUMBER = r"[+-]?\d{1,9}(?:\.\d{0,60})?"  # so many decimals as a program prints of a division
_PAIR = re.compile(f"({_NUMBER}),({_NUMBER})")
_CIRCLE = re.compile(rf"({_NUMBER}),({_NUMBER}) (\d{{1,6}}(?:\.\d{{0,60}})?)")
_COMMA = re.compile(r" ?[,，] ?")
POINTS_MAX = 20_000
SWAPPED = "的经纬度写反了（CAP 是纬度在前），已按经度在前读；请发送方改正"


def polygon(said: str, bounds: Bounds) -> tuple[list[list[float]], bool]:
    """Points [lng, lat] of a closed ring (at least four pairs, the last one equal to the first), and whether the message had
    them the wrong way round. Raises BadMessage."""
    pairs = [_PAIR.fullmatch(pair) for pair in _COMMA.sub(",", said).split()[: POINTS_MAX + 1]]
    if not pairs or not all(pairs) or len(pairs) > POINTS_MAX:
        raise BadMessage("place", f"polygon 不是“纬度,经度”的点串“{_wire.short(said, 60)}”；请发送方核对")
    ring, swapped = _placed("polygon", [(float(pair[1]), float(pair[2])) for pair in pairs if pair], bounds)
    wide, tall = (max(point[axis] for point in ring) - min(point[axis] for point in ring) for axis in (0, 1))
    if max(wide, tall) > bounds.polygon_deg:
        raise BadMessage(
            "place", f"polygon 跨了 {max(wide, tall):.3g} 度，超过 {bounds.polygon_deg:g} 度，比全国还大；请发送方核对点的坐标"
        )
    if len(ring) < 4 or ring[0] != ring[-1]:
        raise BadMessage("place", f"polygon 要有四个以上的点，首尾相同，现有 {len(ring)} 个；请发送方核对")
    return ring, swapped


def circle(said: str, bounds: Bounds) -> tuple[list[float], bool]:
    """[lng, lat, radius in km], and whether the message had the two the wrong way round. Raises BadMessage."""
    match = _CIRCLE.fullmatch(_COMMA.sub(",", said))
    if not match:
        raise BadMessage("place", f"circle 不是“纬度,经度 半径千米”“{_wire.short(said, 60)}”；请发送方核对")
    (place,), swapped = _placed("circle", [(float(match[1]), float(match[2]))], bounds)
    radius = float(match[3])
    if radius > bounds.circle_km:
        raise BadMessage(
            "place", f"circle 的半径 {radius:.6g} 千米，超过 {bounds.circle_km:g} 千米；请发送方核对，半径的单位是千米"
        )
    return [*place, radius], swapped


def _placed(what: str, pairs: list[tuple[float, float]], b: Bounds) -> tuple[list[list[float]], bool]:
    def here(lat: float, lng: float) -> bool:
        return b.south <= lat <= b.north and b.west <= lng <= b.east

    right, wrong = sum(here(x, y) for x, y in pairs), sum(here(y, x) for x, y in pairs)
    if wrong == len(pairs):
        return [[x, y] for x, y in pairs], True
    if right and wrong:
        raise BadMessage("place", f"{what} 里 {right} 个点纬度在前、{wrong} 个点经度在前；CAP 一律纬度在前，请发送方改正")
    for x, y in pairs:
        if abs(x) > 180 or abs(y) > 180:
            raise BadMessage("place", f"{what} 的 {x:.12g},{y:.12g} 不是经纬度的度数，像是投影坐标的米数；CAP 用 WGS 84 的度，请发送方换算")
        if abs(x) > 90:
            raise BadMessage("place", f"{what} 里没有这样的纬度、经度 {x:.12g},{y:.12g}；CAP 是纬度在前，请发送方核对是否颠倒")
    return [[y, x] for x, y in pairs], False
