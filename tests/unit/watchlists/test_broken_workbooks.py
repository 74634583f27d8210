"""A workbook any part of which breaks off is read or refused at once, not after a reader's whole time."""

from __future__ import annotations

import io
import time
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest

from lfr_core.common.errors import Poison
from lfr_core.watchlists.csv_file import read_rows
from tests.fuzz.archives import workbook_seeds
from tests.fuzz.parsers import CORPUS

MOST_S = 20
"""Of this machine however busy: a reader's own time is three times as long."""
SHARED = (
    b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>subject</t></si><si><t>a</t></si>'
)


def books() -> dict[str, dict[str, bytes]]:
    found = {}
    for seed in workbook_seeds():
        if seed.startswith(b"PK"):
            with zipfile.ZipFile(io.BytesIO(seed)) as book:
                parts = {name: book.read(name) for name in book.namelist()}
            kind = "ods" if "content.xml" in parts else "xlsx"
            found[kind] = parts if kind == "ods" else parts | {"xl/sharedStrings.xml": SHARED + b"</sst>"}
    return found


PARTS = [(kind, part) for kind, parts in books().items() for part in parts]


def is_quick(folder: Path, kind: str, parts: dict[str, bytes]) -> bool:
    """Whether it is read, or refused, in time."""
    with zipfile.ZipFile(folder / f"watchlist.{kind}", "w") as book:
        for name, content in parts.items():
            book.writestr(name, content)
    began = time.monotonic()
    with suppress(Poison):
        read_rows(folder)
    return time.monotonic() - began < MOST_S


@pytest.mark.parametrize("share", [0.3, 0.7, 0.95])
@pytest.mark.parametrize(("kind", "part"), PARTS)
def test_a_workbook_that_breaks_off_in_any_part_takes_no_time(
    tmp_path: Path, kind: str, part: str, share: float
) -> None:
    whole = books()[kind]

    assert is_quick(tmp_path, kind, whole | {part: whole[part][: int(len(whole[part]) * share)]})


def test_nor_does_one_in_which_a_text_is_never_closed(tmp_path: Path) -> None:
    found = (CORPUS / "workbook" / "text-without-an-end").read_bytes()
    content = found.partition(b"\n== content.xml\n")[2]
    assert b"=/text:p></table:table-cell>" in content

    assert is_quick(tmp_path, "ods", books()["ods"] | {"content.xml": content})


def test_both_kinds_are_tried_in_each_part() -> None:
    assert {kind for kind, _ in PARTS} == {"ods", "xlsx"}
    assert {"content.xml", "xl/sharedStrings.xml", "xl/worksheets/sheet1.xml"} <= {part for _, part in PARTS}
