"""Strangers' map files: what is wrong is named, what can be mended is mended."""

from __future__ import annotations

import json

import geopandas as gpd
import pytest
import shapely

from geo import crs, files
from geo.files import Unreadable

BOX = (115.9, 24.0, 116.5, 24.5)
SQUARE = shapely.box(116.10, 24.20, 116.20, 24.30)
NEARLY = shapely.Polygon(
    [(116.1, 24.2), (116.2, 24.2), (116.2, 24.3), (116.1995, 24.30001), (116.2, 24.30001), (116.1, 24.3)]
)
BOW = shapely.Polygon([(116.1, 24.2), (116.2, 24.3), (116.2, 24.2), (116.1, 24.3)])


pytestmark = pytest.mark.filterwarnings("ignore:'crs' was not provided")


def frame(*shapes, names=None, system="EPSG:4490") -> gpd.GeoDataFrame:
    named = names or [f"地块{n}" for n in range(len(shapes))]
    return gpd.GeoDataFrame({"name": named}, geometry=list(shapes), crs=system)


def kinds(checked) -> list[str]:
    return [f.kind for f in checked.findings]


@pytest.mark.parametrize("name", ["a.geojson", "a.shp", "a.gpkg"])
def test_a_good_file_of_each_format_is_read_without_findings(tmp_path, name):
    frame(SQUARE).to_file(tmp_path / name)
    checked = files.read(tmp_path / name, box=BOX)
    assert checked.findings == [] and checked.frame.crs.to_epsg() == 4490
    assert checked.frame.geometry.iloc[0].equals_exact(SQUARE, 1e-9) or checked.frame.geometry.iloc[0].equals(SQUARE)


def test_a_small_fault_is_repaired_and_said(tmp_path):
    frame(SQUARE, NEARLY, names=["好", "坏"]).to_file(tmp_path / "a.geojson")
    checked = files.read(tmp_path / "a.geojson")
    assert kinds(checked) == ["repaired"] and len(checked.frame) == 2 and checked.frame.is_valid.all()
    words = checked.findings[0].message
    assert words.startswith("第 2 个要素（坏）图形无效：边界自相交，位置 116.") and "请核对" in words


def test_a_fault_whose_repair_would_change_the_shape_is_refused_by_name(tmp_path):
    frame(SQUARE, BOW, names=["好", "领结"]).to_file(tmp_path / "a.geojson")
    checked = files.read(tmp_path / "a.geojson")
    assert [f.feature for f in checked.refused] == [2] and checked.frame["name"].tolist() == ["好"]
    assert "领结" in checked.refused[0].message and "重新导入" in checked.refused[0].message


def test_a_feature_without_geometry_is_left_out_and_said(tmp_path):
    frame(SQUARE, None, names=["好", "空"]).to_file(tmp_path / "a.geojson")
    checked = files.read(tmp_path / "a.geojson")
    assert kinds(checked) == ["empty"] and len(checked.frame) == 1


def test_features_outside_the_district_keep_their_number_in_the_file(tmp_path):
    frame(None, SQUARE, shapely.box(113, 22, 113.1, 22.1), names=["空", "好", "远"]).to_file(tmp_path / "a.geojson")
    checked = files.read(tmp_path / "a.geojson", box=BOX)
    assert [(f.kind, f.feature) for f in checked.findings] == [("empty", 1), ("outside", 3)]
    assert "远" in checked.findings[1].message and len(checked.frame) == 2


def test_metres_are_converted_when_the_file_says_so(tmp_path):
    frame(SQUARE).to_crs("EPSG:4548").to_file(tmp_path / "a.gpkg")
    checked = files.read(tmp_path / "a.gpkg", box=BOX)
    assert checked.findings == [] and checked.frame.geometry.iloc[0].equals_exact(SQUARE, 1e-7)


def test_metres_without_a_system_are_guessed_and_said(tmp_path):
    metric = crs.convert_geometry(SQUARE, "EPSG:4490", "EPSG:4548")
    frame(metric, system=None).to_file(tmp_path / "a.shp")
    checked = files.read(tmp_path / "a.shp", box=BOX)
    assert kinds(checked) == ["crs"] and "EPSG:4548" in checked.findings[0].message
    assert checked.frame.geometry.iloc[0].symmetric_difference(SQUARE).area < 1e-9


def test_metres_that_call_themselves_degrees_are_guessed_and_said(tmp_path):
    metric = crs.convert_geometry(SQUARE, "EPSG:4490", "EPSG:4548")
    feature = {"type": "Feature", "properties": {}, "geometry": json.loads(shapely.to_geojson(metric))}
    (tmp_path / "a.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    checked = files.read(tmp_path / "a.geojson", box=BOX)
    assert kinds(checked) == ["crs"] and "坐标值却是米" in checked.findings[0].message


def test_numbers_that_fit_no_system_are_refused(tmp_path):
    frame(shapely.box(1000, 2000, 1100, 2100), system=None).to_file(tmp_path / "a.shp")
    with pytest.raises(Unreadable, match=r"没有写明坐标系.*索要坐标系"):
        files.read(tmp_path / "a.shp")


def test_a_file_in_gcj02_is_suspected_by_its_shift_from_the_district(tmp_path):
    moved = crs.convert_geometry(SQUARE, "EPSG:4490", "GCJ-02")
    frame(moved).to_file(tmp_path / "a.geojson")
    checked = files.read(tmp_path / "a.geojson", box=BOX, reference=SQUARE)
    assert kinds(checked) == ["offset"]
    assert "GCJ-02" in checked.findings[0].message and "约 567 米" in checked.findings[0].message


def test_a_file_in_bd09_is_told_from_one_in_gcj02(tmp_path):
    frame(crs.convert_geometry(SQUARE, "EPSG:4490", "BD-09")).to_file(tmp_path / "a.geojson")
    checked = files.read(tmp_path / "a.geojson", reference=SQUARE)
    assert kinds(checked) == ["offset"] and "BD-09" in checked.findings[0].message


def test_the_shift_is_seen_in_a_file_that_holds_the_neighbours_too(tmp_path):
    west, east = shapely.box(116.0, 24.2, 116.1, 24.3), shapely.box(116.2, 24.2, 116.3, 24.3)
    moved = [crs.convert_geometry(s, "EPSG:4490", "GCJ-02") for s in (west, SQUARE, east)]
    frame(*moved).to_file(tmp_path / "a.geojson")
    assert kinds(files.read(tmp_path / "a.geojson", reference=SQUARE)) == ["offset"]


def test_a_rougher_copy_of_the_boundary_is_not_suspected(tmp_path):
    frame(SQUARE.buffer(0.0005)).to_file(tmp_path / "a.geojson")
    assert files.read(tmp_path / "a.geojson", reference=SQUARE).findings == []


@pytest.mark.parametrize("said", ["EPSG:4490", "EPSG:4326", None])
def test_a_file_known_to_be_gcj02_is_converted_whatever_it_says(tmp_path, said):
    frame(crs.convert_geometry(SQUARE, "EPSG:4490", "GCJ-02"), system=said).to_file(tmp_path / "a.geojson")
    checked = files.read(tmp_path / "a.geojson", source="GCJ-02", reference=SQUARE)
    assert checked.findings == [] and checked.frame.geometry.iloc[0].equals_exact(SQUARE, 1e-6)


def test_latitude_before_longitude_is_noticed(tmp_path):
    frame(shapely.box(24.2, 116.1, 24.3, 116.2), system="EPSG:4326").to_file(tmp_path / "a.gpkg")
    assert kinds(files.read(tmp_path / "a.gpkg", box=BOX)) == ["swapped"]


def test_chinese_names_in_an_old_shapefile_are_read(tmp_path):
    frame(SQUARE, names=["梅江区"]).to_file(tmp_path / "a.shp", encoding="GB18030")
    (tmp_path / "a.cpg").unlink()
    assert files.read(tmp_path / "a.shp").frame["name"].tolist() == ["梅江区"]


def test_a_shapefile_without_its_companions_is_refused(tmp_path):
    frame(SQUARE).to_file(tmp_path / "a.shp")
    (tmp_path / "a.dbf").unlink()
    with pytest.raises(Unreadable, match=r"缺少配套文件 \.dbf"):
        files.read(tmp_path / "a.shp")


@pytest.mark.parametrize(
    "name, text",
    [("a.geojson", "{"), ("a.gpkg", "no database"), ("a.geojson", '{"type":"FeatureCollection","features":[]}')],
)
def test_a_broken_or_empty_file_is_refused_with_words(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    with pytest.raises(Unreadable, match="请"):
        files.read(tmp_path / name)


def test_a_missing_file_and_an_unknown_format_are_refused(tmp_path):
    with pytest.raises(Unreadable, match="找不到文件"):
        files.read(tmp_path / "no.geojson")
    with pytest.raises(Unreadable, match="格式不支持"):
        files.read(tmp_path / "a.kml")
