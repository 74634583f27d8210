"""Who was written into the register by hand does nothing, and who is registered goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import col, delete, select, text, update

from apps.vault.process import build_vault
from lfr_core.common.clock import SystemClock, utc_from_ns
from lfr_core.common.errors import Retryable
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.custody.people import People, Rank, Role
from lfr_core.custody.vault.port import KeyKind
from lfr_core.deployments.vault_records import VaultRecords
from lfr_core.domain.actors import Principal, ProcessIdentity, SystemActor, fold_name
from lfr_core.domain.policy import load_policy
from lfr_core.storage.engine import open_engine, writing
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.people import PersonIdentityRow, PersonRoleRow, PersonRow
from lfr_core.storage.tables.row import Row
from tests.support.believed_home import EVE, Home, believed_home, insert_officer, restart
from tests.support.each_process import EachTrail
from tests.support.lying_database import give_another_rows_index
from tests.support.overwriting import overwriting
from tests.support.people import CAST, authenticated, subject_of
from tests.support.planning import OFFICER, OPERATOR, PLANNER
from tests.support.vault_server import serving_vault


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with believed_home(tmp_path) as home:
        yield home


def test_whoever_made_himself_a_superintendent_in_the_database_does_nothing(home: Home) -> None:
    made = home.planning.plan()
    insert_officer(home.engine)
    by = authenticated(EVE)

    assert home.rule(lambda: home.planning.people.change("Pat Planner", {Role.OPERATOR}, Rank.SERGEANT, by=by)) == (
        "records.not-on-trail"
    )
    assert home.rule(
        lambda: home.planning.deployments.authorise("dep", by=by, reason="because", revision=made.revision)
    ) == ("records.not-on-trail")
    key = home.core.make_key(
        KeyKind.RIGHTS, "", "request-1", SystemClock().time_ns() + 10**12, actor=SystemActor.RIGHTS
    ).info.id
    assert home.rule(lambda: home.vault.open_kept(key, actor=EVE, purpose="to look")) == "records.not-on-trail"


class GivingRole(EachTrail):
    """Makes Pat Planner compliance once the vault has looked, as somebody who watches the database can."""

    engine: Engine

    def prepare(self, actor: Principal) -> None:
        super().prepare(actor)
        with overwriting(self.engine) as session:
            person = session.exec(select(PersonRow).where(PersonRow.name == "Pat Planner")).one()
            session.add(PersonRoleRow(person=person.id or 0, role=Role.COMPLIANCE.value, since=utc_from_ns(1)))


def test_a_role_that_is_put_in_between_the_vaults_look_and_the_act_gives_nobody_a_role(home: Home) -> None:
    trail = GivingRole(home.vault, SystemClock())
    trail.engine = home.engine
    people = People(home.engine, trail, SystemClock())

    with pytest.raises(Retryable, match="what is registered of Pat Planner changed"):
        people.change(OPERATOR, {Role.AUTHORISING_OFFICER}, Rank.SUPERINTENDENT, by=authenticated("Pat Planner"))

    assert next(each for each in people.list() if each.name == OPERATOR).roles == {Role.OPERATOR}
    assert home.rule(home.planning.plan) == "records.not-on-trail"


def test_a_person_whose_own_act_changes_what_is_registered_of_them_goes_on_acting(home: Home) -> None:
    people, compliance = home.planning.people, next(iter(CAST))
    people.link_identity(compliance, "issuer", "subject", by=authenticated(compliance))

    for _ in range(2):
        people.end_sessions(compliance, by=authenticated(compliance))

    assert people.identities_of(compliance)


@pytest.mark.parametrize(
    "odd",
    [
        ["CREATE TRIGGER t AFTER UPDATE ON person BEGIN SELECT 1; END"],
        ["ALTER TABLE person_role RENAME TO kept", "CREATE VIEW person_role AS SELECT * FROM kept"],
    ],
)
def test_nobody_acts_while_a_view_or_trigger_stands_in_the_place_of_the_register(home: Home, odd: list[str]) -> None:
    with overwriting(home.engine) as session:
        for statement in odd:
            session.execute(text(statement))

    assert home.rule(home.planning.plan) == "records.not-on-trail"


@pytest.mark.parametrize(
    ("table", "column", "one", "other"),
    [
        ("person", "folded", fold_name(PLANNER), fold_name(OFFICER)),
        ("person_role", "person", 2, 3),
        ("person_identity", "subject", subject_of(PLANNER), subject_of(OFFICER)),
    ],
)
def test_nobody_acts_while_an_index_of_the_register_says_another_than_its_table(
    home: Home, table: str, column: str, one: object, other: object
) -> None:
    give_another_rows_index(home.engine, table, column, one, other)

    assert home.rule(home.planning.plan) in {"records.not-on-trail", "identity.unknown"}
    assert any(f"the table {table} and its indexes don't say the same" in each for each in restart(home)())


@pytest.mark.parametrize("what", ["role", "account", "rank"])
def test_a_registered_person_whose_register_was_written_in_acts_no_more_until_it_is_mended(
    home: Home, what: str
) -> None:
    now = utc_from_ns(SystemClock().time_ns())
    with overwriting(home.engine) as session:
        person = session.exec(select(PersonRow).where(PersonRow.name == "Pat Planner")).one()
        number = person.id or 0
        if what == "role":
            session.add(PersonRoleRow(person=number, role=Role.AUTHORISING_OFFICER.value, since=now))
        elif what == "account":
            session.add(
                PersonIdentityRow(
                    person=number, issuer="i", subject="s", linked_at=now, linked_by="x", sessions_from=now
                )
            )
        else:
            person.rank = Rank.CHIEF_CONSTABLE.value

    assert home.rule(home.planning.plan) == "records.not-on-trail"


def test_compliance_changing_a_person_whose_rows_were_written_in_does_not_make_them_count(home: Home) -> None:
    with overwriting(home.engine) as session:
        person = session.exec(select(PersonRow).where(PersonRow.name == "Pat Planner")).one()
        person.rank = Rank.CHIEF_CONSTABLE.value
        session.add(PersonRoleRow(person=person.id or 0, role=Role.COMPLIANCE.value, since=utc_from_ns(1)))

    home.planning.people.change(
        "Pat Planner", {Role.PLANNER, Role.COMPLIANCE}, Rank.INSPECTOR, by=authenticated(next(iter(CAST)))
    )

    assert home.rule(lambda: home.core.writer_key("0f" * 16, "Pat Planner")) == "records.not-on-trail"


@pytest.mark.parametrize("kind", [PersonRoleRow, PersonIdentityRow])
def test_nobody_acts_whose_role_or_account_was_removed_from_the_register(home: Home, kind: type[Row]) -> None:
    assert home.rule(lambda: home.core.writer_key("0f" * 16, "Pat Planner")) == ""
    with overwriting(home.engine) as session:
        person = session.exec(select(PersonRow).where(PersonRow.name == "Pat Planner")).one()
        session.execute(delete(kind).where(col(kind.person) == person.id))  # type: ignore[attr-defined]

    assert home.rule(lambda: home.core.writer_key("0f" * 16, "Pat Planner")) == "records.not-on-trail"


def test_no_key_is_lent_for_a_person_who_was_removed_from_the_register(home: Home) -> None:
    with overwriting(home.engine) as session:
        for kind in (PersonRoleRow, PersonIdentityRow, PersonRow):
            session.execute(delete(kind))

    assert home.rule(lambda: home.core.writer_key("0f" * 16, "Pat Planner")) == "records.not-on-trail"


def test_this_machines_user_registers_nobody_in_a_register_that_was_emptied(home: Home) -> None:
    with overwriting(home.engine) as session:
        for kind in (PersonRoleRow, PersonIdentityRow, PersonRow):
            session.execute(delete(kind))
    people = home.planning.people

    assert home.rule(lambda: people.add("Mallory", {Role.COMPLIANCE}, Rank.POLICE_STAFF, by=SystemActor.LFR)) == (
        "people.by"
    )
    assert people.any_can_log_in()


def test_an_entry_of_this_machines_user_links_no_account_once_one_was_linked(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    compliance = next(iter(CAST))
    with overwriting(home.engine) as session:
        kept = [row.model_dump() for row in session.exec(select(PersonIdentityRow))]
        session.execute(delete(PersonIdentityRow))
    assert home.rule(
        lambda: home.planning.people.link_identity(compliance, "issuer", "Mallory", by=SystemActor.LFR)
    ) == ("people.by")
    monkeypatch.setattr("lfr_core.custody.people.accounts.was_ever_linked", lambda _: False)  # as by another program

    home.planning.people.link_identity(compliance, "issuer", "Mallory", by=SystemActor.LFR)
    with overwriting(home.engine) as session:
        newest = max(each["id"] for each in kept) + 1
        session.execute(update(PersonIdentityRow).values(id=newest))
        session.add_all(PersonIdentityRow(**each) for each in kept)

    assert home.rule(lambda: home.core.writer_key("0f" * 16, compliance)) == "records.not-on-trail"
    assert isinstance(home.core.people, VaultRecords)
    assert home.core.people.compare_all()


def test_an_entry_of_this_machines_user_changes_no_planned_deployment(home: Home) -> None:
    home.planning.plan("market")
    trail = AuditTrail(home.vault.process(ProcessIdentity.COMMANDS), SystemClock())
    trail.prepare(SystemActor.LFR)
    with writing(home.engine) as session:
        row = session.get(DeploymentRow, "market")
        assert row is not None
        row.threshold = 0.1
        trail.append(session, AuditEvent(Verb.ALTER, SystemActor.LFR, "market", "deployment:market", "of.a-test"))

    assert isinstance(home.core.people, VaultRecords)
    assert (facts := home.core.people.facts("market")) is not None
    assert facts.records_why.startswith("deployment/market isn't what entry")


def test_this_machines_user_logs_nobody_out_while_a_role_is_gone(home: Home) -> None:
    people, compliance = home.planning.people, next(iter(CAST))
    people.add("Cal Two", {Role.COMPLIANCE}, Rank.POLICE_STAFF, by=authenticated(compliance))
    with overwriting(home.engine) as session:
        person = session.exec(select(PersonRow).where(PersonRow.name == "Cal Two")).one()
        session.execute(delete(PersonRoleRow).where(col(PersonRoleRow.person) == person.id))

    assert home.rule(lambda: people.end_sessions(compliance, by=SystemActor.LFR)) == "people.by"


def test_before_the_first_person_nothing_that_was_written_in_is_taken_over(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    with serving_vault(settings):
        engine = open_engine(settings.records_url)
    insert_officer(engine)

    _, compare = build_vault(settings, load_policy(), engine, SystemClock())

    assert any("no entry on the audit trail" in each for each in compare())
    engine.dispose()


def test_a_renamed_person_is_as_the_trail_says_and_a_name_that_was_put_in_by_hand_is_not(home: Home) -> None:
    people, compliance = home.planning.people, authenticated(next(iter(CAST)))
    people.rename("Pat Planner", "Pat Married", by=compliance)

    assert home.rule(lambda: home.vault.writer_key("a" * 32, "Pat Married")) == ""
    assert home.rule(lambda: home.vault.writer_key("b" * 32, "Pat Planner")) == ""  # in records of before
    with overwriting(home.engine) as session:  # so that what Pat Planner asked for would be somebody else's
        session.exec(select(PersonRow).where(PersonRow.name == "Pat Married")).one().former_names = ""
    assert home.rule(lambda: home.vault.writer_key("c" * 32, "Pat Married")) == "records.not-on-trail"
