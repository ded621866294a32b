"""事件: open events (案卷); a late one carries a bar."""

from layers._layer import Layer
from layers._marks import events

LAYER = Layer(
    key="events", title="事件", source="events", columns=("id", "name", "lng", "lat", "level", "late", "label"),
    mark=events, traces=2, style={"radius": 30.0, "near": 13.5}, order=30,
    legend=(("event", "在办案卷"), ("event-late", "超期案卷")),
)  # fmt: skip
