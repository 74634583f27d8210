"""The vault has a deployment's first camera send a frame of noise, tells nobody else which, and whoever asks once."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from random import Random

import pytest

from lfr_core.custody.vault.answers import FrameKeyAnswer
from lfr_core.custody.vault.core import VaultCore
from lfr_core.custody.vault.frame_canaries import COLLECTED_WITHIN_S, OFFERED_FOR_S, QUIET_S, FrameCanaries
from lfr_core.custody.vault.port import FrameKey
from lfr_core.custody.vault.sealing import fingerprint
from lfr_core.domain.reserved import LIVE_PROBE_CAMERA
from tests.support.vault_core import Records, TwoClocks, refused, vault_core

CLEAR, STORED = [b"c" * 32], [b"s" * 32]


@pytest.fixture
def vault(tmp_path: Path) -> tuple[VaultCore, TwoClocks, Records]:
    return vault_core(tmp_path)


def test_the_first_camera_that_is_lent_a_key_is_asked_with_it_and_no_other_is(
    vault: tuple[VaultCore, TwoClocks, Records],
) -> None:
    core, clock, _ = vault
    asked = core.seal_key("d", "north").canary

    assert asked
    assert core.seal_key("d", "north").canary == asked  # until it says that it has sent it
    assert core.seal_key("d", "south").canary == ""
    clock.advance(OFFERED_FOR_S)
    assert core.seal_key("d", "south").canary not in ("", asked)  # north has no picture, or has gone
    assert core.seal_key("d", "north").canary == ""


def test_the_only_camera_is_asked_anew_when_what_it_sent_may_not_have_reached_the_broker(
    vault: tuple[VaultCore, TwoClocks, Records],
) -> None:
    core, clock, _ = vault
    asked = core.seal_key("d", "north").canary
    clock.advance(OFFERED_FOR_S)
    again = core.seal_key("d", "north")

    assert again.canary not in ("", asked)
    with refused("vault.canary-not-asked"):
        core.tell_canary(asked, again.id, "north", CLEAR, STORED)
    core.tell_canary(again.canary, again.id, "north", CLEAR, STORED)


def test_the_live_probe_which_is_lent_keys_too_is_not_asked_in_a_cameras_place(
    vault: tuple[VaultCore, TwoClocks, Records],
) -> None:
    core, _, _ = vault
    assert core.seal_key("d", LIVE_PROBE_CAMERA).canary == ""
    assert core.seal_key("d", "north").canary != ""


def test_what_was_sent_is_returned_once_with_the_vaults_own_word_for_its_key(
    vault: tuple[VaultCore, TwoClocks, Records],
) -> None:
    core, clock, _ = vault
    lent = core.seal_key("d", "north")
    core.tell_canary(lent.canary, lent.id, "north", CLEAR, STORED)
    sent = core.collect_canary("d")

    assert sent is not None
    assert (sent.id, sent.deployment, sent.camera, sent.key_id) == (lent.canary, "d", "north", lent.id)
    assert (sent.fingerprint, sent.due_ns) == (fingerprint(lent.key), lent.opens_until_ns)
    assert (sent.clear, sent.stored, sent.sent_ns) == ((b"c" * 32,), (b"s" * 32,), clock.time_ns())
    assert core.seal_key("d", "north").canary == ""


def test_none_is_asked_for_again_at_once_unless_somebody_wants_to_collect_it(
    vault: tuple[VaultCore, TwoClocks, Records],
) -> None:
    core, _, _ = vault
    lent = core.seal_key("d", "north")
    core.tell_canary(lent.canary, lent.id, "north", CLEAR, STORED)
    assert core.collect_canary("d") is not None
    assert core.seal_key("d", "south").canary == ""

    assert core.collect_canary("d", ask=False) is None
    assert core.seal_key("d", "south").canary == ""
    assert core.collect_canary("d") is None
    assert core.seal_key("d", "south").canary not in ("", lent.canary)


def test_from_then_on_one_is_asked_for_at_moments_that_nobody_can_foresee() -> None:
    clock = TwoClocks()
    canaries = FrameCanaries(clock, Random(5))
    key = FrameKey("k", b"k" * 32, 0, 0, 2.0)
    waited: list[int] = []
    for _ in range(200):
        asked, seconds = "", 0
        while not (asked := canaries.offer("d", "north")):
            clock.advance(1.0)
            seconds += 1
        canaries.tell(asked, "north", deployment="d", key=key, clear=CLEAR, stored=STORED)
        assert canaries.collect("d", ask=False) is not None
        assert canaries.collect("d", ask=False) is None
        waited.append(seconds)

    first, *others = waited
    assert first == 0
    assert min(others) >= QUIET_S
    assert 1_000 < sum(others) / len(others) < 1_400  # 60 s, and 1,140 s in the mean: seed and so the draws are fixed
    assert len({*others}) > 150


def test_what_the_broker_may_no_longer_have_is_not_returned_and_another_is_asked_for(
    vault: tuple[VaultCore, TwoClocks, Records],
) -> None:
    core, clock, _ = vault
    lent = core.seal_key("d", "north")
    core.tell_canary(lent.canary, lent.id, "north", CLEAR, STORED)
    clock.advance(COLLECTED_WITHIN_S)

    assert core.collect_canary("d") is None
    assert core.seal_key("d", "north").canary not in ("", lent.canary)


def test_nobody_tells_of_what_it_was_not_asked_for(vault: tuple[VaultCore, TwoClocks, Records]) -> None:
    core, _, _ = vault
    lent = core.seal_key("d", "north")
    for canary, camera in ((lent.canary, "south"), ("made up", "north"), (lent.canary.upper(), "north")):
        with refused("vault.canary-not-asked"):
            core.tell_canary(canary, lent.id, camera, CLEAR, STORED)
    with refused("vault.key-gone"):
        core.tell_canary(lent.canary, "no key", "north", CLEAR, STORED)
    long, many = [b"s" * 1_000], CLEAR * 201
    for clear, stored in (([], STORED), (CLEAR, []), ([b"short"], STORED), (CLEAR, long), (many, STORED)):
        with refused("vault.bad-request"):
            core.tell_canary(lent.canary, lent.id, "north", clear, stored)
    assert core.collect_canary("d") is None

    core.tell_canary(lent.canary, lent.id, "north", CLEAR, STORED)
    with refused("vault.canary-not-asked"):
        core.tell_canary(lent.canary, lent.id, "north", CLEAR, STORED)  # told once


def test_behind_a_shut_gate_nothing_is_collected_and_nobody_asked(vault: tuple[VaultCore, TwoClocks, Records]) -> None:
    core, _, _ = vault
    with refused("gate.unknown"):
        core.collect_canary("nowhere")
    with refused("gate.unknown"):
        core.seal_key("nowhere", "north")


def test_an_answer_that_asks_for_none_is_one_that_earlier_versions_take(
    vault: tuple[VaultCore, TwoClocks, Records],
) -> None:
    core, _, _ = vault
    asked, other = core.seal_key("d", "north"), core.seal_key("d", "south")
    opened = core.open_key(asked.id)

    def fields(key: FrameKey) -> set[str]:
        return set(json.loads(FrameKeyAnswer(**asdict(key)).model_dump_json()))

    before = {"version", "answer", "id", "key", "seals_until_ns", "opens_until_ns", "lease_s"}
    assert (fields(opened), fields(other), fields(asked)) == (before, before, before | {"canary"})
