"""Reading strangers' map files (GeoJSON, shapefile, GeoPackage) and saying what is wrong with them.

`read` gives back a frame in CGCS2000 degrees and a list of findings in plain Chinese: what, where, how to mend. What
can be mended without changing meaning is mended and said; what cannot is refused. Suspicions (wrong coordinate system,
outside the district) are findings, not refusals: a person decides.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from . import measure
from .crs import STORED, System, convert_geometry

FORMATS = {".geojson": "GeoJSON", ".json": "GeoJSON", ".shp": "Shapefile", ".zip": "Shapefile", ".gpkg": "GeoPackage"}
MAX_REPAIR = 0.01  # share of a feature's area that a repair may add or take


class Unreadable(ValueError):
    """The file cannot be used at all; the sentence says why and what to do."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing about a file. `kind`: crs, swapped, offset, empty, repaired, refused, outside.

    `feature` counts from 1, as the message does; None when the finding is about the whole file.
    """

    kind: str
    message: str
    feature: int | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """What `read` found: usable features (EPSG:4490), findings, and features a person must look at."""

    frame: gpd.GeoDataFrame
    findings: list[Finding] = field(default_factory=list)

    @property
    def refused(self) -> list[Finding]:
        return [f for f in self.findings if f.kind == "refused"]


def read(
    path: str | Path,
    *,
    source: System | str | None = None,
    box: tuple[float, float, float, float] | None = None,
    reference=None,
    layer: str | None = None,
) -> Checked:
    """Read and check a file.

    `source` overrides the file's own coordinate system (GCJ-02 and BD-09 have no code, so only a person can say so).
    `box` (west, south, east, north in degrees): features wholly outside are kept and reported. `reference`: a polygon
    in CGCS2000 degrees that the file's polygons should fill; used to suspect GCJ-02. Raises Unreadable.
    """
    path = Path(path)
    frame = _open(path, layer)
    findings: list[Finding] = []
    frame = _to_stored(frame, path, source, findings)
    frame = _mend(frame, findings)
    if len(frame):
        _suspect(frame, source, box, reference, findings)
    return Checked(gpd.GeoDataFrame(frame.reset_index(drop=True)), findings)


def _open(path: Path, layer: str | None) -> gpd.GeoDataFrame:
    if path.suffix.lower() not in FORMATS:
        raise Unreadable(f"{path.name} 的格式不支持，请提供 GeoJSON、Shapefile（.shp 或 .zip）或 GeoPackage")
    if not path.exists():
        raise Unreadable(f"找不到文件 {path.name}，请检查文件名和位置")
    if path.suffix.lower() == ".shp":
        there = {p.suffix.lower() for p in path.parent.iterdir() if p.stem == path.stem}
        lost = [s for s in (".shx", ".dbf") if s not in there]
        if lost:
            raise Unreadable(f"{path.name} 缺少配套文件 {'、'.join(lost)}，请把同名的 .shp、.shx、.dbf、.prj 一起提供")
    more: dict[str, Any] = {"layer": layer} if layer else {}
    if encoding := _encoding(path):
        more["encoding"] = encoding
    try:
        frame = gpd.read_file(path, **more)
    except Exception as err:  # pyogrio raises a dozen kinds; the reader of the message needs one
        why = f"文件可能损坏或不是 {FORMATS[path.suffix.lower()]}（{_short(err)}），请重新导出"
        raise Unreadable(f"{path.name} 读不出来，{why}") from err
    if not isinstance(frame, gpd.GeoDataFrame) or not len(frame):
        raise Unreadable(f"{path.name} 里没有任何带图形的要素，请检查导出时是否选中了数据")
    return frame


def _short(err: Exception) -> str:
    return str(err).splitlines()[0][:120]


def _encoding(path: Path) -> str | None:
    """GB18030 for a shapefile that names no encoding and whose attribute bytes are not UTF-8."""
    if path.suffix.lower() != ".shp" or path.with_suffix(".cpg").exists():
        return None
    table = next(p for p in (path.with_suffix(".dbf"), path.with_suffix(".DBF")) if p.exists()).read_bytes()
    try:
        table[32:].decode("utf-8")
    except UnicodeDecodeError:
        return "GB18030"
    return "UTF-8"


def _to_stored(frame: gpd.GeoDataFrame, path: Path, source, findings: list[Finding]) -> gpd.GeoDataFrame:
    shapes = shapely.force_2d(frame.geometry.to_numpy())
    some = shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]
    if not len(some):
        raise Unreadable(f"{path.name} 的要素都没有图形，请检查导出设置")
    reach = np.array(shapely.total_bounds(some))
    if not np.isfinite(reach).all():
        raise Unreadable(f"{path.name} 含有无穷大或非数字的坐标，请在源软件中检查后重新导出")
    degrees = bool(np.abs(reach).max() <= 180.0)
    if source is not None:
        return frame.set_geometry(convert_geometry(shapes, source)).set_crs(STORED.value, allow_override=True)
    crs = frame.crs
    if crs is None or (crs.is_geographic and not degrees):
        said = "没有写明坐标系" if crs is None else f"写的是经纬度（{crs.name}），坐标值却是米"
        guess = _guess(reach)
        if guess is None:
            raise Unreadable(f"{path.name} {said}，也无法从坐标值推断，请向数据提供方索要坐标系后重新导出")
        findings.append(Finding("crs", f"{path.name} {said}；按坐标值推断为 {guess}，请与数据提供方核实"))
        crs = guess
    plain = frame.set_geometry(shapes).set_crs(crs, allow_override=True)
    assert plain.crs is not None
    if plain.crs.is_geographic:
        return plain.set_crs(STORED.value, allow_override=True)  # CGCS2000 and WGS84 differ by centimetres
    return plain.to_crs(STORED.value)


def _guess(reach: np.ndarray) -> str | None:
    """The system that raw numbers look like: degrees, or Gauss-Kruger of the 117°E belt with or without its zone."""
    if np.abs(reach).max() <= 180.0:
        return STORED.value
    west, south, east, north = reach
    if 2e6 < south < north < 6.2e6:  # northings of China
        if 2e5 < west < east < 8e5:
            return System.METRIC.value
        if 39.2e6 < west < east < 39.8e6:
            return "EPSG:4527"
    return None


_NAME_LIKE = (re.compile(r"name|名称|mc$", re.I), re.compile(r"code|bm$|编码", re.I))


def _label(frame: gpd.GeoDataFrame, row: int) -> str:
    """How a person finds the feature: its number in the file and its name, if it has a column that looks like one."""
    columns = [c for c in frame.columns if c != frame.geometry.name]
    names = [c for like in _NAME_LIKE for c in columns if like.search(str(c))]
    named = f"（{frame.iloc[row][names[0]]}）" if names else ""
    return f"第 {int(frame.index[row]) + 1} 个要素{named}"


def _mend(frame: gpd.GeoDataFrame, findings: list[Finding]) -> gpd.GeoDataFrame:
    """Valid geometry only: repaired where the repair is small, otherwise left out and said so."""
    shapes = frame.geometry.to_numpy().copy()
    keep = np.ones(len(frame), dtype=bool)
    for row, shape in enumerate(shapes):
        if shape is None or shape.is_empty:
            keep[row] = False
            findings.append(Finding("empty", f"{_label(frame, row)}没有图形，已略过；请补图形或删除该行", row + 1))
        elif not shape.is_valid:
            where, why = _where(shapely.is_valid_reason(shape))
            mended = _repaired(shape)
            change = _change(shape, mended)
            if mended.is_empty or change > MAX_REPAIR:
                keep[row] = False
                words = f"{_label(frame, row)}图形无效：{why}，位置 {where}；自动修复会使面积变化 {change:.1%}，"
                findings.append(Finding("refused", words + "未采用，请在源软件中改正该处后重新导入", row + 1))
            else:
                shapes[row] = mended
                words = f"{_label(frame, row)}图形无效：{why}，位置 {where}；已修复，面积变化 {change:.4%}，请核对"
                findings.append(Finding("repaired", words, row + 1))
    return gpd.GeoDataFrame(frame.set_geometry(shapes)[keep])


_REASONS = {
    "Ring Self-intersection": "边界自相接",
    "Self-intersection": "边界自相交",
    "Too few points": "点数不足",
    "Hole lies outside shell": "内洞在外边界之外",
    "Holes are nested": "内洞互相嵌套",
    "Nested shells": "多个面互相嵌套",
    "Duplicate Rings": "环重复",
    "Interior is disconnected": "面的内部不连通",
}


def _where(reason: str) -> tuple[str, str]:
    found = re.match(r"(.*?)\s*\[(\S+) (\S+)\]", reason)
    words = found[1] if found else reason
    place = f"{float(found[2]):.6f}, {float(found[3]):.6f}" if found else "未知"
    return place, _REASONS.get(words, words)


def _repaired(shape):
    mended = shapely.make_valid(shape)
    if shape.geom_type in ("Polygon", "MultiPolygon"):
        parts = [p for p in shapely.get_parts(mended, return_index=False) if p.geom_type in ("Polygon", "MultiPolygon")]
        mended = shapely.union_all(parts)
    return mended


def _change(before, after) -> float:
    """Share of area that a repair moves. The area of an invalid polygon is judged by its hull of rings (even-odd), so
    what counts is how far the mended area is from the signed area its rings declare."""
    declared = abs(before.area)
    return abs(after.area - declared) / max(declared, after.area) if max(declared, after.area) > 0 else 0.0


def _suspect(frame: gpd.GeoDataFrame, source, box, reference, findings: list[Finding]) -> None:
    shapes = frame.geometry.to_numpy()
    west, south, east, north = shapely.total_bounds(shapes)
    if west > 3.0 and east < 55.0 and south > 72.0 and north < 138.0:
        findings.append(Finding("swapped", "坐标像是“纬度在前、经度在后”，应为经度在前，请对调后重新导入"))
        return
    if reference is not None and source is None and (words := _offset(shapes, reference)):
        findings.append(Finding("offset", words))
    if box is None:
        return
    inside = shapely.intersects(shapes, shapely.box(*box))
    for row in np.flatnonzero(~inside).tolist():
        x, y = shapely.get_coordinates(shapely.point_on_surface(shapes[row]))[0]
        words = f"{_label(frame, row)}在辖区范围之外（{x:.4f}, {y:.4f}），已列入待查；请核对坐标系和位置"
        findings.append(Finding("outside", words, int(frame.index[row]) + 1))


def _offset(shapes: np.ndarray, reference) -> str | None:
    """A sentence if polygons fit the reference much better after taking the GCJ-02 (or BD-09) offset away."""
    polygons = shapes[np.isin(shapely.get_type_id(shapes), (3, 6))]
    if not len(polygons):
        return None
    # Only what belongs to the district can fit it: a file of the whole prefecture holds its neighbours too.
    mostly = shapely.area(shapely.intersection(polygons, reference)) >= 0.5 * shapely.area(polygons)
    if not mostly.any():
        return None
    whole = shapely.union_all(polygons[mostly])
    window = shapely.box(*shapely.bounds(reference)).buffer(0.02)

    def misfit(shape) -> float:
        near = shapely.intersection(shape, window)
        return shapely.symmetric_difference(near, reference).area / reference.area

    as_said = misfit(whole)
    for system, maker in ((System.GCJ02, "高德、腾讯"), (System.BD09, "百度")):
        moved = misfit(convert_geometry(whole, system))
        if moved < 0.6 * as_said:
            x, y = (float(v) for v in shapely.get_coordinates(whole.centroid)[0])
            back = shapely.get_coordinates(convert_geometry(shapely.Point(x, y), system))[0]
            metres = float(measure.distance_m(x, y, *back))
            guess = f"像是 {system.value}（{maker}）坐标"
            return f"图形与辖区边界整体错开约 {metres:.0f} 米，{guess}；请确认后选择该坐标系重新导入"
    return None
