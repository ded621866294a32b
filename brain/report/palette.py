"""Colours of the report and the steps of its map: shared by the page's figures and the document's pictures.

Colour means warning level and nothing else on the screens; here quantities are ink and grey, the map has one blue-grey
ramp, and red marks what is late.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

INK, SOFT, GREY, LINE = "#16202E", "#51627A", "#B9C6D8", "#D8DFE9"
TARGET, HEAD, LATE = "#0E7C6B", "#B01E2D", "#B01E2D"
HOT_SHOWN = 10  # hot grids that carry a number on the map and a row in the table
STEPS = ("#F2F5F9", "#D5DEEA", "#A9BBD1", "#7089AB", "#3B5377")


def bands(snapshot: Mapping[str, Any], outlines: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """{"band": {grid code: step}, "words": what each step says}: quartiles of the grids that have reports."""
    n, area = snapshot["hot"]["all"], outlines["area"]
    density = {c: n.get(c, 0) / area[c] * 1e6 for c in outlines["grid"] if area.get(c)}
    some = sorted(d for d in density.values() if d > 0)
    if not some:
        return {"band": dict.fromkeys(density, 0), "words": ["没有案卷", "", "", "", ""]}
    cuts = [some[min(len(some) - 1, len(some) * q // 4)] for q in (1, 2, 3)]
    band = {c: 0 if d == 0 else 1 + sum(d >= cut for cut in cuts) for c, d in density.items()}
    marks = [f"{cut:.1f}" for cut in cuts]
    words = ["没有案卷", f"少于 {marks[0]}", f"{marks[0]}–{marks[1]}", f"{marks[1]}–{marks[2]}", f"{marks[2]} 及以上"]
    return {"band": band, "words": words}
