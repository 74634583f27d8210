"""Who is out learns it also where a page is drawn more slowly than it asks to be drawn again."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from lfr_core.alerts.recorder import Recorder
from lfr_core.common.settings import Settings
from tests.support.operator_page import no_alerts, recorder
from tests.support.page_alerts import PROBE
from tests.support.page_login import PageLogins
from tests.support.people import authenticated
from tests.support.records import sighting
from tests.support.staff import staff_app

LATE_MS = 1_500
LATE = """
  const Socket = window.WebSocket;
  window.late = 0;
  const later = (socket, act) => event => window.late
    ? setTimeout(() => act.call(socket, event), window.late) : act.call(socket, event);
  window.WebSocket = class extends Socket {
    set onmessage(act) { super.onmessage = later(this, act); }
    addEventListener(kind, act, ...more) {
      super.addEventListener(kind, kind === "message" ? later(this, act) : act, ...more);
    }
  };
"""
"""A browser that is busy: it learns `window.late` milliseconds late what the page's process says."""

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

__all__ = ["no_alerts", "recorder"]

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def page(
    context: BrowserContext, settings: Settings, recorder: Recorder, no_alerts: None, logins: PageLogins
) -> Iterator[Page]:
    recorder.record_sightings([sighting(0.0, probe=PROBE)])
    with staff_app(settings, (sys.executable, "-m", "tests.support.slow_pages")) as address:
        logins.log_in(context, "Rex Leaving")
        page = context.new_page()
        page.add_init_script(LATE)
        page.set_default_timeout(60_000)
        page.goto(address)
        page.get_by_role("button", name="Start deciding").click()
        page.locator(".ops-alert img").nth(1).wait_for()
        yield page


def test_a_revoked_operator_is_told_so_while_the_page_has_been_asked_to_draw_itself_again(
    page: Page, logins: PageLogins
) -> None:
    page.evaluate(f"window.late = {LATE_MS}")  # so that it asks for what refreshes by itself while all is drawn anew
    page.wait_for_timeout(2 * LATE_MS)
    logins.people.revoke("Rex Leaving", why="left the force", by=authenticated("Dana Compliance"))
    page.locator(".ops-alert").wait_for(state="detached")
    page.get_by_role("button", name="Log in").wait_for()
    page.wait_for_timeout(3_000)  # what was asked for before has been drawn by then

    assert "may do nothing since" in page.inner_text("body")
    assert "Cameras" not in page.inner_text("body")
