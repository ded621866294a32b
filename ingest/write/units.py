"""Units as strangers name them, turned into the catalog's: the declared table `units.toml`, a city's own file over it."""

from __future__ import annotations

import math
import tomllib
import unicodedata
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path

WAYS_MAX = 4096  # ways between two units that are kept at hand; senders write the names of units
SHIPPED = Path(__file__).with_name("units.toml")


class BadUnits(ValueError):
    """units.toml cannot be used; the sentence names the key."""


@dataclass(frozen=True, slots=True)
class Units:
    """`scales`: unit as `plain` writes it → its (dimension, factor, addend) in every dimension that has it."""

    scales: dict[str, tuple[tuple[str, Fraction, Fraction], ...]] = field(default_factory=dict)
    _ways: dict[tuple[str, str], tuple[Decimal, Decimal, Decimal]] = field(default_factory=dict, compare=False, repr=False)

    def convert(self, value: float, given: str, wanted: str) -> float | None:
        """The value in the unit `wanted`; None when the two have no dimension in common, or one is unknown. Counted in decimals:
        7510 cm are 75.1 m, and not 75.10000000000001."""
        way = self._ways.get((given, wanted))
        if way is None:
            if plain(given) == plain(wanted):
                return value
            way = self._way(plain(given), plain(wanted))
            if way is None:
                return None
            if len(self._ways) < WAYS_MAX:
                self._ways[given, wanted] = way
        times, plus, over = way
        return float((Decimal(repr(float(value))) * times + plus) / over) + 0.0  # never the -0.0 of a rounded sum

    def _way(self, given: str, wanted: str) -> tuple[Decimal, Decimal, Decimal] | None:
        """(t, p, o) of value × t + p, the whole divided by o, in whole numbers; None where there is no way."""
        for dimension, factor, addend in self.scales.get(given, ()):
            for other, factor_wanted, addend_wanted in self.scales.get(wanted, ()):
                if other == dimension:
                    times, plus = factor / factor_wanted, (addend - addend_wanted) / factor_wanted
                    over = math.lcm(times.denominator, plus.denominator)
                    return Decimal(int(times * over)), Decimal(int(plus * over)), Decimal(over)
        return None

    def knows(self, unit: str) -> bool:
        return plain(unit) in self.scales


def plain(unit: str) -> str:
    """A unit's name without what people write differently: width, spaces, case, the two signs of micro."""
    return "".join(unicodedata.normalize("NFKC", unit).replace("\u00b5", "\u03bc").split()).casefold()


@cache
def load(folder: str = "") -> Units:
    """The shipped units, with what `<folder>/units.toml` adds or changes. Raises BadUnits, naming file and key."""
    found: dict[str, dict[str, tuple[str, Fraction, Fraction]]] = {}
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


def _scale(where: str, said: object) -> tuple[Fraction, Fraction]:
    """The numbers as they are written, for 0.01 is no number of a computer's."""
    pair = said if isinstance(said, list) else [said, 0]
    try:
        if len(pair) != 2 or not all(isinstance(x, (int, float, str)) and not isinstance(x, bool) for x in pair):
            raise ValueError
        factor, addend = (Fraction(str(x)) for x in pair)
        if factor <= 0:
            raise ValueError
    except (ValueError, ZeroDivisionError):
        raise BadUnits(f"{where}={said!r} 应是正的倍数，或 [倍数, 加数]；除不尽的写成分数，如 \"5/18\"") from None
    return factor, addend
