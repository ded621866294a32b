"""What a theme of the city is: an entry of themes.toml as a frozen value.

Beside `records` and not in it, because a theme says much: how its card, its map signs and its part of the report are made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from brain.model import Source


@dataclass(frozen=True, slots=True)
class Piece:
    """Something said of a theme's stations: `type` names the way (`catalog._themes.FIGURES`, `PIECES`), `params` say of what."""

    type: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.params[name]

    def get(self, name: str, default: Any = None) -> Any:
        return self.params.get(name, default)


@dataclass(frozen=True, slots=True)
class Theme:
    """A theme of the city (水、雨、排水、林、视频、气 …).

    unit     measure word of its stations
    icon     sign of the sprite that stands for it in lists (map layers carry their own)
    layers   keys of the map layers that belong to it; without the theme they are not there
    leads    kinds worth a word beside a station, the first that it has in front; also what its report is about by default
    figure   the number of its card; `place` where it comes from, `beside` what stands next to it
    trail    kind of the card's line; `trail_by` which station's: the highest `value`, or the worst `level`
    index    what its stations are judged by beside their values: water_class, aqi or ''
    online   kind by which a station itself says that it is there; '' where that is known from its silence only
    fault    kind by which such a station says that it is there and of no use; '' for none
    source   of events that its alerts open; camera: its stations can be looked through
    flood    its alerts are about one water: near-duplicates reach further
    landmark its stations are known by name in the street and stand on the phone's small map
    report   the parts of its section in the monthly report, in order
    """

    key: str
    label: str
    order: int
    unit: str
    icon: str
    layers: tuple[str, ...]
    leads: tuple[str, ...]
    figure: Piece
    place: tuple[Piece, ...] = ()
    beside: tuple[Piece, ...] = ()
    trail: str = ""
    trail_by: str = "value"
    index: str = ""
    online: str = ""
    fault: str = ""
    source: Source = Source.SENSOR
    flood: bool = False
    landmark: bool = False
    report: tuple[str, ...] = ("extremes",)
