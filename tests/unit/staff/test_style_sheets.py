"""Style sheets of the pages: Streamlit drops one that holds a tag, and the page has no style at all."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.texts import ROOT

SHEETS = sorted((ROOT / "apps").glob("*/style.css"))


def test_colours_are_said_once_for_all_pages() -> None:
    own = [set(re.findall(r"(--\w+): light-dark", sheet.read_text(encoding="utf-8"))) for sheet in SHEETS]
    said = [name for names in own for name in names]

    assert len(said) == len(set(said)) > 8


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.parent.name)
def test_a_style_sheet_holds_no_tag(sheet: Path) -> None:
    assert "<" not in sheet.read_text(encoding="utf-8")
