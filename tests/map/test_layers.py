"""Every layer is walked with an empty and a small frame; clusters, marks and the base style by themselves."""

from __future__ import annotations

import io
import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from shapely.geometry import LineString, Point, box

from brain import catalog
from brain.model import Level
from brain.web import ground
from brain.web.live import frames
from layers import _compose, _marks, _sprite
from layers._layer import View
from layers._style import LEVELS

CATALOG = catalog.load()
LAYERS = ground.layers_of(CATALOG)
PAINTED = [layer for layer in LAYERS if layer.traces]
GROUND = [layer for layer in LAYERS if not layer.traces]
FAR, NEAR = View(10.5), View(15.0)


def few(layer) -> pd.DataFrame:
    """Three objects: two near each other, one apart; the second is the worst, the last one silent and late."""
    rows = {
        "id": ["A", "B", "C"],
        "name": ["甲站", "乙站", "丙站"],
        "place": ["A", "B", "C"],
        "lng": [116.100, 116.101, 116.250],
        "lat": [24.300, 24.300, 24.200],
        "level": ["blue", "red", "yellow"],
        "stale": [False, False, True],
        "late": [False, False, True],
        "label": ["水位 75.2 m", "积水 42 cm", ""],
        "text": ["甲站<br>75.2 m", "乙站<br>42 cm", "丙站"],
    }
    return pd.DataFrame({c: rows[c] for c in layer.columns})


def nothing(layer) -> pd.DataFrame:
    return pd.DataFrame(columns=list(layer.columns))


def ground_frames() -> dict[str, gpd.GeoDataFrame]:
    square = box(116.0, 24.1, 116.3, 24.4)
    made = {
        "district": {
            "kind": ["district", "neighbour"],
            "name": ["梅江区", "梅县区"],
            "geometry": [square, box(116.3, 24.1, 116.5, 24.4)],
        },
        "towns": {"code": ["441402004"], "name": ["江南街道"], "geometry": [square]},
        "grids": {"code": ["441402004001001"], "geometry": [square.boundary]},
        "rivers": {"name": ["梅江"], "main": [True], "geometry": [LineString([(116.0, 24.2), (116.3, 24.3)])]},
    }
    return {key: gpd.GeoDataFrame(rows, geometry="geometry", crs="EPSG:4490") for key, rows in made.items()}


# The walk ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("layer", PAINTED, ids=lambda x: x.key)
@pytest.mark.parametrize("view", [FAR, NEAR], ids=["far", "near"])
def test_a_layer_paints_nothing_and_little_with_the_same_traces(layer, view):
    empty, some = layer.paint(nothing(layer), view), layer.paint(few(layer), view)
    assert len(empty) == len(some) == layer.traces
    assert [t["uid"] for t in empty] == [t["uid"] for t in some]
    assert all(not t["lon"] for t in empty)
    assert some[0]["lon"]
    json.dumps(some)


@pytest.mark.parametrize("layer", PAINTED, ids=lambda x: x.key)
@pytest.mark.parametrize("view", [FAR, NEAR], ids=["far", "near"])
def test_every_icon_of_a_layer_is_in_the_sprite(layer, view):
    lost = {name for trace in layer.paint(few(layer), view) for name in _compose.check_icons(trace)}
    assert not lost, f"{layer.key}: plotly would ask a CDN for {sorted(lost)}"


@pytest.mark.parametrize("layer", LAYERS, ids=lambda x: x.key)
def test_a_layer_asks_for_a_source_that_exists_with_its_columns(layer):
    columns = frames.columns(layer.source, CATALOG)
    assert columns, f"{layer.key}: no such source {layer.source}"
    missing = set(layer.columns) - set(columns)
    assert not missing, f"{layer.key}: source {layer.source} has no columns {sorted(missing)}"


@pytest.mark.parametrize("layer", LAYERS, ids=lambda x: x.key)
def test_a_layer_is_its_file_and_its_legend_is_drawn(layer):
    assert layer.title
    assert not [icon for icon, words in layer.legend if icon not in _sprite.names() or not words]
    assert __import__(f"layers.{layer.key}", fromlist=["LAYER"]).LAYER is layer


@pytest.mark.parametrize("layer", PAINTED, ids=lambda x: x.key)
def test_a_layer_names_itself_and_the_columns_that_are_missing(layer):
    with pytest.raises(ValueError, match=rf"layer {layer.key}.*lng"):
        layer.paint(few(layer).drop(columns=["lng"]), FAR)


def test_levels_are_the_same_on_both_sides_and_carry_a_second_sign():
    assert [m.key for m in LEVELS.values()] == [level.key for level in Level]
    assert [m.number for m in LEVELS.values()] == [1, 2, 3, 4]
    assert len({m.shape for m in LEVELS.values()}) == len({m.sign for m in LEVELS.values()}) == 4


# Clusters ------------------------------------------------------------------------------------------------------------
def test_each_point_is_in_exactly_one_cluster_at_every_zoom():
    spread = pd.DataFrame(
        {
            "lng": [116.0 + (7 * n % 50) / 150 for n in range(50)],
            "lat": [24.1 + (11 * n % 50) / 150 for n in range(50)],
            "level": ["", "red", "blue", "", "yellow"] * 10,
        }
    )
    for zoom in (8.5, 10.0, 11.5, 13.0, 15.0):
        rows = sorted(n for c in _marks.clusters(spread, zoom, 40) for n in c.rows)
        assert rows == list(range(50))


def test_a_cluster_takes_the_level_of_its_worst_member():
    frame = pd.DataFrame({"lng": [116.1, 116.1001], "lat": [24.3, 24.3], "level": ["blue", "orange"]})
    (one,) = _marks.clusters(frame, 10.0, 40)
    assert one.level == "orange"


def test_clusters_open_as_one_comes_nearer():
    frame = pd.DataFrame({"lng": [116.10, 116.12, 116.14], "lat": [24.3] * 3, "level": [""] * 3})
    counts = [len(_marks.clusters(frame, zoom, 40)) for zoom in (8.5, 10.5, 14.0)]
    assert counts == sorted(counts) and counts[0] == 1 and counts[-1] == 3


def test_the_numbers_on_the_rings_add_up_to_the_list():
    layer = next(x for x in LAYERS if x.key == "cameras")
    many = pd.concat([few(layer)] * 40, ignore_index=True)
    icons, numbers = layer.paint(many, FAR)
    singles = sum(1 for s in icons["marker"]["symbol"] if not s.startswith("mix-"))
    assert singles + sum(int(s.removeprefix("n-")) for s in numbers["marker"]["symbol"]) == len(many)


def test_a_screen_pixel_goes_there_and_back():
    x, y = _marks.to_pixels(116.1222, 24.2884, 11.5)
    assert _marks.from_pixels(x, y, 11.5) == pytest.approx((116.1222, 24.2884), abs=1e-9)


@pytest.mark.parametrize(
    ("levels", "name"),
    [
        (["red", "blue", "blue"], "mix-20040"),
        (["red"] + ["blue"] * 99, "mix-10050"),  # one red among a hundred is still seen
        ([""] * 5, "mix-00006"),
        (["yellow", "", "", "", "", ""], "mix-00105"),
    ],
)
def test_a_ring_shows_the_mix_and_never_hides_the_worst(levels, name):
    assert _sprite.mix_name(_sprite.mix_of(levels)) == name


def test_every_mix_of_levels_has_an_icon():
    keys = [*LEVELS, ""]
    lost = {
        name
        for a in range(4)
        for b in range(4)
        for c in range(4)
        for d in range(4)
        for e in range(4)
        if a + b + c + d + e
        and (
            name := _sprite.mix_name(
                _sprite.mix_of(keys[:1] * a + keys[1:2] * b + keys[2:3] * c + keys[3:4] * d + keys[4:] * e)
            )
        )
        not in _sprite.names()
    }
    assert not lost


# Several alerts of one place -----------------------------------------------------------------------------------------
def test_alerts_of_one_place_show_the_worst_and_not_a_ring():
    layer = next(x for x in LAYERS if x.key == "alerts")
    frame = few(layer).iloc[:2].assign(lng=116.1, place="A")
    icons, labels, numbers = layer.paint(frame, FAR)
    assert icons["marker"]["symbol"] == ["level-red"]
    assert icons["customdata"] == [["alert", "B"]]
    assert labels["text"] == ["乙站<br>42 cm"] and numbers["lon"] == []


def test_the_worst_alert_is_drawn_last_so_that_nothing_covers_it():
    layer = next(x for x in LAYERS if x.key == "alerts")
    icons = layer.paint(few(layer), NEAR)[0]
    assert icons["marker"]["symbol"][-1] == "level-red"


# The whole figure ----------------------------------------------------------------------------------------------------
def figure() -> dict:
    everything = {layer.source: few(layer) for layer in PAINTED} | {layer.source: nothing(layer) for layer in GROUND}
    return _compose.compose(LAYERS, everything, FAR, style="/map/style.json", centre=(116.16, 24.27))


def test_each_trace_stands_where_its_slot_says():
    made, places = figure(), _compose.slots(LAYERS)
    for layer in PAINTED:
        for n, index in enumerate(places[layer.key]):
            assert made["data"][index]["uid"] == f"{layer.key}-{n}"
    assert made["data"][places["pick"][0]]["uid"] == "pick"
    assert len(made["data"]) == places["pick"][0] + 1


def test_the_view_belongs_to_the_viewer():
    layout = figure()["layout"]
    assert layout["uirevision"] == layout["map"]["uirevision"] == "map"


def test_a_hidden_layer_is_painted_and_not_shown():
    layer = PAINTED[0]
    assert all(t["visible"] is False for t in layer.paint(few(layer), View(10.5, frozenset({layer.key}))))


def test_the_base_style_asks_nobody_else():
    style = _compose.base_style(LAYERS, ground_frames(), sprite="http://localhost/map/sprite")
    assert set(s["type"] for s in style["sources"].values()) == {"geojson"}
    assert all(isinstance(s["data"], dict) for s in style["sources"].values())
    assert "glyphs" not in style
    assert "http" not in json.dumps(style).replace("http://localhost/map/sprite", "")


def test_the_base_style_draws_every_ground_layer_words_last():
    style = _compose.base_style(LAYERS, ground_frames(), sprite="")
    assert set(style["sources"]) == {layer.key for layer in GROUND} | {"towns-at"}
    assert {layer["source"] for layer in style["layers"] if "source" in layer} == set(style["sources"])
    kinds = [layer["type"] for layer in style["layers"]]
    assert kinds == sorted(kinds, key=["background", "fill", "line", "symbol"].index)


def test_a_towns_name_stands_on_one_point_and_not_in_each_tile_of_its_surface():
    style = _compose.base_style(LAYERS, ground_frames(), sprite="")
    (words,) = [layer for layer in style["layers"] if layer["id"].startswith("towns") and layer["type"] == "symbol"]
    assert [f["geometry"]["type"] for f in style["sources"][words["source"]]["data"]["features"]] == ["Point"]


@pytest.mark.parametrize("factor", [1.5, 2.0])
def test_words_and_lines_of_a_tall_wall_are_larger_and_zoom_stays_on_top(factor):
    style = _compose.base_style(LAYERS, ground_frames(), sprite="")
    large = _compose.larger(style, factor)
    for before, after in zip(style["layers"], large["layers"], strict=True):
        size, grown = before.get("layout", {}).get("text-size"), after.get("layout", {}).get("text-size")
        assert grown == (size * factor if size else None)
        width = after.get("paint", {}).get("line-width")
        assert width is None or isinstance(width, int | float) or width[0] == "interpolate"
    assert large["sources"] is style["sources"]


def test_an_empty_shape_is_left_out_of_the_style():
    frame = gpd.GeoDataFrame({"code": ["a", "b"], "geometry": [Point(), Point(116, 24)]}, geometry="geometry")
    assert len(_compose.features(frame, ["code"])["features"]) == 1


# The sprite ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("scale", [1, 2])
def test_every_icon_lies_inside_the_sheet_and_none_on_another(scale):
    index, png = _sprite.sheet(scale)
    image = Image.open(io.BytesIO(png))
    taken = set()
    for name, at in index.items():
        assert at["x"] + at["width"] <= image.width and at["y"] + at["height"] <= image.height, name
        corner = (at["x"], at["y"])
        assert corner not in taken, name
        taken.add(corner)
    assert set(index) == _sprite.names()


def test_the_sheet_stays_small():
    assert len(_sprite.sheet(1)[1]) < 60_000
    assert len(_sprite.sheet(2)[1]) < 150_000


@pytest.mark.parametrize("key", list(LEVELS))
def test_a_level_mark_has_its_colour(key):
    image = Image.open(io.BytesIO(_sprite.icon(f"level-{key}"))).convert("RGBA")
    wanted = [int(LEVELS[key].colour[i : i + 2], 16) for i in (1, 3, 5)]
    pixels = np.asarray(image, dtype=int)
    near = (pixels[..., 3] > 200) & (abs(pixels[..., :3] - wanted).max(axis=-1) < 12)
    assert near.sum() > 100


def test_two_layers_of_one_key_are_refused():
    with pytest.raises(ValueError, match="share the key"):
        _compose.slots([LAYERS[0], LAYERS[0]])
