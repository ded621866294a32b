"""视频: cameras; rings at low zoom, single cameras when near."""

from layers._layer import Layer
from layers._marks import POINTS, clustered

LAYER = Layer(
    key="cameras", title="视频", source="cameras_stations", columns=POINTS, mark=clustered, traces=2,
    style={"icon": "camera", "radius": 58.0, "near": 13.5}, order=10, refresh_s=600,
    legend=(("camera", "摄像机"), ("camera-stale", "离线"), ("mix-00006", "多台合并")),
)  # fmt: skip
