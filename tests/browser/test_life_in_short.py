"""The main way of a deployment in the browser, from its first alert to the public record, role by role.

The way before it is in `test_planner_steps.py`, and all of it, with broker and camera, in `test_whole_deployment.py`:
both take longer.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine

from apps.demo.deployment import write_demo_policy
from lfr_core.common.clock import SystemClock
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.custody.people import Role
from lfr_core.custody.vault.core import VaultCore
from lfr_core.deployments.reading import read_state
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.domain.policy import load_policy
from lfr_core.domain.working_days import LONDON
from lfr_core.publication.published import read_revisions
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.deployments import DeploymentRow
from tests.support.browser_session import (
    BrowserSession,
    close_it,
    decide_on_the_alert,
    engage,
    find_the_phone_empty,
    publish_it,
)
from tests.support.identity import IdentityServer
from tests.support.page_alerts import PROBE, REFERENCE, TellingRecorder
from tests.support.page_login import PageLogins
from tests.support.people import authenticated
from tests.support.planning import OFFICER, OPERATOR, PLANNER, PUBLISHER, PlanningHarness, form
from tests.support.records import NOW_NS, entry, outcomes, sighting

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(480)]

IN_THE_STREET = "Sam Street"
LEAD_S = 12.0  # all before the announcement has to be done by then, on a busy machine too


@pytest.fixture(scope="module")
def settings(identity_server: IdentityServer, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """With a policy that asks for no notice."""
    return write_demo_policy(identity_server.settings_at(tmp_path_factory.mktemp("home")))


@pytest.fixture
def harness(settings: Settings, engine: Engine, vault: VaultCore, logins: PageLogins) -> PlanningHarness:
    """A deployment that is ready; its hours begin while the page starts."""
    policy = load_policy(settings.policy_file)
    harness = PlanningHarness(engine, vault, AuditTrail(vault, SystemClock()), SystemClock(), settings.home, policy)
    harness.settle()
    soon = harness.now + timedelta(seconds=LEAD_S)
    harness.walk(DeploymentStatus.READY, entries=(entry(crop=REFERENCE),), wanted=form(soon, hours=1.0))
    logins.give_accounts(PLANNER, OFFICER, OPERATOR, PUBLISHER)
    logins.add((IN_THE_STREET, Role.ENGAGING_OFFICER))
    return harness


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    page = context.new_page()
    page.set_viewport_size({"width": 1366, "height": 768})
    yield page
    page.close()


def open_it(harness: PlanningHarness) -> None:
    """As the flow does once its hours have begun."""
    with reading(harness.engine) as session:
        state = read_state(session, session.get_one(DeploymentRow, "dep"))
    assert state is not None
    harness.wait_until(state.starts_at)
    harness.touch()
    harness.prove("dep")
    harness.deployments.open("dep", by=authenticated(OPERATOR))


def ends_at(harness: PlanningHarness) -> datetime:
    """As the records have it, by London's clocks, to the minute."""
    with reading(harness.engine) as session:
        state = read_state(session, session.get_one(DeploymentRow, "dep"))
    assert state is not None
    return state.ends_at.astimezone(LONDON).replace(second=0, microsecond=0)


def move_its_end(desk: BrowserSession, harness: PlanningHarness) -> None:
    """The planner ends it earlier; the authorising officer gives the hours back."""
    most = ends_at(harness)
    earlier = most - timedelta(minutes=20)
    desk.page.set_viewport_size({"width": 1366, "height": 768})
    desk.open_as(PLANNER, "planning?deployment=dep")
    desk.unfold("End it earlier")
    desk.type_parts("New end", f"{earlier:%H%M}")
    desk.click("End it then")
    desk.see(f"It ends at {earlier:%H:%M}.")
    desk.keep_picture("hours-shortened")
    assert ends_at(harness) == earlier

    desk.open_as(OFFICER, "planning?deployment=dep")
    desk.unfold("Give hours back")
    desk.click("Let it run until then")
    desk.see(f"It ends at {most:%H:%M}.")
    assert ends_at(harness) == most


def test_an_alert_is_decided_and_engaged_hours_are_moved_and_it_is_closed_and_published_in_the_browser_alone(
    page: Page, harness: PlanningHarness, address: str, vault: VaultCore, logins: PageLogins
) -> None:
    open_it(harness)
    recorder = TellingRecorder(harness.engine, vault)
    recorder.record_sightings([sighting((time.time_ns() - NOW_NS) / 1e9, probe=PROBE)])
    batch = outcomes((0, 0, 0), reported_ns=time.time_ns())
    seen = batch.results[0].model_copy(update={"tracks_started": 2, "tracks_compared": 2})
    recorder.record_outcomes([batch.model_copy(update={"results": (seen,)})])
    desk = BrowserSession(page, logins, address.rstrip("/"))

    desk.open_as(OPERATOR, "operator?deployment=dep")
    desk.click("Start deciding")
    decide_on_the_alert(desk)
    engage(desk, IN_THE_STREET)
    move_its_end(desk, harness)
    close_it(desk, PLANNER, "dep")
    find_the_phone_empty(desk, IN_THE_STREET)
    publish_it(desk, PUBLISHER)

    (published,) = read_revisions(harness.engine, "dep")
    assert published.record.alerts.total == 1
