"""The receipt of a stop in a real browser: on a telephone, on paper, light and dark."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lfr_core.domain.policy import load_policy
from lfr_core.domain.watchlists import Category
from lfr_core.publication.rights.receipt_page import receipt_html
from lfr_core.publication.rights.receipts import Receipt
from tests.support.axe import SCREENS, WCAG, axe

if TYPE_CHECKING:
    from playwright.sync_api import Browser

__all__ = ["axe"]

pytestmark = pytest.mark.browser

RECEIPT = Receipt(
    "S-2026-7QF3-9KXM-2TWA", "withheld-0123456789ab", datetime(2026, 7, 4, 13, 5, tzinfo=UTC), Category.CRUCIAL_WITNESS
)


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("receipt") / "receipt.html"
    file.write_text(receipt_html(RECEIPT, load_policy()), encoding="utf-8")
    return file


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_a_receipt_breaks_no_rule_of_wcag_and_asks_nobody(
    browser: Browser, page_file: Path, axe: str, width: int, scheme: str
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    try:
        page = context.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(page_file.as_uri())
        assert page.locator("time").inner_text() == "4 July 2026, 14:05"  # London's clock, in summer
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        page.evaluate(axe)
        found = page.evaluate("tags => axe.run({runOnly: {type: 'tag', values: tags}})", WCAG)

        assert found["passes"]
        assert [(one["id"], one["nodes"][0]["html"][:120]) for one in found["violations"]] == []
        assert asked == [page_file.as_uri()]
    finally:
        context.close()


def test_a_receipt_is_one_sheet_of_document(browser: Browser, page_file: Path) -> None:
    page = browser.new_page()
    try:
        page.goto(page_file.as_uri())
        assert page.pdf(format="A4").count(b"/Type /Page\n") == 1
    finally:
        page.close()
