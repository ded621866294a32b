"""Numbers as laboratories, stations and spreadsheets write them, in a message or in a cell: one reader for all of them. Pure.

A number has a quality: `<0.025`, `0.025L` (the L of HJ 91.2-2022 behind the limit of detection) and `未检出(0.025)` are measurements
that found less than the method can detect, `>1000` one beyond its range; both are readings. What stands for "no value" (NA, #N/A,
缺测 …) is a gap. The words and the practice are the catalog's (`sheets.toml`, [word]).

Why a comma is read so rarely: `12,300` is twelve thousand in one country and twelve in another, and a value that is a
thousand times too small is worse than one that is refused. In a cell the groups must all be of three figures; alone and in a message
there must be two commas or a point behind. `975,5` is refused here; a whole column of such cells is turned by `reading`.
"""

from __future__ import annotations

import re

from brain import catalog as catalogs
from brain.catalog.sheet_records import Words
from brain.model import Quality
from brain.sheets.words import Unreadable, half, short

NUMBER = r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_PLAIN = re.compile(rf"[+-]?{NUMBER}|[+-]?(?:inf|infinity)", re.I)
_BELOW = re.compile(
    rf"(?:(?:ND|N\.D\.|未检出)\s*[(\[]?\s*)?(?:<=?|≤|小于|低于)\s*({NUMBER})\s*L?\s*[)\]]?"
    rf"|({NUMBER})\s*[(\[]?L[)\]]?"
    rf"|(?i:ND|N\.D\.|未检出)\s*[(\[]\s*({NUMBER})\s*L?\s*[)\]]"
    rf"|({NUMBER})\s*[(\[]?(?i:ND|未检出)[)\]]?"
)
_ABOVE = re.compile(rf"(?:>=?|≥|大于|高于|超过)\s*({NUMBER})")
GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?")
_SURELY_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(?:(?:,\d{3}){2,}(?:\.\d+)?|,\d{3}\.\d+)")
COMMA = re.compile(r"[+-]?\d[\d.,]*,[\d.,]*")
_ASKS_COMMA = "逗号可能是千分位，也可能是小数点；请不写千分位，小数点用“.”"


def words() -> Words:
    """The shipped words: what a feed, which knows no catalog of the city, reads by."""
    return catalogs.load().sheets.word


def is_gap(said: str) -> bool:
    """Whether a text says that there is no value."""
    if said[:1].isdigit() and "#" not in said:
        return False
    return "".join(half(said[:40]).split()).casefold() in words().gaps


def measured(value: object, where: str, *, cell: bool = False) -> tuple[float, Quality] | None:
    """A measured number and its quality (OK, BELOW_LIMIT or RANGE); None where there is none. Full-width digits are read. `cell`: it
    stood in a cell of its own in a sheet. Raises Unreadable (rule `value`; `limit` for a bare 未检出)."""
    if not isinstance(value, str):
        found = _given(value, where)
        return None if found is None else (found, Quality.OK)
    said = half(value[:400])
    if _PLAIN.fullmatch(said):
        return float(said), Quality.OK
    told, word = words(), "".join(said.split()).casefold()
    if word in told.gaps:
        return None
    if found := _BELOW.fullmatch(said):
        limit = float(next(part for part in found.groups() if part))
        if 0 < limit < float("inf"):
            return limit / 2 if told.below == "half" else limit, Quality.BELOW_LIMIT
    elif found := _ABOVE.fullmatch(said):
        return float(found[1]), Quality.RANGE
    elif (GROUPED if cell else _SURELY_GROUPED).fullmatch(said):
        return float(said.replace(",", "")), Quality.OK
    raise _strange(value, said, word, where, told)


def number(value: object, where: str) -> float | None:
    """A number that is no measurement, or whose door knows no qualities: as `measured`, but what is below or above a limit is
    refused."""
    found = measured(value, where)
    if found is None or found[1] is Quality.OK:
        return None if found is None else found[0]
    raise Unreadable("value", f"“{where}”应是数字，现为“{short(value)}”；请核对设备的字段类型与单位")


def _given(value: object, where: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool):
        raise Unreadable("value", f"“{where}”应是数字，现为“{str(value).lower()}”；请核对设备的字段类型")
    if isinstance(value, (int, float)):
        try:
            return float(value)
        except OverflowError:
            return float("inf")
    raise Unreadable("value", f"“{where}”应是数字，现为“{short(value)}”；请核对设备的字段类型与单位")


def _strange(value: object, said: str, word: str, where: str, told: Words) -> Unreadable:
    if word in told.undetected:
        return Unreadable("limit", f"“{where}”写的是“{short(value)}”，没有写检出限，不知道记多少；请写成 <0.025 或 0.025L")
    if word in told.faults or re.fullmatch(r"#+", word):
        return Unreadable("value", f"“{where}”是表格软件的错误值“{short(value)}”；请改好公式或列宽再导出，没有测值就留空")
    if said[:1] == "=":
        return Unreadable(
            "value", f"“{where}”是公式“{short(value)}”，文件里没有它的结果；请用 Excel 或 WPS 打开、重算并保存，或粘贴为数值"
        )
    if COMMA.fullmatch(said):
        return Unreadable("value", f"“{where}”应是数字，现为“{short(value)}”，{_ASKS_COMMA}")
    return Unreadable("value", f"“{where}”应是数字，现为“{short(value)}”；请核对设备的字段类型与单位")


def worse(flagged: Quality, found: Quality) -> Quality:
    """The quality of a value whose flag says one thing and whose text another."""
    return found if flagged in (Quality.OK, Quality.MANUAL) and found is not Quality.OK else flagged


# Columns --------------------------------------------------------------------------------------------------------------
_WHOLE = re.compile(r"[+-]?\d+,\d+")


def commas(cells: list[str]) -> tuple[bool, str]:
    """How the commas of a column's cells are meant: (they are decimal points, why its `12,300` cannot be read).

    Decimal points they are where every number of the column has just one comma and some of them cannot part thousands (`975,5`,
    `0,025`). Where only some of the cells look so, the others are in doubt too."""
    said = [half(cell) for cell in cells]
    figures = [one for one in said if one[:1] in "+-.0123456789" and not is_gap(one)]
    surely_decimal = [one for one in figures if _WHOLE.fullmatch(one) and not GROUPED.fullmatch(one)]
    if not surely_decimal:
        return False, ""
    if all(_WHOLE.fullmatch(one) for one in figures):
        return True, ""
    return False, f"这一列里有“{short(surely_decimal[0])}”这样的写法，{_ASKS_COMMA}"
