"""The operator's page on a screen of 1366 x 768: what is decided on is there whole, without scrolling."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine

from apps.operator.panels import header_html
from apps.operator.standing import ConsoleState, standing_html
from apps.operator.view import Header
from lfr_core.alerts.read import DeploymentSummary
from lfr_core.alerts.recorder import Recorder
from lfr_core.custody.people import Role
from lfr_core.custody.vault.core import VaultCore
from lfr_core.domain.deployments import DeploymentKind, DeploymentStatus, DeploymentView
from tests.support.page_alerts import PROBE, REFERENCE, TellingRecorder, live_demo
from tests.support.page_login import PageLogins
from tests.support.records import entry, outcomes, sighting

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Locator, Page

pytestmark = pytest.mark.browser

ANN = "Ann Operator"
WIDTH, HEIGHT = 1366, 768
RECOGNISING = standing_html(ConsoleState(recognising=True, why="4 of 4 cameras work", since_ns=None, who=""), now_ns=0)
PAIR_PX = 320
"""With the picture's edge of 1 px."""


@pytest.fixture(scope="module")
def recorder(engine: Engine, vault: VaultCore, logins: PageLogins) -> Recorder:
    live_demo(engine, vault, "dep", (entry(crop=REFERENCE),))
    logins.add(("Dana Compliance", Role.COMPLIANCE), (ANN, Role.OPERATOR))
    return TellingRecorder(engine, vault)


@pytest.fixture
def page(context: BrowserContext, address: str, recorder: Recorder, logins: PageLogins) -> Iterator[Page]:
    page = context.new_page()
    page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    logins.log_in(context, ANN)
    page.goto(address)
    yield page
    page.close()


def keep_picture(page: Page, name: str) -> None:
    folder = os.environ.get("PICTURES_OF_TESTS")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png")


def test_the_bars_facts_have_two_lines_at_the_most_however_long_its_names_are(context: BrowserContext) -> None:
    """The longest that there are: an operational deployment with thousands on its list, beside another."""
    view = DeploymentView(
        "dep", DeploymentKind.OPERATIONAL, DeploymentStatus.LIVE, "", "c", 0.45, 2, live_only=True, planned=True
    )
    name, opened = "Saturday evening, city centre", datetime(2026, 11, 23, tzinfo=UTC)
    one = DeploymentSummary(view, name, 12_345, 12, opened, None, None, "", None)
    style = "".join(Path(file).read_text("utf-8") for file in ("apps/staff/style.css", "apps/operator/style.css"))
    page = context.new_page()
    page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    for proven_s, also in ((5_400.0, ()), (1_234.0, (("x", "Great Yarmouth"),)), (None, ())):
        bar = header_html(Header(one, also, opened, proven_s), RECOGNISING)
        page.set_content(
            f"<style>body {{ font-family: sans-serif; margin: 0 }} {style}</style>"
            f'<div class="stApp"><div style="padding: 0 2rem">{bar}</div></div>'
        )
        within = page.evaluate(
            "(() => { const bar = document.querySelector('.ops-bar').getBoundingClientRect();"
            " const parts = [...document.querySelectorAll('.ops-facts > *')].map(each => each.getBoundingClientRect());"
            " const lines = new Set(parts.map(each => Math.round((each.top + each.bottom) / 2)));"
            " return [lines.size, parts.every(each => each.top > bar.top && each.bottom < bar.bottom)]; })()"
        )
        assert within == [2, True]
    page.close()


def is_in_view(page: Page, what: Locator) -> bool:
    """Whether all of it is on the screen and nothing lies over its middle."""
    boxes = (what.bounding_box() for _ in range(5))  # what is just drawn anew has none
    box = next(box for box in boxes if box is not None)
    inside = box["x"] >= 0 and box["y"] >= 0 and box["x"] + box["width"] <= WIDTH and box["y"] + box["height"] <= HEIGHT
    middle = [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2]
    on_top = what.evaluate("(each, [x, y]) => each.contains(document.elementFromPoint(x, y))", middle)
    return inside and bool(on_top)


@pytest.mark.slow
def test_an_alert_is_decided_on_a_screen_of_1366_by_768_without_scrolling_by_night_and_by_day(
    page: Page, recorder: Recorder
) -> None:
    recorder.record_outcomes([outcomes((0, 0, 0), session="north")])
    for n in range(2):
        recorder.record_sightings([sighting(600.0 * n, camera=f"camera {n}", probe=PROBE)])
    page.get_by_role("button", name="Start deciding").click()
    page.locator(".ops-alert img").nth(1).wait_for()
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_timeout(500)
        keep_picture(page, f"operator-{scheme}")

        heights = page.evaluate(
            "[document.documentElement, document.querySelector('[data-testid=stMain]')].map(each => each.scrollHeight)"
        )
        assert max(heights) <= HEIGHT
        card = page.locator('[class*="st-key-ops-wait-"]').first
        pictures = card.locator("img").all()
        assert [picture.evaluate("each => each.clientHeight") >= PAIR_PX - 2 for picture in pictures] == [True, True]
        names = ("Same person", "Different", "Can't tell", "Undo", "Look again", "Take up another", "Stop deciding")
        parts = [*pictures, card.locator(".ops-what"), page.locator(".ops-bar"), page.locator(".ops-queue")]
        parts += [page.get_by_role("button", name=name).first for name in names]
        assert [str(part) for part in parts if not is_in_view(page, part)] == []

    page.get_by_role("button", name="Same person").first.click()
    page.get_by_role("heading", name="1 judged").wait_for()
    page.locator('[class*="st-key-ops-wait-"]').first.wait_for()
    keep_picture(page, "operator-judged")
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight") <= HEIGHT
