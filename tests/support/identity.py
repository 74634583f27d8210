"""The real identity server for tests, a browser that logs in at it over HTTP, and tokens signed with keys made here."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urljoin

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from apps.supervisor.identity import identity_child
from apps.supervisor.plan import settings_env
from apps.supervisor.process import child_environment
from lfr_core.common.errors import Fatal
from lfr_core.common.settings import Settings
from lfr_core.custody.identity.canaille import CanailleAccounts
from lfr_core.custody.identity.embedded import server_python
from lfr_core.custody.identity.provider import IdentityProvider, provider_of
from lfr_core.domain.policy import load_policy
from tests.support.brokers import free_ports

__all__ = [
    "ISSUER",
    "PASSWORD",
    "HttpBrowser",
    "IdentityServer",
    "NotLoggedInError",
    "Signer",
    "a_provider",
    "claims_of",
    "identity_server",
    "log_in",
    "set_password",
]

PASSWORD = "a long password of tests"
ISSUER = "https://login.example.test/staff"
START_S = 90.0
_INPUT = re.compile(r"<input\b[^>]*>")
_ATTRIBUTE = re.compile(r'\b(name|value)="([^"]*)"')


class NotLoggedInError(Exception):
    """The server shows its form again."""


class HttpBrowser:
    """Follows redirects, keeps cookies and fills the server's forms, as a person's browser does."""

    def __init__(self) -> None:
        self.client = httpx.Client(trust_env=False, follow_redirects=False, timeout=30.0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.client.close()

    def log_in(self, address: str, login: str, password: str, *, until: str) -> str:
        """Open `address`, log in, and return the address, beginning with `until`, that the browser is sent to."""
        answer = self.client.get(address)
        given = {"login": login, "password": password}
        for _ in range(12):
            if answer.is_redirect:
                target = urljoin(str(answer.url), answer.headers["location"])
                if target.startswith(until):
                    return target
                answer = self.client.get(target)
                continue
            form = fields_of(answer.text)
            if not given.keys() & form.keys():
                break
            filled = form | {name: given.pop(name) for name in list(given) if name in form}
            answer = self.client.post(str(answer.url), data=filled)
        raise NotLoggedInError(answer.status_code, re.sub(r"<[^>]*>|\s+", " ", answer.text))


def log_in(address: str, login: str, password: str, *, until: str) -> str:
    """Log in with a browser that was never used."""
    with HttpBrowser() as browser:
        return browser.log_in(address, login, password, until=until)


def set_password(link: str, password: str = PASSWORD) -> None:
    """Open the link, and set the password if the form for it is there."""
    with HttpBrowser() as browser:
        form = fields_of(browser.client.get(link).text)
        browser.client.post(link, data=form | {"password": password, "confirmation": password})


def fields_of(page: str) -> dict[str, str]:
    """The form's fields and what is in them."""
    found = (dict(_ATTRIBUTE.findall(each)) for each in _INPUT.findall(page))
    return {each["name"]: each.get("value", "") for each in found if "name" in each}


@dataclass
class IdentityServer:
    """The embedded server, as `lfr up` starts it."""

    settings: Settings
    process: subprocess.Popen[bytes] | None = None

    @property
    def provider(self) -> IdentityProvider:
        return provider_of(self.settings)

    @property
    def accounts(self) -> CanailleAccounts:
        return CanailleAccounts(self.settings, load_policy().access)

    @property
    def log(self) -> Path:
        return self.settings.home / "identity.log"

    def start(self) -> None:
        child = identity_child(self.settings, settings_env(self.settings))
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                child.command, env=child_environment(child.env), stdout=log, stderr=subprocess.STDOUT, cwd="/"
            )
        deadline = time.monotonic() + START_S
        while not child.ready(self.process.pid):
            assert self.process.poll() is None, self.log.read_text()[-2000:]
            assert time.monotonic() < deadline, "the identity server doesn't start"
            time.sleep(0.2)

    def stop(self) -> int:
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(20)

    def people(self, *logins: str) -> dict[str, str]:
        """Make accounts with the password of tests; login and subject."""
        made = self.accounts.create_all([(login, login.title()) for login in logins])
        for link in self.accounts.password_links([each.subject for each in made]):
            set_password(link)
        return {each.login: each.subject for each in made}


@pytest.fixture(scope="session")
def identity_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IdentityServer]:
    """One for all tests of a process: it needs 3 to 20 s to start."""
    port, *back = free_ports(3)
    settings = Settings(home=tmp_path_factory.mktemp("identity"), identity_port=port, login_ports=tuple(back))
    try:
        server_python(settings)
    except Fatal as error:
        pytest.skip(str(error))
    server = IdentityServer(settings)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def a_provider(**changes: Any) -> IdentityProvider:
    """A provider that isn't there."""
    values: dict[str, Any] = {
        "issuer": ISSUER,
        "client_id": "openlfr-cli",
        "staff_client_id": "openlfr-staff",
        "login_ports": (4221,),
        "is_embedded": False,
    }
    return IdentityProvider(**values | changes)


def claims_of(now_s: int, **changes: Any) -> dict[str, Any]:
    """The claims of a good token; None leaves one out."""
    values: dict[str, Any] = {
        "iss": ISSUER,
        "aud": "openlfr-cli",
        "sub": "7f0c",
        "iat": now_s,
        "exp": now_s + 300,
        "nonce": "n",
    }
    return {name: value for name, value in (values | changes).items() if value is not None}


@dataclass
class Signer:
    """Signs tokens with a key made here."""

    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, auto_kid=True))

    @property
    def keys(self) -> KeySet:
        return KeySet([RSAKey.import_key(self.key.as_dict(private=False))])

    def sign(self, claims: Mapping[str, Any], **header: Any) -> str:
        return jwt.encode({"alg": "RS256", "kid": self.key.kid, **header}, dict(claims), self.key)
