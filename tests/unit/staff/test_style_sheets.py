"""Style sheets of the pages: Streamlit drops one that holds a tag, and the page has no style at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.texts import ROOT

SHEETS = sorted((ROOT / "apps").glob("*/style.css"))


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.parent.name)
def test_a_style_sheet_holds_no_tag(sheet: Path) -> None:
    assert "<" not in sheet.read_text(encoding="utf-8")
