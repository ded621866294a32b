"""水情水质: river gauges and water-quality sections; a click shows level, flow and class."""

from layers._layer import Layer
from layers._marks import POINTS, points

LAYER = Layer(
    key="water", title="水情水质", source="water_stations", columns=POINTS, mark=points, traces=1, style={"icon": "water"},
    order=20, refresh_s=7200, legend=(("water", "水位流量、水质站"), ("water-stale", "无数据")),
)  # fmt: skip
