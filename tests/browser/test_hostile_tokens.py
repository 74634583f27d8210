"""What an identity provider answers is no login of the pages unless it signed it, for them, for this login, and now."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from lfr_core.common.settings import Settings
from lfr_core.custody.identity.page_client import cookie_secret
from tests.support.brokers import free_ports
from tests.support.identity import Signer, claims_of
from tests.support.login_pages import COOKIE
from tests.support.staff import staff_app
from tests.support.vault_server import serving_vault

pytestmark = [pytest.mark.browser, pytest.mark.slow]

Claims = dict[str, Any]
Answer = dict[str, Any]


class Provider:
    """Answers at its endpoints whatever a test says."""

    def __init__(self) -> None:
        self.signer = Signer()
        self.answer: Answer = {}
        self.asked: dict[str, str] = {}
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = provider.documents.get(self.path)
                self._say(404 if found is None else 200, found)

            def do_POST(self) -> None:
                given = self.rfile.read(int(self.headers["Content-Length"])).decode()
                provider.asked = {name: each[0] for name, each in parse_qs(given).items()}
                self._say(200, provider.answer)

            def _say(self, status: int, found: object) -> None:
                body = json.dumps(found).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.documents: dict[str, dict[str, Any]] = {
            "/keys": {**self.signer.keys.as_dict(private=False)},
            "/.well-known/openid-configuration": {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/keys",
                # as some do: only an answer of the token endpoint may be of the first, and none is believed here
                "id_token_signing_alg_values_supported": ["none", "HS256", "RS256"],
            },
        }


class Site:
    """The pages, whose people log in at that provider."""

    def __init__(self, provider: Provider, settings: Settings) -> None:
        self.provider = provider
        self.settings = settings
        self.address = settings.page_addresses[0]
        self.begun: dict[str, str] = {}

    def button(self) -> str:
        """What the pages' button for logging in leads with."""
        ends = {"provider": "default", "exp": int(time.time()) + 60}
        return jwt.encode({"alg": "HS256"}, ends, OctKey.import_key(cookie_secret(self.settings)))

    def log_in(self, answer: Callable[[str], Answer]) -> bool:
        """Go the way of a browser; `answer`: of the nonce. Whether the pages count it as a login."""
        with httpx.Client(base_url=self.address, trust_env=False, timeout=20) as browser:
            begun = browser.get("/auth/login", params={"provider": self.button()})
            self.begun = {name: each[0] for name, each in parse_qs(urlsplit(begun.headers["location"]).query).items()}
            self.provider.answer = answer(self.begun["nonce"])
            back = browser.get("/oauth2callback", params={"code": "a-code", "state": self.begun["state"]})
            assert back.status_code == 302
            return COOKIE in browser.cookies

    def token(
        self, nonce: str | None, signer: Signer | None = None, header: Claims | None = None, **changes: Any
    ) -> Answer:
        claims = claims_of(int(time.time()), iss=self.provider.url, aud="openlfr-staff", nonce=nonce) | changes
        kept = {name: each for name, each in claims.items() if each is not None}
        return given((signer or self.provider.signer).sign(kept, **(header or {})))


def given(token: str) -> Answer:
    return {"access_token": "an access token", "token_type": "Bearer", "expires_in": 300, "id_token": token}


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    provider, folder = Provider(), tmp_path_factory.mktemp("site")
    secret = folder / "secret"
    secret.touch(0o600)
    secret.write_text("what the pages show the provider")
    page, *back = free_ports(3)
    settings = Settings(
        home=folder / "home",
        operator_port=page,
        login_ports=tuple(back),
        oidc_issuer=provider.url,
        oidc_client_secret_file=secret,
    )
    with serving_vault(settings), staff_app(settings):
        yield Site(provider, settings)
    provider.server.shutdown()
    provider.server.server_close()


def test_a_login_that_is_one_counts_and_its_code_is_held_to_it_though_the_provider_speaks_of_no_pkce(
    site: Site,
) -> None:
    assert site.log_in(site.token)

    assert site.begun["response_type"] == "code"
    assert site.begun["redirect_uri"] == f"{site.address}/oauth2callback"
    assert site.begun["code_challenge_method"] == "S256"
    hashed = hashlib.sha256(site.provider.asked["code_verifier"].encode()).digest()
    assert site.begun["code_challenge"] == base64.urlsafe_b64encode(hashed).rstrip(b"=").decode()


def unsigned(site: Site, nonce: str) -> Answer:
    claims = claims_of(int(time.time()), iss=site.provider.url, aud="openlfr-staff", nonce=nonce)
    return given(f"{part({'alg': 'none'})}.{part(claims)}.")


def confused(site: Site, nonce: str) -> Answer:
    key = site.provider.signer.key
    claims = claims_of(int(time.time()), iss=site.provider.url, aud="openlfr-staff", nonce=nonce)
    named = f"{part({'alg': 'HS256', 'kid': key.kid})}.{part(claims)}"
    made = hmac.new(key.as_pem(private=False), named.encode(), hashlib.sha256).digest()
    return given(f"{named}.{base64.urlsafe_b64encode(made).rstrip(b'=').decode()}")


def unshown(site: Site, nonce: str) -> Answer:
    claims = claims_of(int(time.time()), iss=site.provider.url, aud="openlfr-staff", nonce=nonce)
    return {"access_token": "an access token", "token_type": "Bearer", "userinfo": claims}


HOSTILE: dict[str, Callable[[Site, str], Answer]] = {
    "unsigned": unsigned,
    "the public key as a secret": confused,
    "no token, and what it would say": unshown,
    "nothing": lambda _site, _nonce: {},
    "a list": lambda _site, _nonce: {"id_token": ["x"], "access_token": 4},
    "another key": lambda site, nonce: site.token(nonce, Signer()),
    "another key by the name of theirs": lambda site, nonce: site.token(
        nonce, Signer(), {"kid": site.provider.signer.key.kid}
    ),
    "another issuer": lambda site, nonce: site.token(nonce, iss="https://login.example.test"),
    "another audience": lambda site, nonce: site.token(nonce, aud="openlfr-cli"),
    "an audience of two": lambda site, nonce: site.token(nonce, aud=["openlfr-staff", "another"]),
    "made for another": lambda site, nonce: site.token(nonce, azp="another"),
    "of another login": lambda site, _: site.token("another nonce"),
    "of no login": lambda site, _: site.token(None),
    "over": lambda site, nonce: site.token(nonce, exp=int(time.time()) - 300, iat=int(time.time()) - 600),
    "without an end": lambda site, nonce: site.token(nonce, exp=None),
    "of nobody": lambda site, nonce: site.token(nonce, sub=None),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_a_provider_did_not_sign_for_this_login_is_none(site: Site, name: str) -> None:
    assert not site.log_in(lambda nonce: HOSTILE[name](site, nonce))


def test_a_code_that_comes_back_to_no_login_of_this_browser_is_none(site: Site) -> None:
    for state in ("", "x", site.begun.get("state", "")):
        back = httpx.get(
            f"{site.address}/oauth2callback", params={"code": "c", "state": state}, trust_env=False, timeout=20
        )
        assert COOKIE not in back.cookies


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "https://login.example.test"},
        {"token_endpoint": "http://login.example.test/token"},
        {"token_endpoint": "http://localhost/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"token_endpoint": None},
    ],
    ids=str,
)
def test_where_a_provider_names_another_issuer_or_unsafe_addresses_no_login_is_begun(
    site: Site, changes: dict[str, str | None]
) -> None:
    path = "/.well-known/openid-configuration"
    before = site.provider.documents[path]
    site.provider.documents[path] = before | changes
    site.provider.asked = {}
    try:
        with httpx.Client(base_url=site.address, trust_env=False, timeout=20) as browser:
            assert browser.get("/auth/login", params={"provider": site.button()}).status_code == 400
    finally:
        site.provider.documents[path] = before
    assert site.provider.asked == {}


def test_two_keys_of_one_name_let_nobody_in_by_the_second(site: Site) -> None:
    """The first of them counts, whoever signs with the second."""
    other = Signer()
    kid = site.provider.signer.key.kid
    before = site.provider.documents["/keys"]
    twice = [*before["keys"], {**other.key.as_dict(private=False), "kid": kid}]
    site.provider.documents["/keys"] = {"keys": twice}
    try:
        assert not site.log_in(lambda nonce: site.token(nonce, other, {"kid": kid}))
    finally:
        site.provider.documents["/keys"] = before
