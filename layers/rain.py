"""雨量: rain gauges with their last hour."""

from layers._layer import Layer
from layers._marks import POINTS, points

LAYER = Layer(
    key="rain", title="雨量", source="rain_stations", columns=POINTS, mark=points, traces=1, style={"icon": "rain"},
    order=21, refresh_s=5400, legend=(("rain", "雨量站"), ("rain-stale", "无数据")),
)  # fmt: skip
