"""The main way of a deployment in the browser, from its first alert to the public record, role by role.

The way before it is in `test_planner_desk.py`, and all of it, with broker and camera, in `test_whole_deployment.py`:
both take longer.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine

from apps.demo.deployment import settings_with_demo_policy
from lfr_core.common.clock import SystemClock
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.custody.people import Role
from lfr_core.custody.vault.core import VaultCore
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.domain.policy import load_policy
from lfr_core.publication.published import revisions_of
from tests.support.browser_desk import (
    Desk,
    close_it,
    decide_on_the_alert,
    engage,
    find_the_phone_empty,
    publish_it,
)
from tests.support.identity import IdentityServer
from tests.support.page_alerts import PROBE, REFERENCE, TellingRecorder
from tests.support.page_login import PageLogins
from tests.support.planning import OPERATOR, PLANNER, PUBLISHER, PlanningHarness, form
from tests.support.records import NOW_NS, entry, sighting

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

OFFICER = "Sam Street"


@pytest.fixture(scope="module")
def settings(identity_server: IdentityServer, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """With a policy that asks for no notice."""
    return settings_with_demo_policy(identity_server.settings_at(tmp_path_factory.mktemp("home")))


@pytest.fixture
def harness(settings: Settings, engine: Engine, vault: VaultCore, logins: PageLogins) -> PlanningHarness:
    """A deployment that went live a moment ago."""
    policy = load_policy(settings.policy_file)
    harness = PlanningHarness(engine, vault, AuditTrail(vault, SystemClock()), SystemClock(), settings.home, policy)
    harness.settle()
    soon = harness.now + timedelta(seconds=3)
    harness.walk(DeploymentStatus.LIVE, entries=(entry(crop=REFERENCE),), wanted=form(soon, hours=1.0))
    logins.give_accounts(PLANNER, OPERATOR, PUBLISHER)
    logins.add((OFFICER, Role.ENGAGING_OFFICER))
    return harness


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1366, "height": 768})
    yield page
    page.close()


def test_an_alert_is_decided_engaged_closed_and_published_in_the_browser_alone(
    page: Page, harness: PlanningHarness, address: str, vault: VaultCore, logins: PageLogins
) -> None:
    recorder = TellingRecorder(harness.engine, vault)
    recorder.record_sightings([sighting((time.time_ns() - NOW_NS) / 1e9, probe=PROBE)])
    desk = Desk(page, logins, address.rstrip("/"))

    desk.open_as(OPERATOR, "operator?deployment=dep")
    desk.click("Start deciding")
    decide_on_the_alert(desk)
    engage(desk, OFFICER)
    close_it(desk, PLANNER, "dep")
    find_the_phone_empty(desk, OFFICER)
    publish_it(desk, PUBLISHER)

    (published,) = revisions_of(harness.engine, "dep")
    assert published.record.alerts.total == 1
