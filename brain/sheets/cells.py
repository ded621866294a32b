"""Numbers, times and flags as strangers write them, in a message or in a cell of a sheet: read one by one, purely.

Every function raises Unreadable with a sentence that names the field and says how to mend it, and nothing else, whatever
the value. The feeds of `ingest` (through their `_wire`) and the sheets of `sheets.py` read with these alike.
"""

from __future__ import annotations

import re

from brain.model import Quality
from brain.sheets.times import when
from brain.sheets.words import BLANK, Unreadable, half, short

__all__ = ["BLANK", "FLAGS", "Unreadable", "flag", "half", "number", "short", "when"]

FLAGS = {
    "": Quality.OK,
    "N": Quality.OK,
    "S": Quality.MANUAL,
    "M": Quality.MAINTENANCE,
    "C": Quality.MAINTENANCE,
    "F": Quality.MAINTENANCE,
    "D": Quality.SUSPECT,
    "B": Quality.SUSPECT,
    "T": Quality.RANGE,
}
"""HJ 212-2017 data flags: N normal, S manual, M maintenance, C calibration, F stopped, D fault, B link fault,
T over range."""


_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?(nan|inf|infinity)", re.I)


def number(value: object, where: str) -> float | None:
    """A measured number; None where the station prints that it has none. Full-width digits are read."""
    if value is None:
        return None
    if isinstance(value, bool):
        raise Unreadable("value", f"“{where}”应是数字，现为“{str(value).lower()}”；请核对设备的字段类型")
    if isinstance(value, (int, float)):
        try:
            return float(value)
        except OverflowError:
            return float("inf")
    if isinstance(value, str):
        said = half(value[:400])
        if said.lower() in BLANK:
            return None
        if _NUMBER.fullmatch(said):
            return float(said)
    raise Unreadable("value", f"“{where}”应是数字，现为“{short(value)}”；请核对设备的字段类型与单位")


def flag(value: object, where: str) -> Quality:
    """Quality by the HJ 212 data flag."""
    said = "" if value is None else value
    if type(said) is str and said in FLAGS:  # what most send
        return FLAGS[said]
    if isinstance(said, str) and half(said).upper() in FLAGS:
        return FLAGS[half(said).upper()]
    known = " ".join(k for k in FLAGS if k)
    raise Unreadable("flag", f"“{where}”不认识的数据标识“{short(value)}”；可用 {known}（HJ 212）")
