"""A file that is made at a click is for the page that offered it, and for no other page of any role."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from sqlalchemy import Engine
from streamlit.proto.BackMsg_pb2 import BackMsg

from apps.demo.page_login import log_in_to_page
from lfr_core.common.clock import SystemClock
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.read import entries
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.custody.identity.invitation import login_of
from lfr_core.custody.people import Role
from lfr_core.custody.vault.core import VaultCore
from tests.support.identity import PASSWORD
from tests.support.page_login import PageLogins
from tests.support.page_socket import get_token, opened, read_message
from tests.support.planning import PLANNER, PlanningHarness

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PAM = "Pam Planner"


@pytest.fixture(scope="module")
def planned(settings: Settings, engine: Engine, vault: VaultCore, logins: PageLogins, address: str) -> None:
    """A deployment that was applied for, and two planners who see it."""
    harness = PlanningHarness(engine, vault, AuditTrail(vault, SystemClock()), SystemClock(), settings.home)
    harness.settle()
    harness.plan()
    logins.add((PAM, Role.PLANNER))
    logins.give_accounts(PLANNER)


def open_forms(context: BrowserContext, logins: PageLogins, address: str, name: str) -> tuple[Page, list[bytes]]:
    """Somebody's page with the button of a printed form, and what it sends from now on."""
    sent: list[bytes] = []
    logins.log_in(context, name)
    page = context.new_page()
    page.on(
        "websocket",
        lambda socket: socket.on("framesent", lambda data: sent.append(data if isinstance(data, bytes) else b"")),
    )
    page.goto(f"{address}/planning?deployment=dep")
    page.get_by_text("Application and authority", exact=True).click()
    page.get_by_role("button", name="as a page to print").wait_for()
    return page, sent


@pytest.mark.usefixtures("planned")
def test_a_form_that_is_made_at_a_click_goes_to_the_page_that_offered_it_alone(
    context: BrowserContext, browser: Browser, logins: PageLogins, address: str, engine: Engine
) -> None:
    page, sent = open_forms(context, logins, address, PLANNER)
    others = browser.new_context()
    try:
        open_forms(others, logins, address, PAM)  # she is offered the same, by a page of her own
        with page.expect_download() as download:
            page.get_by_role("button", name="as a page to print").click()
        url = download.value.url

        def status(name: str) -> int:
            cookies = dict(logins.cookies[name]) if name else {}
            return httpx.get(url, cookies=cookies, trust_env=False).status_code

        assert {name: status(name) for name in (PLANNER, PAM, "")} == {PLANNER: 200, PAM: 403, "": 403}

        said = [BackMsg.FromString(each) for each in sent]
        asked = next(
            each.backend_operation_request for each in said if each.WhichOneof("type") == "backend_operation_request"
        )
        made = printed(engine)
        cookies = log_in_to_page(logins.settings, login_of(PAM), PASSWORD)
        with opened(address, get_token(address), cookies) as (socket, session):
            asked.session_id = session
            socket.send(BackMsg(backend_operation_request=asked).SerializeToString())
            while (answer := read_message(socket)).WhichOneof("type") != "backend_operation_response":
                pass
        assert answer.backend_operation_response.error_msg
        assert not answer.backend_operation_response.deferred_file.url
        assert printed(engine) == made == 1  # nothing was made in the other's name
    finally:
        others.close()


def printed(engine: Engine) -> int:
    return sum(each.rule == "deployment.form-printed" for each in entries(engine, limit=1_000))
