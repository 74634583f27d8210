"""Kept keys in the vault's core: who finds which, when they go, and what the trail is told of each."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from structlog.testing import capture_logs

from lfr_core.common.errors import Poison, Refused, Retryable
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.vault.access import ERASES, MAKERS
from lfr_core.custody.vault.core import VaultCore
from lfr_core.custody.vault.key_terms import CLOCKS_APART_S, KeyTerms, due_of_sightings, hour_of_sightings
from lfr_core.custody.vault.port import ErasureRule, KeptKey, KeyKind
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.domain.gate import GateFacts
from lfr_core.domain.policy import load_policy
from lfr_core.domain.signatures import SignatureKind
from tests.support.vault_core import NOW_NS, Records, TwoClocks, open_facts, vault_core

SECOND_NS = 10**9
HOUR_NS = 3_600 * SECOND_NS
MADE_BY = {
    KeyKind.ALERT: SystemActor.RECORDER,
    KeyKind.FOOTAGE: SystemActor.CAMERA,
    KeyKind.SIGHTINGS: SystemActor.RECOGNISER,
}


def make(
    core: VaultCore, subject: str, kind: KeyKind = KeyKind.ALERT, deployment: str = "d", due_s: float = 3_600
) -> KeptKey:
    return core.make_key(kind, deployment, subject, NOW_NS + round(due_s * 1e9), actor=MADE_BY[kind])


def two_deployments(folder: Path) -> tuple[VaultCore, Records]:
    """A vault whose records know `d` and `e`, both open."""
    core, clock, records = vault_core(folder)
    records.known["e"] = open_facts(clock, "e")
    return core, records


def refused(rule: str) -> pytest.RaisesExc[Refused]:
    return pytest.RaisesExc(Refused, check=lambda error: error.rule == rule)


def test_a_key_is_of_one_kind_one_deployment_and_one_subject(tmp_path: Path) -> None:
    core = two_deployments(tmp_path)[0]
    first = make(core, "a")
    others = [make(core, "b"), make(core, "a", KeyKind.FOOTAGE), make(core, "a", deployment="e")]

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
        for number in range(20_000):
            core.keystore.add(KeyKind.FOOTAGE, "d", str(number), NOW_NS + SECOND_NS)
    clock.advance(11.0)
    began = time.process_time()
    core.sweep()

    assert core.kept() == ()
    assert time.process_time() - began < 10.0


def test_a_key_that_was_destroyed_is_made_anew_and_one_that_is_there_is_found_after_a_restart(tmp_path: Path) -> None:
    core, _, _ = vault_core(tmp_path)
    first = make(core, "a")
    again, _, _ = vault_core(tmp_path)
    with refused("vault.key-exists"):
        make(again, "a")
    again.destroy([first.info.id], rule=ErasureRule.ALERTS_DUE)
    assert make(again, "a").key != first.key


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
        make(core, "f", KeyKind.FOOTAGE)
    make(core, "a")  # what was seen before may still be recorded


def test_while_the_records_are_slow_to_say_whether_there_is_a_deployment_keys_are_destroyed(tmp_path: Path) -> None:
    core, clock, records = vault_core(tmp_path)
    going, asked, answer = make(core, "a", due_s=1.0), threading.Event(), threading.Event()
    facts = records.facts

    def slow(deployment: str) -> GateFacts | None:
        asked.set()
        assert answer.wait(10)
        return facts(deployment)

    records.facts = slow  # type: ignore[method-assign]
    waiting = threading.Thread(target=make, args=(core, "b"))
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
        make(core, str(number), KeyKind.FOOTAGE)
    with refused("vault.key-quota"):
        make(core, "3", KeyKind.FOOTAGE)
    make(core, "3", KeyKind.FOOTAGE, deployment="e")


def test_keys_are_listed_by_kind_by_deployment_and_after_an_id_in_the_order_of_their_ids(tmp_path: Path) -> None:
    core = two_deployments(tmp_path)[0]
    infos = [make(core, str(number)).info for number in range(5)]
    film, elsewhere = make(core, "f", KeyKind.FOOTAGE).info, make(core, "a", deployment="e").info
    ordered = tuple(sorted([*infos, film, elsewhere], key=lambda info: info.id))

    assert core.kept() == ordered
    assert core.kept(KeyKind.FOOTAGE) == (film,)
    assert core.kept(None, "e") == (elsewhere,)
    assert core.kept(KeyKind.ALERT, "d") == tuple(sorted(infos, key=lambda info: info.id))
    assert core.kept(KeyKind.FOOTAGE, "e") == ()
    assert core.kept(after=ordered[2].id) == ordered[3:]


def test_a_consultation_says_who_looked_at_what_and_for_which_purpose(tmp_path: Path) -> None:
    core, _, records = vault_core(tmp_path)
    key = make(core, "a")

    assert core.open_kept(key.info.id, actor="A. Okafor", purpose="adjudication") == key
    assert records.events == [AuditEvent(Verb.CONSULT, "A. Okafor", "d", "alert:a", rule="adjudication")]
    with refused("vault.purpose-missing"):
        core.open_kept(key.info.id, actor="A. Okafor", purpose="  ")
    with refused("people.unknown"):
        core.open_kept(key.info.id, actor="Joe Public", purpose="look")


def test_who_has_signed_on_to_one_deployment_opens_nothing_of_another(tmp_path: Path) -> None:
    core, records = two_deployments(tmp_path)
    elsewhere = make(core, "a", deployment="e")

    with refused("operator.not-signed-on"):
        core.open_kept(elsewhere.info.id, actor="A. Okafor", purpose="look")
    assert records.events == []


@pytest.mark.parametrize("asked", [{"kind": "secret"}, {"deployment": "x" * 1_000}, {"after": "x" * 1_000}], ids=str)
def test_a_question_for_keys_that_makes_no_sense_is_refused(tmp_path: Path, asked: dict[str, Any]) -> None:
    core, _, _ = vault_core(tmp_path)
    with refused("vault.bad-request"):
        core.kept(**asked)


def test_what_goes_when_the_vault_stops_is_booked_before_it_ends(tmp_path: Path) -> None:
    core, _, records = vault_core(tmp_path)
    frame = core.seal_key("d", "cam")
    core.stop()

    assert records.destroyed_ == {frame.id: NOW_NS}


def test_the_beginning_closes_what_the_vault_before_it_left_open(tmp_path: Path) -> None:
    clock = TwoClocks()
    records = RefusingRecords(clock)
    vault_core(tmp_path, clock, records)[0].begin()

    assert records.closed_ns == NOW_NS


def test_a_clock_that_jumps_is_logged_for_whoever_runs_the_system(tmp_path: Path) -> None:
    core, clock, _ = vault_core(tmp_path)
    core.sweep()
    clock.advance(10.0)
    clock.step(86_400)
    with capture_logs() as logs:
        core.sweep()

    (line,) = [each for each in logs if each["event"] == "vault.clock"]
    assert line["log_level"] == "error"
    assert "clock" in line["reason"]


def test_a_key_goes_at_the_moment_it_is_due_to_whoever_asks_first(tmp_path: Path) -> None:
    core, clock, records = vault_core(tmp_path)
    key, later = make(core, "a", due_s=5.0), make(core, "b", due_s=5.000_001)
    core.sweep()
    clock.advance(5.0)  # no sweep is due yet
    with refused("vault.key-gone"):
        core.open_kept(key.info.id, actor="A. Okafor", purpose="look")

    assert core.kept() == (later.info,)
    assert records.events == []  # the trail is told by the timer that may wait for it
    core.maintain_keystore()
    (reported,) = records.events
    assert (reported.verb, reported.rule, reported.deployment, reported.subject) == (
        Verb.ERASE,
        "retention.due",
        "d",
        f"key:{key.info.id}",
    )


def test_kept_keys_are_swept_every_ten_seconds(tmp_path: Path) -> None:
    core, clock, _ = vault_core(tmp_path)
    key = make(core, "a", due_s=1.0)
    core.sweep()
    clock.advance(9.9)
    core.sweep()
    assert core.kept() == (key.info,)
    clock.advance(0.1)
    core.sweep()
    assert core.kept() == ()


def test_the_records_are_shown_to_take_writes_at_the_beginning_and_every_five_seconds(tmp_path: Path) -> None:
    core, clock, records = vault_core(tmp_path)
    core.begin()
    assert records.written_ns == NOW_NS
    clock.advance(1.0)
    core.maintain_keystore()
    assert records.written_ns == NOW_NS + SECOND_NS
    clock.advance(4.9)
    core.maintain_keystore()
    assert records.written_ns == NOW_NS + SECOND_NS
    clock.advance(0.1)
    core.maintain_keystore()
    assert records.written_ns == NOW_NS + 6 * SECOND_NS
    records.away = True
    clock.advance(5.0)
    core.maintain_keystore()  # the gate shuts by itself


def test_a_held_segment_opens_past_its_time_and_is_let_go_of_by_the_next_sweep(tmp_path: Path) -> None:
    core, clock, _ = vault_core(tmp_path)
    film = make(core, "f", KeyKind.FOOTAGE, due_s=1.0)
    core.hold([film.info.id], held=True)
    clock.advance(20.0)
    core.run_timers()
    assert core.open_kept(film.info.id, actor="A. Okafor", purpose="a complaint").key == film.key
    with refused("vault.key-held"):
        core.destroy([film.info.id], rule=ErasureRule.FOOTAGE_DUE)
    assert [info.id for info in core.kept()] == [film.info.id]


def test_a_hold_that_names_one_wrong_key_holds_none(tmp_path: Path) -> None:
    core, clock, _ = vault_core(tmp_path)
    film = make(core, "f", KeyKind.FOOTAGE, due_s=1.0)
    for wrong, rule in ((make(core, "a").info.id, "vault.hold-kind"), ("gone", "vault.key-gone")):
        with refused(rule):
            core.hold([film.info.id, wrong], held=True)
    clock.advance(20.0)
    core.run_timers()
    assert film.info.id not in [info.id for info in core.kept()]


def test_footage_that_people_hold_is_let_go_of_by_nobody_but_them(tmp_path: Path) -> None:
    core, clock, records = vault_core(tmp_path)
    film, other = (make(core, name, KeyKind.FOOTAGE, due_s=1.0).info.id for name in ("f", "g"))
    core.hold([film, other], held=True)
    records.held = frozenset({film})
    with refused("vault.hold-recorded"):
        core.hold([other, film], held=False)
    records.away = True
    with pytest.raises(Retryable):
        core.hold([other], held=False)
    clock.advance(20.0)
    core.run_timers()
    assert {info.id for info in core.kept()} == {film, other}

    records.away, records.held = False, frozenset()
    core.hold([film, other], held=False)
    clock.advance(10.0)
    core.run_timers()
    assert core.kept() == ()


def test_a_recorder_opens_no_alert_of_a_deployment_that_is_over(tmp_path: Path) -> None:
    core, clock, records = vault_core(tmp_path)
    key = make(core, "a")
    records.known["d"] = replace(open_facts(clock), status=DeploymentStatus.SUSPENDED)
    assert core.open_kept(key.info.id, actor=SystemActor.RECORDER, purpose="a better picture") == key
    for gone in (replace(open_facts(clock), status=DeploymentStatus.ENDED), None):
        records.known = {} if gone is None else {"d": gone}
        with refused("vault.not-for-you"):
            core.open_kept(key.info.id, actor=SystemActor.RECORDER, purpose="a better picture")
    assert core.open_kept(key.info.id, actor="A. Okafor", purpose="adjudication") == key


def test_destroying_names_each_key_that_went_and_passes_over_what_is_gone(tmp_path: Path) -> None:
    core, clock, records = vault_core(tmp_path)
    one, two, stays = make(core, "1"), make(core, "2"), make(core, "3")
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
    key = make(core, "a", kind).info
    if kind in ERASES[rule]:
        assert [each.info for each in core.destroy([key.id], rule=rule)] == [key]
        return
    with refused("vault.erasure-rule"):
        core.destroy([key.id], rule=rule)
    assert core.kept() == (key,)
    assert records.events == []


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


def test_destroying_waits_for_no_trail(tmp_path: Path) -> None:
    core, _, records = vault_core(tmp_path)
    key = make(core, "a")
    records.away = True

    assert [each.info for each in core.destroy([key.info.id], rule=ErasureRule.ALERTS_DUE)] == [key.info]
    assert core.kept() == ()


def test_the_trail_is_told_of_each_key_in_turn_and_once_however_often_it_was_away(tmp_path: Path) -> None:
    core, clock, records = vault_core(tmp_path)
    ids = [make(core, subject, due_s=1.0).info.id for subject in ("a", "b")]
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
    first, second = (make(core, subject, due_s=1.0).info.id for subject in ("a", "b"))
    records.never = f"key:{first}"
    clock.advance(11.0)
    core.run_timers()
    core.run_timers()
    assert [event.subject for event in records.events] == [f"key:{second}"]


def test_a_signature_is_of_the_kind_and_the_message_by_the_installation_s_own_key(tmp_path: Path) -> None:
    core, _, _ = vault_core(tmp_path)
    core.signing.allow({SignatureKind.AUDIT_HEAD: lambda _: None})
    signed = core.sign(SignatureKind.AUDIT_HEAD, b"a head of the trail")

    assert signed.public_key == core.public_key
    Ed25519PublicKey.from_public_bytes(core.public_key).verify(
        signed.signature, b"openlfr signature 2\naudit-head\na head of the trail"
    )
    again, _, _ = vault_core(tmp_path)
    assert again.public_key == core.public_key


def test_a_pseudonym_is_32_hexadecimal_digits_and_outlives_a_restart(tmp_path: Path) -> None:
    core, _, _ = vault_core(tmp_path)
    again, _, _ = vault_core(tmp_path)

    assert len(bytes.fromhex(core.pseudonym("Ann"))) == 16
    assert core.pseudonym("Ann") == again.pseudonym("ann") != core.pseudonym("Bo")
