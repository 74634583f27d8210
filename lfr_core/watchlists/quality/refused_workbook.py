"""What was refused of a list, as a workbook for whoever mends it: counts by reason, then each with its picture."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from lfr_core.domain.watchlists import Refusal

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet

__all__ = ["REFUSED_FILE", "refused_workbook"]

REFUSED_FILE: Final = "refused.xlsx"

_OPTIONS: Final = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
}
"""No cell runs anything or leads anywhere, whatever a list's cells hold; nothing lies in a temporary folder."""
_HEADINGS: Final = ("row", "subject", "photograph", "picture", "reason", "what to do")
_WIDTHS: Final = (8, 24, 30, 18, 24, 80)
"""Characters."""
_PICTURE_HEIGHT: Final = 92
"""Points: 120 pixels and a margin."""


def refused_workbook(refusals: Sequence[Refusal], pictures: Mapping[str, bytes]) -> bytes:
    """Return the workbook (.xlsx). pictures: small JPEGs by photograph, of those that could be opened."""
    from xlsxwriter import Workbook

    out = io.BytesIO()
    with Workbook(out, _OPTIONS) as book:
        _write_counts(book, refusals)
        _write_refused(book, refusals, pictures)
    return out.getvalue()


def _write_counts(book: Workbook, refusals: Sequence[Refusal]) -> None:
    sheet = _sheet(book, "by reason", ("reason", "refused"), (30, 10))
    counts = Counter(refusal.reason.value for refusal in refusals)
    for line, (reason, count) in enumerate(counts.most_common(), start=1):
        sheet.write_string(line, 0, reason)
        sheet.write_number(line, 1, count)


def _write_refused(book: Workbook, refusals: Sequence[Refusal], pictures: Mapping[str, bytes]) -> None:
    sheet = _sheet(book, "refused", _HEADINGS, _WIDTHS)
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    for line, each in enumerate(refusals, start=1):
        sheet.write_number(line, 0, each.line, wrapped)
        cells = {1: each.subject, 2: each.photograph, 4: each.reason.value, 5: each.message}
        for column, text in cells.items():
            sheet.write_string(line, column, text, wrapped)
        if (picture := pictures.get(each.photograph)) is not None:
            sheet.set_row(line, _PICTURE_HEIGHT)
            options = {"image_data": io.BytesIO(picture), "description": f"Photograph of row {each.line}"}
            sheet.insert_image(line, 3, "picture.jpg", options)
    sheet.autofilter(0, 0, max(1, len(refusals)), len(_HEADINGS) - 1)


def _sheet(book: Workbook, name: str, headings: Sequence[str], widths: Sequence[int]) -> Worksheet:
    sheet = book.add_worksheet(name)
    bold = book.add_format({"bold": True})
    for column, (heading, width) in enumerate(zip(headings, widths, strict=True)):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, heading, bold)
    sheet.freeze_panes(1, 0)
    return sheet
