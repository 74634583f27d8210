"""Which keys the vault's core makes: once, for whom, until when, and of which deployments."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from lfr_core.common.errors import Refused, Retryable
from lfr_core.custody.vault.access import MAKERS
from lfr_core.custody.vault.key_terms import CLOCKS_APART_S, KeyTerms, due_of_sightings, hour_of_sightings
from lfr_core.custody.vault.port import KeyKind
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.domain.gate import GateFacts
from lfr_core.domain.policy import load_policy
from tests.support.vault_core import (
    HOUR_NS,
    NOW_NS,
    SECOND_NS,
    make_kept,
    open_facts,
    refused,
    two_deployments,
    vault_core,
)


def test_a_key_is_of_one_kind_one_deployment_and_one_subject(tmp_path: Path) -> None:
    core = two_deployments(tmp_path)[0]
    first = make_kept(core, "a")
    others = [make_kept(core, "b"), make_kept(core, "a", KeyKind.FOOTAGE), make_kept(core, "a", deployment="e")]

    assert len({key.key for key in (first, *others)}) == 4
    assert {(key.info.kind, key.info.deployment, key.info.subject) for key in (first, *others)} == {
        (KeyKind.ALERT, "d", "a"),
        (KeyKind.ALERT, "d", "b"),
        (KeyKind.FOOTAGE, "d", "a"),
        (KeyKind.ALERT, "e", "a"),
    }


GIVEN = [(kind, maker) for kind, makers in MAKERS.items() for maker in sorted(makers, key=str)]
HOUR, CANARY = (hour_of_sightings(NOW_NS, is_canary=each) for each in (False, True))
DUE_NS = due_of_sightings(NOW_NS, 24)
SUBJECTS = {
    (KeyKind.SIGHTINGS, SystemActor.ERASURE): CANARY,
    (KeyKind.SIGHTINGS, SystemActor.RECOGNISER): HOUR,
    (KeyKind.WATCHLIST, SystemActor.ENROLMENT): "d",
}


@pytest.mark.parametrize(("kind", "maker"), GIVEN, ids=lambda each: each.value)
def test_a_key_that_exists_is_given_to_no_maker_again_but_the_hour_s_to_recognisers(
    kind: KeyKind, maker: SystemActor, tmp_path: Path
) -> None:
    core, _, records = vault_core(tmp_path)
    deployment, subject = "" if kind is KeyKind.RIGHTS else "d", SUBJECTS.get((kind, maker), "a")
    first = core.make_key(kind, deployment, subject, DUE_NS, actor=maker)

    for other in MAKERS[kind] - ({maker} if kind is KeyKind.SIGHTINGS else set()):
        with pytest.RaisesExc(Refused, check=lambda error: error.rule in {"vault.key-exists", "vault.not-for-you"}):
            core.make_key(kind, deployment, subject, DUE_NS, actor=other)
    if kind is KeyKind.SIGHTINGS:
        assert core.make_key(kind, deployment, subject, DUE_NS, actor=maker) == first
    assert core.kept() == (first.info,)
    assert records.events == []


def test_erasure_makes_keys_of_canaries_and_nobody_else_does(tmp_path: Path) -> None:
    core, _, _ = vault_core(tmp_path)
    for subject, actor in ((HOUR, SystemActor.ERASURE), (CANARY, SystemActor.RECOGNISER)):
        with refused("vault.not-for-you"):
            core.make_key(KeyKind.SIGHTINGS, "d", subject, DUE_NS, actor=actor)
    with refused("vault.not-for-you"):
        core.make_key(KeyKind.WATCHLIST, "d", "another", DUE_NS, actor=SystemActor.ENROLMENT)
    assert core.kept() == ()


APART_S = round(CLOCKS_APART_S)
LONGEST_S = {
    KeyKind.ALERT: 24 * 3_600,
    KeyKind.FOOTAGE: 31 * 86_400,
    KeyKind.RIGHTS: 730 * 86_400,
    KeyKind.WATCHLIST: 31 * 86_400,
}


@pytest.mark.parametrize("kind", LONGEST_S)
def test_a_key_is_due_when_the_policy_says_and_a_minute_of_clocks_apart_at_the_latest(
    kind: KeyKind, tmp_path: Path
) -> None:
    core, _, _ = vault_core(tmp_path)
    (maker, *_) = sorted(MAKERS[kind], key=str)
    deployment = "" if kind is KeyKind.RIGHTS else "d"
    latest_ns = NOW_NS + (LONGEST_S[kind] + APART_S) * SECOND_NS
    for due_ns in (latest_ns + 1, 2**62):
        with refused("vault.key-due"):
            core.make_key(kind, deployment, "d", due_ns, actor=maker)
    assert core.make_key(kind, deployment, "d", latest_ns, actor=maker).info.due_ns == latest_ns


@pytest.mark.parametrize("kind", LONGEST_S)
@pytest.mark.parametrize("due_ns", [0, NOW_NS - 1, NOW_NS])
def test_no_key_is_made_that_is_due_already(kind: KeyKind, due_ns: int, tmp_path: Path) -> None:
    core, _, _ = vault_core(tmp_path)
    (maker, *_) = sorted(MAKERS[kind], key=str)
    deployment = "" if kind is KeyKind.RIGHTS else "d"
    with refused("vault.key-due"):
        core.make_key(kind, deployment, "d", due_ns, actor=maker)
    assert core.make_key(kind, deployment, "d", NOW_NS + 1, actor=maker).info.due_ns == NOW_NS + 1


def test_many_keys_that_are_due_at_once_go_in_seconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    core, clock, _ = vault_core(tmp_path)
    with monkeypatch.context() as unwritten:
        unwritten.setattr(core.keystore, "_save", lambda: None)
        for number in range(8_000):
            core.keystore.add(KeyKind.FOOTAGE, "d", str(number), NOW_NS + SECOND_NS)
    clock.advance(11.0)
    began = time.process_time()
    core.sweep()

    assert core.kept() == ()
    assert time.process_time() - began < 4.0


def test_a_key_that_was_destroyed_is_made_anew_and_one_that_is_there_is_found_after_a_restart(tmp_path: Path) -> None:
    core, _, _ = vault_core(tmp_path)
    first = make_kept(core, "a")
    again, _, _ = vault_core(tmp_path)
    with refused("vault.key-exists"):
        make_kept(again, "a")
    again.keystore.destroy((first.info.id,))
    assert make_kept(again, "a").key != first.key


@pytest.mark.parametrize(
    ("subject", "due_ns"),
    [
        (HOUR, DUE_NS + 1),
        (HOUR, DUE_NS - 1),
        (HOUR, 2**62),
        (hour_of_sightings(NOW_NS + HOUR_NS), due_of_sightings(NOW_NS + HOUR_NS, 24)),
        (hour_of_sightings(NOW_NS - HOUR_NS), DUE_NS),
        ("a", DUE_NS),
    ],
)
def test_no_recogniser_says_how_long_an_hour_s_probes_live_or_makes_the_key_of_another_hour(
    subject: str, due_ns: int, tmp_path: Path
) -> None:
    core, _, _ = vault_core(tmp_path)
    with refused("vault.key-due"):
        core.make_key(KeyKind.SIGHTINGS, "d", subject, due_ns, actor=SystemActor.RECOGNISER)
    assert core.kept() == ()


def test_an_hour_that_is_over_has_no_key_for_recognisers_any_more(tmp_path: Path) -> None:
    core, clock, _ = vault_core(tmp_path)  # at the beginning of an hour
    before_ns = NOW_NS - SECOND_NS
    late = (hour_of_sightings(before_ns), due_of_sightings(before_ns, 24))
    made = core.make_key(KeyKind.SIGHTINGS, "d", *late, actor=SystemActor.RECOGNISER)
    clock.advance(APART_S - 1)
    assert core.make_key(KeyKind.SIGHTINGS, "d", *late, actor=SystemActor.RECOGNISER) == made
    clock.advance(1)
    with refused("vault.key-due"):
        core.make_key(KeyKind.SIGHTINGS, "d", *late, actor=SystemActor.RECOGNISER)


@pytest.mark.parametrize("kind", [each for each in KeyKind if each is not KeyKind.RIGHTS])
def test_no_key_is_made_for_a_deployment_that_the_records_do_not_know_or_while_they_are_away(
    kind: KeyKind, tmp_path: Path
) -> None:
    core, _, records = vault_core(tmp_path)
    (maker, *_) = sorted(MAKERS[kind], key=str, reverse=True)
    subject = HOUR if kind is KeyKind.SIGHTINGS else "nowhere"
    with refused("vault.deployment-unknown"):
        core.make_key(kind, "nowhere", subject, DUE_NS, actor=maker)
    records.away = True
    with pytest.raises(Retryable):
        core.make_key(kind, "nowhere", subject, DUE_NS, actor=maker)
    assert core.kept() == ()


@pytest.mark.parametrize("status", [each for each in DeploymentStatus if each is not DeploymentStatus.LIVE])
def test_only_a_live_deployment_is_filmed(status: DeploymentStatus, tmp_path: Path) -> None:
    core, clock, records = vault_core(tmp_path)
    records.known["d"] = replace(open_facts(clock), status=status)
    with refused("vault.deployment-not-live"):
        make_kept(core, "f", KeyKind.FOOTAGE)
    make_kept(core, "a")  # what was seen before may still be recorded


def test_while_the_records_are_slow_to_say_whether_there_is_a_deployment_keys_are_destroyed(tmp_path: Path) -> None:
    core, clock, records = vault_core(tmp_path)
    going, asked, answer = make_kept(core, "a", due_s=1.0), threading.Event(), threading.Event()
    facts = records.facts

    def slow(deployment: str) -> GateFacts | None:
        asked.set()
        assert answer.wait(10)
        return facts(deployment)

    records.facts = slow  # type: ignore[method-assign]
    waiting = threading.Thread(target=make_kept, args=(core, "b"))
    waiting.start()
    assert asked.wait(10)
    clock.advance(11.0)
    core.sweep()
    gone = core.kept() == ()
    answer.set()
    waiting.join(10)

    assert gone
    assert going.info not in core.kept()
    assert [info.subject for info in core.kept()] == ["b"]


def test_one_deployment_has_so_many_keys_and_takes_no_other_s(tmp_path: Path) -> None:
    terms = replace(KeyTerms.of(load_policy()), most={KeyKind.FOOTAGE: 3})
    core, clock, records = vault_core(tmp_path, terms=terms)
    records.known["e"] = open_facts(clock, "e")
    for number in range(3):
        make_kept(core, str(number), KeyKind.FOOTAGE)
    with refused("vault.key-quota"):
        make_kept(core, "3", KeyKind.FOOTAGE)
    make_kept(core, "3", KeyKind.FOOTAGE, deployment="e")
