"""Which keys the vault's core destroys, by which rule, and what the trail is told of each."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lfr_core.common.errors import Poison
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.vault.erasure_rules import ERASES
from lfr_core.custody.vault.key_terms import due_of_sightings, hour_of_sightings
from lfr_core.custody.vault.port import ErasureRule, KeyKind
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.domain.policy import load_policy
from tests.support.vault_core import (
    MADE_BY,
    NOW_NS,
    SECOND_NS,
    Records,
    TwoClocks,
    make_kept,
    open_facts,
    refused,
    vault_core,
)

DUE_NS = due_of_sightings(NOW_NS, 24)


def test_destroying_names_each_key_that_went_and_passes_over_what_is_gone(tmp_path: Path) -> None:
    core, clock, records = vault_core(tmp_path)
    one, two, stays = (make_kept(core, name, due_s=60) for name in "123")
    clock.advance(7.0)
    gone = core.destroy([two.info.id, one.info.id, "unknown", one.info.id], rule=ErasureRule.ALERTS_DUE)

    assert {each.info for each in gone} == {one.info, two.info}
    assert {each.destroyed_ns for each in gone} == {NOW_NS + 7 * SECOND_NS}
    assert core.kept() == (stays.info,)
    assert [(event.verb, event.rule, event.subject) for event in records.events] == [
        (Verb.ERASE, "alerts.retention_h", f"key:{each.info.id}") for each in gone
    ]
    assert core.destroy([one.info.id], rule=ErasureRule.ALERTS_DUE) == ()


@pytest.mark.parametrize("kind", [KeyKind.ALERT, KeyKind.FOOTAGE])
@pytest.mark.parametrize("rule", ErasureRule)
def test_a_rule_of_erasure_destroys_what_it_is_about_and_nothing_beside_it(
    kind: KeyKind, rule: ErasureRule, tmp_path: Path
) -> None:
    core, _, records = vault_core(tmp_path)
    key = make_kept(core, "a", kind, due_s=60).info
    if kind in ERASES[rule]:
        assert [each.info for each in core.destroy([key.id], rule=rule)] == [key]
        return
    with refused("vault.erasure-rule"):
        core.destroy([key.id], rule=rule)
    assert core.kept() == (key,)
    assert records.events == []


@pytest.mark.parametrize("kind", [KeyKind.ALERT, KeyKind.SIGHTINGS])
def test_alerts_and_sightings_go_before_they_are_due_only_of_test_subjects_once_it_is_over(
    kind: KeyKind, tmp_path: Path
) -> None:
    core, clock, records = vault_core(tmp_path)
    subject = "a" if kind is KeyKind.ALERT else hour_of_sightings(NOW_NS)
    key = core.make_key(kind, "d", subject, DUE_NS, actor=MADE_BY[kind]).info
    facts = open_facts(clock)
    over = replace(facts, status=DeploymentStatus.ENDED, is_operational=False)
    for known in (
        replace(facts, is_operational=False),
        replace(over, is_operational=True),
        replace(over, records_why="changed"),
    ):
        records.known["d"] = known
        with refused("vault.not-due"):
            core.destroy([key.id], rule=ErasureRule.ALERTS_DUE)
    records.known["d"] = over
    assert core.destroy([key.id], rule=ErasureRule.ALERTS_DUE)


def test_a_request_s_key_goes_only_once_it_is_closed_or_where_it_was_never_taken(tmp_path: Path) -> None:
    core, clock, records = vault_core(tmp_path)
    keep_s = load_policy().rights.keep_open_days * 86_400
    open_, closed, new, closing = (
        make_kept(core, subject, KeyKind.RIGHTS, "", due_s=keep_s).info
        for subject in ("R-1", "R-2", "R-3", "R-2/closed")
    )
    records.requests = {"R-1": False, "R-2": True}
    for key, rule in (
        (open_, ErasureRule.REQUEST_CLOSED),
        (open_, ErasureRule.REQUEST_NOT_TAKEN),
        (closed, ErasureRule.REQUEST_NOT_TAKEN),
        (new, ErasureRule.REQUEST_CLOSED),
        (closing, ErasureRule.REQUEST_CLOSED),
        (closing, ErasureRule.REQUEST_NOT_TAKEN),
    ):
        with refused("vault.request-open"):
            core.destroy([key.id], rule=rule)
    assert core.destroy([closed.id], rule=ErasureRule.REQUEST_CLOSED)
    assert core.destroy([new.id], rule=ErasureRule.REQUEST_NOT_TAKEN)

    records.requests = {}  # somebody took the record away: what was asked stays
    clock.advance(601)
    with refused("vault.request-open"):
        core.destroy([open_.id], rule=ErasureRule.REQUEST_NOT_TAKEN)


@pytest.mark.parametrize("status", DeploymentStatus)
def test_the_key_of_a_list_in_use_is_destroyed_by_nobody(status: DeploymentStatus, tmp_path: Path) -> None:
    core, clock, records = vault_core(tmp_path)
    key = core.make_key(KeyKind.WATCHLIST, "d", "d", DUE_NS, actor=SystemActor.ENROLMENT).info
    records.known["d"] = replace(open_facts(clock), status=status)
    if status.is_over:
        assert core.destroy([key.id], rule=ErasureRule.LIST_ENDED)
        return
    with refused("vault.list-in-use"):
        core.destroy([key.id], rule=ErasureRule.LIST_ENDED)
    assert core.kept() == (key,)


def test_the_key_of_a_refused_list_goes_while_its_deployment_has_none_yet(tmp_path: Path) -> None:
    core, clock, records = vault_core(tmp_path)
    key = core.make_key(KeyKind.WATCHLIST, "d", "d", DUE_NS, actor=SystemActor.ENROLMENT).info
    records.known["d"] = replace(open_facts(clock), status=DeploymentStatus.READY)
    with refused("vault.list-in-use"):
        core.destroy([key.id], rule=ErasureRule.LIST_REFUSED)
    records.known["d"] = replace(open_facts(clock), status=DeploymentStatus.DRAFT, gallery="")
    with refused("vault.list-in-use"):
        core.destroy([key.id], rule=ErasureRule.LIST_ENDED)
    assert core.destroy([key.id], rule=ErasureRule.LIST_REFUSED)


def test_destroying_waits_for_no_trail(tmp_path: Path) -> None:
    core, _, records = vault_core(tmp_path)
    key = make_kept(core, "a", due_s=60)
    records.away = True

    assert [each.info for each in core.destroy([key.info.id], rule=ErasureRule.ALERTS_DUE)] == [key.info]
    assert core.kept() == ()


def test_the_trail_is_told_of_each_key_in_turn_and_once_however_often_it_was_away(tmp_path: Path) -> None:
    core, clock, records = vault_core(tmp_path)
    ids = [make_kept(core, subject, due_s=1.0).info.id for subject in ("a", "b")]
    records.away = True
    for _ in range(2):
        clock.advance(11.0)
        core.run_timers()
    assert records.events == []
    records.away = False
    core.run_timers()
    core.run_timers()
    assert sorted(event.subject for event in records.events) == sorted(f"key:{each}" for each in ids)


class RefusingRecords(Records):
    """A trail that will never take an entry about one of the keys."""

    never = ""
    closed_ns = 0

    def close_unfinished(self, at_ns: int) -> int:
        self.closed_ns = at_ns
        return super().close_unfinished(at_ns)

    def record(self, event: AuditEvent) -> int:
        if event.subject == self.never:
            raise Poison("never")
        return super().record(event)


def test_an_entry_that_the_trail_will_never_take_holds_up_no_other(tmp_path: Path) -> None:
    clock = TwoClocks()
    records = RefusingRecords(clock, known={"d": open_facts(clock)})
    core, _, _ = vault_core(tmp_path, clock, records)
    first, second = (make_kept(core, subject, due_s=1.0).info.id for subject in ("a", "b"))
    records.never = f"key:{first}"
    clock.advance(11.0)
    core.run_timers()
    core.run_timers()
    assert [event.subject for event in records.events] == [f"key:{second}"]


def test_the_beginning_closes_what_the_vault_before_it_left_open(tmp_path: Path) -> None:
    clock = TwoClocks()
    records = RefusingRecords(clock)
    vault_core(tmp_path, clock, records)[0].begin()

    assert records.closed_ns == NOW_NS
