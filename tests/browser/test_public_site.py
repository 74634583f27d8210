"""The public site in a real browser, at four widths, in light and dark, with axe-core where npm can get it."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lfr_core.domain.policy import load_policy
from lfr_core.publication.site.atomic_publish import publish_folder
from lfr_core.publication.site.build import render_site_files
from lfr_core.storage.tables.vault import EpochRow
from tests.support.axe import SCREENS, WCAG, WIDTHS, axe
from tests.support.publishing import site_of_two
from tests.support.records import NOW_NS

if TYPE_CHECKING:
    from playwright.sync_api import Browser

__all__ = ["axe"]

pytestmark = pytest.mark.browser

PAGES = (
    "index.html",
    "privacy.html",
    "forgotten.html",
    "contact.html",
    "form.html",
    "downloads.html",
    "promises.html",
    "documents.html",
    "deployments/dep.html",
    "deployments/withheld-0123456789ab.html",
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    epoch = EpochRow(
        id="e1",
        deployment="dep",
        started_ns=NOW_NS,
        ended_ns=NOW_NS + 10**10,
        fingerprint="f" * 64,
        destroyed_ns=NOW_NS + 15 * 10**9,
    )
    data = site_of_two(folder / "records.sqlite3", epoch)
    publish_folder(folder / "public", render_site_files(data, load_policy(), signer=None))
    return folder / "public"


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_no_page_scrolls_sideways_asks_anybody_or_skips_a_heading(
    browser: Browser, site: Path, width: int, scheme: str
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    try:
        page = context.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        for name in PAGES:
            page.goto((site / name).as_uri())
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name
            levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3')].map(h => +h.tagName[1])")
            assert levels[0] == 1
            assert all(below - above <= 1 for above, below in pairwise(levels))
            dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 26)"
            assert dark == (scheme == "dark")
        assert [url for url in asked if not url.startswith("file://")] == []
    finally:
        context.close()


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_no_page_breaks_a_rule_of_wcag(browser: Browser, site: Path, axe: str, width: int, scheme: str) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    try:
        page = context.new_page()
        broken = []
        for name in PAGES if width == WIDTHS[0] else ("index.html", "deployments/dep.html"):
            page.goto((site / name).as_uri())
            page.evaluate(axe)
            found = page.evaluate("tags => axe.run({runOnly: {type: 'tag', values: tags}})", WCAG)
            assert found["passes"], name  # it did look
            broken += [(name, one["id"], one["nodes"][0]["html"][:120]) for one in found["violations"]]
        assert broken == []
    finally:
        context.close()


def test_when_a_face_was_forgotten_is_answered_for_a_place_and_a_time(browser: Browser, site: Path) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    try:
        page.goto((site / "forgotten.html").as_uri())
        found = []
        for at in ("12:03", "12:20"):
            page.get_by_label("Time at which you passed").fill(at)
            page.get_by_role("button", name="Give the answer").click()
            found.append(page.get_by_role("status").inner_text())

        assert found == [
            "Whoever passed between 12:00 and 12:15 was forgotten by 12:00:15.",
            "At that time no face was looked at there.",
        ]
    finally:
        page.close()


def test_without_script_the_same_stands_in_a_table_and_no_dead_form_is_shown(browser: Browser, site: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    try:
        page = context.new_page()
        page.goto((site / "forgotten.html").as_uri())

        assert page.get_by_role("row", name="12:00 and 12:15 12:00:15").is_visible()
        assert not page.get_by_role("button").is_visible()
    finally:
        context.close()
