"""告警: open alerts by level, above everything else; marks that would cover each other become a ring of their mix."""

from layers._layer import Layer
from layers._marks import levels

LAYER = Layer(
    key="alerts", title="告警", source="alerts", columns=("id", "name", "place", "lng", "lat", "level", "label", "text"),
    mark=levels, traces=3, style={"radius": 40.0, "near": 14.0}, order=40,
    legend=(("level-red", "一级 红"), ("level-orange", "二级 橙"), ("level-yellow", "三级 黄"), ("level-blue", "四级 蓝")),
)  # fmt: skip
