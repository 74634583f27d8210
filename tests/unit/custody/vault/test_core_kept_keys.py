"""Kept keys in the vault's core: who finds which, and when they go."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from structlog.testing import capture_logs

from lfr_core.common.errors import Retryable
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.vault.port import ErasureRule, KeyKind
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.domain.signatures import SignatureKind
from tests.support.vault_core import (
    NOW_NS,
    SECOND_NS,
    make_kept,
    open_facts,
    refused,
    two_deployments,
    vault_core,
)


def test_keys_are_listed_by_kind_by_deployment_and_after_an_id_in_the_order_of_their_ids(tmp_path: Path) -> None:
    core = two_deployments(tmp_path)[0]
    infos = [make_kept(core, str(number)).info for number in range(5)]
    film, elsewhere = make_kept(core, "f", KeyKind.FOOTAGE).info, make_kept(core, "a", deployment="e").info
    ordered = tuple(sorted([*infos, film, elsewhere], key=lambda info: info.id))

    assert core.kept() == ordered
    assert core.kept(KeyKind.FOOTAGE) == (film,)
    assert core.kept(None, "e") == (elsewhere,)
    assert core.kept(KeyKind.ALERT, "d") == tuple(sorted(infos, key=lambda info: info.id))
    assert core.kept(KeyKind.FOOTAGE, "e") == ()
    assert core.kept(after=ordered[2].id) == ordered[3:]


def test_a_consultation_says_who_looked_at_what_and_for_which_purpose(tmp_path: Path) -> None:
    core, _, records = vault_core(tmp_path)
    key = make_kept(core, "a")

    assert core.open_kept(key.info.id, actor="A. Okafor", purpose="adjudication") == key
    assert records.events == [AuditEvent(Verb.CONSULT, "A. Okafor", "d", "alert:a", rule="adjudication")]
    with refused("vault.purpose-missing"):
        core.open_kept(key.info.id, actor="A. Okafor", purpose="  ")
    with refused("people.unknown"):
        core.open_kept(key.info.id, actor="Joe Public", purpose="look")


def test_who_has_signed_on_to_one_deployment_opens_nothing_of_another(tmp_path: Path) -> None:
    core, records = two_deployments(tmp_path)
    elsewhere = make_kept(core, "a", deployment="e")

    with refused("operator.not-signed-on"):
        core.open_kept(elsewhere.info.id, actor="A. Okafor", purpose="look")
    assert records.events == []


@pytest.mark.parametrize("asked", [{"kind": "secret"}, {"deployment": "x" * 1_000}, {"after": "x" * 1_000}], ids=str)
def test_a_question_for_keys_that_makes_no_sense_is_refused(tmp_path: Path, asked: dict[str, Any]) -> None:
    core, _, _ = vault_core(tmp_path)
    with refused("vault.bad-request"):
        core.kept(**asked)


def test_what_goes_when_the_vault_stops_is_recorded_before_it_ends(tmp_path: Path) -> None:
    core, _, records = vault_core(tmp_path)
    frame = core.seal_key("d", "cam")
    core.stop()

    assert records.destroyed_ == {frame.id: NOW_NS}


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
    key, later = make_kept(core, "a", due_s=5.0), make_kept(core, "b", due_s=5.000_001)
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
    key = make_kept(core, "a", due_s=1.0)
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
    core, clock, records = vault_core(tmp_path)
    film = make_kept(core, "f", KeyKind.FOOTAGE, due_s=1.0)
    records.held = frozenset({"f"})
    core.hold([film.info.id], held=True)
    clock.advance(20.0)
    core.run_timers()
    assert core.open_kept(film.info.id, actor="A. Okafor", purpose="a complaint").key == film.key
    with refused("vault.key-held"):
        core.destroy([film.info.id], rule=ErasureRule.FOOTAGE_DUE)
    assert [info.id for info in core.kept()] == [film.info.id]


def test_a_hold_that_names_one_wrong_key_holds_none(tmp_path: Path) -> None:
    core, clock, records = vault_core(tmp_path)
    film = make_kept(core, "f", KeyKind.FOOTAGE, due_s=1.0)
    records.held = frozenset({"f"})
    for wrong, rule in ((make_kept(core, "a").info.id, "vault.hold-kind"), ("gone", "vault.key-gone")):
        with refused(rule):
            core.hold([film.info.id, wrong], held=True)
    clock.advance(20.0)
    core.run_timers()
    assert film.info.id not in [info.id for info in core.kept()]


def test_footage_that_nobody_holds_on_record_is_not_kept_for_longer(tmp_path: Path) -> None:
    core, clock, _ = vault_core(tmp_path)
    film = make_kept(core, "f", KeyKind.FOOTAGE, due_s=1.0)
    with refused("vault.no-hold"):
        core.hold([film.info.id], held=True)
    clock.advance(20.0)
    core.run_timers()
    assert core.kept() == ()


def test_footage_that_people_hold_is_let_go_of_by_nobody_but_them(tmp_path: Path) -> None:
    core, clock, records = vault_core(tmp_path)
    film, other = (make_kept(core, name, KeyKind.FOOTAGE, due_s=1.0).info.id for name in ("f", "g"))
    records.held = frozenset({"f", "g"})
    core.hold([film, other], held=True)
    records.held = frozenset({"f"})
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
    key = make_kept(core, "a")
    records.known["d"] = replace(open_facts(clock), status=DeploymentStatus.SUSPENDED)
    assert core.open_kept(key.info.id, actor=SystemActor.RECORDER, purpose="a better picture") == key
    for gone in (replace(open_facts(clock), status=DeploymentStatus.ENDED), None):
        records.known = {} if gone is None else {"d": gone}
        with refused("vault.not-for-you"):
            core.open_kept(key.info.id, actor=SystemActor.RECORDER, purpose="a better picture")
    assert core.open_kept(key.info.id, actor="A. Okafor", purpose="adjudication") == key


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
