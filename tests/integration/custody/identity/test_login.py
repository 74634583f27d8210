"""Logging in at the real identity server, as a person does, and what is refused."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import Engine

from apps.demo.http_browser import fields_of
from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import Refused
from lfr_core.custody.identity.code_flow import LoginRequest, redeem_code
from lfr_core.custody.identity.discovery import discover, fetch_keys
from lfr_core.custody.identity.login import CommandLineLogin
from lfr_core.custody.identity.session_file import write_session
from lfr_core.custody.identity.terminal import find_person_logged_in
from lfr_core.custody.identity.tokens import verify_id_token
from lfr_core.storage.engine import open_engine
from tests.support.identity import PASSWORD, HttpBrowser, IdentityServer, NotLoggedInError, set_password
from tests.support.identity import log_in as browser_log_in
from tests.support.people import authenticated, registered
from tests.support.records import ManualClock
from tests.support.refusals import refusal

pytestmark = pytest.mark.identity

CLOCK = SystemClock()
DEE, PAT = "Dee Compliance", "Pat Planner"


@pytest.fixture(scope="module")
def subjects(identity_server: IdentityServer) -> dict[str, str]:
    """Accounts with a password; login and subject."""
    return identity_server.subjects("pat", "wrong")


@pytest.fixture
def login(identity_server: IdentityServer, tmp_path: Path) -> CommandLineLogin:
    return CommandLineLogin(identity_server.provider, "this installation", 12.0, tmp_path / "state", CLOCK)


def browsing(login: str = "pat", password: str = PASSWORD) -> object:
    """A person who logs in with the browser that the command line opens."""

    def browse(address: str, request: LoginRequest) -> str:
        return browser_log_in(address, login, password, until=request.redirect_uri)

    return browse


def back(login: CommandLineLogin) -> str:
    return login.provider.redirect_uri(login.provider.login_ports[0])


def log_in(login: CommandLineLogin, name: str = "pat", password: str = PASSWORD) -> str:
    identity, session = login.log_in(browsing(name, password), redirect_uri=back(login))  # type: ignore[arg-type]
    login.keep(session)
    return identity.subject


def test_whoever_logs_in_is_known_by_their_subject_until_they_log_out(
    login: CommandLineLogin, subjects: dict[str, str]
) -> None:
    assert log_in(login) == subjects["pat"]
    assert login.identify().subject == subjects["pat"]
    assert login.log_out()
    assert refusal(login.identify) == "login.none"


@pytest.mark.parametrize("step", ["password", "otp", "otp-setup"])
def test_a_step_of_a_login_that_has_ended_leads_to_the_pages(
    login: CommandLineLogin, identity_server: IdentityServer, subjects: dict[str, str], step: str
) -> None:
    request = LoginRequest.begin(login.provider, back(login), "nonce")
    with HttpBrowser() as browser:
        browser.log_in(request.address(discover(login.provider)), "pat", PASSWORD, until=back(login))
        again = browser.client.get(f"{login.provider.issuer}/auth/{step}")  # by "back"

    assert again.headers["location"] == identity_server.settings.page_addresses[0]


def test_an_account_may_log_in_twice_in_one_second(login: CommandLineLogin, subjects: dict[str, str]) -> None:
    endpoints, browse = discover(login.provider), browsing()
    assert callable(browse)
    requests = [LoginRequest.begin(login.provider, back(login), nonce) for nonce in ("one", "two")]
    codes = [each.code_in(browse(each.address(endpoints), each)) for each in requests]

    tokens = {redeem_code(request, endpoints, code) for request, code in zip(requests, codes, strict=True)}

    assert len(tokens) == 2


def test_a_wrong_password_and_an_unknown_account_look_alike_and_after_it_one_waits(
    login: CommandLineLogin, subjects: dict[str, str]
) -> None:
    output = []
    for name in ("wrong", "nobody"):
        with pytest.raises(NotLoggedInError) as caught:
            log_in(login, name, "a wrong password of tests")
        output.append(str(caught.value.args[1]).replace(name, ""))
    with pytest.raises(NotLoggedInError, match="wait for"):
        log_in(login, "wrong")

    assert output[0] == output[1]
    assert refusal(login.identify) == "login.none"


def test_a_session_is_of_the_installation_and_the_user_it_was_made_for_whatever_its_file_says(
    login: CommandLineLogin, subjects: dict[str, str]
) -> None:
    _, session = login.log_in(browsing(), redirect_uri=back(login))  # type: ignore[arg-type]
    there = replace(login, installation="another installation")

    write_session(login.folder, replace(session, installation=there.installation))
    assert refusal(there.identify) == "login.token"
    write_session(login.folder, replace(session, salt="another"))
    assert refusal(login.identify) == "login.token"


@pytest.mark.slow
def test_a_session_ends_with_the_shift_though_its_file_says_otherwise(
    login: CommandLineLogin, subjects: dict[str, str]
) -> None:
    _, session = login.log_in(browsing(), redirect_uri=back(login))  # type: ignore[arg-type]
    login.keep(replace(session, ends_at_ns=session.ends_at_ns * 2))
    at_the_end = ManualClock(CLOCK.time_ns() + 12 * 3600 * 10**9)

    assert refusal(replace(login, clock=at_the_end).identify) == "login.expired"


def test_a_code_works_once_and_only_with_the_secret_of_its_login(
    login: CommandLineLogin, subjects: dict[str, str]
) -> None:
    endpoints = discover(login.provider)
    request = LoginRequest.begin(login.provider, back(login), "a nonce")
    address = browser_log_in(request.address(endpoints), "pat", PASSWORD, until=request.redirect_uri)
    code = request.code_in(address)

    stolen = LoginRequest.begin(login.provider, back(login), "a nonce")
    assert refusal(redeem_code, stolen, endpoints, code) == "login.refused"
    token = redeem_code(request, endpoints, code)
    assert refusal(redeem_code, request, endpoints, code) == "login.refused"
    keys = fetch_keys(login.provider, endpoints)
    assert verify_id_token(token, keys, login.provider, nonce="a nonce", now_ns=CLOCK.time_ns()).subject
    for other, nonce in ((login.provider, "another"), (replace(login.provider, client_id="openlfr-staff"), "a nonce")):
        with pytest.raises(Refused, match="isn't believed"):
            verify_id_token(token, keys, other, nonce=nonce, now_ns=CLOCK.time_ns())


def test_a_login_name_without_its_password_is_nobody_whatever_page_of_the_server_is_opened(
    login: CommandLineLogin, subjects: dict[str, str]
) -> None:
    for page in ("otp-setup", "otp", "email", "sms", "fido2", "fido2-setup"):
        for method in ("get", "post"):
            request, issuer = LoginRequest.begin(login.provider, back(login), "n"), login.provider.issuer
            with HttpBrowser() as browser:
                with pytest.raises(NotLoggedInError):
                    browser.log_in(request.address(discover(login.provider)), "pat", "", until=back(login))
                token = fields_of(browser.client.get(f"{issuer}/auth/password").text)["csrf_token"]
                given = {"data": {"otp": "123456", "csrf_token": token}} if method == "post" else {}
                answer = browser.client.request(method, f"{issuer}/auth/{page}", **given)  # type: ignore[arg-type]

            assert urlsplit(answer.headers.get("location", "")).path == "/login", (page, method)


def test_the_server_sends_a_code_to_no_address_that_is_not_registered(
    login: CommandLineLogin, subjects: dict[str, str]
) -> None:
    for elsewhere in ("http://127.0.0.1:1/callback", "https://example.test/callback", f"{back(login)}/more"):
        request = LoginRequest.begin(login.provider, elsewhere, "n")
        with pytest.raises(NotLoggedInError):
            browser_log_in(request.address(discover(login.provider)), "pat", PASSWORD, until=elsewhere)


def test_the_server_keeps_nobody_logged_in_and_its_cookies_are_for_http_alone(
    login: CommandLineLogin, subjects: dict[str, str]
) -> None:
    endpoints = discover(login.provider)
    request = LoginRequest.begin(login.provider, back(login), "n")
    silent = request.address(endpoints).replace("prompt=login", "prompt=none")
    with HttpBrowser() as browser:
        browser.log_in(request.address(endpoints), "pat", PASSWORD, until=request.redirect_uri)
        answer = browser.client.get(silent)
        cookies = list(browser.client.cookies.jar)

    assert "code" not in parse_qs(urlsplit(answer.headers.get("location", "")).query)
    assert cookies
    for cookie in cookies:
        assert cookie.has_nonstandard_attr("HttpOnly")
        assert cookie.get_nonstandard_attr("SameSite") == "Lax"


def test_the_server_fetches_nothing_that_a_login_names(login: CommandLineLogin, subjects: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(1.0)
        named = f"http://127.0.0.1:{listening.getsockname()[1]}/request"
        request = LoginRequest.begin(login.provider, back(login), "n")
        address = f"{request.address(discover(login.provider))}&request_uri={named}"
        with pytest.raises(NotLoggedInError):
            browser_log_in(address, "pat", PASSWORD, until=request.redirect_uri)
        with pytest.raises(TimeoutError):
            listening.accept()


def test_nobody_makes_accounts_or_clients_or_administers_over_http(identity_server: IdentityServer) -> None:
    base = identity_server.provider.issuer
    statuses = {
        path: httpx.get(f"{base}{path}", trust_env=False).status_code
        for path in ("/register", "/join", "/users", "/profile", "/admin/client", "/scim/v2/Users")
    }
    made = httpx.post(f"{base}/oauth/register", json={"redirect_uris": ["http://127.0.0.1:1/"]}, trust_env=False)
    grant = {"grant_type": "password", "client_id": "openlfr-cli", "username": "pat", "password": PASSWORD}
    by_password = httpx.post(f"{base}/oauth/token", data=grant, trust_env=False)

    assert all(status in {302, 401, 403, 404} for status in statuses.values()), statuses
    assert made.status_code in {400, 401, 403}
    assert by_password.status_code in {400, 401}


@pytest.mark.slow
def test_a_locked_account_logs_in_no_more_until_it_is_unlocked(
    identity_server: IdentityServer, login: CommandLineLogin
) -> None:
    subjects = identity_server.subjects("away")
    identity_server.accounts.lock(subjects["away"])
    with pytest.raises(NotLoggedInError):
        log_in(login, "away")
    assert {each.login: each.is_locked for each in identity_server.accounts.accounts()}["away"]
    identity_server.accounts.unlock(subjects["away"])

    assert log_in(login, "away") == subjects["away"]


@pytest.mark.slow
def test_a_link_sets_a_password_once_and_a_deleted_account_is_gone(
    identity_server: IdentityServer, login: CommandLineLogin
) -> None:
    accounts, subjects = identity_server.accounts, identity_server.subjects("gone")
    link = accounts.password_link(subjects["gone"])
    set_password(link, "another password of tests")
    set_password(link, "a third password of tests")
    assert log_in(login, "gone", "another password of tests") == subjects["gone"]

    accounts.delete(subjects["gone"])
    with pytest.raises(NotLoggedInError):
        log_in(login, "gone", "another password of tests")
    assert refusal(accounts.password_link, subjects["gone"]) == "account.unknown"
    anew = accounts.create("gone", "Somebody Else")
    assert anew.subject != subjects["gone"]
    assert not anew.has_password


@pytest.mark.slow
def test_a_login_name_is_taken_once(identity_server: IdentityServer, subjects: dict[str, str]) -> None:
    accounts = identity_server.accounts

    assert refusal(accounts.create, "pat", "Somebody Else") == "account.taken"
    for bad in ("", "P", "a b", "../x", "x" * 41, "é.è"):
        assert refusal(accounts.create, bad, "Somebody Else") == "account.bad-login"


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    engine = open_engine(sqlite_url)
    yield engine
    engine.dispose()


def test_the_register_says_who_it_is_and_a_revoked_person_is_nobody(
    login: CommandLineLogin, subjects: dict[str, str], engine: Engine
) -> None:
    people = registered(engine, CLOCK)
    subject = log_in(login)

    assert refusal(find_person_logged_in, login, people) == "identity.unknown"
    time.sleep(1.1)  # a token's time is in whole seconds
    people.link_identity(PAT, login.provider.issuer, subject, by=authenticated(DEE))
    assert (
        refusal(find_person_logged_in, login, people) == "identity.session-ended"
    )  # it was before the account was theirs
    log_in(login)
    assert find_person_logged_in(login, people).name == PAT
    people.revoke(PAT, why="left the force", by=authenticated(DEE))
    assert refusal(find_person_logged_in, login, people) == "people.revoked"
