"""The login on the staff's pages, in a real browser and at the real identity server; whoever isn't in sees nothing."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from sqlmodel import text
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from apps.demo.people import DemoPerson
from apps.demo.visitor import VisitorLink
from lfr_core.common.settings import Settings
from lfr_core.custody.identity.invitation import login_of
from lfr_core.custody.identity.page_client import cookie_secret
from lfr_core.custody.people import Rank, Role
from lfr_core.custody.vault.core import VaultCore
from lfr_core.deployments.store import DeploymentStore
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.policy import load_policy
from tests.support.identity import PASSWORD
from tests.support.page_login import PageLogins
from tests.support.people import authenticated

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = pytest.mark.browser

OLU, DEE, PAT, ADA = "Olu Operator", "Dana Compliance", "Pat Planner", "Ada Auditor"
NAME = "A street that only staff know of"
COOKIE = "_streamlit_user"
PAGES = ("operator", "planning", "compliance", "enquiries")
HEADINGS = {"operator": NAME, "planning": "Planning", "compliance": "Data quality", "enquiries": "Requests"}
MINE = {OLU: {"operator", "planning"}, DEE: {"planning", "compliance", "enquiries"}, PAT: {"planning"}}
MINE[ADA] = {"planning", "compliance"}


@pytest.fixture(scope="module", autouse=True)
def people(logins: PageLogins, vault: VaultCore, address: str) -> PageLogins:
    """One person of each kind, and a deployment whose name is to be seen by an operator alone."""
    logins.add((OLU, Role.OPERATOR), (PAT, Role.PLANNER), (ADA, Role.AUDITOR))
    logins.give_accounts(DEE)
    store = DeploymentStore(logins.engine, vault, logins.trail)
    store.create("dep", DeploymentKind.DEMO, name=NAME, policy=load_policy())
    return logins


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context()
    yield context
    context.close()


def is_asked_to_log_in(page: Page) -> bool:
    """Once the page is drawn, nothing but that is on it. What was there goes at the end of its drawing."""
    page.get_by_role("button", name="Log in").wait_for(timeout=30_000)
    return is_without(page, NAME, "Cameras", "Data quality", "Calendar", "Requests", "lfr-who")


def is_without(page: Page, *words: str) -> bool:
    """Whether a page that has just been drawn anew holds none of the words within 5 s."""
    deadline = time.monotonic() + 5
    while any(word in page.content() for word in words):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


def type_login(page: Page, login: str) -> None:
    """Log in at the identity server's page, with the password of tests."""
    page.locator("input[name=login]").fill(login)
    page.locator("input[name=login]").press("Enter")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("input[name=password]").press("Enter")


def signed(settings: Settings, claims: dict[str, Any], secret: str = "") -> str:
    """A cookie as the pages write them, signed with their secret unless another is given."""
    return create_signed_value(secret or cookie_secret(settings), COOKIE, json.dumps(claims)).decode()


def claims_of(logins: PageLogins, name: str) -> dict[str, Any]:
    """What the pages would keep of a login just now."""
    ((issuer, subject),) = logins.people.identities_of(name)
    return {
        "iss": issuer, "sub": subject, "aud": ["openlfr-staff"], "iat": int(time.time()), "is_logged_in": True,
        "origin": logins.settings.page_addresses[0], "provider": "default",
    }  # fmt: skip


def write_report(logins: PageLogins) -> None:
    """A report for compliance and auditors, whose page can be kept."""
    from lfr_core.common.quality.pages import GENERATOR

    folder = logins.settings.home / "reports" / "records" / "dep"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "index.html").write_text(f"<html><head>{GENERATOR}<title>A report</title></head><p>known to few</p>")
    (folder / "style.css").write_text("")


def test_somebody_logs_in_with_their_password_and_a_cookie_copied_before_the_logout_is_worth_nothing(
    browser: Browser, context: BrowserContext, logins: PageLogins, address: str
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

    thief = browser.new_context()
    thief.add_cookies(copied)  # type: ignore[arg-type]  # as they were read
    page = thief.new_page()
    page.goto(f"{address}/planning")
    assert is_asked_to_log_in(page)
    thief.close()


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
            links.last.click()
            page.wait_for_url(f"{address}/{[each for each in PAGES if each in MINE[name]][-1]}")


@pytest.mark.slow
def test_an_account_that_is_no_persons_sees_nothing_and_learns_whom_to_ask(
    context: BrowserContext, logins: PageLogins, address: str
) -> None:
    logins.server.subjects("joe.public")
    logins.log_in(context, "Joe Public")
    page = context.new_page()
    page.goto(address)

    assert is_asked_to_log_in(page)
    assert "Compliance registers people" in page.content()


@pytest.mark.slow
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


@pytest.mark.slow
def test_who_loses_a_role_is_out_of_an_open_page_that_nobody_touches_and_of_its_downloads_at_once(
    context: BrowserContext, logins: PageLogins, address: str
) -> None:
    logins.add(("Cara Moving", Role.COMPLIANCE))
    write_report(logins)
    logins.log_in(context, "Cara Moving")
    page = context.new_page()
    page.goto(f"{address}/compliance")
    with page.expect_download() as download:
        page.get_by_role("button", name="Keep this page").click()
    url = download.value.url
    cookies = dict(logins.cookies["Cara Moving"])
    assert httpx.get(url, cookies=cookies, trust_env=False).status_code == 200

    logins.people.change("Cara Moving", [Role.PLANNER], Rank.POLICE_STAFF, by=authenticated(DEE))
    assert httpx.get(url, cookies=cookies, trust_env=False).status_code == 403
    page.get_by_text("This page is for the role").wait_for(timeout=30_000)
    assert is_without(page, "Data quality", "known to few")
    assert httpx.get(url, cookies=cookies, trust_env=False).status_code in {403, 404}


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


@pytest.mark.slow
def test_a_download_is_for_whom_it_was_shown_while_they_are_in(
    context: BrowserContext, logins: PageLogins, address: str
) -> None:
    write_report(logins)
    logins.cookies.pop(DEE, None)
    logins.log_in(context, DEE)
    page = context.new_page()
    page.goto(f"{address}/compliance")
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


@pytest.mark.slow
def test_a_demonstrations_visitor_gets_in_by_one_link_and_one_click_and_nobody_without_the_link(
    context: BrowserContext, logins: PageLogins
) -> None:
    ((issuer, subject),) = logins.people.identities_of(OLU)
    olu = DemoPerson(logins.people.of_identity(issuer, subject), login_of(OLU), PASSWORD)
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
