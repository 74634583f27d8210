"""`lfr users`: who is registered gets an account and a link, once; nobody has a password by default."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lfr_core.common.errors import Refused
from lfr_core.custody.identity.canaille import build_account_directory
from lfr_core.custody.identity.invitation import invite_person, login_of, make_password_link
from lfr_core.custody.installation import Installation
from lfr_core.custody.people import People, Rank, Role
from lfr_core.domain.actors import ProcessIdentity
from tests.support.identity import PASSWORD, IdentityServer, log_in_at, set_password
from tests.support.people import MACHINE, authenticated, give_accounts
from tests.support.vault_server import serving_vault

pytestmark = pytest.mark.identity

DEE, CHI = "Dee Invites", "C. Adeyemi"


@pytest.fixture
def installation(identity_server: IdentityServer, tmp_path: Path) -> Iterator[Installation]:
    """A home of its own whose people log in at the server of all tests."""
    settings = identity_server.settings_at(tmp_path / "home")
    with serving_vault(settings), Installation(settings, identity=ProcessIdentity.COMMANDS) as installation:
        people = People(installation.engine, installation.trail, installation.clock)
        people.add(DEE, {Role.COMPLIANCE}, Rank.POLICE_STAFF, by=MACHINE)
        give_accounts(people, DEE)
        people.add(CHI, {Role.PLANNER}, Rank.SERGEANT, by=authenticated(DEE))
        yield installation


def test_a_login_is_proposed_from_the_name() -> None:
    assert [login_of(name) for name in (CHI, "Zoë Ní Bhriain", "李")] == ["c.adeyemi", "zoe.ni.bhriain", ""]


@pytest.mark.slow
def test_who_is_registered_gets_an_account_whose_password_a_link_sets_once(
    installation: Installation, identity_server: IdentityServer
) -> None:
    people = People(installation.engine, installation.trail, installation.clock)
    invited = invite_person(installation, CHI, login="c.adeyemi", by=authenticated(DEE))
    directory = build_account_directory(installation.settings, installation.policy.access)
    assert {each.login: each.has_password for each in directory.accounts()}[invited.login] is False
    set_password(invited.link)
    identity = log_in_at(identity_server.provider, invited.login, PASSWORD)
    set_password(invited.link, "a word of somebody who found the link")
    time.sleep(1.1)  # canaille's tokens must differ, and two of one second are the same: it answers 500

    assert people.of_identity(identity.issuer, identity.subject).name == CHI
    assert log_in_at(identity_server.provider, invited.login, PASSWORD).subject == identity.subject
    with pytest.raises(Refused, match="has an account"):
        invite_person(installation, CHI, login="c.adeyemi.2", by=authenticated(DEE))

    with pytest.raises(Refused, match="only a person registered with role compliance"):
        make_password_link(installation, CHI, by=authenticated("Joe Public"))
    set_password(make_password_link(installation, CHI, by=authenticated(DEE)), "another password of tests")
    with pytest.raises(Refused, match="sessions were ended"):
        people.of_identity(identity.issuer, identity.subject, since=identity.issued_at)
    assert log_in_at(identity_server.provider, invited.login, "another password of tests").subject == identity.subject


@pytest.mark.slow
def test_an_account_that_becomes_nobodys_is_not_left_behind(installation: Installation) -> None:
    directory = build_account_directory(installation.settings, installation.policy.access)
    before = directory.accounts()

    with pytest.raises(Refused, match="only a person registered with role compliance"):
        invite_person(installation, CHI, login="chi.alone", by=authenticated("Joe Public"))

    assert directory.accounts() == before
