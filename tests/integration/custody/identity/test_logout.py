"""Logging out at a terminal, after a login at the real identity server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import Retryable
from lfr_core.custody.identity.code_flow import LoginRequest
from lfr_core.custody.identity.login import CommandLineLogin
from lfr_core.custody.identity.terminal import end_login, find_person_logged_in
from lfr_core.storage.engine import open_engine
from tests.support.brokers import free_ports
from tests.support.identity import PASSWORD, IdentityServer
from tests.support.identity import log_in as browser_log_in
from tests.support.people import authenticated, registered
from tests.support.refusals import refusal

pytestmark = pytest.mark.identity

CLOCK = SystemClock()
DEE, PAT = "Dee Compliance", "Pat Planner"


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    engine = open_engine(sqlite_url)
    yield engine
    engine.dispose()


@pytest.fixture
def login(identity_server: IdentityServer, tmp_path: Path) -> CommandLineLogin:
    identity_server.subjects("pat")
    return CommandLineLogin(identity_server.provider, "this installation", 12.0, tmp_path / "state", CLOCK)


def log_in(login: CommandLineLogin) -> str:
    """Log in as a person does, and return their subject."""

    def browse(address: str, request: LoginRequest) -> str:
        return browser_log_in(address, "pat", PASSWORD, until=request.redirect_uri)

    back = login.provider.redirect_uri(login.provider.login_ports[0])
    identity, session = login.log_in(browse, redirect_uri=back)
    login.keep(session)
    return identity.subject


def test_a_session_that_was_copied_before_the_logout_is_refused_and_a_new_login_is_not(
    login: CommandLineLogin, engine: Engine, identity_server: IdentityServer
) -> None:
    people = registered(engine, CLOCK)
    people.link_identity(PAT, login.provider.issuer, identity_server.subjects("pat")["pat"], by=authenticated(DEE))
    time.sleep(1.1)  # a token's time is in whole seconds
    log_in(login)
    (file,) = login.folder.iterdir()
    copied = file.read_bytes()
    assert end_login(login, people)
    assert refusal(find_person_logged_in, login, people) == "login.none"

    file.write_bytes(copied)
    file.chmod(0o600)
    assert refusal(find_person_logged_in, login, people) == "identity.session-ended"
    assert end_login(login, people)  # it is only forgotten
    assert not end_login(login, people)
    time.sleep(1.1)
    log_in(login)
    assert find_person_logged_in(login, people).name == PAT


def test_where_the_provider_is_away_the_terminal_is_logged_out_and_it_is_said_that_copies_count(
    login: CommandLineLogin, engine: Engine
) -> None:
    log_in(login)
    (port,) = free_ports(1)
    away = replace(login, provider=replace(login.provider, issuer=f"http://127.0.0.1:{port}"))

    with pytest.raises(Retryable, match="isn't running"):
        end_login(away, registered(engine, CLOCK))
    assert refusal(login.identify) == "login.none"
