"""A spreadsheet to start a list from: its headings, and beside them what each column means."""

from __future__ import annotations

import io
from typing import Final

from lfr_core.domain.categories import EXPLAINED
from lfr_core.watchlists.csv_file import COLUMNS, FURTHER_COLUMNS

__all__ = ["COLUMN_WORDS", "START_FILE", "start_workbook"]

START_FILE: Final = "watchlist.xlsx"
COLUMN_WORDS: Final = {
    "subject": "your reference of the person, not a name; the same in each row of the same person",
    "category": "why the person is looked for: one of the words below",
    "legal_reference": "on what ground: the warrant, order or crime",
    "approved_by": "who agreed",
    "expires_on": "the last day of use, as 2027-03-31",
    "photograph": "the file's name, with one face: JPEG, PNG, HEIC, TIFF or WebP",
    "image_source": "where the photograph comes from",
    "image_date": "the day it was taken, as 2027-03-31",
    "age": "in whole years",
    "minor_rationale": "of somebody under 18: why they are on the list all the same",
    "second_approver": "of somebody under 18: who else agreed",
    "checked_on": "the day somebody last checked that the ground still holds",
}
"""In the order of the file. Those of `COLUMNS` are always filled in."""
_ROWS: Final = 20_000
"""[proposal] Rows below the headings that offer the categories."""
_WIDTH: Final = 20
"""Characters."""


def start_workbook() -> bytes:
    """Return the workbook (.xlsx): one row a photograph, to be filled in below the headings."""
    from xlsxwriter import Workbook

    out = io.BytesIO()
    with Workbook(out, {"in_memory": True}) as book:
        bold, wrapped = book.add_format({"bold": True}), book.add_format({"text_wrap": True, "valign": "top"})
        sheet = book.add_worksheet("list")
        headings = (*COLUMNS, *FURTHER_COLUMNS)
        for column, heading in enumerate(headings):
            sheet.set_column(column, column, _WIDTH)
            sheet.write_string(0, column, heading, bold)
        sheet.freeze_panes(1, 0)
        at = headings.index("category")
        categories = [each.value for each in EXPLAINED]
        sheet.data_validation(1, at, _ROWS, at, {"validate": "list", "source": categories, "error_type": "warning"})
        words = book.add_worksheet("what to write")
        words.set_column(0, 0, _WIDTH)
        words.set_column(1, 1, 4 * _WIDTH)
        every = "A row for each photograph. Only what is of people under 18 may be empty."
        lines = [
            ("", every),
            ("", ""),
            *COLUMN_WORDS.items(),
            ("", ""),
            *((each.value, said) for each, said in EXPLAINED.items()),
        ]
        for row, (what, said) in enumerate(lines):
            words.write_string(row, 0, what, bold)
            words.write_string(row, 1, said, wrapped)
    return out.getvalue()
