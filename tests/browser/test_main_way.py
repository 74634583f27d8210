"""The main way of an operational deployment in the browser, role by role, as `make test` has it: applied for,
authorised, listed, announced, a camera tried, ready, live, an alert decided, closed, published.

What takes minutes or a broker (the list's faces, the camera's frames, the opening by the workflow) is done beside the
pages; all of it, through the pages of a running platform, is in `test_whole_deployment.py`, which is slow.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from sqlalchemy import Engine

from apps.demo.deployment import write_demo_policy
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
from lfr_core.publication.published import read_revisions
from tests.support.browser_session import BrowserSession, close_it, decide_on_the_alert, publish_it
from tests.support.identity import IdentityServer
from tests.support.page_alerts import PROBE, REFERENCE, TellingRecorder
from tests.support.page_login import PageLogins
from tests.support.people import authenticated
from tests.support.planning import OFFICER, OPERATOR, PLANNER, PUBLISHER, PlanningHarness
from tests.support.records import NOW_NS, alerts_of, entry, outcomes, sighting
from tests.support.rtsp_camera import FPS, RtspCamera, encoded

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

pytestmark = [pytest.mark.browser, pytest.mark.models, pytest.mark.timeout(600)]

DEPLOYMENT = "dep"
DESK = f"planning?deployment={DEPLOYMENT}"
LEAD_PAGES = 12
"""So many times as long as the first page took, all up to the announcement takes, on a busy machine too."""
LEAST_LEAD_S = 60.0
SENTENCE = "People wanted by the courts are expected at this market on this day."


@pytest.fixture(scope="module")
def settings(identity_server: IdentityServer, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """With a policy that asks for no notice."""
    return write_demo_policy(identity_server.settings_at(tmp_path_factory.mktemp("home")))


@pytest.fixture
def harness(settings: Settings, engine: Engine, vault: VaultCore, logins: PageLogins) -> PlanningHarness:
    policy = load_policy(settings.policy_file)
    harness = PlanningHarness(engine, vault, AuditTrail(vault, SystemClock()), SystemClock(), settings.home, policy)
    harness.settle()
    logins.give_accounts(PLANNER, OFFICER, OPERATOR, PUBLISHER)
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
    """Return when its hours begin: at a minute, late enough for the announcement and as early as can be."""
    began = time.monotonic()
    desk.open_as(PLANNER, "planning")
    desk.see("Nothing is planned. Who plans a deployment begins with")
    lead_s = max(LEAST_LEAD_S, LEAD_PAGES * (time.monotonic() - began))
    minutes = math.ceil((datetime.now(LONDON).timestamp() + lead_s) / 60)
    starts = datetime.fromtimestamp(minutes * 60, LONDON)
    DraftStore(harness.home / "drafts").keep(PLANNER, draft(harness, starts))
    desk.page.get_by_role("radiogroup", name="Part of the page").get_by_text("Application", exact=True).click()
    desk.fill("Purpose, as it will be announced", "find people wanted by the courts")
    desk.click("Apply for authority")
    desk.see("Norwich market is applied for.")
    return starts


def authorise_and_approve(desk: BrowserSession, harness: PlanningHarness) -> None:
    """The superintendent's two acts; before them compliance's document, and between them the list."""
    harness.register_document(ComplianceDocumentKind.COMMUNITY, deployment=DEPLOYMENT)
    desk.open_as(OFFICER, DESK)
    desk.fill("Your reason", "Necessary and proportionate for this market.", exact=False)
    desk.page.get_by_text("I know that no evaluation shows").click()
    desk.click("Authorise")
    desk.see("Norwich market is authorised.")
    harness.compile(DEPLOYMENT, (entry(crop=REFERENCE),))
    desk.click("Look at the list")  # the page sees by itself that it was moved on
    desk.click("Approve the list", exact=False)
    desk.see("The list is approved.")


def announce_it(desk: BrowserSession) -> None:
    desk.open_as(PUBLISHER, DESK)
    desk.click("Preview the announcement")
    desk.see("find people wanted by the courts")
    desk.settle()  # a press on what is being drawn anew is none
    desk.click("Announce it now")
    desk.see("It is announced.")


def try_the_camera(desk: BrowserSession) -> None:
    """A real one on this machine's network: found to work, its picture with every face covered, and to be started."""
    with closing(RtspCamera(encoded((320, 240), 2 * FPS) * 100)) as camera:
        desk.unfold("Cameras")
        desk.fill("Address of camera north", camera.url)
        desk.click("Keep and try")
        desk.see("It works:")
    assert desk.page.locator(".pln-still img").count() == 1
    desk.click("Start camera north")


def make_ready_and_open(desk: BrowserSession, harness: PlanningHarness, starts: datetime) -> None:
    harness.touch()
    desk.open_as(PLANNER, DESK)
    try_the_camera(desk)
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


def see_somebody(recorder: TellingRecorder) -> UUID:
    """What comes of a camera's frames once it is live: an alert, and the account of the frames."""
    (alert,) = recorder.record_sightings([sighting((time.time_ns() - NOW_NS) / 1e9, probe=PROBE)]).opened
    batch = outcomes((0, 0, 0), reported_ns=time.time_ns())
    seen = batch.results[0].model_copy(update={"tracks_started": 2, "tracks_compared": 2})
    recorder.record_outcomes([batch.model_copy(update={"results": (seen,)})])
    return alert


def test_a_deployment_goes_from_its_application_to_the_public_record_through_the_pages_role_by_role(
    page: Page,
    harness: PlanningHarness,
    address: str,
    vault: VaultCore,
    logins: PageLogins,
    measured: Callable[[str], None],
) -> None:
    desk, began = BrowserSession(page, logins, address.rstrip("/")), time.monotonic()

    starts = apply_for_it(desk, harness)
    authorise_and_approve(desk, harness)
    announce_it(desk)
    make_ready_and_open(desk, harness, starts)
    alert = see_somebody(TellingRecorder(harness.engine, vault))
    desk.open_as(OPERATOR, f"operator?deployment={DEPLOYMENT}")
    desk.see("Start deciding, at the top of the page, to see alerts")
    assert [each for each in ("data:image", "wanted by", "Arrest") if each in desk.page.content()] == []
    desk.click("Start deciding")
    decide_on_the_alert(desk)
    (found,) = alerts_of(harness.engine, DEPLOYMENT)
    assert found.id == alert
    assert found.judged is not None
    assert (found.decision.judgement, found.judged.by) == (Judgement.SAME, OPERATOR)
    measured(
        f"main way of a deployment, from the first page to the first decision: {time.monotonic() - began:.0f} s "
        f"(its hours waited for), {desk.clicks} clicks, {desk.typed} fields"
    )

    close_it(desk, PLANNER, DEPLOYMENT)
    publish_it(desk, PUBLISHER)
    (published,) = read_revisions(harness.engine, DEPLOYMENT)
    assert published.record.alerts.total == 1
