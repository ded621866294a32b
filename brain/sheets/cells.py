"""Numbers, times and flags as strangers write them, in a message or in a cell of a sheet: read one by one, purely.

Every function raises Unreadable with a sentence that names the field and says how to mend it, and nothing else, whatever
the value. The feeds of `ingest` (through their `_wire`) and the sheets of `sheets.py` read with these alike.
"""

from __future__ import annotations

from brain.model import Quality
from brain.sheets.numbers import measured, number, worse
from brain.sheets.times import when
from brain.sheets.words import BLANK, Unreadable, fold, half, short

__all__ = ["BLANK", "FLAGS", "Unreadable", "flag", "fold", "half", "measured", "number", "short", "when", "worse"]

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


def flag(value: object, where: str) -> Quality:
    """Quality by the HJ 212 data flag."""
    said = "" if value is None else value
    if type(said) is str and said in FLAGS:  # what most send
        return FLAGS[said]
    if isinstance(said, str) and half(said).upper() in FLAGS:
        return FLAGS[half(said).upper()]
    known = " ".join(k for k in FLAGS if k)
    raise Unreadable("flag", f"“{where}”不认识的数据标识“{short(value)}”；可用 {known}（HJ 212）")
