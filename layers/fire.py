"""林火: fire weather stations and smoke or thermal heads; a satellite watch cell is a place, not a device, and is not drawn."""

from layers._layer import Layer
from layers._marks import POINTS, points

LAYER = Layer(
    key="fire", title="林火", source="fire_stations", columns=POINTS, mark=points, traces=1, style={"icon": "fire"},
    order=23, refresh_s=7200, legend=(("fire", "火险站、烟感热成像"), ("fire-stale", "无数据")),
)  # fmt: skip
