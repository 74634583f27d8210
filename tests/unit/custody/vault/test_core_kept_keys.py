"""Kept keys in the vault's core: who finds which, when they go, and what the trail is told of each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from structlog.testing import capture_logs

from lfr_core.common.errors import Poison, Refused
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.vault.core import VaultCore
from lfr_core.custody.vault.port import KeptKey, KeyKind
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.signatures import SignatureKind
from tests.support.vault_core import NOW_NS, Records, TwoClocks, vault_core

SECOND_NS = 10**9
MAKERS = {
    KeyKind.ALERT: SystemActor.RECORDER,
    KeyKind.FOOTAGE: SystemActor.CAMERA,
    KeyKind.SIGHTINGS: SystemActor.RECOGNISER,
}


def make(
    core: VaultCore, subject: str, kind: KeyKind = KeyKind.ALERT, deployment: str = "d", due_s: float = 3_600
) -> KeptKey:
    return core.make_key(kind, deployment, subject, NOW_NS + round(due_s * 1e9), actor=MAKERS[kind])


def refused(rule: str) -> pytest.RaisesExc[Refused]:
    return pytest.RaisesExc(Refused, check=lambda error: error.rule == rule)


def test_a_key_is_of_one_kind_one_deployment_and_one_subject(tmp_path: Path) -> None:
    core, _, _ = vault_core(tmp_path)
    first = make(core, "a")
    others = [make(core, "b"), make(core, "a", KeyKind.FOOTAGE), make(core, "a", deployment="e")]

    assert len({key.key for key in (first, *others)}) == 4
    assert make(core, "a") == first
    assert {(key.info.kind, key.info.deployment, key.info.subject) for key in (first, *others)} == {
        (KeyKind.ALERT, "d", "a"),
        (KeyKind.ALERT, "d", "b"),
        (KeyKind.FOOTAGE, "d", "a"),
        (KeyKind.ALERT, "e", "a"),
    }


def test_a_key_that_is_given_again_is_on_the_trail_and_an_hour_s_sightings_are_not(tmp_path: Path) -> None:
    core, _, records = vault_core(tmp_path)
    make(core, "a")
    make(core, "hour", KeyKind.SIGHTINGS)
    assert records.events == []
    make(core, "hour", KeyKind.SIGHTINGS)
    make(core, "a")

    assert records.events == [
        AuditEvent(Verb.CONSULT, SystemActor.RECORDER, "d", "alert:a", rule="seal more under it"),
    ]


def test_keys_are_listed_by_kind_by_deployment_and_after_an_id_in_the_order_of_their_ids(tmp_path: Path) -> None:
    core, _, _ = vault_core(tmp_path)
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
    core, _, records = vault_core(tmp_path)
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
        core.destroy([film.info.id], rule="test")
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


def test_destroying_names_each_key_that_went_and_passes_over_what_is_gone(tmp_path: Path) -> None:
    core, clock, records = vault_core(tmp_path)
    one, two, stays = make(core, "1"), make(core, "2"), make(core, "3")
    clock.advance(7.0)
    gone = core.destroy([two.info.id, one.info.id, "unknown", one.info.id], rule="a request")

    assert {each.info for each in gone} == {one.info, two.info}
    assert {each.destroyed_ns for each in gone} == {NOW_NS + 7 * SECOND_NS}
    assert core.kept() == (stays.info,)
    assert [(event.verb, event.rule, event.subject) for event in records.events] == [
        (Verb.ERASE, "a request", f"key:{each.info.id}") for each in gone
    ]
    assert core.destroy([one.info.id], rule="a request") == ()


def test_destroying_waits_for_no_trail(tmp_path: Path) -> None:
    core, _, records = vault_core(tmp_path)
    key = make(core, "a")
    records.away = True

    assert [each.info for each in core.destroy([key.info.id], rule="a request")] == [key.info]
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

    def record(self, event: AuditEvent) -> None:
        if event.subject == self.never:
            raise Poison("never")
        super().record(event)


def test_an_entry_that_the_trail_will_never_take_holds_up_no_other(tmp_path: Path) -> None:
    clock = TwoClocks()
    records = RefusingRecords(clock)
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
