"""Sheets as people send them, read into rows: CSV, XLSX and GeoJSON; bytes in, rows with their line numbers out.

`read` is pure and raises BadSheet only, whatever the bytes: a file that cannot be read as a whole says why. What the
columns mean is decided in `columns.py`; a bad cell is the matter of its own row there. Each way of opening a file has a file of its
own here (`delimited`, `workbook`, `features`); this one finds the header and makes rows of what lies below it.

Why a list and no stream: a sheet that is broken in its middle must be refused before its first row is taken in, and the
limits of `catalog/sheets.toml` keep the list small.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from brain import catalog as catalogs
from brain.catalog.sheet_records import Limits, Sheets
from brain.sheets import delimited, dressing, features, heads, numbers, workbook
from brain.sheets.features import name_of
from brain.sheets.shape import HEAD_WITHIN, SURPLUS, BadSheet, Cell, Lines, Row, Sheet, filled, too_long
from brain.sheets.words import Unreadable, half, short

__all__ = ["BadSheet", "Cell", "Row", "Sheet", "read"]

SUFFIXES = (".csv", ".txt", ".xlsx", ".geojson", ".json")
_SAID = re.compile(r"[:：].*", re.S)
_LABELLED = re.compile(r"[^\d:,;]{1,12}:.*", re.S)
_LABEL = re.compile(r"[^\d:,;]{1,12}:\s*")
"""`签发日期：2026-09-30` and `填报领导：`: words of whoever made the table, in whatever words."""


def read(name: str, data: bytes, limits: Limits, *, sheet: str = "", told: Sheets | None = None) -> Sheet:
    """The rows of a file, by the ending of its name; `sheet` names the sheet of a workbook (default: the first), `told` the words
    by which a header is known (default: those shipped). Raises BadSheet."""
    if len(data) > limits.mib << 20:
        raise BadSheet(f"文件有 {len(data) / (1 << 20):.1f} MiB，超过上限 {limits.mib} MiB；请分成几个文件")
    if not data.strip(b"\0 \r\n\t"):
        raise BadSheet("文件是空的；请核对导出是否完成")
    ending = name[name.rfind(".") :].lower()
    if ending not in SUFFIXES:
        raise BadSheet(f"不认识的文件类型“{short(ending)}”；请用 {'、'.join(SUFFIXES)}（旧的 .xls 请另存为 .xlsx）")
    told = told or catalogs.load().sheets
    if ending == ".xlsx" or data[:4] == b"PK\3\4":
        table = _Table(limits, told, fixed=False)
        book = workbook.rows_of(data, limits, sheet, table.known)
        return table.of(book.lines, book.merged, dressed=book.dressed, unread=book.unread)
    text = _text(data, told)
    if ending in (".geojson", ".json"):
        return features.sheet_of(text, limits, told.head.systems)
    table = _Table(limits, told, fixed=True)
    return table.of(delimited.lines_of(text, limits, table.known), [], lambda: delimited.delimiter(text, table.known))


def _text(data: bytes, told: Sheets) -> str:
    """UTF-8 with or without BOM, UTF-16 (Excel's “Unicode text”) with or without, else GB 18030. Raises BadSheet."""
    for coding in (_wide(data),) if _wide(data) else ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(coding)
        except UnicodeDecodeError:
            continue
        if coding == "gb18030" and _is_big5(data) and not _names_a_column(text, told):
            raise BadSheet("文字编码像是 Big5（繁体中文），不是 UTF-8 也不是 GBK，读不懂；请另存为“CSV UTF-8”再上传")
        return text.removeprefix("\ufeff")
    raise BadSheet("文字编码读不懂，既不是 UTF-8 也不是 GBK；请另存为“CSV UTF-8”再上传")


def _wide(data: bytes) -> str:
    """The coding of two bytes a sign that a text is in: by its mark, or by the NULs of its figures and commas."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    first = data[:4096]
    low, high = first[0::2].count(0), first[1::2].count(0)
    if not max(low, high) or max(low, high) * 5 < len(first) // 2 or min(low, high) * 20 > max(low, high):
        return ""
    return "utf-16-le" if high > low else "utf-16-be"


_PAIR = re.compile(rb"([\x81-\xfe])([\x40-\x7e\x80-\xfe])")


def _is_big5(data: bytes) -> bool:
    """Whether a text that GB 18030 can be made of is more likely Big5: many of the latter's second bytes are such as
    simplified Chinese seldom has there, and none of its first bytes lies below A1."""
    pairs = _PAIR.findall(data[:20_000])
    odd = sum(second < b"\xa1" for _, second in pairs)
    if len(pairs) < 6 or odd * 8 < len(pairs) or any(first < b"\xa1" or first > b"\xf9" for first, _ in pairs):
        return False
    try:
        data.decode("big5")
    except UnicodeDecodeError:
        return False
    return True


def _names_a_column(text: str, told: Sheets) -> bool:
    return any(len(name) > 1 and not name.isascii() and name in text[:2000] for name in heads.vocabulary(told)[0])


class _Table:
    """Header and rows of the lines of a file. `fixed`: a line has the cells that it has, so that one more or less than the header
    is an error; the rows of a workbook have a grid behind them."""

    def __init__(self, limits: Limits, told: Sheets, *, fixed: bool):
        self.limits, self.told, self.fixed = limits, told, fixed
        self.names, self.values = heads.vocabulary(told)

    def known(self, cell: Cell) -> bool:
        """Whether a cell is the declared name of a column."""
        return isinstance(cell, str) and len(cell) <= 60 and any(bare in self.names for bare, _ in heads.ways(cell, self.told.head))

    def _is_value(self, name: str) -> bool:
        return any(bare in self.values for bare, _ in heads.ways(name, self.told.head))

    def of(
        self, lines: Lines, merged: list[tuple[int, int, int]], sign: Callable[[], str] = str, *, dressed: bool = False,
        unread: tuple[str, ...] = (),
    ) -> Sheet:  # fmt: skip
        """`sign`: asks for the sign that parts the cells, none in a workbook."""
        found = [(line, cells) for line, cells in lines if any(map(filled, cells))]
        head = self._head(found)
        _spread(found[: head + 1], merged, lambda column, value: True)
        names, below = self._names(found, head)
        width = len(found[head][1])  # as it stands there: an empty cell at its end is a column without a name
        while names and not names[-1]:
            names.pop()
        if len(names) > self.limits.columns:
            raise BadSheet(f"有 {len(names)} 列，超过上限 {self.limits.columns} 列；请只导出需要的列")
        body = found[below:]
        if len(body) > self.limits.rows:
            raise too_long(self.limits)
        columns = _unique(self._named(names, body, width))
        _spread(body, merged, lambda n, value: n < len(columns) and not self._is_value(columns[n]) and (
            columns[n] in self.names or not isinstance(value, (int, float)) or self.known(columns[n])
        ))  # fmt: skip
        rows, left = self._rows(body, columns, width, [half(c) if isinstance(c, str) else c for c in found[head][1]])
        if dressed:
            rows = dressing.undressed(columns, rows, self.told, self._is_value, self.known)
        used = [c for c in columns if c]
        if any(SURPLUS in row.cells for row in rows):
            used.append(SURPLUS)
        return Sheet(tuple(used), self._without_doubtful_commas(used, rows, sign), tuple(left), unread)

    def _head(self, found: Lines) -> int:
        """The header is the row with most declared names; where there are none, the first with two words in it, so that a title
        above does not count."""
        wordy = [
            n for n, (_, cells) in enumerate(found[:HEAD_WITHIN]) if sum(isinstance(c, str) and filled(c) for c in cells) >= 2
        ]
        if not wordy:
            raise BadSheet(
                "找不到表头：前几行里没有一行有两个以上的列名；请把列名放在第一行，列之间用逗号、分号或制表符分开"
            )
        scores = {n: sum(map(self.known, found[n][1])) for n in wordy}
        best = max(scores.values())
        return next(n for n in wordy if scores[n] == best) if best >= 2 else wordy[0]

    def _names(self, found: Lines, head: int) -> tuple[list[str], int]:
        """Names of the columns, and where the data begin: a header may have a second row, of units or of what a common title
        above stands for."""
        names = [name_of(cell) if filled(cell) else "" for cell in found[head][1]]
        if head and sum(map(filled, found[head - 1][1])) > 1:  # the other half of a header of two rows
            for n, cell in enumerate(found[head - 1][1][: len(names)]):
                if not names[n] and self.known(cell):
                    names[n] = name_of(cell)
        if head + 1 >= len(found):
            return names, head + 1
        below = found[head + 1][1]
        told = [(n, cell) for n, cell in enumerate(below) if filled(cell)]
        first = head + 1
        if all(isinstance(cell, str) and self.known(cell) for _, cell in told) and any(n >= len(names) or not names[n] for n, _ in told):
            names += [""] * (len(below) - len(names))
            for n, cell in told:
                if not self.known(names[n]):
                    names[n] = name_of(cell)
            first += 1
        units = dressing.below_head(names, found, first - 1, self.told, self._is_value, self.known)
        return names, first if units is None else units

    def _named(self, names: list[str], body: Lines, width: int) -> list[str]:
        """The names, with one for each column that has none and is not empty: what stands there is kept."""
        most = width if self.fixed else self.limits.columns
        nameless = {n for n in range(most) if n >= len(names) or not names[n]}
        used = {n for _, cells in body for n in nameless if n < len(cells) and filled(cells[n])} if nameless else set()
        full = names + [""] * (max(used, default=-1) + 1 - len(names))
        return [f"第{n + 1}列" if n in used else name for n, name in enumerate(full)]

    def _rows(self, body: Lines, columns: list[str], width: int, head: list[Cell]) -> tuple[list[Row], list[int]]:
        rows: list[Row] = []
        left: list[int] = []
        all_named = all(columns)
        data: set[str] = set()  # what rows of data begin with: mostly a few stations
        for line, cells in body:
            first = cells[0] if cells and cells[0] else next((c for c in cells if filled(c)), None)
            if type(first) is str and first not in data:
                if self._is_footer(first, cells) or (first == head[0] and self._is_head(cells, head)):
                    left.append(line)
                    continue
                if first != head[0] and not self._foot_word(first):
                    data.add(first)
            pairs = zip(columns, cells, strict=False)
            known = dict(pairs) if all_named else {column: cell for column, cell in pairs if column}
            if not self.fixed or len(cells) == width:
                rows.append(Row(line, known))
            elif len(cells) > width and any(map(filled, cells[width:])):
                known[SURPLUS] = short(" | ".join(str(c) for c in cells[width:]), 200)
                says = f"第 {line} 行有 {len(cells)} 格，表头只有 {width} 列；请核对这一行的逗号和引号，数字里不要写千分位"
                rows.append(Row(line, known, (("", says),)))
            else:
                says = f"第 {line} 行只有 {len(cells)} 格，表头有 {width} 列；没有数据的格也要留着分隔符，请核对这一行"
                rows.append(Row(line, known, tuple((c, says) for c in columns[len(cells) :] if c)))
        return rows, left

    def _is_footer(self, first: str, cells: list[Cell]) -> bool:
        """Whether a line begins with a word of the foot, and has nothing in it but figures, such words and what they announce: an
        order whose text begins with 说明 has more. What only begins like such a word (审核人张三) has nothing but labels beside it."""
        known, labels = self._foot_word(first), 0
        if not known and not (_LABEL.fullmatch(half(first)) or self._begins_as_foot(first)):
            return False
        announced = False
        for cell in cells:
            if not filled(cell):
                continue
            if isinstance(cell, str) and (self._foot_word(cell) or _LABELLED.fullmatch(half(cell[:400]))):
                announced = _SAID.search(half(cell)) is None
                labels += 1
            elif isinstance(cell, str) and cell == first:
                labels += 1
            elif announced:
                announced = not isinstance(cell, str) or _figure(cell)
            elif not known or (isinstance(cell, str) and not _figure(cell)):
                return False
        return labels > 0

    def _begins_as_foot(self, cell: str) -> bool:
        said = "".join(half(cell[:400]).split()).casefold()
        return any(said.startswith(word) for word in self.told.word.footers if len(word) > 1)

    def _foot_word(self, cell: str) -> bool:
        return len(cell) <= 400 and _SAID.sub("", "".join(half(cell).split())).casefold() in self.told.word.footers

    def _without_doubtful_commas(self, columns: list[str], rows: list[Row], sign: Callable[[], str]) -> tuple[Row, ...]:
        """The rows with decimal commas as points, where the sheet shows them, and with a word of the doubt where it does not
        (`numbers.commas`)."""
        doubtful: dict[str, list[int]] = {}
        for column in columns:
            found = [
                n
                for n, row in enumerate(rows)
                if type(cell := row.cells.get(column)) is str and ("," in cell or "，" in cell) and numbers.has_comma(cell)
            ]
            if found:
                doubtful[column] = found
        if not doubtful:
            return tuple(rows)

        def figures(column: str) -> list[str]:
            return [str(cell) for row in rows if filled(cell := row.cells.get(column)) and not row.wrong]

        def pointed() -> bool:
            return any("." in cell for c in columns if c not in doubtful and self._is_value(c) for cell in figures(c) if _figure(cell))

        said = numbers.commas({c: figures(c) for c in doubtful}, self._is_value, sign, pointed)
        changed: dict[int, Row] = {}
        for column, (decimal, why) in said.items():
            for n in doubtful[column]:
                row = changed.get(n, rows[n])
                cell = str(row.cells[column])
                if decimal:
                    changed[n] = Row(row.line, row.cells | {column: half(cell).replace(",", ".")}, row.wrong)
                elif why:
                    says = f"第 {row.line} 行“{column}”写的是“{short(cell)}”，{numbers.doubt(cell, why)}"
                    changed[n] = Row(row.line, row.cells, (*row.wrong, (column, says)))
        return tuple(changed.get(n, row) for n, row in enumerate(rows)) if changed else tuple(rows)

    @staticmethod
    def _is_head(cells: list[Cell], head: list[Cell]) -> bool:
        return [half(c) if isinstance(c, str) else c for c in cells] == head


def _spread(lines: Lines, merged: list[tuple[int, int, int]], wanted: Callable[[int, Cell], bool]) -> None:
    """Lay the value of cells that are merged over several rows into each of them, in the columns that are wanted."""
    if not merged:
        return
    by_line = dict(lines)
    order = sorted(by_line)
    for column, first, last in merged:
        top = by_line.get(first, [])
        value = top[column] if column < len(top) else None
        if value is None or not wanted(column, value):
            continue
        for line in order:
            if first < line <= last:
                cells = by_line[line]
                cells += [None] * (column + 1 - len(cells))
                if not filled(cells[column]):
                    cells[column] = value


def _figure(cell: str) -> bool:
    try:
        numbers.measured(cell, "", cell=True)
    except Unreadable:
        return False
    return True


def _unique(names: list[str]) -> list[str]:
    found: list[str] = []
    for name in names:
        number, shown = 1, name
        while name and shown in found:
            number += 1
            shown = f"{name}#{number}"
        found.append(shown)
    return found
