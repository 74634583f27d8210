"""What compliance does on its page to the register: who is registered there can log in without another step."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.compliance.actions import ComplianceActions
from apps.compliance.panels import trail_rows
from apps.compliance.trail_words import Named
from lfr_core.common.settings import Settings
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


def test_a_person_is_found_on_the_trail_as_who_acted_and_whom_it_is_about_by_any_name_or_number(
    actions: ComplianceActions,
) -> None:
    actions.add("Nora Sought", {Role.COMPLIANCE}, Rank.SERGEANT, by=authenticated(DEE))
    give_accounts(actions.installation.people, "Nora Sought", by=authenticated(DEE))
    actions.installation.people.change(DEE, {Role.COMPLIANCE}, Rank.SERGEANT, by=authenticated("Nora Sought"))
    actions.rename("Nora Sought", "Nora Found", by=authenticated(DEE))
    vault, engine = actions.installation.vault, actions.installation.engine
    numbers = [vault.pseudonym(each) for each in ("Nora Found", "Nora Sought")]
    about = "person:2"

    meant = actions.people_meant(" nora  sought ")

    assert meant == (about, *(f"person:{each}" for each in numbers))
    asked = ("Nora Found", numbers[0], numbers[1][:8], f"person {numbers[1][:8]}", f"person:{numbers[0]}")
    assert [actions.people_meant(each) for each in asked] == [meant] * len(asked)
    assert [actions.people_meant(each) for each in ("", "Nobody Here", "Nora", "person", numbers[0][:7])] == [()] * 5
    found = entries(engine, people=meant)
    assert {each.rule for each in found if each.subject == about} >= {"people.added", "people.renamed"}
    assert [each.rule for each in found if each.actor == f"person:{numbers[1]}"] == ["people.changed"]
    assert all(each.subject == about or each.actor in meant for each in found)


def test_the_person_an_entry_is_about_reads_as_the_person_who_acted(actions: ComplianceActions) -> None:
    actions.add("Nora Sought", {Role.PLANNER}, Rank.SERGEANT, by=authenticated(DEE))
    actions.rename("Nora Sought", "Nora Found", by=authenticated(DEE))
    found = entries(actions.installation.engine, people=["person:1", "person:2"])

    rows = trail_rows(found, Named({}, people=actions.people_named(found)))

    now, before, dee = (actions.installation.vault.pseudonym(each)[:8] for each in ("Nora Found", "Nora Sought", DEE))
    assert {(row[2], row[6]) for row in rows if row[2] == f"person {dee}"} == {
        (f"person {dee}", f"person {now} (before: {before})")
    }
    assert f"person {dee}" in {row[6] for row in rows}
    assert not any(name in cell for row in rows for cell in row for name in ("Nora", "Dee"))


def test_while_the_vault_is_away_people_are_numbered_and_the_trail_is_read_all_the_same(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    with serving_vault(settings), Installation(settings, identity=ProcessIdentity.COMMANDS) as installation:
        People(installation.engine, installation.trail, installation.clock).add(
            DEE, {Role.COMPLIANCE}, Rank.POLICE_STAFF, by=MACHINE
        )
    with Installation(settings, identity=ProcessIdentity.COMMANDS) as installation:
        found = entries(installation.engine, people=["person:1"])

        assert found
        assert ComplianceActions(installation).people_named(found) == {}
