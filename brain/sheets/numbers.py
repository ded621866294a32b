"""Numbers as laboratories, stations and spreadsheets write them, in a message or in a cell: one reader for all of them. Pure.

A number has a quality: `<0.025`, `0.025L` (the L of HJ 91.2-2022 behind the limit of detection) and `未检出(0.025)` are measurements
that found less than the method can detect, `>1000` one beyond its range; both are readings. What stands for "no value" (NA, #N/A,
缺测 …) is a gap. The words and the practice are the catalog's (`sheets.toml`, [word]).

Why a comma is read so rarely: `12,300` is twelve thousand in one country and twelve in another, and a value that is a
thousand times too small is worse than one that is refused. In a cell the groups must all be of three figures; alone and in a message
there must be two commas or a point behind. `975,5` is refused here; what the commas of a sheet mean, `commas` tells for `reading`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping

from brain import catalog as catalogs
from brain.catalog.sheet_records import Words
from brain.model import Quality
from brain.sheets.heads import plain
from brain.sheets.words import Unreadable, fold, half, short

NUMBER = r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_PLAIN = re.compile(rf"[+-]?{NUMBER}|[+-]?(?:inf|infinity)", re.I)
_BELOW = re.compile(
    rf"(?:(?:ND|N\.D\.|未检出)\s*[(\[]?\s*)?(?:<=?|≤|小于|低于)\s*({NUMBER})\s*[Ll]?\s*[)\]]?"
    rf"|({NUMBER})\s*[(\[]?[Ll][)\]]?"
    rf"|(?i:ND|N\.D\.|未检出)\s*[(\[:,]?\s*({NUMBER})\s*[Ll]?\s*[)\]]?"
    rf"|({NUMBER})\s*[(\[]?(?i:ND|未检出)[)\]]?"
)
_ABOVE = re.compile(rf"(?:>=?|≥|大于|高于|超过)\s*({NUMBER})")
GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?")
_SURELY_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(?:(?:,\d{3}){2,}(?:\.\d+)?|,\d{3}\.\d+)")
COMMA = re.compile(r"[+-]?\d[\d.,]*,[\d.,]*")
_TIMES_TEN = re.compile(r"(?<=[\d.])\s*[×xX*·]\s*10(?:\s*\^\s*([+-]?\d{1,3})|([⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,3}))(?!\d)")
_RAISED = str.maketrans("⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "+-0123456789")
_DASHED = re.compile(r"[‐‑‒–](?=[\d.])")
_WITH_UNIT = re.compile(
    rf"((?:(?:<=?|≤|小于|低于|>=?|≥|大于|高于|超过)\s*|[+-])?(?:[1-9]\d{{0,2}}(?:,\d{{3}})+\.\d+|{NUMBER}))"
    r"\s*(\([^()]+\)|[^\d\s.,+\-()][^\s]{0,15})"
)
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
    if "^" in said or not said.isascii():
        said = _spelled(said)
        if _PLAIN.fullmatch(said):
            return float(said), Quality.OK
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
    raise Unreadable("value", f"“{where}”写的是“{short(value)}”，这里要一个确定的数；请写出数来，没有测值就留空")


def parted(value: str) -> tuple[str, str] | None:
    """(number as it is written, its unit) of a text with a declared unit behind the number, `<0.025mg/L`, `75.10 m`."""
    found = _WITH_UNIT.fullmatch(_spelled(half(value[:80])))
    if found is None:
        return None
    unit = fold(found[2][1:-1] if found[2][0] == "(" else found[2])
    return (found[1], unit) if plain(unit) in catalogs.load().sheets.head.units else None


def _spelled(said: str) -> str:
    """A number in the signs that `float` knows: the minus of typesetting, powers of ten."""
    said = said.replace("−", "-")
    if not said.isascii() and _DASHED.match(said):
        said = "-" + said[1:]
    return _TIMES_TEN.sub(lambda found: "e" + (found[1] or found[2].translate(_RAISED)), said)


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
    if has_comma(said):
        return Unreadable("value", f"“{where}”应是数字，现为“{short(value)}”，{_ASKS_COMMA}")
    start = f"“{where}”应是数字，现为“{short(value)}”"
    if said[:1] and unicodedata.category(said[-1]) == "No":
        reason = f"{start}，“{said[-1]}”可能是脚注的记号，也可能是数的一部分；请去掉记号，次方请写成 1.2E+03"
        return Unreadable("value", reason)
    if parted(said):
        return Unreadable("value", f"{start}；单位请写在列名里（报文请写在 unit 里），这里只写数字")
    return Unreadable("value", f"{start}；请核对设备的字段类型与单位")


def worse(flagged: Quality, found: Quality) -> Quality:
    """The quality of a value whose flag says one thing and whose text another."""
    return found if flagged in (Quality.OK, Quality.MANUAL) and found is not Quality.OK else flagged


# Columns --------------------------------------------------------------------------------------------------------------
_WHOLE = re.compile(r"[+-]?\d+,\d+")
_BARE = re.compile(r"[<>≤≥=\s]*(.*?)\s*[Ll]?")
_LOOSE = frozenset({";", "\t"})
"""Signs that part the cells of programs whose comma is the decimal point, and of others."""
BOTH = "?"


def bare(cell: str) -> str:
    """The figures of a cell without the signs of a limit around them."""
    found = _BARE.fullmatch(half(cell).replace("−", "-"))
    return found[1] if found else ""


def has_comma(cell: str) -> bool:
    """Whether a cell is a number with a comma in it."""
    return COMMA.fullmatch(bare(cell)) is not None


def commas(
    columns: Mapping[str, list[str]], measures: Callable[[str], bool], sign: Callable[[], str], pointed: Callable[[], bool]
) -> dict[str, tuple[bool, str]]:
    """How the commas of each column are meant: (they are decimal points, the cell for which its others cannot be read; BOTH where
    nothing tells). What a column does not show itself, the sheet's other columns do: the commas of those that hold measures
    (`measures`), else their points (`pointed`). Else the sign that parts the cells tells (`sign`): commas between semicolons or tabs may
    be either."""
    shown = {column: _shown(cells, sign) for column, cells in columns.items()}
    proofs = {said for column, (said, _) in shown.items() if measures(column)} - {"open", ""}
    found: dict[str, tuple[bool, str]] = {}
    for column, (said, cell) in shown.items():
        if said == "open" and proofs:
            found[column] = (True, "") if proofs == {"decimal"} else (False, "" if proofs == {"thousands"} else BOTH)
        elif said == "open":
            found[column] = False, BOTH if sign() in _LOOSE and not pointed() else ""
        else:
            found[column] = said == "decimal", cell if said == "mixed" else ""
    return found


def _shown(cells: list[str], sign: Callable[[], str]) -> tuple[str, str]:
    """(what a column shows of its commas, the first cell that can only have a decimal one): decimal where every number has just one
    comma and some of them cannot part thousands (`975,5`, `0,025`); between semicolons or tabs there may be whole numbers, too."""
    said = [bare(cell) for cell in cells]
    figures = [one for one in said if one[:1] in "+-.0123456789" and not is_gap(one)]
    surely = next((one for one in figures if _WHOLE.fullmatch(one) and not GROUPED.fullmatch(one)), "")
    if surely:
        odd = [one for one in figures if not _WHOLE.fullmatch(one)]
        decimal = not odd or (sign() in _LOOSE and all(one.lstrip("+-").isdecimal() for one in odd))
        return ("decimal" if decimal else "mixed"), surely
    if not any(map(GROUPED.fullmatch, figures)):
        return "", ""
    sure = any(_SURELY_GROUPED.fullmatch(one) or ("." in one and "," not in one) for one in figures)
    return ("thousands" if sure else "open"), ""


def doubt(cell: str, why: str) -> str:
    """Why a cell's comma cannot be read."""
    if why != BOTH:
        return f"这一列里有“{short(why)}”这样的写法，{_ASKS_COMMA}"
    said = bare(cell)
    return f"可能是 {said.replace(',', '.')}（逗号作小数点），也可能是 {said.replace(',', '')}（逗号分千位）；请不写千分位，小数点用“.”"
