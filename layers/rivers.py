"""河流: centre lines of the rivers, with their names where they have one."""

from layers._layer import Layer
from layers._marks import ground
from layers._style import Tokens


def base(t: Tokens) -> list[dict]:
    main = ["case", ["==", ["get", "main"], True], 2.6, 1.3]
    return [
        {
            "type": "line",
            "layout": {"line-cap": "round", "line-join": "round"},
            "paint": {
                "line-color": t.river,
                "line-width": ["interpolate", ["linear"], ["zoom"], 9, main, 14, ["*", 2.2, main]],
            },
        },
        {
            "type": "symbol",
            "minzoom": 11,
            "layout": {
                "text-field": ["get", "name"],
                "text-size": 14,
                "symbol-placement": "line",
                "symbol-spacing": 420,
            },
            "paint": {"text-color": t.river, "text-halo-color": t.land, "text-halo-width": 1.6},
        },
    ]


LAYER = Layer(
    key="rivers", title="河流", source="rivers", columns=("name", "main", "geometry"), mark=ground, traces=0,
    style={"base": base, "switch": False}, order=3,
)  # fmt: skip
