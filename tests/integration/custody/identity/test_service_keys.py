"""A script acts under a name of its own with a key of its own, does its one thing, and is revoked like a person."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from lfr_core.common.errors import Fatal
from lfr_core.custody.audit.read import entries
from lfr_core.custody.identity.service_keys import add_service, find_service_of_key
from lfr_core.custody.people import People, Rank, Role
from lfr_core.custody.people.lookup import acting
from lfr_core.deployments.steps import TRIAL_ROLES
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.storage.engine import reading
from tests.support.people import authenticated, registered
from tests.support.records import store_of
from tests.support.refusals import refusal
from tests.support.vaults import vault_of

DEE, PAT, NAME = "Dee Compliance", "Pat Planner", "Nightly trials"


@pytest.fixture
def people(engine: Engine) -> People:
    return registered(engine)


@pytest.fixture
def key(people: People, tmp_path: Path) -> Path:
    file = tmp_path / "nightly.key"
    add_service(people, NAME, Role.TRIALS_SERVICE, file, by=authenticated(DEE))
    return file


def test_it_acts_under_its_own_name_and_only_within_its_one_role(engine: Engine, people: People, key: Path) -> None:
    service = find_service_of_key(people, key)
    store_of(engine).create("dep", DeploymentKind.EVALUATION, name="dep", by=service)

    assert (service.name, set(service.roles)) == (NAME, {Role.TRIALS_SERVICE})
    (made,) = [each for each in entries(engine, limit=100) if each.deployment == "dep"]
    assert made.actor == f"person:{vault_of(engine).pseudonym(NAME)}"
    with reading(engine) as session:
        assert acting(session, service, TRIAL_ROLES).name == NAME
        assert refusal(acting, session, service, set(Role) - TRIAL_ROLES) == "people.wrong-role"
    assert refusal(people.add, "N. Body", {Role.OPERATOR}, Rank.CONSTABLE, by=service) == "people.by"


def test_a_revoked_one_acts_no_more_and_one_that_comes_back_has_a_new_key(
    engine: Engine, people: People, key: Path, tmp_path: Path
) -> None:
    before = find_service_of_key(people, key)
    people.revoke(NAME, why="not needed", by=authenticated(DEE))
    assert refusal(find_service_of_key, people, key) == "people.revoked"
    with reading(engine) as session:
        assert refusal(acting, session, before, TRIAL_ROLES) == "people.revoked"

    add_service(people, NAME, Role.TRIALS_SERVICE, tmp_path / "new.key", by=authenticated(DEE))
    assert refusal(find_service_of_key, people, key) == "identity.ended"
    assert find_service_of_key(people, tmp_path / "new.key").name == NAME


@pytest.mark.parametrize("by_itself", [True, False])
def test_one_that_is_logged_out_acts_no_more_with_its_key_until_compliance_makes_another(
    engine: Engine, people: People, key: Path, tmp_path: Path, *, by_itself: bool
) -> None:
    before = find_service_of_key(people, key)
    people.end_sessions(NAME, by=before if by_itself else authenticated(DEE))

    assert refusal(find_service_of_key, people, key) == "identity.ended"
    with reading(engine) as session:
        assert refusal(acting, session, before, TRIAL_ROLES) == "identity.ended"
    create, kind = store_of(engine).create, DeploymentKind.EVALUATION
    assert refusal(create, "dep", kind, name="dep", by=before) == "identity.ended"

    file = tmp_path / "new.key"
    assert refusal(add_service, people, NAME, Role.RESULTS_SERVICE, file, by=authenticated(DEE)) == "people.known"
    add_service(people, NAME, Role.TRIALS_SERVICE, file, by=authenticated(DEE))
    assert find_service_of_key(people, file).name == NAME
    assert (
        refusal(add_service, people, NAME, Role.TRIALS_SERVICE, tmp_path / "x", by=authenticated(DEE)) == "people.known"
    )


def test_a_script_has_no_rank_in_what_people_read(people: People, key: Path, engine: Engine) -> None:
    found = {each.name: each.rank_in_words for each in people.list()}
    registered = [each for each in entries(engine, limit=100) if each.rule == "people.added"]

    assert (found[NAME], found[DEE]) == ("", "police staff")
    assert ["rank" in each.facts for each in registered if "service" in str(each.facts["roles"])] == [False]


def test_a_key_makes_no_person_and_a_login_no_service(people: People, key: Path) -> None:
    by = authenticated(DEE)
    assert refusal(people.change, NAME, {Role.OPERATOR}, Rank.CONSTABLE, by=by) == "identity.kind"
    assert refusal(people.link_identity, NAME, "https://login.example.test", "1", by=by) == "identity.kind"
    people.link_identity(PAT, "https://login.example.test", "2", by=by)
    assert refusal(people.change, PAT, {Role.TRIALS_SERVICE}, Rank.CONSTABLE, by=by) == "identity.kind"
    assert (
        refusal(people.change, PAT, {Role.TRIALS_SERVICE, Role.PLANNER}, Rank.CONSTABLE, by=by)
        == "people.service-alone"
    )


def test_only_compliance_makes_one_and_only_for_the_closed_list(people: People, tmp_path: Path) -> None:
    file = tmp_path / "x.key"
    for role in (Role.OPERATOR, Role.COMPLIANCE):
        assert refusal(add_service, people, "X", role, file, by=authenticated(DEE)) == "people.no-service-role"
    for nobody in (PAT, "system:lfr"):
        assert refusal(add_service, people, "X", Role.TRIALS_SERVICE, file, by=authenticated(nobody)) == "people.by"
    assert refusal(add_service, people, DEE, Role.TRIALS_SERVICE, file, by=authenticated(DEE)) == "people.known"
    assert not file.exists()
    file.write_text("something of somebody's")
    assert refusal(add_service, people, "X", Role.TRIALS_SERVICE, file, by=authenticated(DEE)) == "service.file-exists"
    assert people.find("X") is None


def test_a_key_that_others_may_read_is_a_link_is_forged_or_is_no_key_is_not_used(
    people: People, key: Path, tmp_path: Path
) -> None:
    def fault(file: Path) -> str:
        with pytest.raises(Fatal) as fatal:
            find_service_of_key(people, file)
        return str(fatal.value)

    link, other = tmp_path / "link.key", tmp_path / "other.key"
    link.symlink_to(key)
    assert "it is a link" in fault(link)
    assert "isn't there" in fault(tmp_path / "none.key")
    other.write_text("a password")
    other.chmod(0o600)
    assert "holds no key" in fault(other)
    other.write_text("openlfr-service-" + "0" * 64)
    assert refusal(find_service_of_key, people, other) == "identity.unknown"
    key.chmod(0o640)
    assert "other users" in fault(key)
