"""The demo city 441402 梅江区: a real boundary, sketched towns, cells and stations, and what is said about each.

`brain.local` loads it at the first start and `brain.web` reads its base map and sources; nothing else imports it.
Start reading at `shipped.py` (geometry), `points.py` and `staff.py`, then `loading.py`; `make/` tells how it was drawn.
"""

from brain.cities.meijiang.loading import load, version
from brain.cities.meijiang.points import placed, stations
from brain.cities.meijiang.shipped import (
    DATA,
    Place,
    base_map,
    grid,
    names,
    network,
    places,
    resources,
    rivers,
    sources,
)

__all__ = [
    "DATA", "Place", "base_map", "grid", "load", "names", "network", "placed", "places", "resources", "rivers",
    "sources", "stations", "version",
]  # fmt: skip
