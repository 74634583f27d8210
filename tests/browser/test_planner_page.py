"""The planner's pages in a real browser, over real records and a real vault: planned, authorised, what is missing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from sqlalchemy import Engine

from apps.planner.remedies import TITLES
from lfr_core.common.clock import SystemClock
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.read import entries
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.custody.vault.core import VaultCore
from lfr_core.deployments.compliance_documents import ComplianceDocumentKind
from lfr_core.deployments.reading import read_authority
from lfr_core.domain.gate import Condition
from lfr_core.storage.engine import reading
from tests.support.axe import WCAG, axe
from tests.support.page_login import PageLogins
from tests.support.planning import OFFICER, OTHER_OFFICER, PLANNER, PlanningHarness
from tests.support.staff import staff_app

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

__all__ = ["axe"]

pytestmark = pytest.mark.browser

SENTENCE = "People wanted by the courts are expected at this market on this day."


@pytest.fixture(scope="module")
def harness(settings: Settings, engine: Engine, vault: VaultCore, logins: PageLogins) -> PlanningHarness:
    harness = PlanningHarness(engine, vault, AuditTrail(vault, SystemClock()), SystemClock(), settings.home)
    harness.settle()
    logins.give_accounts(OFFICER, OTHER_OFFICER, PLANNER)
    return harness


@pytest.fixture(scope="module")
def planner(settings: Settings, harness: PlanningHarness) -> Iterator[str]:
    """The pages' address, once they answer."""
    with staff_app(settings) as address:
        yield f"{address}/planning"


@pytest.fixture
def asked() -> list[str]:
    return []


@pytest.fixture
def page(context: BrowserContext, planner: str, asked: list[str]) -> Page:
    page = context.new_page()
    page.set_viewport_size({"width": 1500, "height": 1200})
    page.on("request", lambda request: asked.append(request.url))
    return page


def open_as(page: Page, logins: PageLogins, address: str, name: str) -> None:
    logins.log_in(page.context, name)
    page.goto(address)
    page.locator(".lfr-who").filter(has_text=name).wait_for()


def go(page: Page, part: str) -> None:
    page.get_by_role("radiogroup", name="Part of the page").get_by_text(part, exact=True).click()


def fill(page: Page, label: str, text: str) -> None:
    page.get_by_label(label, exact=True).fill(text)
    page.keyboard.press("Tab")


def has_value(page: Page, label: str, text: str) -> None:
    from playwright.sync_api import expect

    field = page.get_by_label(label, exact=True)
    expect(field).to_have_count(1, timeout=10_000)  # for a moment the old one stands beside the new
    expect(field).to_have_value(text, timeout=10_000)


def unfold_conditions(page: Page) -> None:
    table = page.locator(".pln-readiness").first
    table.wait_for(state="attached")
    if not table.is_visible():
        page.locator("summary").filter(has_text="Every condition, met or missing").first.click()
        table.wait_for()


def condition(page: Page, which: Condition) -> str:
    unfold_conditions(page)
    name = TITLES[which]
    row = page.locator(".pln-readiness tr").filter(has=page.get_by_role("rowheader", name=name, exact=True))
    return row.inner_text()


APPLICATION = {
    "Short name": "market-1",
    "Name": "Norwich market",
    "Place, as the public knows it": "Norwich",
    "Where cameras may stand": "Gentleman's Walk, both sides",
    "Cameras, one a line": "north",
    "Who is looked for": SENTENCE,
    "Why it is necessary": SENTENCE,
    "Why it is proportionate": SENTENCE,
    "Why listed people are expected there": SENTENCE,
}


def authorise(page: Page) -> None:
    page.get_by_label("Your reason", exact=False).fill("Necessary and proportionate for this market.")
    page.get_by_text("I know that no evaluation shows").click()
    page.get_by_role("button", name="Authorise").click()


@pytest.mark.slow
def test_planned_by_one_authorised_by_another_and_the_board_says_what_is_missing(
    page: Page, harness: PlanningHarness, engine: Engine, planner: str, asked: list[str], logins: PageLogins
) -> None:
    open_as(page, logins, planner, OFFICER)  # who is registered as a planner too
    go(page, "Application")
    forecast = page.locator(".pln-forecast")
    forecast.get_by_text("false alerts", exact=False).first.wait_for()
    before = forecast.inner_text()
    fill(page, "People on the list, at most", "50")
    page.wait_for_function("before => document.querySelector('.pln-forecast').innerText !== before", arg=before)
    fill(page, "Purpose, as it will be announced", "find people wanted by the courts")

    page.get_by_role("button", name="Apply for authority").click()
    page.get_by_text("nothing typed is lost").wait_for()
    page.get_by_text("Place: fill it in.").nth(1).wait_for()  # in the list at the top, and beside its field
    go(page, "Calendar")
    page.get_by_text("Those that are over").wait_for()
    go(page, "Application")
    has_value(page, "Purpose, as it will be announced", "find people wanted by the courts")
    page.locator("[data-testid='stApp'][data-test-script-state='notRunning']").wait_for()  # else it takes nothing
    for label, text in APPLICATION.items():
        fill(page, label, text)
    page.get_by_role("button", name="Apply for authority").click()
    page.get_by_text("Norwich market is applied for.").wait_for()
    page.get_by_role("button", name="Revise the application").click()
    has_value(page, "Short name", "market-1")
    has_value(page, "Why it is necessary", SENTENCE)
    go(page, "Deployment")
    harness.register_document(ComplianceDocumentKind.COMMUNITY, deployment="market-1")

    authorise(page)
    page.get_by_text("another authorising officer has to decide this").wait_for()

    open_as(page, logins, planner, OTHER_OFFICER)
    go(page, "Waiting for you")
    page.locator("[class*='st-key-pln-wait-']").filter(has_text="Norwich market").get_by_role("button").first.click()
    page.get_by_role("heading", name="Norwich market").wait_for()
    assert "missing" in condition(page, Condition.AUTHORITY)
    authorise(page)
    page.get_by_text("Norwich market is authorised.").wait_for()

    unfold_conditions(page)
    page.locator(".pln-readiness tr.is-met").filter(has_text=TITLES[Condition.AUTHORITY]).first.wait_for()
    assert "publication officer" in condition(page, Condition.ANNOUNCED)
    assert "not known here" in condition(page, Condition.CLOCK_SANE)
    assert re.search(r"missing.*planner", condition(page, Condition.LIST_IN_PLACE), re.DOTALL)
    with reading(engine) as session:
        given = read_authority(session, "market-1")
    assert given is not None
    assert (given.by, given.claim_not_shown) == (OTHER_OFFICER, True)
    with page.expect_download() as download:  # it stands open, as it did for the decision
        page.get_by_role("button", name="Written authority, as a page to print").click()
    assert download.value.suggested_filename == "market-1-authority.html"
    assert OTHER_OFFICER in download.value.path().read_text()
    taken = [one.deployment for one in entries(engine, limit=1_000) if one.rule == "deployment.form-printed"]
    assert taken == ["market-1"]
    assert page.get_by_role("button", name="Closing report, as a page to print").count() == 0
    assert {urlsplit(url).netloc for url in asked if url.startswith(("http", "ws"))} == {urlsplit(planner).netloc}


@pytest.mark.slow
def test_what_is_typed_stays_while_somebody_clicks_to_and_fro_faster_than_the_page_is_drawn(
    page: Page, planner: str, logins: PageLogins
) -> None:
    purpose = "Purpose, as it will be announced"
    open_as(page, logins, planner, PLANNER)
    go(page, "Application")
    fill(page, purpose, "find people wanted by the courts")

    page.get_by_role("button", name="Apply for authority").click()
    page.get_by_text("nothing typed is lost").wait_for()

    for pause_ms in (0, 0, 0, 0, 0, 50, 100, 200):
        go(page, "Calendar")
        page.get_by_text("Those that are over").wait_for()
        page.wait_for_timeout(pause_ms)
        go(page, "Application")
        has_value(page, purpose, "find people wanted by the courts")
        page.wait_for_timeout(500)
        has_value(page, purpose, "find people wanted by the courts")


@pytest.mark.slow
def test_the_back_button_leads_to_the_page_before_and_what_was_typed_is_there(
    page: Page, planner: str, logins: PageLogins
) -> None:
    purpose = "Purpose, as it will be announced"
    open_as(page, logins, planner, OFFICER)  # who is registered as a planner too
    go(page, "Application")
    fill(page, purpose, "find people wanted by the courts")
    page.wait_for_timeout(1_000)

    page.get_by_role("link", name="Enquiries").first.click()
    page.get_by_role("heading", name="Enquiries and complaints").wait_for()
    page.go_back()
    go(page, "Application")
    has_value(page, purpose, "find people wanted by the courts")
    page.reload()  # the part that was open is open again
    has_value(page, purpose, "find people wanted by the courts")
    page.go_forward()
    page.get_by_role("heading", name="Enquiries and complaints").wait_for()
    assert page.locator("[data-testid='stException']").count() == 0
    assert "Traceback" not in page.content()


@pytest.mark.slow
def test_an_application_that_was_sent_stands_in_no_empty_form_however_soon_something_else_is_pressed(
    page: Page, planner: str, logins: PageLogins
) -> None:
    open_as(page, logins, planner, PLANNER)
    go(page, "Application")
    changed = {"Short name": "ipswich-1", "Name": "Ipswich market", "Cameras, one a line": "ipswich-north"}
    changed |= {"Place, as the public knows it": "Ipswich", "Purpose, as it will be announced": "find wanted people"}
    for label, text in {**APPLICATION, **changed}.items():
        fill(page, label, text)
    page.evaluate(
        """new MutationObserver(() => [...document.querySelectorAll("button")]
        .find(each => each.innerText.includes("Revise the application"))?.click())
        .observe(document.body, {childList: true, subtree: true})"""
    )
    page.get_by_role("button", name="Apply for authority").click()
    page.get_by_text("Ipswich market is applied for.").wait_for()  # and "Revise" was pressed as soon as it was there
    page.wait_for_timeout(1_500)
    page.reload()
    go(page, "Application")
    page.wait_for_timeout(3_000)
    assert {page.get_by_label(label, exact=True).input_value() for label in changed} == {""}


@pytest.mark.slow
def test_what_came_of_a_press_is_in_sight_of_whoever_pressed(page: Page, planner: str, logins: PageLogins) -> None:
    from playwright.sync_api import expect

    page.set_viewport_size({"width": 1366, "height": 600})
    open_as(page, logins, planner, OFFICER)  # who is registered as a planner too
    go(page, "Application")
    page.get_by_role("button", name="Apply for authority").click()
    said = page.locator("[class*='st-key-what-came-of-it'] [data-testid='stAlert']")
    expect(said.filter(has_text="Nothing was taken")).to_be_in_viewport(timeout=20_000)


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_part_of_the_pages_breaks_a_rule_of_wcag(
    context: BrowserContext, planner: str, axe: str, logins: PageLogins, scheme: str
) -> None:
    page = context.new_page()
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    broken: list[tuple[str, str, str]] = []

    def look(part: str) -> None:
        page.wait_for_timeout(500)  # what was there before stands there, faded, until the new part is drawn
        page.locator("[data-testid='stApp'][data-test-script-state='notRunning']").wait_for()
        for width in (390, 1500):  # on a telephone most tables scroll
            page.set_viewport_size({"width": width, "height": 1200})
            page.evaluate(axe)
            found = page.evaluate("tags => axe.run({runOnly: {type: 'tag', values: tags}})", WCAG)
            assert found["passes"], part  # it did look
            broken.extend((part, one["id"], one["nodes"][0]["html"][:120]) for one in found["violations"])

    page.goto(planner)
    page.get_by_role("button", name="Log in").wait_for()
    look("login")
    open_as(page, logins, planner, OFFICER)
    for part, there in (
        ("Waiting for you", ".pln-empty, .pln-facts"),
        ("Deployment", ".pln-h2, .pln-empty"),
        ("Application", ".pln-forecast"),
    ):
        go(page, part)
        page.locator(there).first.wait_for()
        if part == "Deployment" and page.locator(".pln-readiness").count():
            unfold_conditions(page)
        look(part)
    page.close()

    assert broken == []
