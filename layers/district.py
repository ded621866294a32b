"""区界: the district's outline (real) and its neighbours. The ground of the whole map; it has no switch."""

from layers._layer import Layer
from layers._marks import ground
from layers._style import Tokens


def base(t: Tokens) -> list[dict]:
    inside, outside = ["==", ["get", "kind"], "district"], ["!=", ["get", "kind"], "district"]
    return [
        {"type": "line", "filter": outside, "paint": {"line-color": t.beyond, "line-width": 1}},
        {"type": "fill", "filter": inside, "paint": {"fill-color": t.land}},
        {"type": "line", "filter": inside, "paint": {"line-color": t.border, "line-width": 1.6}},
    ]


LAYER = Layer(
    key="district", title="区界", source="district", columns=("kind", "name", "geometry"), mark=ground, traces=0,
    style={"base": base, "switch": False}, order=0,
)  # fmt: skip
