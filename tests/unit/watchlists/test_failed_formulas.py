"""What stands in a list and is none: what a formula failed to find, and other files under a spreadsheet's name."""

from __future__ import annotations

from pathlib import Path

import pytest

from lfr_core.common.errors import Poison
from lfr_core.domain.watchlists import RefusalReason
from lfr_core.watchlists.csv_file import COLUMNS, FURTHER_COLUMNS, Rows, read_rows
from tests.support.workbook_files import FailedCell, ods, xlsx

HEADER = [*COLUMNS, *FURTHER_COLUMNS]
ROW = ["S-1", "victim", "WARRANT 1", "A. Person", "2027-12-31", "a.jpg", "custody", "2024-05-01", "34", "", "", ""]


def read(file: Path, data: bytes) -> Rows:
    file.write_bytes(data)
    return read_rows(file.parent)


@pytest.mark.parametrize("shown", ["#N/A", "#REF!", "#DIV/0!"])
@pytest.mark.parametrize("column", [2, 8], ids=["legal_reference", "age"])
@pytest.mark.parametrize("kind", ["xlsx", "ods", "csv"])
def test_what_a_formula_failed_to_find_is_never_taken_for_nothing_or_for_text(
    tmp_path: Path, kind: str, column: int, shown: str
) -> None:
    row = [FailedCell(shown) if at == column else value for at, value in enumerate(ROW)]
    files = {
        "xlsx": xlsx({"Notes": [["a", FailedCell("#N/A")]], "List": [HEADER, row]}),
        "ods": ods([HEADER, row]),
        "csv": "\r\n".join(",".join(map(str, cells)) for cells in (HEADER, row)).encode(),
    }

    found = read(tmp_path / f"watchlist.{kind}", files[kind])

    (refusal,) = found.refusals
    assert refusal.reason is RefusalReason.BAD_ROW
    assert refusal.message.startswith(f"{HEADER[column]} is {shown}, which a spreadsheet shows where a formula fails")
    assert refusal.message.endswith(f"(column {'ABCDEFGHI'[column]})")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("<html><table><tr><td>subject</td></tr></table></html>", "a web page or XML"),
        ('\ufeff<?xml version="1.0"?><Workbook/>', "a web page or XML"),
        ("ID;PWXL;N;E\r\n", "SYLK"),
        ('[{"subject": "S-1"}]', "JSON"),
    ],
)
def test_what_a_system_exports_under_a_spreadsheets_name_is_called_what_it_is(
    tmp_path: Path, content: str, what: str
) -> None:
    with pytest.raises(Poison, match=f"is .*{what}, whatever its name says: open it in a spreadsheet"):
        read(tmp_path / "watchlist.xls", content.encode())
