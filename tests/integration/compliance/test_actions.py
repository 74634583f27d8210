"""What compliance does on its page to the register: who is registered there can log in without another step."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.compliance.actions import ComplianceActions
from lfr_core.custody.audit.read import entries
from lfr_core.custody.identity.canaille import build_account_directory
from lfr_core.custody.installation import Installation
from lfr_core.custody.people import People, Rank, Role
from lfr_core.domain.actors import ProcessIdentity
from tests.support.identity import IdentityServer
from tests.support.people import MACHINE, authenticated, give_accounts
from tests.support.vault_server import serving_vault

pytestmark = pytest.mark.identity

DEE = "Dee Registers"


@pytest.fixture
def actions(identity_server: IdentityServer, tmp_path: Path) -> Iterator[ComplianceActions]:
    settings = identity_server.settings_at(tmp_path / "home")
    with serving_vault(settings), Installation(settings, identity=ProcessIdentity.COMMANDS) as installation:
        people = People(installation.engine, installation.trail, installation.clock)
        people.add(DEE, {Role.COMPLIANCE}, Rank.POLICE_STAFF, by=MACHINE)
        give_accounts(people, DEE)
        yield ComplianceActions(installation)


def test_who_is_registered_on_the_page_gets_an_account_and_a_link_at_once(actions: ComplianceActions) -> None:
    said = actions.add("P. {Reed}", {Role.PLANNER}, Rank.SERGEANT, by=authenticated(DEE))
    without = actions.add("李", {Role.OPERATOR}, Rank.CONSTABLE, by=authenticated(DEE))
    again = actions.new_password("P. {Reed}", by=authenticated(DEE))

    directory = build_account_directory(actions.installation.settings, actions.installation.policy.access)
    assert "p.reed" in [each.login for each in directory.accounts()]
    assert said.startswith("P. {Reed} is registered. P. {Reed} logs in as p.reed. Give this link to them alone")
    assert "/reset/p.reed/" in said
    assert "/reset/p.reed/" in again
    assert "李 is registered, and can't log in yet" in without
    assert "Account and password" in without


def test_what_somebody_did_is_found_on_the_trail_by_their_name(actions: ComplianceActions) -> None:
    actions.add("Nora Sought", {Role.PLANNER}, Rank.SERGEANT, by=authenticated(DEE))
    actions.rename("Nora Sought", "Nora Found", by=authenticated(DEE))

    number = actions.read_number(f" {DEE.lower()} ")

    assert {each.actor for each in entries(actions.installation.engine, words=number)} == {f"person:{number}"}
    assert actions.read_number("Nora Sought") == actions.read_number("Nora Found") != ""
    assert [actions.read_number(each) for each in ("", "Nobody Here", "Nora")] == ["", "", ""]
