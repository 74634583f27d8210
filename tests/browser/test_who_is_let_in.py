"""Which pages open for whom, and what opens none: foreign cookies, headers, hosts."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import httpx
import pytest

from apps.demo.people import DemoPerson
from apps.demo.visitor import VisitorLink
from lfr_core.common.clock import SystemClock
from lfr_core.custody.identity.invitation import login_of
from lfr_core.custody.people import Rank, Role
from lfr_core.custody.vault.core import VaultCore
from lfr_core.domain.deployments import DeploymentKind
from tests.support.identity import PASSWORD
from tests.support.page_login import PageLogins
from tests.support.people import authenticated

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext
from tests.support.deployments import deployment_service
from tests.support.login_pages import COOKIE, NAME, claims_of, is_asked_to_log_in, is_without, signed

pytestmark = [pytest.mark.browser, pytest.mark.slow]
OLU, DEE, PAT, ADA = "Olu Operator", "Dana Compliance", "Pat Planner", "Ada Auditor"


@pytest.fixture(scope="module", autouse=True)
def people(logins: PageLogins, vault: VaultCore, address: str) -> PageLogins:
    """One person of each kind, and a deployment whose name is to be seen by an operator alone."""
    logins.add((OLU, Role.OPERATOR), (PAT, Role.PLANNER), (ADA, Role.AUDITOR))
    logins.give_accounts(DEE)
    store = deployment_service(logins.engine, vault, logins.trail, SystemClock())
    store.create("dep", DeploymentKind.DEMO, name=NAME)
    return logins


def write_report(logins: PageLogins) -> None:
    """A report for compliance and auditors, whose page can be kept."""
    from lfr_core.common.quality.pages import GENERATOR

    folder = logins.settings.home / "reports" / "records" / "dep"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "index.html").write_text(f"<html><head>{GENERATOR}<title>A report</title></head><p>known to few</p>")
    (folder / "style.css").write_text("")


def test_an_account_that_is_no_persons_sees_nothing_and_learns_whom_to_ask(
    context: BrowserContext, logins: PageLogins, address: str
) -> None:
    logins.server.subjects("joe.public")
    logins.log_in(context, "Joe Public")
    page = context.new_page()
    page.goto(address)

    assert is_asked_to_log_in(page)
    assert "Compliance registers people" in page.content()


def test_who_is_revoked_is_out_of_an_open_page_that_nobody_touches(
    context: BrowserContext, logins: PageLogins, address: str
) -> None:
    logins.add(("Rex Leaving", Role.PLANNER))
    logins.log_in(context, "Rex Leaving")
    page = context.new_page()
    page.goto(f"{address}/planning")
    page.get_by_role("heading", name="Planning").wait_for()

    logins.people.revoke("Rex Leaving", why="left the force", by=authenticated(DEE))
    assert is_asked_to_log_in(page)
    assert "may do nothing since" in page.content()


def test_who_loses_a_role_is_out_of_an_open_page_that_nobody_touches_and_of_its_downloads_at_once(
    context: BrowserContext, logins: PageLogins, address: str
) -> None:
    logins.add(("Cara Moving", Role.COMPLIANCE))
    write_report(logins)
    logins.log_in(context, "Cara Moving")
    page = context.new_page()
    page.goto(f"{address}/compliance?compliance-part=Data+quality")
    with page.expect_download() as download:
        page.get_by_role("button", name="Keep this page").click()
    url = download.value.url
    cookies = dict(logins.cookies["Cara Moving"])
    given = httpx.get(url, cookies=cookies, trust_env=False)
    assert (given.status_code, given.headers["cache-control"]) == (200, "no-store")

    logins.people.change("Cara Moving", [Role.PLANNER], Rank.POLICE_STAFF, by=authenticated(DEE))
    assert httpx.get(url, cookies=cookies, trust_env=False).status_code == 403
    page.get_by_text("This page is for the role").wait_for(timeout=30_000)
    assert is_without(page, "Data quality", "known to few")
    assert httpx.get(url, cookies=cookies, trust_env=False).status_code in {403, 404}


def test_a_download_is_for_whom_it_was_shown_while_they_are_in(
    context: BrowserContext, logins: PageLogins, address: str
) -> None:
    write_report(logins)
    logins.cookies.pop(DEE, None)
    logins.log_in(context, DEE)
    page = context.new_page()
    page.goto(f"{address}/compliance?compliance-part=Data+quality")
    with page.expect_download() as download:
        page.get_by_role("button", name="Keep this page").click()
    url = download.value.url
    assert "known to few" in download.value.path().read_text()

    def status(cookies: dict[str, str]) -> int:
        return httpx.get(url, cookies=cookies, trust_env=False).status_code

    logins.cookies.pop(ADA, None)
    logins.log_in(context, ADA)
    assert status(dict(logins.cookies[DEE])) == 200
    assert status(dict(logins.cookies[ADA])) == 403  # logged in, of a role that may see it, and it wasn't shown to them
    assert status({}) == 403
    assert status({COOKIE: signed(logins.settings, claims_of(logins, DEE), "another secret of 32 letters....")}) == 403
    time.sleep(1.1)
    logins.people.end_sessions(DEE, by=authenticated(DEE))
    assert status(dict(logins.cookies[DEE])) == 403


def test_a_demonstrations_visitor_gets_in_by_one_link_and_one_click_and_nobody_without_the_link(
    context: BrowserContext, logins: PageLogins
) -> None:
    subject = logins.subject_of(OLU)
    assert subject is not None
    olu = DemoPerson(logins.people.of_identity(logins.server.provider.issuer, subject), login_of(OLU), PASSWORD)
    with VisitorLink(logins.settings, [olu]) as link:
        base, secret = link.address.rsplit("/", 1)
        page = context.new_page()
        page.goto(link.address)
        page.get_by_text("This is a demonstration").wait_for()
        page.get_by_role("link", name=OLU).click()
        page.locator(".lfr-who").filter(has_text=OLU).wait_for(timeout=30_000)

        for path in ("", "/", f"/{secret[:-1]}", f"/x/{olu.login}", f"/{secret}/dana.compliance"):
            answer = httpx.get(f"{base}{path}", trust_env=False)
            assert (answer.status_code, answer.headers.get("set-cookie")) == (404, None), path
    assert PASSWORD not in repr(olu)
