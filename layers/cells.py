"""网格: the outlines of the 综合网格, lightly. The tessellation is generated (示意) until the city imports its own."""

from layers._layer import Layer
from layers._marks import ground
from layers._style import Tokens


def base(t: Tokens) -> list[dict]:
    width = ["interpolate", ["linear"], ["zoom"], 10, 0.4, 13, 1.2]
    return [{"type": "line", "paint": {"line-color": t.grid, "line-width": width}}]


LAYER = Layer(
    key="cells", title="网格", source="grids", columns=("code", "geometry"), mark=ground, traces=0,
    style={"base": base, "note": "示意"}, order=1,
)  # fmt: skip
