"""Units that stand neither in the head nor in a column of their own, but in the formats of the cells or in a row below the head. Pure.

Each goes into the name of its column (`水位(cm)`), where it is read like any other; where head and cells say different things, or the
cells of one column do, nobody knows what is meant, and the cells are refused with both.
"""

from __future__ import annotations

from collections.abc import Callable

from brain.catalog.sheet_records import Sheets
from brain.sheets import heads, numbers
from brain.sheets.formats import Dressed
from brain.sheets.shape import BadSheet, Cell, Lines, Row, filled
from brain.sheets.times import when
from brain.sheets.words import Unreadable, fold, short

UNITS_WITHIN = 2  # below the head there may be a row of symbols, and then that of the units


def unit_of(name: str, told: Sheets) -> str:
    """The unit that a column's name says."""
    found = (word for _, words in heads.ways(name, told.head) for word in words if heads.plain(word) in told.head.units)
    return next(found, "")


# Formats of cells -----------------------------------------------------------------------------------------------------
def undressed(
    columns: list[str], rows: list[Row], told: Sheets, is_value: Callable[[str], bool], known: Callable[[Cell], bool]
) -> list[Row]:
    """The rows with plain numbers; `columns` get the units that the formats say."""
    found: dict[str, list[int]] = {}
    for n, row in enumerate(rows):
        for column, cell in row.cells.items():
            if type(cell) is Dressed:
                found.setdefault(column, []).append(n)
    unit_column = next((c for c in columns if heads.plain(c) in {heads.plain(w) for w in told.fields["readings"]["unit"].names}), None)
    renamed: dict[str, str] = {}
    wrong: dict[int, list[tuple[str, str]]] = {}
    units: dict[int, str] = {}
    for column, lines in found.items():
        if known(column) and not is_value(column):
            continue  # 3号 is the number 3
        said = {n: rows[n].cells[column].unit for n in lines}  # type: ignore[union-attr]
        head = unit_of(column, told)
        if unit_column is not None and not head and is_value(column):
            _by_row(column, unit_column, rows, said, units, wrong)
        elif head:
            for n, unit in said.items():
                if heads.plain(unit) != heads.plain(head):
                    says = f"的格式写着单位“{short(unit)}”，列名写的是“{short(head)}”，不知道是哪一个；请改成一致再导出"
                    wrong.setdefault(n, []).append((column, f"第 {rows[n].line} 行“{column}”{says}"))
        else:
            bare = [n for n, row in enumerate(rows) if n not in said and type(row.cells.get(column)) in (int, float)]
            kinds = sorted(set(said.values()))
            if len(kinds) == 1 and not bare:
                renamed[column] = f"{column}({kinds[0]})"
                continue
            named = "、".join(f"“{short(k)}”" for k in kinds)
            says = f"的格格式不一：有的带单位{named}" + ("，有的没有单位" if bare else "") + "；请整列用一种格式，或把单位写进列名"
            for n in (*lines, *bare):
                wrong.setdefault(n, []).append((column, f"第 {rows[n].line} 行“{column}”{says}"))
    columns[:] = [renamed.get(c, c) for c in columns]
    made = []
    for n, row in enumerate(rows):
        cells = {renamed.get(c, c): float(v) if type(v) is Dressed else v for c, v in row.cells.items()}
        if n in units and unit_column is not None:
            cells[unit_column] = units[n]
        more = tuple((renamed.get(c, c), says) for c, says in (*row.wrong, *wrong.get(n, ())))
        made.append(Row(row.line, cells, more))
    return made


def _by_row(
    column: str, unit_column: str, rows: list[Row], said: dict[int, str], units: dict[int, str], wrong: dict[int, list[tuple[str, str]]]
) -> None:
    """A sheet of one value a row, with its unit beside it: both must say the same."""
    for n, unit in said.items():
        beside = rows[n].cells.get(unit_column)
        if not filled(beside):
            units[n] = unit
        elif heads.plain(unit) != heads.plain(str(beside)):
            says = f"的格式写着单位“{short(unit)}”，“{unit_column}”写的是“{short(beside)}”，不知道是哪一个；请改成一致再导出"
            wrong.setdefault(n, []).append((column, f"第 {rows[n].line} 行“{column}”{says}"))


# A row of units -------------------------------------------------------------------------------------------------------
def below_head(
    names: list[str], found: Lines, head: int, told: Sheets, is_value: Callable[[str], bool], known: Callable[[Cell], bool]
) -> int | None:
    """Where the data begin, if a row of units stands below the head: its units go into `names`. Raises BadSheet for a row that may
    as well be data, and for a unit that is not that of the head."""
    valued = {n for n, name in enumerate(names) if name and is_value(name)}
    for at in range(head + 1, min(head + 1 + UNITS_WITHIN, len(found))):
        line, cells = found[at]
        units = {n for n in valued if n < len(cells) and _is_unit(cells[n], told)}
        data = any(n < len(cells) and _holds(cells[n], names[n], n in valued, told) for n in range(len(names)))
        if data:
            units = {n for n in units if heads.plain(_bare(cells[n])) in told.head.units}
            if not units:
                return None
        elif not units and not _only_units(cells, told):
            if not all(isinstance(c, str) and (known(c) or not any(map(str.isdigit, c))) for c in cells if filled(c)):
                return None
            continue
        if data:
            named = "、".join(f"“{short(names[n])}”下面的“{short(cells[n])}”" for n in sorted(units))
            raise BadSheet(f"第 {line} 行{named}是单位，同一行里又有时间或数值，不知道是单位行还是数据行；请把单位写进列名，或删去这一行")
        for n, cell in enumerate(cells[: len(names)]):
            if isinstance(cell, str) and names[n]:
                names[n] = _with(names[n], _bare(cell), line, n in valued, told, known)
        return at + 1
    return None


def _bare(cell: Cell) -> str:
    said = fold(str(cell))
    return (said.partition(":")[2] if said.startswith("单位:") else said).strip("()[]【】〔〕 ")


def _is_unit(cell: Cell, told: Sheets) -> bool:
    if not isinstance(cell, str) or not filled(cell):
        return False
    bare = _bare(cell)
    return heads.plain(bare) in told.head.units or (bare != fold(cell) and bare != "" and not bare[:1].isdigit())


def _only_units(cells: list[Cell], told: Sheets) -> bool:
    words = [heads.plain(_bare(c)) for c in cells if filled(c) and not (isinstance(c, str) and numbers.is_gap(c))]
    return any(w in told.head.units for w in words) and all(w in told.head.units | told.head.plain | {"单位"} for w in words)


def _holds(cell: Cell, name: str, valued: bool, told: Sheets) -> bool:
    """Whether a cell holds data: a number below a quantity, or a time."""
    if not filled(cell):
        return False
    if valued:
        try:
            return numbers.measured(cell, "", cell=True) is not None
        except Unreadable:
            return False
    fields = [told.fields["readings"][key] for key in ("at", "date", "clock") if key in told.fields["readings"]]
    times = {heads.plain(word) for one in fields for word in one.names}
    if not any(bare in times for bare, _ in heads.ways(name, told.head)):
        return False
    if not isinstance(cell, str):
        return True
    try:
        when(cell, "")
    except Unreadable:
        return cell.strip()[:1].isdigit()
    return True


def _with(name: str, said: str, line: int, valued: bool, told: Sheets, known: Callable[[Cell], bool]) -> str:
    """The name of a column with what the row of units says below it."""
    word = heads.plain(said)
    if not valued and not (word in told.head.units and not known(name)):
        zone = told.head.zones.get(word) or told.head.forms.get(word)
        return f"{name}({said})" if zone and known(name) and f"({said})" not in name else name
    if not said or numbers.is_gap(said) or word in told.head.plain or word == "单位":
        return name
    if (head := unit_of(name, told)) and word in told.head.units and heads.plain(head) != word:
        both = f"写着单位“{short(said)}”，与列名里的“{short(head)}”不同，不知道是哪一个；请改成一致"
        raise BadSheet(f"第 {line} 行在“{short(name)}”下面{both}")
    if head or (word not in told.head.units and known(said)):
        return name
    return f"{name}({said})"
