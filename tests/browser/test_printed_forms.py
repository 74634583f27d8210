"""Printed documents in a real browser: wide, narrow, light, dark, and with axe-core where npm can get it."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lfr_core.deployments.compliance_documents.forms import FormKind, FormSection, Line, Table, render
from tests.support.axe import SCREENS, WCAG, axe
from tests.support.printed_forms import printed

if TYPE_CHECKING:
    from playwright.sync_api import Browser

__all__ = ["axe"]

pytestmark = pytest.mark.browser


TABLE = Table("Forecast and outcome", ("", "Forecast", "Outcome"), tuple((f"Figure {n}", "1", "2") for n in range(8)))


@pytest.mark.parametrize("lines", [6, 10, 24])
def test_on_paper_a_table_stands_on_one_page_with_its_caption(browser: Browser, tmp_path: Path, lines: int) -> None:
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext isn't installed (apt-get install poppler-utils)")
    before = FormSection("What happened", ("A7",), tuple(Line(f"Line {n}", "in words") for n in range(lines)))
    report = replace(printed(FormKind.CLOSING_REPORT), sections=(before, FormSection("Figures", ("M1",), (), (TABLE,))))
    page = browser.new_page()
    try:
        page.set_content(render(report))
        page.pdf(path=tmp_path / "report.pdf", format="A4")
    finally:
        page.close()
    text = subprocess.run(
        ["pdftotext", tmp_path / "report.pdf", "-"], capture_output=True, text=True, check=True
    ).stdout
    pages = text.split("\f")

    wanted = [TABLE.caption, *(row[0] for row in TABLE.rows)]
    assert len([each for each in pages if any(words in each for words in wanted)]) == 1


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
@pytest.mark.slow
def test_no_document_breaks_a_rule_of_wcag_scrolls_sideways_or_asks_anybody(
    browser: Browser,
    axe: str,
    tmp_path: Path,
    width: int,
    scheme: str,
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    try:
        page = context.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        for kind in FormKind:
            file = tmp_path / f"{kind.name}.html"
            file.write_text(render(printed(kind, notice="Superseded by revision 3")), encoding="utf-8")
            page.goto(file.as_uri())
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), kind
            page.evaluate(axe)
            found = page.evaluate("tags => axe.run({runOnly: {type: 'tag', values: tags}})", WCAG)
            assert found["passes"]  # it did look
            assert [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]] == []
        assert [url for url in asked if not url.startswith("file://")] == []
    finally:
        context.close()
