"""The spreadsheet that a planner is given to fill in: it says what each column means, and is read as it is."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from lfr_core.common.errors import Poison
from lfr_core.domain.categories import EXPLAINED
from lfr_core.watchlists.csv_file import COLUMNS, FURTHER_COLUMNS, read_rows
from lfr_core.watchlists.start_workbook import COLUMN_WORDS, START_FILE, start_workbook

ROW = (
    "S-1",
    "wanted_by_courts",
    "W/1",
    "Insp. A",
    "2027-03-31",
    "s1.jpg",
    "custody",
    "2024-01-01",
    "40",
    "",
    "",
    "2026-11-28",
)


def test_each_column_and_each_category_is_explained() -> None:
    assert tuple(COLUMN_WORDS) == (*COLUMNS, *FURTHER_COLUMNS)
    assert EXPLAINED


def test_as_it_is_given_it_asks_for_rows_and_with_one_it_is_a_list(tmp_path: Path) -> None:
    file = tmp_path / START_FILE
    file.write_bytes(start_workbook())
    with pytest.raises(Poison, match="has a header and no rows"):
        read_rows(tmp_path)

    fill_in(file)
    (tmp_path / "s1.jpg").write_bytes(b"a photograph")
    found = read_rows(tmp_path)

    assert found.refusals == ()
    assert [(each.subject, each.line) for each in found.rows] == [("S-1", 2)]


def fill_in(file: Path) -> None:
    """Add a row below the headings, as a spreadsheet program does."""
    with zipfile.ZipFile(file) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    cells = "".join(
        f'<c r="{chr(65 + i)}2" t="inlineStr"><is><t>{text}</t></is></c>' for i, text in enumerate(ROW) if text
    )
    sheet = "xl/worksheets/sheet1.xml"
    parts[sheet] = parts[sheet].replace(b"</sheetData>", f'<row r="2">{cells}</row></sheetData>'.encode())
    with zipfile.ZipFile(file, "w") as book:
        for name, data in parts.items():
            book.writestr(name, data)
