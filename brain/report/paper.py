"""The look of the document: A4 in the manner of 公文 (GB/T 9704-2012), written through python-docx.

Title 小标宋 2号, body 仿宋 3号 on 28-point lines, first heads 黑体, second heads 楷体; tables and notes are smaller. Fonts that
a machine lacks are replaced by the alternates named in the font table, so that the page looks alike without them.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from typing import Any

from docx import Document
from docx.enum.section import WD_SECTION
from docx.enum.table import WD_ALIGN_VERTICAL, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor
from docx.styles.style import ParagraphStyle

from brain.report.cells import Cell, Table
from brain.rules.strangers import plain_text

SONG, FANGSONG, HEI, KAI = "方正小标宋简体", "仿宋_GB2312", "黑体", "楷体_GB2312"
LATIN = "Times New Roman"
INSTEAD = {SONG: "Noto Serif CJK SC", FANGSONG: "仿宋", HEI: "Noto Sans CJK SC", KAI: "楷体"}
RED, INK, SOFT, GREEN = (RGBColor.from_string(c) for c in ("B01E2D", "16202E", "51627A", "0E7C6B"))
BODY, SMALL, TABLE = 16, 10.5, 10.5  # 3号, 5号, 5号
RIGHT, CENTRE, LEFT = WD_ALIGN_PARAGRAPH.RIGHT, WD_ALIGN_PARAGRAPH.CENTER, WD_ALIGN_PARAGRAPH.LEFT
WIDTH = 15.6  # cm between the margins of GB/T 9704
EPOCH = (1980, 1, 1, 0, 0, 0)


class Paper:
    """A document under way: paragraphs, heads, tables and pictures in the house's types."""

    def __init__(self, title: str):
        self.document = Document()
        self.document.core_properties.title = plain_text(title, 255, lines=False)
        self.document.core_properties.author = ""
        section = self.document.sections[0]
        section.start_type = WD_SECTION.NEW_PAGE
        section.page_width, section.page_height = Cm(21.0), Cm(29.7)
        section.top_margin, section.bottom_margin = Cm(3.7), Cm(3.5)
        section.left_margin, section.right_margin = Cm(2.8), Cm(2.6)
        section.footer_distance = Cm(2.2)
        normal = self.document.styles["Normal"]
        assert isinstance(normal, ParagraphStyle)
        normal.font.name, normal.font.size = LATIN, Pt(BODY)
        normal.element.rPr.rFonts.set(qn("w:eastAsia"), FANGSONG)
        self._page_number(section)

    # Words ------------------------------------------------------------------------------------------------------------
    def paragraph(
        self, runs: Any, *, size: float = BODY, font: str = FANGSONG, colour: RGBColor = INK, bold: bool = False,
        align: Any = None, indent: bool = True, line: float | None = 28, before: float = 0, after: float = 0,
        keep: bool = False, level: int | None = None,
    ) -> Any:  # fmt: skip
        """A paragraph of `runs`: text, or a list of text and (text, {"bold": …, "colour": …}) pairs."""
        made = self.document.add_paragraph()
        form = made.paragraph_format
        form.space_before, form.space_after = Pt(before), Pt(after)
        form.keep_with_next = keep
        if line is not None:
            form.line_spacing_rule, form.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(line)
        if align is not None:
            form.alignment = align
        if indent:
            form.first_line_indent = Pt(size * 2)
        if level is not None:  # an outline level for the navigator, without Word's own heading look
            mark = OxmlElement("w:outlineLvl")
            mark.set(qn("w:val"), str(level))
            made._p.get_or_add_pPr().append(mark)
        fill(made, runs, size=size, font=font, colour=colour, bold=bold)
        return made

    def head(self, words: str, *, second: bool = False) -> None:
        self.paragraph(
            words, font=KAI if second else HEI, keep=True, before=6 if second else 10, after=2, level=1 if second else 0
        )

    def note(self, words: str) -> None:
        self.paragraph(words, size=SMALL, colour=SOFT, indent=False, line=16, after=4)

    def rule(self, colour: str = "B01E2D", points: float = 2.25) -> None:
        """A line across the page: the red line under the head."""
        made = self.paragraph("", indent=False, line=6, after=8)
        border = OxmlElement("w:pBdr")
        line = OxmlElement("w:bottom")
        for key, value in (("val", "single"), ("sz", str(round(points * 8))), ("space", "1"), ("color", colour)):
            line.set(qn(f"w:{key}"), value)
        border.append(line)
        made._p.get_or_add_pPr().append(border)

    # Tables and pictures ------------------------------------------------------------------------------------------------
    def table(
        self, heads: Sequence[str], rows: Sequence[Sequence[Any]], widths: Sequence[float], *, right: Sequence[int] = (),
        total: bool = False, size: float = TABLE,
    ) -> Any:  # fmt: skip
        """A three-line table; `widths` in cm, `right` are columns set flush right, `total` makes the last row strong."""
        made = self.document.add_table(rows=1 + len(rows), cols=len(heads))
        made.alignment = WD_TABLE_ALIGNMENT.CENTER
        made.autofit = False
        for column, width in zip(made.columns, widths, strict=True):
            column.width = Cm(width)
        _borders(made, bool(total))
        for n, row in enumerate([list(heads), *[list(r) for r in rows]]):
            cells = made.rows[n].cells
            _row_height(made.rows[n], n == 0)
            for k, (cell, value) in enumerate(zip(cells, row, strict=True)):
                cell.width = Cm(widths[k])
                cell.vertical_alignment = WD_ALIGN_VERTICAL.CENTER
                strong = n == 0 or (total and n == len(rows))
                paragraph = cell.paragraphs[0]
                paragraph.paragraph_format.line_spacing_rule = WD_LINE_SPACING.EXACTLY
                paragraph.paragraph_format.line_spacing = Pt(_tallest(value, size) * 1.4)
                paragraph.paragraph_format.space_before = paragraph.paragraph_format.space_after = Pt(1)
                paragraph.alignment = RIGHT if k in right else LEFT
                fill(paragraph, value, size=size, font=HEI if strong else FANGSONG)
        self.paragraph("", indent=False, line=6)
        return made

    def print(self, table: Table, *, note: bool = True) -> None:
        """A declared table with its note below, or what it says when it has no rows."""
        if not table.rows:
            if table.empty:
                self.paragraph(table.empty)
            return
        there = table.on_paper()
        right = [n for n, column in enumerate(there.columns) if column.align == "right"]
        rows = [[_runs(cell) for cell in row] for row in there.rows]
        heads, widths = [c.words for c in there.columns], [c.width for c in there.columns]
        self.table(heads, rows, widths, right=right, total=there.total, size=there.size)
        if note and there.note:
            self.note(there.note)

    def picture(self, png: bytes, says: str) -> None:
        """A chart over its line of explanation; both stay together."""
        made = self.paragraph("", indent=False, line=None, keep=True, align=CENTRE)
        made.add_run().add_picture(io.BytesIO(png), width=Cm(WIDTH))
        self.paragraph(says, size=SMALL, colour=SOFT, indent=False, line=16, align=CENTRE, after=6)

    def _page_number(self, section: Any) -> None:
        paragraph = section.footer.paragraphs[0]
        paragraph.alignment = CENTRE
        fill(paragraph, "— ", size=14)
        run = paragraph.add_run()
        for kind, words in (("begin", None), (None, "PAGE"), ("end", None)):
            part = OxmlElement("w:fldChar" if kind else "w:instrText")
            if kind:
                part.set(qn("w:fldCharType"), kind)
            else:
                part.text = words
            run._r.append(part)
        run.font.size = Pt(14)
        fill(paragraph, " —", size=14)

    def save(self) -> bytes:
        """The file. Nothing in it tells when it was written, so the same content gives the same bytes."""
        _alternates(self.document)
        raw, out = io.BytesIO(), io.BytesIO()
        self.document.save(raw)
        with zipfile.ZipFile(raw) as packed, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as again:
            for item in sorted(packed.infolist(), key=lambda i: (i.filename != "[Content_Types].xml", i.filename)):
                again.writestr(zipfile.ZipInfo(item.filename, EPOCH), packed.read(item), zipfile.ZIP_DEFLATED)
        return out.getvalue()


def fill(
    paragraph: Any, runs: Any, *, size: float, font: str = FANGSONG, colour: RGBColor = INK, bold: bool = False
) -> None:
    """Put text into a paragraph; numbers and Latin letters in the Latin face, Chinese in `font`."""
    for part in runs if isinstance(runs, list) else [runs]:
        words, more = part if isinstance(part, tuple) else (part, {})
        run = paragraph.add_run(plain_text(words))
        run.font.size = Pt(more.get("size", size))
        run.font.color.rgb = more.get("colour", colour)
        run.font.bold = more.get("bold", bold) or None
        run.font.name = LATIN
        run._r.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), more.get("font", font))


TONES: dict[str, dict[str, Any]] = {"met": {"colour": GREEN}, "missed": {"bold": True}, "soft": {"colour": SOFT}}


def _runs(cell: Cell) -> list[Any]:
    """A cell as runs: its value in its tone, then what stands behind it."""
    return [(cell.shown or "", TONES.get(cell.tone, {})), *((part.text, TONES.get(part.tone, {})) for part in cell.after)]


def _tallest(runs: Any, size: float) -> float:
    """The largest type of a cell: lines have an exact height, which would cut it off."""
    return max(
        [size, *(p[1].get("size", size) for p in runs if isinstance(p, tuple))] if isinstance(runs, list) else [size]
    )


def _borders(table: Any, total: bool) -> None:
    """Strong lines above, under the head and below; hair lines between rows."""
    borders = OxmlElement("w:tblBorders")
    for side, points, colour in (("top", 12, "16202E"), ("bottom", 12, "16202E"), ("insideH", 4, "C9D3E1")):
        line = OxmlElement(f"w:{side}")
        for key, value in (("val", "single"), ("sz", str(points)), ("space", "0"), ("color", colour)):
            line.set(qn(f"w:{key}"), value)
        borders.append(line)
    table._tbl.tblPr.append(borders)
    for row in (0, *([len(table.rows) - 2] if total and len(table.rows) > 2 else [])):
        for cell in table.rows[row].cells:
            edge = OxmlElement("w:tcBorders")
            line = OxmlElement("w:bottom")
            for key, value in (("val", "single"), ("sz", "8"), ("space", "0"), ("color", "16202E")):
                line.set(qn(f"w:{key}"), value)
            edge.append(line)
            cell._tc.get_or_add_tcPr().append(edge)


def _row_height(row: Any, head: bool) -> None:
    """Rows are not torn over pages; the head comes again on each."""
    properties = row._tr.get_or_add_trPr()
    properties.append(OxmlElement("w:cantSplit"))
    if head:
        properties.append(OxmlElement("w:tblHeader"))


def _alternates(document: Any) -> None:
    """Name in the font table what stands in for a missing font (w:altName)."""
    part = next((p for p in document.part.package.iter_parts() if str(p.partname) == "/word/fontTable.xml"), None)
    if part is None:
        return
    fonts = "".join(
        f'<w:font w:name="{name}"><w:altName w:val="{other}"/><w:charset w:val="86"/><w:family w:val="auto"/></w:font>'
        for name, other in INSTEAD.items()
    )
    part._blob = part.blob.replace(b"</w:fonts>", fonts.encode() + b"</w:fonts>")
