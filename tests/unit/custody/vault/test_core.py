"""The vault's promises on clocks that the test owns."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from pathlib import Path

import pytest

from lfr_core.common.errors import Refused, Retryable
from lfr_core.custody.audit.port import Verb
from lfr_core.custody.vault.frames import VaultOpener, VaultSealer
from lfr_core.custody.vault.port import ErasureRule, KeyKind
from lfr_core.domain.actors import SystemActor
from tests.support.vault_core import NOW_NS, header, refused, vault_core


def test_a_frame_opens_until_its_epoch_and_grace_are_over_and_never_again(tmp_path: Path) -> None:
    core, clock, records = vault_core(tmp_path)
    sealer, opener = VaultSealer(core, clock, "d", "cam"), VaultOpener(core, clock)
    head = header(sealer.key_id())
    sealed = sealer.seal(head, b"a face")
    clock.advance(14.9)
    last = opener.open(head, sealed)
    clock.advance(0.2)
    core.run_timers()

    with refused("vault.key-gone"):
        core.open_key(head.key_id)
    clock.advance(2.0)  # the worker's lease
    with refused("vault.key-gone"):
        opener.open(head, sealed)
    assert last == b"a face"
    assert records.destroyed_ == {head.key_id: NOW_NS + 15_100_000_000}


def test_unmatched_face_is_unrecoverable_after_its_epoch(tmp_path: Path) -> None:
    core, clock, records = vault_core(tmp_path)
    key = bytearray(core.seal_key("d", "cam").key)
    (epoch,) = records.began_
    held = bytes(epoch.key)
    clock.advance(15.1)
    core.run_timers()

    assert held == bytes(key)
    assert bytes(epoch.key) == bytes(32)  # overwritten in the vault's own memory
    assert not any(held in each.read_bytes() for each in tmp_path.iterdir())  # and it was never on the disk


def test_an_epoch_lasts_as_long_as_the_policy_says_and_begins_at_whole_multiples(tmp_path: Path) -> None:
    core, clock, records = vault_core(tmp_path)
    clock.advance(3.0)
    first = core.seal_key("d", "cam").id
    clock.advance(6.9)
    same = core.seal_key("d", "other camera").id
    clock.advance(0.1)
    second = core.seal_key("d", "cam").id

    assert (first == same, first == second) == (True, False)
    assert [(epoch.started_ns - NOW_NS, epoch.ended_ns - NOW_NS) for epoch in records.began_] == [
        (0, 10 * 10**9),
        (10 * 10**9, 20 * 10**9),
    ]


def test_the_wall_clock_set_back_lengthens_no_key(tmp_path: Path) -> None:
    core, clock, _ = vault_core(tmp_path)
    key_id = core.seal_key("d", "cam").id
    clock.step(-3_600)
    clock.advance(15.1)
    core.run_timers()

    with pytest.raises(Refused):
        core.open_key(key_id)


@pytest.mark.parametrize(
    "change",
    [{"camera": "other"}, {"sequence": 8}, {"deployment": "e"}, {"session": "t"}, {"captured_ns": 1}],
    ids=lambda change: next(iter(change)),
)
def test_a_sealed_frame_moved_to_another_place_does_not_open(tmp_path: Path, change: dict[str, object]) -> None:
    core, clock, _ = vault_core(tmp_path)
    sealer, opener = VaultSealer(core, clock, "d", "cam"), VaultOpener(core, clock)
    head = header(sealer.key_id())
    sealed = sealer.seal(head, b"a face")

    with refused("vault.not-authentic"):
        opener.open(replace(head, **change), sealed)  # type: ignore[arg-type]  # the test names fields of the header
    with refused("vault.not-authentic"):
        opener.open(head, sealed[:-1] + bytes([sealed[-1] ^ 1]))
    with refused("vault.not-authentic"):
        opener.open(head, sealed[:5])


def test_with_the_records_away_no_key_is_given_and_it_can_be_asked_again(tmp_path: Path) -> None:
    core, clock, records = vault_core(tmp_path)
    records.away = True
    with pytest.raises(Retryable):
        core.seal_key("d", "cam")
    records.away = False
    clock.advance(0.3)

    assert core.seal_key("d", "cam").id == records.began_[0].id


def test_an_epoch_that_could_not_be_recorded_is_never_used(tmp_path: Path) -> None:
    core, _, records = vault_core(tmp_path)
    core.check_gate("d")  # the facts are known for a moment; then the database goes
    records.away = True

    with pytest.raises(Retryable):
        core.seal_key("d", "cam")
    assert records.began_ == []


def test_keys_destroyed_while_the_records_were_away_are_recorded_when_they_are_back(tmp_path: Path) -> None:
    core, clock, records = vault_core(tmp_path)
    key_id = core.seal_key("d", "cam").id
    records.away = True
    clock.advance(15.1)
    core.run_timers()
    destroyed_ns = clock.time_ns()
    clock.advance(60)
    records.away = False
    core.run_timers()

    assert records.destroyed_ == {key_id: destroyed_ns}


def test_a_clock_a_day_ahead_for_a_moment_destroys_no_kept_key_and_opens_nothing(tmp_path: Path) -> None:
    core, clock, _ = vault_core(tmp_path)
    kept = core.make_key(KeyKind.ALERT, "d", "an-alert", clock.time_ns() + 3_600 * 10**9, actor=SystemActor.RECORDER)
    frame = core.seal_key("d", "cam")
    clock.step(86_400)
    core.run_timers()
    clock.step(-86_400)
    clock.advance(20)
    core.run_timers()

    for asks in (
        lambda: core.open_kept(kept.info.id, actor="A. Okafor", purpose="test"),
        lambda: core.seal_key("d", "cam"),
        lambda: core.open_key(frame.id),
    ):
        with pytest.raises(Refused):
            asks()
    assert core.kept() == (kept.info,)  # after a restart with the clock right it is there
    restarted, _, _ = vault_core(tmp_path, clock)
    assert restarted.open_kept(kept.info.id, actor="A. Okafor", purpose="test") == kept


def test_alert_data_cannot_be_opened_after_24_hours_without_anybody_s_help(tmp_path: Path) -> None:
    core, clock, records = vault_core(tmp_path)
    kept = core.make_key(KeyKind.ALERT, "d", "alert", clock.time_ns() + 86_400 * 10**9, actor=SystemActor.RECORDER)
    clock.advance(86_399)
    opened = core.open_kept(kept.info.id, actor="A. Okafor", purpose="adjudication")
    clock.advance(1)
    core.run_timers()

    with refused("vault.key-gone"):
        core.open_kept(kept.info.id, actor="A. Okafor", purpose="adjudication")
    assert opened == kept
    assert [(event.verb, event.rule) for event in records.events] == [
        (Verb.CONSULT, "adjudication"),
        (Verb.ERASE, "retention.due"),
    ]


def test_a_held_segment_s_key_outlives_its_time_and_nothing_else_can_be_held(tmp_path: Path) -> None:
    core, clock, records = vault_core(tmp_path)
    due_ns = clock.time_ns() + 10**9
    segment, other = (
        core.make_key(KeyKind.FOOTAGE, "d", name, due_ns, actor=SystemActor.CAMERA).info.id for name in ("1", "2")
    )
    alert = core.make_key(KeyKind.ALERT, "d", "a", due_ns, actor=SystemActor.RECORDER).info.id
    records.held = frozenset({"1", "2"})
    core.hold([segment], held=True)
    with refused("vault.hold-kind"):
        core.hold([alert], held=True)
    clock.advance(60)
    core.run_timers()
    with refused("vault.key-held"):
        core.destroy([segment], rule=ErasureRule.FOOTAGE_DUE)
    with refused("vault.key-gone"):
        core.hold([other], held=True)

    assert [info.id for info in core.kept()] == [segment]
    records.held = frozenset()
    core.hold([segment], held=False)
    clock.advance(20)
    core.run_timers()
    assert core.kept() == ()


def test_what_cannot_be_audited_is_not_opened(tmp_path: Path) -> None:
    core, clock, records = vault_core(tmp_path)
    kept = core.make_key(KeyKind.ALERT, "d", "a", clock.time_ns() + 10**12, actor=SystemActor.RECORDER)
    records.away = True

    with pytest.raises(Retryable):
        core.open_kept(kept.info.id, actor="A. Okafor", purpose="adjudication")


@pytest.mark.parametrize(
    ("actor", "purpose", "rule"),
    [
        ("", "look", "actor.not-a-person"),
        ("A. Okafor", "", "vault.purpose-missing"),
        (" ", "look", "actor.not-a-person"),
    ],
)
def test_nobody_looks_without_a_name_and_a_purpose(tmp_path: Path, actor: str, purpose: str, rule: str) -> None:
    core, clock, _ = vault_core(tmp_path)
    kept = core.make_key(KeyKind.ALERT, "d", "a", clock.time_ns() + 10**12, actor=SystemActor.RECORDER)

    with refused(rule):
        core.open_kept(kept.info.id, actor=actor, purpose=purpose)


def test_a_name_has_one_pseudonym_here_and_another_elsewhere(tmp_path: Path) -> None:
    here, _, _ = vault_core(tmp_path / "here")
    there, _, _ = vault_core(tmp_path / "there")

    assert here.pseudonym("A.  Okafor") == here.pseudonym("a. okafor") != there.pseudonym("A. Okafor")


def test_no_key_is_in_a_repr_and_none_is_logged(tmp_path: Path) -> None:
    core, clock, _ = vault_core(tmp_path)
    kept = core.make_key(KeyKind.ALERT, "d", "a", clock.time_ns() + 10**12, actor=SystemActor.RECORDER)
    lent = core.seal_key("d", "cam")

    for value in (kept, lent):
        assert repr(value.key) not in repr(value)
        assert json.dumps(repr(value)).find(value.key.hex()) == -1
    assert pickle.dumps(kept.info)  # what may be known of a key can travel
