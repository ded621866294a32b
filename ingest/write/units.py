"""Units as strangers name them, turned into the catalog's: the declared table `units.toml`, a city's own file over it."""

from __future__ import annotations

import tomllib
import unicodedata
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

SHIPPED = Path(__file__).with_name("units.toml")


class BadUnits(ValueError):
    """units.toml cannot be used; the sentence names the key."""


@dataclass(frozen=True, slots=True)
class Units:
    """`scales`: unit as `plain` writes it → its (dimension, factor, addend) in every dimension that has it."""

    scales: dict[str, tuple[tuple[str, float, float], ...]] = field(default_factory=dict)

    def convert(self, value: float, given: str, wanted: str) -> float | None:
        """The value in the unit `wanted`; None when the two have no dimension in common, or one is unknown."""
        given, wanted = plain(given), plain(wanted)
        if given == wanted:
            return value
        for dimension, factor, addend in self.scales.get(given, ()):
            for other, factor_wanted, addend_wanted in self.scales.get(wanted, ()):
                if other == dimension:
                    return (value * factor + addend - addend_wanted) / factor_wanted
        return None

    def knows(self, unit: str) -> bool:
        return plain(unit) in self.scales


def plain(unit: str) -> str:
    """A unit's name without what people write differently: width, spaces, case, the two signs of micro."""
    return "".join(unicodedata.normalize("NFKC", unit).replace("\u00b5", "\u03bc").split()).casefold()


@cache
def load(folder: str = "") -> Units:
    """The shipped units, with what `<folder>/units.toml` adds or changes. Raises BadUnits, naming file and key."""
    found: dict[str, dict[str, tuple[str, float, float]]] = {}
    own = Path(folder) / "units.toml" if folder else None
    for file in (SHIPPED, own):
        if file is None or not file.exists():
            continue
        try:
            said = tomllib.loads(file.read_text(encoding="utf-8"))
        except tomllib.TOMLDecodeError as err:
            raise BadUnits(f"{file} 不是合法的 TOML：{err}") from None
        for dimension, units in said.items():
            if not isinstance(units, dict):
                raise BadUnits(f"{file}：{dimension} 应写成 [{dimension}] 一组，下面每行一个单位")
            for name, scale in units.items():
                found.setdefault(plain(name), {})[dimension] = (dimension, *_scale(f"{file}：{dimension}.{name}", scale))
    return Units({name: tuple(scales.values()) for name, scales in found.items()})


def _scale(where: str, said: object) -> tuple[float, float]:
    pair = said if isinstance(said, list) else [said, 0.0]
    if len(pair) != 2 or not all(isinstance(x, (int, float)) and not isinstance(x, bool) for x in pair) or not pair[0] > 0:
        raise BadUnits(f"{where}={said!r} 应是正的倍数，或 [倍数, 加数]")
    return float(pair[0]), float(pair[1])
