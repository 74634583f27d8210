"""The real identity server for tests, a browser that logs in at it over HTTP, and tokens signed with keys made here."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from apps.demo import http_browser
from apps.demo.http_browser import HttpBrowser, NotLoggedInError, log_in_at
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
    "READY",
    "HttpBrowser",
    "IdentityServer",
    "NotLoggedInError",
    "Signer",
    "a_provider",
    "claims_of",
    "identity_server",
    "log_in",
    "log_in_at",
    "set_password",
]

PASSWORD = "a long password of tests"
READY = (
    *("pat", "wrong", "olu"),  # custody/identity
    *("olu.operator", "pat.planner", "ada.auditor", "dana.compliance", "ann.operator", "bob.sergeant", "rex.leaving"),
)
"""Accounts of several tests, made at the server's start: each process that makes some takes 2.5 s of an idle core."""
ISSUER = "https://login.example.test/staff"
START_S = 90.0


def log_in(address: str, login: str, password: str, *, until: str) -> str:
    """Log in with a browser that was never used."""
    with HttpBrowser() as browser:
        return browser.log_in(address, login, password, until=until)


def set_password(link: str, password: str = PASSWORD) -> None:
    """Open the link, and set the password if the form for it is there."""
    http_browser.set_password(link, password)


@dataclass
class IdentityServer:
    """The embedded server, as `lfr up` starts it."""

    settings: Settings
    process: subprocess.Popen[bytes] | None = None
    made: dict[str, str] = field(default_factory=dict)
    """Accounts with the password of tests, by login: their subjects."""

    @property
    def provider(self) -> IdentityProvider:
        return provider_of(self.settings)

    @property
    def accounts(self) -> CanailleAccounts:
        return CanailleAccounts(self.settings, load_policy().access)

    @property
    def log(self) -> Path:
        return self.settings.home / "identity.log"

    def settings_at(self, home: Path) -> Settings:
        """The settings of another installation, at `home`, whose people have their accounts at this server."""
        home.mkdir(parents=True, exist_ok=True)
        (home / "identity").symlink_to(self.settings.home / "identity")
        return self.settings.model_copy(update={"home": home})

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

    def subjects(self, *logins: str) -> dict[str, str]:
        """The accounts of these logins, made with the password of tests where there are none; login and subject."""
        if fresh := [login for login in dict.fromkeys(logins) if login not in self.made]:
            for account, link in self.accounts.invite_all([(login, login.title()) for login in fresh]):
                set_password(link)
                self.made[account.login] = account.subject
        return {login: self.made[login] for login in logins}


@pytest.fixture(scope="session")
def identity_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IdentityServer]:
    """One for all tests of a process: it needs 3 to 20 s to start."""
    port, page, *back = free_ports(4)
    home = tmp_path_factory.mktemp("identity")
    settings = Settings(home=home, identity_port=port, operator_port=page, login_ports=tuple(back))
    try:
        server_python(settings)
    except Fatal as error:
        pytest.skip(str(error))
    server = IdentityServer(settings)
    server.start()
    try:
        server.subjects(*READY)
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
