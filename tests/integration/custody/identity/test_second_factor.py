"""A one-time code beside the password, where the policy asks for it, at the real identity server."""

from __future__ import annotations

import base64
import hmac
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.demo.http_browser import fields_of
from lfr_core.common.errors import Fatal
from lfr_core.common.settings import Settings
from lfr_core.custody.identity.canaille import CanailleAccounts
from lfr_core.custody.identity.code_flow import LoginRequest, redeem_code
from lfr_core.custody.identity.discovery import discover
from lfr_core.custody.identity.embedded import server_python
from lfr_core.domain.policy import default_policy_file, load_policy
from tests.support.brokers import free_ports
from tests.support.identity import PASSWORD, HttpBrowser, IdentityServer, NotLoggedInError, set_password

pytestmark = pytest.mark.identity


@pytest.fixture
def server(tmp_path: Path) -> Iterator[IdentityServer]:
    """One of an installation whose policy asks for a second factor."""
    text, asked = default_policy_file().read_text(encoding="utf-8"), "second_factor = true"
    file = tmp_path / "policy.toml"
    file.write_text(text.replace("second_factor = false", asked), encoding="utf-8")
    port, page, *back = free_ports(4)
    settings = Settings(
        home=tmp_path / "home", identity_port=port, operator_port=page, login_ports=tuple(back), policy_file=file
    )
    settings.home.mkdir()
    try:
        server_python(settings)
    except Fatal as error:
        pytest.skip(str(error))
    server = IdentityServer(settings)
    server.start()
    yield server
    server.stop()


def code_of(secret: str) -> str:
    """The code of this half minute (RFC 6238), as the person's phone shows it. `secret`: base32."""
    if (left_s := 30 - time.time() % 30) < 4:  # it must still count when it comes
        time.sleep(left_s)
    counter = int(time.time() // 30).to_bytes(8, "big")
    digest = hmac.digest(base64.b32decode(secret + "=" * (-len(secret) % 8)), counter, "sha1")
    at = digest[-1] & 15
    return f"{(int.from_bytes(digest[at : at + 4], 'big') & 0x7FFFFFFF) % 10**6:06}"


def test_a_password_alone_logs_nobody_in_and_the_code_of_their_phone_beside_it_does(server: IdentityServer) -> None:
    accounts = CanailleAccounts(server.settings, load_policy(server.settings.policy_file).access)
    ((_, link),) = accounts.invite_all([("pat", "Pat Planner")])
    set_password(link)
    endpoints = discover(server.provider)
    back = server.provider.redirect_uri(server.provider.login_ports[0])

    def begin() -> LoginRequest:
        return LoginRequest.begin(server.provider, back, "n")

    first, later = begin(), begin()
    with HttpBrowser() as browser:
        with pytest.raises(NotLoggedInError):
            browser.log_in(first.address(endpoints), "pat", PASSWORD, until=back)
        setting_up = browser.client.get(f"{server.provider.issuer}/auth/otp-setup")
        secret = fields_of(setting_up.text)["secret"]
        wrong = f"{(int(code_of(secret)) + 1) % 10**6:06}"
        refused = browser.client.post(str(setting_up.url), data={**fields_of(setting_up.text), "otp": wrong})
        assert "invalid" in refused.text
        browser.client.post(str(setting_up.url), data={**fields_of(refused.text), "otp": code_of(secret)})

    with HttpBrowser() as browser:
        with pytest.raises(NotLoggedInError) as asked:
            browser.log_in(later.address(endpoints), "pat", PASSWORD, until=back)
        assert "passcode" in str(asked.value.args[1])
        form = browser.client.get(f"{server.provider.issuer}/auth/otp")
        answer = browser.client.post(str(form.url), data={**fields_of(form.text), "otp": code_of(secret)})
        while answer.is_redirect and not answer.headers["location"].startswith(back):
            answer = browser.client.get(str(answer.url.join(answer.headers["location"])))

    assert redeem_code(later, endpoints, later.code_in(answer.headers["location"]))

    with HttpBrowser() as browser:  # who knows the password makes no other secret, and tries one code, then waits
        for page, given in (("otp-setup", "123456"), ("otp", wrong)):
            with pytest.raises(NotLoggedInError):
                browser.log_in(begin().address(endpoints), "pat", PASSWORD, until=back)
            form = browser.client.get(f"{server.provider.issuer}/auth/{page}")
            answer = browser.client.post(str(form.url), data={**fields_of(form.text), "otp": given})
            assert (
                browser.client.get(f"{server.provider.issuer}/auth/otp").headers["location"]
                == server.settings.page_addresses[0]
            )
        assert "invalid" in answer.text
        with pytest.raises(NotLoggedInError, match="wait for"):
            browser.log_in(begin().address(endpoints), "pat", PASSWORD, until=back)
