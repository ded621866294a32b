"""空气: air-quality stations."""

from layers._layer import Layer
from layers._marks import POINTS, points

LAYER = Layer(
    key="air", title="空气", source="air_stations", columns=POINTS, mark=points, traces=1, style={"icon": "air"},
    order=24, refresh_s=7200, legend=(("air", "空气站"), ("air-stale", "无数据")),
)  # fmt: skip
