"""Cameras are placed on the plan by a click and with the keyboard, under the page's own policy for scripts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from sqlalchemy import Engine

from apps.planner.plan_pictures import make_plan
from lfr_core.common.clock import SystemClock
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.custody.vault.core import VaultCore
from lfr_core.deployments.place_plan import PlacePlans, PlanMark
from tests.support.no_faces import no_faces
from tests.support.page_login import PageLogins
from tests.support.people import authenticated
from tests.support.planning import COMPLIANCE, PLANNER, PlanningHarness
from tests.support.staff import staff_app
from tests.support.worker_processes import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def harness(settings: Settings, engine: Engine, vault: VaultCore, logins: PageLogins) -> PlanningHarness:
    harness = PlanningHarness(engine, vault, AuditTrail(vault, SystemClock()), SystemClock(), settings.home)
    harness.settle()
    logins.give_accounts(COMPLIANCE, PLANNER)
    return harness


@pytest.fixture
def page(context: BrowserContext, settings: Settings, harness: PlanningHarness, logins: PageLogins) -> Iterator[Page]:
    with staff_app(settings):
        page = context.new_page()
        page.set_viewport_size({"width": 1366, "height": 768})
        logins.log_in(context, PLANNER)
        yield page


def placed(plans: PlacePlans) -> list[str]:
    found = plans.find("dep")
    return [each.camera for each in found.marks] if found else []


def test_a_planner_places_one_camera_by_a_click_and_another_with_the_arrow_keys(
    page: Page, harness: PlanningHarness, settings: Settings
) -> None:
    harness.plan()
    plans = PlacePlans(harness.engine, harness.trail, harness.clock)
    picture = bytes(cv2.imencode(".png", np.full((600, 900, 3), 230, np.uint8))[1])
    south = PlanMark(camera="south", x=0.2, y=0.2)
    plan = replace(make_plan(picture, harness.policy.images, no_faces), marks=(south,))
    plans.keep("dep", plan, by=authenticated(PLANNER))
    refused: list[str] = []
    page.on("console", lambda said: refused.append(said.text) if "Content Security Policy" in said.text else None)
    page.goto(f"{settings.page_addresses[0].rstrip('/')}/planning?deployment=dep")
    page.get_by_text("Plan of the place", exact=False).first.click()

    page.get_by_role("button", name="1 north: not on the plan").click()
    image = page.locator(".plan-picture img")
    box = image.bounding_box()
    assert box is not None
    image.click(position={"x": box["width"] * 0.75, "y": box["height"] * 0.5})
    page.get_by_role("button", name="1 north: 75 % from the left, 50 % from above").wait_for()

    second = page.get_by_role("button", name="2 south: 20 % from the left, 20 % from above")
    second.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    page.get_by_role("button", name="2 south: 21 % from the left, 25 % from above").wait_for()
    page.get_by_role("button", name="Keep the places").click()
    page.get_by_text("The places are kept.").wait_for()

    found = plans.find("dep")
    assert found is not None
    assert [(each.camera, round(each.x, 2), round(each.y, 2)) for each in found.marks] == [
        ("north", 0.75, 0.5),
        ("south", 0.21, 0.25),
    ]
    page.locator("[data-testid='stApp'][data-test-script-state='notRunning']").wait_for()  # nobody goes on so soon
    page.get_by_role("button", name="2 south: 21 % from the left, 25 % from above").focus()
    page.keyboard.press("Delete")
    page.get_by_role("button", name="2 south: not on the plan").wait_for()
    page.get_by_role("button", name="Keep the places").click()
    wait_until(lambda: placed(plans) == ["north"], within_s=20.0, what="the places that are kept")
    assert refused == []
