"""Printed documents in a real browser: wide, narrow, light, dark, and with axe-core where npm can get it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lfr_core.deployments.compliance_documents.forms import FormKind, render
from tests.support.axe import SCREENS, WCAG, axe
from tests.support.printed_forms import printed

if TYPE_CHECKING:
    from playwright.sync_api import Browser

__all__ = ["axe"]

pytestmark = pytest.mark.browser


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
