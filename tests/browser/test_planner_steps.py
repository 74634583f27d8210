"""A deployment's page leads from step to step: the main way through it in a real browser, role by role.

The whole life with list, cameras and alerts is in `test_whole_deployment.py`, which is slow.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine

from lfr_core.common.clock import SystemClock
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.custody.vault.core import VaultCore
from lfr_core.deployments.reading import read_state
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.deployments import DeploymentRow
from tests.support.page_login import PageLogins
from tests.support.planning import COMPLIANCE, OFFICER, OTHER_OFFICER, PLANNER, PUBLISHER, PlanningHarness
from tests.support.staff import staff_app

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def harness(settings: Settings, engine: Engine, vault: VaultCore, logins: PageLogins) -> PlanningHarness:
    harness = PlanningHarness(engine, vault, AuditTrail(vault, SystemClock()), SystemClock(), settings.home)
    harness.settle()
    logins.give_accounts(COMPLIANCE, OFFICER, OTHER_OFFICER, PLANNER, PUBLISHER)
    return harness


@pytest.fixture
def page(context: BrowserContext, settings: Settings, harness: PlanningHarness) -> Iterator[Page]:
    assert harness.home == settings.home
    with staff_app(settings):
        page = context.new_page()
        page.set_viewport_size({"width": 1500, "height": 1200})
        yield page


def click(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).first.click()


def register_document(page: Page, document: Path) -> None:
    click(page, "Add a document")
    for label, typed in {"Title, as the public reads it": "Community impact of the market", "Version": "1"}.items():
        page.get_by_label(label, exact=True).fill(typed)
        page.get_by_label(label, exact=True).press("Enter")
    page.get_by_text("Press Enter to apply").wait_for(state="hidden")
    document.write_text("# Community impact\n\nIn order.\n", encoding="utf-8")
    page.locator(
        "[data-testid='stApp'][data-test-script-state='notRunning']"
    ).wait_for()  # nobody chooses a file so soon
    page.locator("input[type=file]").first.set_input_files(document)
    page.get_by_text(document.name).first.wait_for()
    click(page, "Register the document")
    page.get_by_text("Registered: the community impact assessment, version 1.").wait_for()


def test_each_role_finds_its_act_beside_a_red_line_and_the_deployment_moves_on(
    page: Page, harness: PlanningHarness, logins: PageLogins, settings: Settings, tmp_path: Path
) -> None:
    harness.plan()

    def open_as(name: str) -> None:
        logins.log_in(page.context, name)
        page.goto(f"{settings.page_addresses[0].rstrip('/')}/planning?deployment=dep")
        page.locator(".lfr-who").filter(has_text=name).wait_for()

    open_as(COMPLIANCE)
    register_document(page, tmp_path / "impact.md")

    open_as(OTHER_OFFICER)
    page.locator(".pln-steps .is-now", has_text="Authorise").wait_for()
    page.get_by_label("Your reason", exact=False).fill("Necessary and proportionate for this market.")
    page.get_by_text("I know that no evaluation shows").click()
    click(page, "Authorise")
    page.get_by_text("dep is authorised.").wait_for()

    open_as(PUBLISHER)
    click(page, "Preview the announcement")
    page.locator(".pln-public", has_text="find people wanted by the courts").wait_for()
    click(page, "Announce it now")
    page.get_by_text("It is announced.").wait_for()

    harness.compile()
    open_as(OFFICER)
    click(page, "Look at the list")
    click(page, "Approve the list of 1 person")
    page.get_by_text("The list is approved.").first.wait_for()

    harness.touch()
    open_as(PLANNER)
    for label, said in (
        ("Confirm the signs", "The signs are confirmed."),
        ("Confirm the briefing", "The briefing is confirmed."),
        ("Call it ready", "It is ready."),
    ):
        click(page, label)
        page.get_by_text(said).first.wait_for()

    shown = page.inner_text("body")
    assert "`lfr" not in shown
    assert harness.digest()[:12] not in shown
    with reading(harness.engine) as session:
        state = read_state(session, session.get_one(DeploymentRow, "dep"))
    assert state is not None
    assert state.status is DeploymentStatus.READY


def test_back_from_another_page_the_part_stands_open_that_was_open(
    page: Page, settings: Settings, logins: PageLogins
) -> None:
    from playwright.sync_api import expect

    parts = page.get_by_role("radiogroup", name="Part of the page")

    def is_open(part: str) -> None:
        expect(page.get_by_role("radio", name=part)).to_be_checked(timeout=20_000)

    def leave() -> None:
        page.get_by_role("link", name="Enquiries").click()
        page.get_by_role("heading", name="Enquiries and complaints").wait_for()

    logins.log_in(page.context, OFFICER)
    page.goto(f"{settings.page_addresses[0].rstrip('/')}/planning")
    parts.get_by_text("Calendar", exact=True).click()
    parts.get_by_text("Application", exact=True).click()
    page.wait_for_url("**/planning?planner-where=Application")
    leave()
    page.go_back()
    page.get_by_role("heading", name="Planning", exact=True).wait_for()
    is_open("Application")
    page.reload()
    is_open("Application")
    parts.get_by_text("Calendar", exact=True).click()
    leave()
    page.get_by_role("link", name="Planning", exact=True).click()
    is_open("Calendar")
