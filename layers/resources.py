"""资源: what can be sent: teams, pump lorries, depots, shelters."""

from layers._layer import Layer
from layers._marks import POINTS, points

LAYER = Layer(
    key="resources", title="资源", source="resources", columns=POINTS, mark=points, traces=1,
    style={"icon": "resource", "kind": "resource"}, order=15, default_on=False, legend=(("resource", "队伍与物资"),),
)  # fmt: skip
