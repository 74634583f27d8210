"""Workbooks for tests, written by hand: no library of ours writes them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from xml.sax.saxutils import escape

__all__ = ["DayCell", "FailedCell", "ods", "xlsx"]

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OPEN = "urn:oasis:names:tc:opendocument:xmlns"


class DayCell(int):
    """A day as Excel keeps it: the number of days since 30 December 1899, shown as a date."""


class FailedCell(str):
    """What Excel shows where a formula failed, `#N/A`: kept as an error, not as text."""

    __slots__ = ()


Cell = str | int | float


def xlsx(sheets: dict[str, Sequence[Sequence[Cell]]], *, far_cell: bool = False) -> bytes:
    """An `.xlsx` of these sheets; far_cell: with a value in the last cell that a sheet can have, too."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:
        sheet_tags = "".join(
            f'<sheet name="{escape(name)}" sheetId="{n}" r:id="rId{n}"/>' for n, name in enumerate(sheets, start=1)
        )
        relations = "".join(
            f'<Relationship Id="rId{n}" Type="{_RELATIONS}/worksheet" Target="worksheets/sheet{n}.xml"/>'
            for n in range(1, len(sheets) + 1)
        )
        book.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>',
        )
        book.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{_PACKAGE}/relationships">'
            f'<Relationship Id="rId1" Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        book.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><sheets>{sheet_tags}</sheets></workbook>',
        )
        book.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{_PACKAGE}/relationships">{relations}'
            f'<Relationship Id="rId99" Type="{_RELATIONS}/styles" Target="styles.xml"/></Relationships>',
        )
        book.writestr(
            "xl/styles.xml",
            f'<styleSheet xmlns="{_MAIN}"><cellXfs count="2"><xf numFmtId="0"/>'
            '<xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>',
        )
        for n, rows in enumerate(sheets.values(), start=1):
            body = "".join(
                f'<row r="{r}">{"".join(_xlsx_cell(r, c, cell) for c, cell in enumerate(row))}</row>'
                for r, row in enumerate(rows, start=1)
            )
            far = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>' if far_cell else ""
            book.writestr(
                f"xl/worksheets/sheet{n}.xml",
                f'<worksheet xmlns="{_MAIN}"><sheetData>{body}{far}</sheetData></worksheet>',
            )
    return out.getvalue()


def _xlsx_cell(row: int, column: int, cell: Cell) -> str:
    at = f"{chr(ord('A') + column)}{row}"
    if isinstance(cell, DayCell):
        return f'<c r="{at}" s="1"><v>{int(cell)}</v></c>'
    if isinstance(cell, FailedCell):
        return f'<c r="{at}" t="e"><f>VLOOKUP(A{row},Old!A:B,2,0)</f><v>{cell}</v></c>'
    if isinstance(cell, int | float):
        return f'<c r="{at}"><v>{cell}</v></c>'
    return f'<c r="{at}" t="inlineStr"><is><t>{escape(cell)}</t></is></c>' if cell else ""


def ods(rows: Sequence[Sequence[Cell]]) -> bytes:
    """An `.ods` of one sheet; a text that is a day (2027-03-31) is kept as a date."""
    body = "".join(f"<table:table-row>{''.join(map(_ods_cell, row))}</table:table-row>" for row in rows)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet", zipfile.ZIP_STORED)
        book.writestr(
            "META-INF/manifest.xml",
            f'<manifest:manifest xmlns:manifest="{_OPEN}:manifest:1.0"><manifest:file-entry manifest:full-path="/" '
            'manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/></manifest:manifest>',
        )
        book.writestr(
            "content.xml",
            f'<office:document-content xmlns:office="{_OPEN}:office:1.0" xmlns:table="{_OPEN}:table:1.0" '
            f'xmlns:text="{_OPEN}:text:1.0"><office:body><office:spreadsheet><table:table table:name="List">{body}'
            "</table:table></office:spreadsheet></office:body></office:document-content>",
        )
    return out.getvalue()


def _ods_cell(cell: Cell) -> str:
    if isinstance(cell, int | float):
        kind, value = "float", f'office:value="{cell}"'
    elif len(cell) == len("2027-03-31") and cell[4:5] == "-":
        kind, value = "date", f'office:date-value="{cell}"'
    else:
        kind, value = "string", ""
    if cell == "":
        return "<table:table-cell/>"
    text = f"<text:p>{escape(str(cell))}</text:p>"
    return f'<table:table-cell office:value-type="{kind}" {value}>{text}</table:table-cell>'
