"""排水: wells, ponding gauges and pumps."""

from layers._layer import Layer
from layers._marks import POINTS, points

LAYER = Layer(
    key="drainage", title="排水", source="drainage_stations", columns=POINTS, mark=points, traces=1, style={"icon": "drainage"},
    order=22, refresh_s=1800, legend=(("drainage", "井位、积水、泵站"), ("drainage-stale", "无数据")),
)  # fmt: skip
