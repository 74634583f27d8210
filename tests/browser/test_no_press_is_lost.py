"""Whatever is drawn anew while somebody presses a button, and however often: what they pressed is done."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from apps.demo.deployment import write_demo_policy
from lfr_core.common.clock import SystemClock
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.custody.vault.core import VaultCore
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.domain.policy import load_policy
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.deployments import PlannedDeploymentRow
from tests.support.identity import IdentityServer
from tests.support.page_alerts import REFERENCE
from tests.support.page_login import PageLogins
from tests.support.planning import PLANNER, PlanningHarness, form
from tests.support.records import entry
from tests.support.staff import staff_app

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Locator, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

DEPLOYMENTS = 8
OPENED = DEPLOYMENTS + 1
"""Where a part is opened: its list is approved, too."""
IN_ACTS = {
    "signage_by": "Confirm: signs stand at all approaches",
    "briefing_by": "Confirm: officers are briefed on how the system performs",
}
BESIDE_RED_LINES = {"signage_by": "Confirm the signs", "briefing_by": "Confirm the briefing"}
"""Which a fragment draws, before the list is approved and after."""
SEEN = """
  window.seen = [];
  for (const kind of ["mousedown", "mouseup", "click"]) {
    window.addEventListener(kind, event => window.seen.push([kind, event.target.innerText?.slice(0, 40)]), true);
  }
"""
"""What the browser makes of each press."""
PRESSED_S = 0.08
"""For so long a person holds a button down."""
DONE_S = 15.0
GOES_ON_S = 40.0
"""Before, it ended after 18 s."""


@pytest.fixture(scope="module")
def settings(identity_server: IdentityServer, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """With a policy that asks for no notice."""
    return write_demo_policy(identity_server.settings_at(tmp_path_factory.mktemp("home")))


@pytest.fixture(scope="module")
def harness(settings: Settings, engine: Engine, vault: VaultCore, logins: PageLogins) -> PlanningHarness:
    policy = load_policy(settings.policy_file)
    harness = PlanningHarness(engine, vault, AuditTrail(vault, SystemClock()), SystemClock(), settings.home, policy)
    harness.settle()
    logins.give_accounts(PLANNER)
    for number in (*range(DEPLOYMENTS), OPENED):
        wanted = form(harness.now + timedelta(hours=1), place=f"Place {number}", cameras=(f"camera-{number}",))
        far = DeploymentStatus.LIST_APPROVED if number % 2 else DeploymentStatus.AUTHORISED
        harness.walk(far, f"restless-{number}", (entry(crop=REFERENCE),), wanted=wanted)
    return harness


RESTLESS = (sys.executable, "-m", "tests.support.restless_pages")


@pytest.fixture
def page(
    request: pytest.FixtureRequest,
    context: BrowserContext,
    settings: Settings,
    harness: PlanningHarness,
    logins: PageLogins,
) -> Iterator[Page]:
    """Of pages that are drawn anew without end. A parameter of the test is one of theirs."""
    with staff_app(settings, (*RESTLESS, *getattr(request, "param", ()))):
        logins.log_in(context, PLANNER)
        page = context.new_page()
        page.set_viewport_size({"width": 1366, "height": 2000})
        page.set_default_timeout(60_000)
        page.add_init_script(SEEN)
        yield page


def press(page: Page, button: Locator) -> None:
    """Press as a hand does: it knows nothing of what the page is drawing."""
    button.wait_for()
    while (box := button.bounding_box()) is None:  # it is being drawn anew
        page.wait_for_timeout(10)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.wait_for_timeout(1000 * PRESSED_S)
    page.mouse.up()


def is_done(engine: Engine, deployment: str, what: str) -> bool:
    with reading(engine) as session:
        row = session.exec(select(PlannedDeploymentRow).where(PlannedDeploymentRow.deployment == deployment)).one()
        return bool(getattr(row, what))


def wait_until_done(engine: Engine, deployment: str, what: str) -> bool:
    deadline = time.monotonic() + DONE_S
    while time.monotonic() < deadline:
        if is_done(engine, deployment, what):
            return True
        time.sleep(0.1)
    return False


def test_what_is_pressed_while_the_page_is_drawn_anew_without_end_is_done(
    page: Page, harness: PlanningHarness, settings: Settings, engine: Engine, measured: Callable[[str], None]
) -> None:
    from playwright.sync_api import expect

    address, chance, lost = settings.page_addresses[0].rstrip("/"), random.Random(38), []
    for number in range(DEPLOYMENTS):
        deployment = f"restless-{number}"
        page.goto(f"{address}/planning?deployment={deployment}")
        for what, label in (BESIDE_RED_LINES if number % 2 else IN_ACTS).items():
            button = page.get_by_role("button", name=label, exact=True)
            button.wait_for()
            page.wait_for_timeout(chance.uniform(0, 900))
            press(page, button)
            if not wait_until_done(engine, deployment, what):
                lost.append((deployment, what, page.evaluate("window.seen")))
                continue
            expect(button).to_have_count(0, timeout=60_000)  # for a moment the old one stands beside the new

    measured(f"presses on a page that is drawn anew without end: {2 * DEPLOYMENTS}, lost: {len(lost)}")
    assert lost == []


def test_a_file_that_is_pressed_while_the_page_is_drawn_anew_is_made(
    page: Page, harness: PlanningHarness, settings: Settings, measured: Callable[[str], None]
) -> None:
    from playwright.sync_api import TimeoutError as Late

    chance, lost = random.Random(38), 0
    page.goto(f"{settings.page_addresses[0].rstrip('/')}/planning?deployment=restless-0")
    page.get_by_text("Application and authority", exact=True).click()
    button = page.get_by_role("button", name="Written authority, as a page to print", exact=True)
    for _ in range(16):
        button.wait_for()
        page.wait_for_timeout(chance.uniform(0, 900))
        try:
            with page.expect_download(timeout=1_000 * DONE_S):
                press(page, button)
        except Late:
            lost += 1

    measured(f"files that were pressed on a page that is drawn anew without end: 16, lost: {lost}")
    assert lost == 0


def test_what_was_opened_stays_open_while_lines_above_it_go(
    page: Page, harness: PlanningHarness, settings: Settings, engine: Engine
) -> None:
    from playwright.sync_api import expect

    page.goto(f"{settings.page_addresses[0].rstrip('/')}/planning?deployment=restless-{OPENED}")
    page.get_by_text("Every condition, met or missing", exact=True).click()
    table = page.locator(".pln-readiness").first
    expect(table).to_be_visible(timeout=20_000)
    for what, label in BESIDE_RED_LINES.items():
        press(page, page.get_by_role("button", name=label, exact=True))
        assert wait_until_done(engine, f"restless-{OPENED}", what)
        expect(page.get_by_role("button", name=label, exact=True)).to_have_count(0, timeout=60_000)
        page.wait_for_timeout(2_000)  # drawn anew a few times
        expect(table).to_be_visible(timeout=1_000)


@pytest.mark.parametrize("page", [("--slow",)], indirect=True)
def test_a_page_of_which_parts_are_drawn_anew_before_it_was_sent_goes_on(page: Page, settings: Settings) -> None:
    """On a busy machine: one part's messages were taken out of the page's, and Streamlit's own script ended."""
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    page.goto(f"{settings.page_addresses[0].rstrip('/')}/planning?deployment=restless-0")
    board = page.get_by_text("What is missing, and who acts")
    board.wait_for()
    until = time.monotonic() + GOES_ON_S
    while time.monotonic() < until and not broken:
        page.wait_for_timeout(200)

    assert (broken, board.count()) == ([], 1)
