"""The main way of an operational deployment through the pages: applied for, authorised, listed, ready, live, decided.

What takes minutes (models, broker, cameras, notice) is done beside the pages here; all of it is in
`test_whole_deployment.py`, which is slow.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine

from apps.demo.deployment import settings_with_demo_policy
from apps.planner.draft_store import DraftStore
from apps.planner.drafts import FormValues, first_draft
from lfr_core.common.clock import SystemClock
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.custody.vault.core import VaultCore
from lfr_core.deployments.compliance_documents import ComplianceDocumentKind
from lfr_core.domain.alerts import Judgement
from lfr_core.domain.policy import load_policy
from lfr_core.domain.working_days import LONDON
from tests.support.browser_session import BrowserSession, decide_on_the_alert
from tests.support.identity import IdentityServer
from tests.support.page_alerts import PROBE, REFERENCE, TellingRecorder
from tests.support.page_login import PageLogins
from tests.support.people import authenticated
from tests.support.planning import OFFICER, OPERATOR, PLANNER, PlanningHarness
from tests.support.records import NOW_NS, alerts_of, entry, sighting

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]

DEPLOYMENT = "market-1"
DESK = f"planning?deployment={DEPLOYMENT}"
LEAD_S = 150.0
"""For all up to the announcement, on a busy machine too."""
SENTENCE = "People wanted by the courts are expected at this market on this day."


@pytest.fixture(scope="module")
def settings(identity_server: IdentityServer, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """With a policy that asks for no notice."""
    return settings_with_demo_policy(identity_server.settings_at(tmp_path_factory.mktemp("home")))


@pytest.fixture
def harness(settings: Settings, engine: Engine, vault: VaultCore, logins: PageLogins) -> PlanningHarness:
    policy = load_policy(settings.policy_file)
    harness = PlanningHarness(engine, vault, AuditTrail(vault, SystemClock()), SystemClock(), settings.home, policy)
    harness.settle()
    logins.give_accounts(PLANNER, OFFICER, OPERATOR)
    return harness


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    page = context.new_page()
    page.set_viewport_size({"width": 1366, "height": 768})
    yield page
    page.close()


def draft(harness: PlanningHarness, starts: datetime) -> FormValues:
    """What the planner typed yesterday: all but the purpose."""
    ends = starts + timedelta(hours=1)
    return replace(
        first_draft(harness.policy, now=harness.now),
        id=DEPLOYMENT,
        name="Norwich market",
        place="Norwich",
        footprint="Gentleman's Walk, both sides",
        start_day=starts.date(),
        start=starts.time(),
        end_day=ends.date(),
        end=ends.time(),
        sought=SENTENCE,
        necessity=SENTENCE,
        proportionality=SENTENCE,
        grounds=SENTENCE,
        cameras="north",
    )


def apply_for_it(desk: BrowserSession, harness: PlanningHarness) -> datetime:
    """Return when its hours begin: at a minute, late enough for the application and as early as can be."""
    desk.open_as(PLANNER, "planning")
    desk.see("Nothing is planned.")
    starts = (datetime.now(LONDON) + timedelta(seconds=LEAD_S + 60.0)).replace(second=0, microsecond=0)
    DraftStore(harness.home / "drafts").keep(PLANNER, draft(harness, starts))
    desk.page.get_by_role("radiogroup", name="Part of the page").get_by_text("Application", exact=True).click()
    desk.fill("Purpose, as it will be announced", "find people wanted by the courts")
    desk.click("Apply for authority")
    desk.see("Norwich market is applied for.")
    return starts


def authorise_and_approve(desk: BrowserSession, harness: PlanningHarness) -> None:
    """The superintendent's two acts; before and between them compliance, publication and the list."""
    harness.register_document(ComplianceDocumentKind.COMMUNITY, deployment=DEPLOYMENT)
    desk.open_as(OFFICER, DESK)
    desk.fill("Your reason", "Necessary and proportionate for this market.", exact=False)
    desk.page.get_by_text("I know that no evaluation shows").click()
    desk.click("Authorise")
    desk.see("Norwich market is authorised.")
    harness.announce(DEPLOYMENT)
    harness.compile(DEPLOYMENT, (entry(crop=REFERENCE),))
    desk.click("Look at the list")  # the page sees by itself that it was moved on
    desk.click("Approve the list", exact=False)
    desk.see("The list is approved.")


def make_ready_and_open(desk: BrowserSession, harness: PlanningHarness, starts: datetime) -> None:
    harness.touch()
    desk.open_as(PLANNER, DESK)
    for label, said in (
        ("Confirm the signs", "The signs are confirmed."),
        ("Confirm the briefing", "The briefing is confirmed."),
        ("Call it ready", "It is ready."),
    ):
        desk.click(label)
        desk.see(said)
    harness.wait_until(starts)
    harness.touch()
    harness.prove(DEPLOYMENT)
    # as the workflow does: a click asks the gallery's own server, which isn't here
    harness.service(compare=harness.compare).open(DEPLOYMENT, by=authenticated(OPERATOR))
    desk.page.locator(".pln-pill.is-live").first.wait_for(timeout=60_000)


def test_a_deployment_goes_from_its_application_to_the_first_decision_through_the_pages(
    page: Page, harness: PlanningHarness, address: str, vault: VaultCore, logins: PageLogins
) -> None:
    desk = BrowserSession(page, logins, address.rstrip("/"))

    starts = apply_for_it(desk, harness)
    authorise_and_approve(desk, harness)
    make_ready_and_open(desk, harness, starts)
    recorder = TellingRecorder(harness.engine, vault)
    (alert,) = recorder.record_sightings(
        [sighting((time.time_ns() - NOW_NS) / 1e9, deployment=DEPLOYMENT, camera="north", probe=PROBE)]
    ).opened
    desk.open_as(OPERATOR, f"operator?deployment={DEPLOYMENT}")
    desk.click("Start deciding")
    decide_on_the_alert(desk)

    (found,) = alerts_of(harness.engine, DEPLOYMENT)
    assert found.id == alert
    assert found.judged is not None
    assert (found.decision.judgement, found.judged.by) == (Judgement.SAME, OPERATOR)
