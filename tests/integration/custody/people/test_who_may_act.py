"""Each act that is a person's, on a trial too: for whom the register doesn't name for it, nothing happens."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest

from lfr_core.common.errors import Refused
from lfr_core.custody.people import AuthenticatedPerson, Role
from lfr_core.domain.actors import SystemActor
from lfr_core.storage.engine import open_engine
from tests.support.act_harness import OLGA, ONE_OF_EACH, OTHER, PAT, Harness
from tests.support.acts import ACTS, IN_THE_STREET, NOTHING_YET, OF_COMPLIANCE
from tests.support.databases import new_sqlite
from tests.support.people import authenticated


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    folder = tmp_path_factory.mktemp("acts")
    engine = open_engine(new_sqlite(folder / "records.sqlite3"))
    yield Harness(engine, folder)
    engine.dispose()


@pytest.mark.parametrize("act", ACTS)
def test_nothing_happens_for_whoever_the_register_does_not_name_for_it(harness: Harness, act: str) -> None:
    may, make, do = ACTS[act]
    nobodies = harness.nobodies()
    others = {name: "people.wrong-role" for name, role in ONE_OF_EACH.items() if role not in may}
    if act in IN_THE_STREET:
        others["Engaging Officer Only"] = "operator.not-signed-on"
    nobodies |= {name: (authenticated(name), rule) for name, rule in others.items()}
    at = make(harness)
    before, reported = harness.everything(), {}

    for name, (by, _) in nobodies.items():
        with pytest.raises(Refused) as refused:
            do(harness, at, by)
        reported[name] = refused.value.rule

    assert reported == {name: rule for name, (_, rule) in nobodies.items()}
    assert harness.everything() == before


@pytest.mark.parametrize("act", OF_COMPLIANCE)
def test_only_compliance_changes_who_may_do_what(harness: Harness, act: str) -> None:
    before = harness.everything()
    nobodies = [by for by, _ in harness.nobodies().values()]
    nobodies += [authenticated(name) for name, role in ONE_OF_EACH.items() if role is not Role.COMPLIANCE]

    for nobody in nobodies:
        with pytest.raises(Refused) as refused:
            OF_COMPLIANCE[act](harness, nobody)
        assert refused.value.rule == "people.by"
    for typed in (OLGA, "system:lfr", ""):
        with pytest.raises(Refused) as refused:
            OF_COMPLIANCE[act](harness, cast("AuthenticatedPerson", typed))
        assert refused.value.rule == "actor.not-authenticated"
    with pytest.raises(Refused):  # not even this machine's user, once there is anybody
        OF_COMPLIANCE[act](harness, cast("AuthenticatedPerson", SystemActor.LFR))

    assert harness.everything() == before


@pytest.mark.parametrize("act", ACTS)
def test_a_text_is_nobody_whatever_it_says(harness: Harness, act: str) -> None:
    _, make, do = ACTS[act]
    at = make(harness)
    before = harness.everything()

    # nor is a person on the register, who has shown nothing
    for nobody in (OLGA, "system:flows", "", harness.people.find(OLGA)):
        with pytest.raises(Refused) as refused:
            do(harness, at, cast("AuthenticatedPerson", nobody))
        assert refused.value.rule == "actor.not-authenticated"

    assert harness.everything() == before


@pytest.mark.parametrize("act", ACTS)
def test_what_is_done_is_on_the_trail_under_who_did_it(harness: Harness, act: str) -> None:
    _, make, do = ACTS[act]
    person = f"person:{harness.vault.pseudonym(OLGA)}"
    others = {f"person:{harness.vault.pseudonym(name)}" for name in (OTHER, PAT)}
    others |= {str(SystemActor.VAULT)}  # whoever closes a deployment has the vault destroy its list's keys
    at = make(harness)
    before = harness.actors()

    do(harness, at, authenticated(OLGA))

    actors = set(harness.actors()[len(before) :])
    assert actors - others == (set() if act in NOTHING_YET else {person})
