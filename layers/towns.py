"""镇街: the towns' outlines and names. Their shapes are sketched (示意), as `brain.cities.meijiang` says of each."""

from layers._layer import Layer
from layers._marks import ground
from layers._style import Tokens


def base(t: Tokens) -> list[dict]:
    return [
        {"type": "line", "paint": {"line-color": t.line, "line-width": 1.1, "line-dasharray": [3, 2]}},
        {
            "type": "symbol",
            "layout": {
                "text-field": ["get", "name"],
                "text-size": 14,
                "text-letter-spacing": 0.12,
                "text-allow-overlap": True,
                "text-ignore-placement": True,
            },
            "paint": {"text-color": t.text3, "text-halo-color": t.land, "text-halo-width": 1.4},
        },
    ]


LAYER = Layer(
    key="towns", title="镇街", source="towns", columns=("code", "name", "geometry"), mark=ground, traces=0,
    style={"base": base}, order=2,
)  # fmt: skip
