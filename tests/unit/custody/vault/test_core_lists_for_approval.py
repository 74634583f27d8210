"""Of a list's key a person is lent what opens its thumbnails: whoever may approve it, while it waits for that."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lfr_core.common.errors import Refused, Retryable
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.people.roles import Role
from lfr_core.custody.vault.core import VaultCore
from lfr_core.custody.vault.kept_keys import ONE_LIST_LOOK_S
from lfr_core.custody.vault.port import ErasureRule, KeptKey, KeyKind
from lfr_core.custody.vault.sealing import open_sealed, seal
from lfr_core.custody.vault.watchlist_key import derive_thumbnail_key
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.deployments import DeploymentStatus
from tests.support.vault_core import NOW_NS, SECOND_NS, Records, TwoClocks, open_facts, refused, vault_core

OFFICER, OTHER_OFFICER = "S. Perintendent", "C. Superintendent"
LOOK = "the officer looks at the list before approving it"


def waiting(folder: Path) -> tuple[VaultCore, TwoClocks, Records, KeptKey]:
    """A vault with the list of `d`, which waits for approval, and a register with everybody."""
    core, clock, records = vault_core(folder)
    records.people |= {role.value: frozenset({role}) for role in Role}
    records.people |= dict.fromkeys((OFFICER, OTHER_OFFICER), frozenset({Role.AUTHORISING_OFFICER}))
    records.waiting.add("d")
    return core, clock, records, make_list_key(core, "d")


def make_list_key(core: VaultCore, deployment: str) -> KeptKey:
    due_ns = NOW_NS + 31 * 86_400 * SECOND_NS
    return core.make_key(KeyKind.WATCHLIST, deployment, deployment, due_ns, actor=SystemActor.ENROLMENT)


def test_who_may_approve_a_list_is_lent_a_key_that_opens_thumbnails_and_nothing_else_of_it(tmp_path: Path) -> None:
    core, _, _, made = waiting(tmp_path)

    lent = core.open_kept(made.info.id, actor=OFFICER, purpose=LOOK)

    assert lent.info == made.info
    assert lent.key == derive_thumbnail_key(made.key) != made.key
    assert open_sealed(lent.key, seal(derive_thumbnail_key(made.key), b"small", b"of"), b"of") == b"small"
    with refused("vault.not-authentic"):
        open_sealed(lent.key, seal(made.key, b"a reference", b"of"), b"of")
    assert core.open_kept(made.info.id, actor=SystemActor.RECORDER, purpose="an alert").key == made.key


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.AUTHORISING_OFFICER}))
def test_nobody_of_another_role_is_lent_it(tmp_path: Path, role: Role) -> None:
    core, _, records, made = waiting(tmp_path)
    with refused("people.wrong-role"):
        core.open_kept(made.info.id, actor=role.value, purpose=LOOK)
    assert records.events == []


def test_it_is_lent_while_the_list_waits_and_to_somebody_registered_for_a_purpose(tmp_path: Path) -> None:
    core, clock, records, made = waiting(tmp_path)
    records.known["e"] = open_facts(clock, "e")
    elsewhere = make_list_key(core, "e")
    for rule, key, who, purpose in (
        ("people.unknown", made, "Joe Public", LOOK),
        ("vault.purpose-missing", made, OFFICER, " "),
        ("deployment.wrong-state", elsewhere, OFFICER, LOOK),
    ):
        with refused(rule):
            core.open_kept(key.info.id, actor=who, purpose=purpose)
    records.waiting.clear()  # approved, or over
    with refused("deployment.wrong-state"):
        core.open_kept(made.info.id, actor=OFFICER, purpose=LOOK)
    assert records.events == []


def test_after_the_close_there_is_nothing_to_lend(tmp_path: Path) -> None:
    core, clock, records, made = waiting(tmp_path)
    records.known["d"] = replace(open_facts(clock), status=DeploymentStatus.ENDED)
    core.destroy([made.info.id], rule=ErasureRule.LIST_ENDED)
    with refused("vault.key-gone"):
        core.open_kept(made.info.id, actor=OFFICER, purpose=LOOK)


def test_looks_at_one_list_within_ten_minutes_are_one_entry_a_person(tmp_path: Path) -> None:
    core, clock, records, made = waiting(tmp_path)

    def look(who: str = OFFICER) -> None:
        core.open_kept(made.info.id, actor=who, purpose=LOOK)

    for _ in range(3):
        look()
    assert records.events == [AuditEvent(Verb.CONSULT, OFFICER, "d", "watchlist:d", rule=LOOK)]
    look(OTHER_OFFICER)
    assert [each.actor for each in records.events] == [OFFICER, OTHER_OFFICER]
    clock.advance(ONE_LIST_LOOK_S)
    look()
    assert [each.actor for each in records.events] == [OFFICER, OTHER_OFFICER, OFFICER]
    for _ in range(2):  # what the platform's parts do with the list is all there
        core.open_kept(made.info.id, actor=SystemActor.RECORDER, purpose="an alert")
    assert len(records.events) == 5


def test_a_look_that_is_not_on_the_trail_is_not_given_and_asked_again_it_is_written(tmp_path: Path) -> None:
    core, _, records, made = waiting(tmp_path)
    written = records.record
    failing = True

    def record(event: AuditEvent) -> int:
        if failing:
            raise Retryable("the database is away")
        return written(event)

    records.record = record  # type: ignore[method-assign]
    with pytest.raises(Retryable):
        core.open_kept(made.info.id, actor=OFFICER, purpose=LOOK)
    failing = False
    core.open_kept(made.info.id, actor=OFFICER, purpose=LOOK)
    assert len(records.events) == 1


def test_who_may_no_longer_is_refused_within_the_ten_minutes(tmp_path: Path) -> None:
    core, _, records, made = waiting(tmp_path)
    core.open_kept(made.info.id, actor=OFFICER, purpose=LOOK)
    records.people[OFFICER] = frozenset()
    with pytest.raises(Refused):
        core.open_kept(made.info.id, actor=OFFICER, purpose=LOOK)
