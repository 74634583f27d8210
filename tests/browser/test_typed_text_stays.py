"""What somebody types stays while the page is drawn anew, however long a drawing takes and whoever acts meanwhile.

That no field of any page moves between two drawings, every test that draws a page without a browser shows
(`tests/support/standing_fields.py`).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine

from lfr_core.common.clock import SystemClock
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.custody.vault.core import VaultCore
from tests.support.page_login import PageLogins
from tests.support.people import authenticated
from tests.support.planning import COMPLIANCE, OFFICER, OTHER_OFFICER, PLANNER, PlanningHarness
from tests.support.staff import staff_app

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

KEY_MS = 15
WAIT_MS = 60_000
TYPED = {
    "Short name": "market-1",
    "Name": "Norwich market",
    "Place, as the public knows it": "Norwich",
    "Where cameras may stand": "Gentleman's Walk",
    "Purpose, as it will be announced": "find people wanted by the courts",
    "Who is looked for": "People whom the courts want, by warrants of the last year.",
    "Why it is necessary": "Nothing else found them in the year since their warrants.",
}


@pytest.fixture(scope="module")
def harness(settings: Settings, engine: Engine, vault: VaultCore, logins: PageLogins) -> PlanningHarness:
    harness = PlanningHarness(engine, vault, AuditTrail(vault, SystemClock()), SystemClock(), settings.home)
    harness.settle()
    logins.give_accounts(COMPLIANCE, OFFICER, OTHER_OFFICER, PLANNER)
    return harness


@pytest.fixture
def page(context: BrowserContext, settings: Settings, harness: PlanningHarness) -> Iterator[Page]:
    assert harness.home == settings.home
    with staff_app(settings, (sys.executable, "-m", "tests.support.slow_pages")):
        page = context.new_page()
        page.set_viewport_size({"width": 1366, "height": 768})
        page.set_default_timeout(WAIT_MS)
        yield page


def open_as(page: Page, logins: PageLogins, settings: Settings, name: str, path: str) -> None:
    logins.log_in(page.context, name)
    page.goto(f"{settings.page_addresses[0].rstrip('/')}/{path}")
    page.locator(".lfr-who").filter(has_text=name).wait_for()


def type_as_a_person(page: Page, label: str, text: str) -> None:
    """Into whatever the page shows now, key by key, and on to the next field."""
    page.get_by_label(label, exact=True).click()
    page.keyboard.type(text, delay=KEY_MS)
    page.keyboard.press("Tab")


def is_still(page: Page) -> None:
    page.wait_for_timeout(500)
    page.locator("[data-testid='stApp'][data-test-script-state='notRunning']").wait_for()
    page.wait_for_timeout(500)
    page.locator("[data-testid='stApp'][data-test-script-state='notRunning']").wait_for()


def stands(page: Page, label: str) -> str:
    return page.get_by_label(label, exact=True).input_value()


def test_whoever_types_on_while_the_application_is_drawn_finds_all_of_it(
    page: Page, logins: PageLogins, settings: Settings
) -> None:
    open_as(page, logins, settings, PLANNER, "planning")
    page.get_by_role("radiogroup", name="Part of the page").get_by_text("Application", exact=True).click()
    page.get_by_label("Short name", exact=True).wait_for()
    for label, text in TYPED.items():
        type_as_a_person(page, label, text)
    page.get_by_role("button", name="Apply for authority").click()
    page.get_by_label("Why it is proportionate", exact=True).click()
    page.keyboard.type("Signs at every way in", delay=KEY_MS)
    page.get_by_text("nothing typed is lost").wait_for()  # comes above what is being typed
    page.keyboard.type(", for six hours.", delay=KEY_MS)
    is_still(page)

    assert {label: stands(page, label) for label in TYPED} == TYPED
    assert stands(page, "Why it is proportionate") == "Signs at every way in, for six hours."


def test_whoever_types_while_somebody_else_moves_the_deployment_on_goes_on_typing(
    page: Page, harness: PlanningHarness, logins: PageLogins, settings: Settings
) -> None:
    harness.plan()
    open_as(page, logins, settings, COMPLIANCE, "planning?deployment=dep")
    page.get_by_text("Add a document", exact=True).last.click()
    title = page.get_by_label("Title, as the public reads it", exact=True)
    title.click()
    page.keyboard.type("Community impact ", delay=KEY_MS)
    harness.deployments.refuse("dep", by=authenticated(OFFICER), reason="the place isn't named exactly")
    page.get_by_text("It has changed since you looked").wait_for()
    page.keyboard.type("of the ", delay=KEY_MS)
    is_still(page)
    page.keyboard.type("market", delay=KEY_MS)

    assert title.input_value() == "Community impact of the market"
