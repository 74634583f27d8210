"""A workbook is read as its spreadsheet shows it: zeros before a number, hidden rows, failures of a formula."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter

from lfr_core.common.errors import Poison
from lfr_core.common.workbooks import Sheet, read_workbook
from lfr_core.domain.watchlists import RefusalReason
from lfr_core.publication.quality.importer import read_table
from lfr_core.watchlists.csv_file import COLUMNS, FURTHER_COLUMNS, read_rows
from tests.support.workbook_files import FailedCell, ods, xlsx

HEADER = [*COLUMNS, *FURTHER_COLUMNS]
ROW = ["S-1", "victim", "WARRANT 1", "A. Person", "2027-12-31", "a.jpg", "custody", "2024-05-01", "34", "", "", ""]
ROW[-1] = "2026-11-25"


def written(fill: Callable[[xlsxwriter.Workbook, xlsxwriter.worksheet.Worksheet], object]) -> bytes:
    """A list in a workbook as a library for Excel writes it, with one row and what `fill` changes."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet("List")
        sheet.write_row(0, 0, HEADER)
        sheet.write_row(1, 0, ROW)
        fill(book, sheet)
    return out.getvalue()


def changed(book: bytes, old: str, new: str) -> bytes:
    """The `.ods` with a text of its content exchanged."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as before, zipfile.ZipFile(out, "w") as after:
        for name in before.namelist():
            content = before.read(name).decode()
            assert name != "content.xml" or old in content
            after.writestr(name, content.replace(old, new))
    return out.getvalue()


def read(data: bytes) -> Sheet:
    (sheet,) = read_workbook(data, "list", most_rows=100, most_columns=20)
    return sheet


@pytest.mark.parametrize(
    ("shown_as", "number", "text"),
    [
        ("000000", 42, "000042"),
        ('"CR-"0000', 42, "CR-0042"),
        ("00-00-00", 1234, "00-12-34"),
        ("00-00", 12345, "123-45"),
        ("[Red]0000;-0000", 7, "0007"),
        ("0", 42, "42"),
        ("#,##0", 1234, "1234"),
        ('0" years"', 42, "42"),
    ],
)
def test_a_reference_keeps_the_zeros_and_letters_that_its_format_shows(shown_as: str, number: int, text: str) -> None:
    book = written(lambda book, sheet: sheet.write_number(1, 0, number, book.add_format({"num_format": shown_as})))

    assert read(book).rows[1][0] == text


FAILED = '<c r="I2" t="e"><f>VLOOKUP(A2,Old!A:B,2,0)</f><v>#N/A</v></c>'


def repacked(book: bytes, change: Callable[[str, str], str]) -> bytes:
    """The workbook with each of its parts, by name, as `change` makes it; a part of "" is left out."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as before, zipfile.ZipFile(out, "w") as after:
        for name in before.namelist():
            if text := change(name, before.read(name).decode()):
                after.writestr(name, text)
    return out.getvalue()


def with_cell(cell: str) -> bytes:
    """A list whose age, I2, is this cell."""
    row = [FailedCell("#N/A") if at == 8 else value or "-" for at, value in enumerate(ROW)]
    book = xlsx({"List": [HEADER, row]})
    assert FAILED in zipfile.ZipFile(io.BytesIO(book)).read("xl/worksheets/sheet1.xml").decode()
    return repacked(book, lambda _, text: text.replace(FAILED, cell))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (FAILED, FAILED),
        (FAILED, FAILED.replace('"', "'")),
        (' r="', ' was="'),
        ("http://schemas.openxmlformats.org/spreadsheetml/2006/main", "http://purl.oclc.org/ooxml/spreadsheetml/main"),
    ],
    ids=["as it is", "other quotes", "no places", "strict"],
)
def test_a_failed_formula_is_found_however_a_program_writes_its_cell(tmp_path: Path, old: str, new: str) -> None:
    (tmp_path / "watchlist.xlsx").write_bytes(repacked(with_cell(FAILED), lambda _, text: text.replace(old, new)))

    (refusal,) = read_rows(tmp_path).refusals

    assert refusal.message.startswith("age is #N/A")


@pytest.mark.parametrize("left_out", ["xl/_rels/workbook.xml.rels", "xl/worksheets/sheet1.xml"])
def test_a_workbook_whose_failed_formulas_cannot_be_looked_for_is_refused(left_out: str) -> None:
    book = xlsx({"List": [HEADER, ROW]})

    with pytest.raises(Poison, match="can't be read as a workbook"):
        read(repacked(book, lambda name, text: "" if name == left_out else text))


NO_VALUE = '<c r="I2"><f>YEAR(B2)</f></c>'


@pytest.mark.parametrize(
    "cell",
    [
        NO_VALUE,
        NO_VALUE.replace("</c>", "<v/></c>"),
        NO_VALUE.replace("</c>", "<v></v></c>"),
        NO_VALUE.replace('r="I2"', 'r="I2" t="str"'),
        NO_VALUE.replace("<f>YEAR(B2)</f>", '<f t="shared" si="0"/>'),
        NO_VALUE.replace("<f>YEAR(B2)</f>", '<f t="array" ref="I2">YEAR(B2)</f>'),
    ],
)
def test_a_formula_without_a_value_is_refused_by_its_cell_and_not_read_as_nothing_or_0(cell: str) -> None:
    with pytest.raises(Poison) as refused:
        read(with_cell(cell))

    assert str(refused.value).startswith("list: I2 of the sheet List is a formula without a value")
    assert "open the file in one (Excel, LibreOffice)" in str(refused.value)


def test_a_workbook_that_says_that_its_formulas_are_still_to_be_calculated_is_refused_with_their_cells() -> None:
    def add(_: object, sheet: xlsxwriter.worksheet.Worksheet) -> None:
        for row in range(1, 9):
            sheet.write_formula(row, 30, "=A1&B1")  # the library writes 0 as the value of each

    with pytest.raises(Poison) as refused:
        read(written(add))

    assert "AE2, AE3, AE4, AE5, AE6 and 3 more of the sheet List are formulas without a value" in str(refused.value)


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ('<c r="I2"><f>YEAR(B2)</f><v>34</v></c>', "34"),
        ('<c r="I2" t="str"><f>IF(A2="","",B2)</f><v></v></c>', ""),
        ('<c r="I2" t="str"><f>B2</f><v>34</v></c>', "34"),
        ('<c r="I2" t="b"><f>TRUE()</f><v>1</v></c>', "TRUE"),
    ],
)
def test_a_formula_that_a_spreadsheet_calculated_is_its_value(cell: str, shown: str) -> None:
    assert read(with_cell(cell)).rows[1][8] == shown


def test_a_formula_of_open_document_without_a_value_is_refused_by_its_cell() -> None:
    book = ods([HEADER, [*ROW[:8], 77, *ROW[9:]]])
    cell = 'office:value-type="float" office:value="77"><text:p>77</text:p>'
    formula = 'table:formula="of:=YEAR([.B2])"'

    with pytest.raises(Poison, match="I2 of the sheet List is a formula without a value"):
        read(changed(book, cell, f"{formula}>"))
    assert read(changed(book, cell, f"{formula} {cell}")).rows[1][8] == "77"
    assert read(changed(book, cell, f'{formula} office:value-type="string" office:string-value="">')).rows[1][8] == ""


def test_open_document_keeps_them_too_and_a_number_stays_one() -> None:
    cell = 'office:value="42"><text:p>42<'
    book = ods([HEADER, [42, *ROW[1:]]])

    assert read(book).rows[1][0] == "42"
    assert read(changed(book, cell, cell.replace(">42<", ">000042<"))).rows[1][0] == "000042"
    assert read(changed(book, cell, cell.replace(">42<", ">42.00<"))).rows[1][0] == "42"


def test_a_formula_that_failed_in_open_document_is_refused_by_column(tmp_path: Path) -> None:
    names = "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"
    failed = f'xmlns:calcext="{names}" calcext:value-type="error" office:value="0"><text:p>#N/A<'
    (tmp_path / "watchlist.ods").write_bytes(
        changed(ods([HEADER, [*ROW[:8], 77, *ROW[9:]]]), 'office:value="77"><text:p>77<', failed)
    )

    (refusal,) = read_rows(tmp_path).refusals

    assert (refusal.reason, refusal.message[:11]) == (RefusalReason.BAD_ROW, "age is #N/A")


@pytest.mark.parametrize("kind", ["xlsx", "ods"])
def test_rows_that_are_hidden_or_filtered_out_are_read_and_the_report_says_which(tmp_path: Path, kind: str) -> None:
    other = ["S-2", *ROW[1:5], "b.jpg", *ROW[6:]]

    def hide(_: object, sheet: xlsxwriter.worksheet.Worksheet) -> None:
        sheet.write_row(2, 0, other)
        sheet.set_row(2, None, None, {"hidden": True})
        sheet.set_row(9, None, None, {"hidden": True})

    shown = ods([HEADER, ROW, other])
    cell = '<table:table-row><table:table-cell office:value-type="string" ><text:p>S-2<'
    hidden = f'{cell[:16]} table:visibility="filter"{cell[16:]}'
    data = written(hide) if kind == "xlsx" else changed(shown, cell, hidden)
    (tmp_path / f"watchlist.{kind}").write_bytes(data)

    found = read_rows(tmp_path)

    assert [row.subject for row in found.rows] == ["S-1", "S-2"]
    assert "rows that the sheet List hides were read too: 3" in found.notes


def test_a_column_too_narrow_for_its_values_is_refused_as_such(tmp_path: Path) -> None:
    row = [*ROW[:2], "########", *ROW[3:]]
    (tmp_path / "watchlist.csv").write_text("\n".join(",".join(cells) for cells in (HEADER, row)))

    (refusal,) = read_rows(tmp_path).refusals

    assert "too narrow" in refusal.message
    assert refusal.message.endswith("(column C)")


@pytest.mark.parametrize("shown", ["#N/A", "#REF!", "########"])
@pytest.mark.parametrize("column", [0, 1, 3])
def test_in_a_published_table_such_a_cell_is_a_finding_by_its_row(shown: str, column: int) -> None:
    cells = ["High Street", "2026-05-01", "10:00-12:00", "12", "400"]
    cells[column] = shown
    table = read_table(f"Location,Date,Duration,Total alerts,Faces seen\n{','.join(cells)}\n".encode(), "table")

    (fault,) = table.faults
    assert (fault.rule, fault.line, fault.value) == ("cell-unreadable", 2, shown)
