"""The login on the staff's pages, in a real browser and at the real identity server; whoever isn't in sees nothing."""

from __future__ import annotations

import http.client
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest
from sqlmodel import text

from lfr_core.common.clock import SystemClock
from lfr_core.common.settings import Settings
from lfr_core.custody.identity.invitation import login_of
from lfr_core.custody.people import Role
from lfr_core.custody.vault.core import VaultCore
from lfr_core.domain.deployments import DeploymentKind
from tests.support.foreign_listener import is_shared
from tests.support.identity import PASSWORD
from tests.support.page_login import PageLogins
from tests.support.people import authenticated

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page
from tests.support.deployments import deployment_service
from tests.support.login_pages import COOKIE, NAME, claims_of, is_asked_to_log_in, signed

pytestmark = pytest.mark.browser
OLU, DEE, PAT, ADA = "Olu Operator", "Dana Compliance", "Pat Planner", "Ada Auditor"
PAGES = ("operator", "planning", "compliance", "enquiries")
HEADINGS = {"operator": NAME, "planning": "Planning", "compliance": "Data quality", "enquiries": "Requests"}
MINE = {
    OLU: {"operator", "planning"},
    DEE: {"planning", "compliance", "enquiries"},
    PAT: {"planning"},
    ADA: {"planning", "compliance"},
}


@pytest.fixture(scope="module", autouse=True)
def people(logins: PageLogins, vault: VaultCore, address: str) -> PageLogins:
    """One person of each kind, and a deployment whose name is to be seen by an operator alone."""
    logins.add((OLU, Role.OPERATOR), (PAT, Role.PLANNER), (ADA, Role.AUDITOR))
    logins.give_accounts(DEE)
    store = deployment_service(logins.engine, vault, logins.trail, SystemClock())
    store.create("dep", DeploymentKind.DEMO, name=NAME)
    return logins


def type_login(page: Page, login: str) -> None:
    """Log in at the identity server's page, with the password of tests."""
    page.locator("input[name=login]").fill(login)
    page.locator("input[name=login]").press("Enter")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("input[name=password]").press("Enter")


def test_the_pages_port_can_be_reserved_for_them(logins: PageLogins, address: str) -> None:
    assert is_shared(urlsplit(address).port or 0)


def test_where_one_logs_in_nobody_is_offered_to_be_remembered_and_no_other_makers_logo_is_shown(
    context: BrowserContext, address: str
) -> None:
    page = context.new_page()
    page.goto(address)
    page.get_by_role("button", name="Log in").click()
    page.locator("input[name=login]").wait_for()

    assert page.locator("input[type=checkbox], img").count() == 0
    assert page.locator("link[rel=icon]").count() == 0
    assert page.get_by_role("button", name="Continue").count() == 1


def test_somebody_logs_in_with_their_password_and_a_cookie_copied_before_the_logout_is_worth_nothing(
    context: BrowserContext, logins: PageLogins, address: str
) -> None:
    page = context.new_page()
    page.goto(address)
    assert is_asked_to_log_in(page)
    page.get_by_role("button", name="Log in").click()
    type_login(page, login_of(PAT))
    page.locator(".lfr-who").filter(has_text=PAT).wait_for(timeout=30_000)
    page.get_by_role("heading", name="Planning").wait_for()
    with logins.engine.connect() as connection:
        entries = text("SELECT count(*) FROM audit_entry WHERE body LIKE '%people.logged-in%'")
        assert connection.execute(entries).scalar_one() >= 1
    copied = [each for each in context.cookies() if each["name"].startswith(COOKIE)]
    assert all(each["httpOnly"] and each["sameSite"] == "Lax" for each in copied)
    time.sleep(1.1)  # a login's time is in whole seconds

    page.get_by_role("button", name="Log out").click()
    assert is_asked_to_log_in(page)
    assert [each for each in context.cookies() if each["name"] == COOKIE] == []

    context.add_cookies(copied)  # type: ignore[arg-type]  # as they were read
    page = context.new_page()
    page.goto(f"{address}/planning")
    assert is_asked_to_log_in(page)


def test_no_address_logs_somebody_out_of_one_browser_while_a_copy_of_the_cookie_counts_on(
    context: BrowserContext, logins: PageLogins, address: str
) -> None:
    logins.cookies.pop(PAT, None)
    logins.log_in(context, PAT)
    cookies = dict(logins.cookies[PAT])

    def ask() -> httpx.Response:
        return httpx.get(f"{address}/auth/logout", cookies=cookies, trust_env=False)

    answer = ask()  # a link of some other page, or typed
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert COOKIE not in answer.headers.get("set-cookie", "")
    time.sleep(1.1)  # a login's time is in whole seconds

    logins.people.end_sessions(PAT, by=authenticated(DEE))
    answer = ask()  # as after a click on "Log out"
    assert answer.status_code == 302
    assert f"{COOKIE}=" in answer.headers["set-cookie"]


def test_whoever_goes_back_after_the_login_stands_on_the_pages(
    context: BrowserContext, logins: PageLogins, address: str
) -> None:
    page = context.new_page()
    page.goto(address)
    page.get_by_role("button", name="Log in").click()
    type_login(page, login_of(PAT))
    page.locator(".lfr-who").filter(has_text=PAT).wait_for(timeout=30_000)

    page.go_back()

    page.locator(".lfr-who").filter(has_text=PAT).wait_for(timeout=30_000)
    assert page.url.startswith(address)


@pytest.mark.slow
def test_an_address_opened_without_a_session_is_where_one_is_after_the_login(
    context: BrowserContext, logins: PageLogins, address: str
) -> None:
    page = context.new_page()
    page.goto(f"{address}/planning?deployment=market-0412")
    assert is_asked_to_log_in(page)
    page.get_by_role("button", name="Log in").click()
    type_login(page, login_of(ADA))
    page.locator(".lfr-who").filter(has_text=ADA).wait_for(timeout=30_000)

    assert page.url == f"{address}/planning?deployment=market-0412"
    assert [each for each in context.cookies() if each["name"] == "openlfr_return"] == []
    page.goto(address)
    page.locator(".lfr-who").filter(has_text=ADA).wait_for(timeout=30_000)
    assert "market" not in page.url


@pytest.mark.slow
def test_a_page_whose_session_has_ended_is_where_one_is_after_the_next_login(
    context: BrowserContext, logins: PageLogins, address: str
) -> None:
    logins.cookies.pop(ADA, None)
    logins.log_in(context, ADA)
    page = context.new_page()
    page.goto(f"{address}/planning")
    page.get_by_role("radiogroup", name="Part of the page").get_by_text("Application", exact=True).click()
    page.wait_for_url(f"{address}/planning?planner-where=Application")
    time.sleep(1.1)  # a login's time is in whole seconds
    logins.people.end_sessions(ADA, by=authenticated(DEE))

    page.get_by_role("button", name="Log in").click(timeout=30_000)
    type_login(page, login_of(ADA))
    page.locator(".lfr-who").filter(has_text=ADA).wait_for(timeout=30_000)

    page.wait_for_url(f"{address}/planning?planner-where=Application")
    assert page.get_by_role("radio", name="Application").is_checked()


@pytest.mark.slow
def test_who_has_set_a_password_is_led_to_the_pages_and_from_the_providers_own_page_too(
    context: BrowserContext, logins: PageLogins, address: str
) -> None:
    account, link = logins.server.accounts.invite("nia.newcomer", "Nia Newcomer")
    page = context.new_page()
    page.goto(link)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("input[name=confirmation]").fill(PASSWORD)
    page.locator("input[name=confirmation]").press("Enter")
    page.get_by_text("Your password is set").wait_for()
    assert account.login in page.inner_text("body")

    page.get_by_role("link", name=address).click()
    assert is_asked_to_log_in(page)
    page.get_by_role("button", name="Log in").click()
    page.get_by_text("Log in to OpenLFR").wait_for()
    assert "already logged in" not in page.inner_text("body")
    type_login(page, account.login)
    page.get_by_text("Compliance registers people").wait_for(timeout=30_000)

    page.goto(logins.server.provider.issuer)
    type_login(page, account.login)
    page.get_by_text("Nia Newcomer").first.wait_for()
    page.get_by_role("link", name="Go to OpenLFR").click()
    assert page.url.rstrip("/") == address


@pytest.mark.parametrize("name", [OLU, *(pytest.param(each, marks=pytest.mark.slow) for each in (DEE, PAT, ADA))])
@pytest.mark.slow
def test_each_page_shows_nothing_to_whom_it_is_not_for(
    context: BrowserContext, logins: PageLogins, address: str, name: str
) -> None:
    logins.cookies.pop(name, None)  # other tests log them out
    logins.log_in(context, name)
    page = context.new_page()
    for path in PAGES:
        page.goto(f"{address}/{path}")
        page.locator(".lfr-who").filter(has_text=name).wait_for(timeout=30_000)
        if path in MINE[name]:
            page.get_by_text(HEADINGS[path]).first.wait_for()
        else:
            page.get_by_text("This page is for the role").wait_for()
            assert page.get_by_text(HEADINGS[path], exact=True).count() == 0
            assert DEE in page.get_by_text("Roles are given by compliance").inner_text()
            links = page.get_by_test_id("stHtml").get_by_role("link")
            links.first.wait_for()
            assert {str(each.get_attribute("href")) for each in links.all()} == MINE[name]
            leads_to = str(links.last.get_attribute("href"))
            links.last.click()
            page.wait_for_url(f"{address}/{leads_to.strip('/')}")


@pytest.mark.parametrize(
    ("changes", "secret"),
    [
        ({}, "a secret of somebody else's, quite long enough"),
        ({"iat": int(time.time()) - 13 * 3600}, ""),
        pytest.param({"iat": int(time.time()) + 3600}, "", marks=pytest.mark.slow),
        pytest.param({"aud": ["another client"]}, "", marks=pytest.mark.slow),
        pytest.param({"iss": "http://127.0.0.1:1"}, "", marks=pytest.mark.slow),
        pytest.param({"is_logged_in": False}, "", marks=pytest.mark.slow),
    ],
    ids=["forged", "expired", "of tomorrow", "of another client", "of another provider", "logged out"],
)
def test_a_cookie_that_is_no_login_of_now_is_nobody(
    context: BrowserContext, logins: PageLogins, address: str, changes: dict[str, Any], secret: str
) -> None:
    value = signed(logins.settings, claims_of(logins, OLU) | changes, secret)
    context.add_cookies([{"name": COOKIE, "value": value, "url": address}])
    page = context.new_page()
    page.goto(address)

    assert is_asked_to_log_in(page)


def test_headers_that_name_somebody_name_nobody(context: BrowserContext, address: str) -> None:
    names = ("X-Forwarded-User", "X-Forwarded-Email", "X-Remote-User", "Remote-User", "X-Auth-Request-User", "sub")
    context.set_extra_http_headers(dict.fromkeys(names, OLU) | {"X-Forwarded-For": "127.0.0.1"})
    page = context.new_page()
    page.goto(address)

    assert is_asked_to_log_in(page)


def knock(port: int, host: str, origin: str) -> int:
    """The status of a WebSocket's handshake."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.putrequest("GET", "/_stcore/stream", skip_host=True)
        handshake = {"Host": host, "Origin": origin, "Upgrade": "websocket", "Connection": "Upgrade"}
        key = {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version": "13"}
        for name, text in (handshake | key | {"Sec-WebSocket-Protocol": "streamlit"}).items():
            connection.putheader(name, text)
        connection.endheaders()
        return connection.getresponse().status
    finally:
        connection.close()


def test_a_foreign_host_or_origin_opens_nothing(settings: Settings, address: str) -> None:
    port = settings.operator_port
    own, evil = f"127.0.0.1:{port}", f"evil.example:{port}"

    assert knock(port, own, f"http://{own}") == 101
    assert knock(port, evil, f"http://{evil}") in {400, 403}
    assert knock(port, own, f"http://{evil}") == 403
    assert httpx.get(address, headers={"host": evil}, trust_env=False).status_code == 400
    headers = httpx.get(address, trust_env=False).headers
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


@pytest.mark.slow
def test_a_page_opened_as_localhost_leads_to_where_people_log_in(
    context: BrowserContext, settings: Settings, address: str
) -> None:
    page = context.new_page()
    page.goto(f"http://localhost:{settings.operator_port}/planning")

    assert page.url == f"{address}/planning"
