"""What a map layer is: a declaration. The frame it wants, how it is painted, and where it stands among the others.

Why data and not classes: `brain.web` walks the declarations to know which queries to run, which traces exist in which
order, and what the layer switch says; a new layer is one file and nothing else is touched.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd


@dataclass(frozen=True, slots=True)
class View:
    """What a viewer looks at, as a value: it can be compared, cached and tested.

    `zoom` is the MapLibre zoom rounded to a band of a half, because clusters depend on it and two viewers on the same band
    share one picture. `hidden` are keys of layers switched off.
    """

    zoom: float = 10.5
    hidden: frozenset[str] = frozenset()

    @staticmethod
    def band(zoom: float) -> float:
        """The band of a zoom: halves between 8.5 (everything far) and 15 (nothing clustered)."""
        return min(max(round(zoom * 2) / 2, 8.5), 15.0)


Mark = Callable[["Layer", pd.DataFrame, View], list[dict[str, Any]]]
"""Frame in, Plotly traces out, as plain dicts: always the same number of traces, empty ones included."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One map layer.

    key        identifier; also the file's name
    title      what the layer switch says, in Chinese
    source     name of the frame it wants; `brain.web.live.frames` supplies it
    columns    columns it reads from that frame
    mark       how a frame becomes traces (see `_marks`)
    traces     how many traces `mark` gives, always
    style      options of the mark
    order      drawn in this order, low first
    default_on shown before anybody touches the switch
    refresh_s  age in seconds above which the layer is called stale and greyed; None: does not age
    legend     (icon of the sprite, words) pairs
    sign       a sign of its own beside those of `_sprite`: polygons of (x, y) on a square of 16, named by the layer's key
    """

    key: str
    title: str
    source: str
    columns: tuple[str, ...]
    mark: Mark
    traces: int
    style: dict[str, Any] = field(default_factory=dict)
    order: int = 0
    default_on: bool = True
    refresh_s: int | None = None
    legend: tuple[tuple[str, str], ...] = ()
    sign: tuple[tuple[tuple[float, float], ...], ...] = ()

    def paint(self, frame: pd.DataFrame, view: View) -> list[dict[str, Any]]:
        """The layer's traces for a frame. Raises ValueError naming the layer and the columns that are missing."""
        missing = [c for c in self.columns if c not in frame.columns]
        if missing:
            raise ValueError(f"layer {self.key}: its source {self.source} lacks the columns {missing}")
        made = self.mark(self, frame, view)
        if len(made) != self.traces:
            raise ValueError(
                f"layer {self.key}: {len(made)} traces instead of {self.traces}; Patch by index would go astray"
            )
        return [
            {"uid": f"{self.key}-{n}", "visible": self.key not in view.hidden} | trace for n, trace in enumerate(made)
        ]


def in_order(layers: Sequence[Layer]) -> list[Layer]:
    """Layers in drawing order. Raises ValueError when two share a key."""
    keys = [layer.key for layer in layers]
    twice = sorted({k for k in keys if keys.count(k) > 1})
    if twice:
        raise ValueError(f"two layers share the key {twice}")
    return sorted(layers, key=lambda layer: (layer.order, layer.key))
