"""Workbooks (`.xlsx`, `.xls`, `.ods`) as rows of text, read in a process that is ended when it takes too much."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from lfr_core.common.bounded_child import TookTooMuch, run_bounded
from lfr_core.common.errors import Poison

__all__ = ["Sheet", "is_workbook", "read_workbook"]

_ZIP = b"PK\x03\x04"  # .xlsx and .ods
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # .xls, and an encrypted .xlsx
_CPU_S = 60
"""100,000 rows of 12 columns take about seven."""
_WALL_S = 180.0
_MEMORY_BYTES = 3_000_000_000
_NAMED_CELLS = 5
_PROGRAM = Path(__file__).with_name("workbook_cells.py")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A visible sheet: its rows from the first on, each up to its last cell that isn't empty."""

    name: str
    rows: list[list[str]]
    hidden: tuple[int, ...] = ()
    """Numbers, from 1, of the rows that the workbook hides or filters out; they are among the others."""

    def notes(self) -> list[str]:
        """Say which hidden rows were read too."""
        if not self.hidden:
            return []
        numbers, more = ", ".join(map(str, self.hidden[:10])), len(self.hidden) - 10
        said = f"rows that the sheet {self.name} hides were read too: {numbers}"
        return [said + (f" and {more:,} more" if more > 0 else "")]


def is_workbook(data: bytes) -> bool:
    """Return whether it begins as `.xlsx`, `.ods` or `.xls` do, whatever it is called."""
    return data.startswith((_ZIP, _OLE))


def read_workbook(data: bytes, name: str, *, most_rows: int, most_columns: int) -> list[Sheet]:
    """Read the visible sheets that hold something; of each at most a row and a column more than asked for.

    name: what people call the file.

    Raises:
        Poison: it is no workbook, has a password, takes too long or too much memory to read, or a formula in it has no
            value.
    """
    try:
        done = run_bounded(
            _PROGRAM,
            data,
            cpu_s=_CPU_S,
            memory_bytes=_MEMORY_BYTES,
            wall_s=_WALL_S,
            arguments=(most_rows, most_columns),
        )
    except TookTooMuch:
        raise Poison(
            f"{name} takes too long or too much memory to read: save the one sheet that matters as CSV"
        ) from None
    if done.returncode != 0:
        password = b"password" in done.stderr.lower()
        raise Poison(
            f"{name} has a password: save it without one, or as CSV"
            if password
            else f"{name} can't be read as a workbook (.xlsx, .xls or .ods): it is damaged or something else; open it "
            "in a spreadsheet and save it again, or as 'CSV UTF-8 (comma delimited)'"
        )
    found = json.loads(done.stdout)
    for each in found:
        _check_calculated(name, each["name"], each["uncalculated"])
    sheets = [Sheet(each["name"], each["rows"], tuple(each["hidden"])) for each in found if each["rows"]]
    if not sheets:
        raise Poison(f"{name} is empty: no visible sheet of it holds a cell")
    return sheets


def _check_calculated(name: str, sheet: str, cells: list[str]) -> None:
    """Refuse formulas whose value isn't in the file: most readers take them for 0."""
    if cells:
        more = len(cells) - _NAMED_CELLS
        places = ", ".join(cells[:_NAMED_CELLS]) + (f" and {more:,} more" if more > 0 else "")
        what = "is a formula" if len(cells) == 1 else "are formulas"
        raise Poison(
            f"{name}: {places} of the sheet {sheet} {what} without a value, since no spreadsheet program has "
            "calculated it yet: open the file in one (Excel, LibreOffice), see that the values are right, and save it"
        )
