"""While records, trail or disk are stuck, keys go with their time, and who asks is told."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from lfr_core.common.errors import LfrError, Refused, Retryable
from lfr_core.custody.vault import keystore
from lfr_core.custody.vault.core import VaultCore
from lfr_core.custody.vault.frames import VaultOpener, VaultSealer
from lfr_core.custody.vault.port import KeyKind
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.frames import FrameHeader
from tests.support.stuck_vault import LONG_S, Stuck, done, ended
from tests.support.vault_core import NOW_NS, Records, TwoClocks


def test_a_key_whose_recording_is_stuck_is_destroyed_with_its_time_and_never_lent(
    vault: tuple[VaultCore, TwoClocks, Records],
    stuck: Stuck,
    threads: ThreadPoolExecutor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    core, clock, records = vault
    monkeypatch.setattr(records, "record_begun", stuck.wrap(records.record_begun))
    asked = threads.submit(core.seal_key, "d", "cam")
    assert stuck.reached.wait(LONG_S)
    clock.advance(15.1)
    done(threads, core.expire)

    assert isinstance(ended(asked, stuck), Retryable)
    (epoch,) = records.began_
    assert bytes(epoch.key) == bytes(32)
    core.run_timers()
    assert list(records.destroyed_) == [epoch.id]


def test_a_vault_that_is_asked_to_stop_destroys_its_keys_and_ends_without_the_database(
    vault: tuple[VaultCore, TwoClocks, Records],
    stuck: Stuck,
    threads: ThreadPoolExecutor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    core, _, records = vault
    core.seal_key("d", "cam")
    (epoch,) = records.began_
    monkeypatch.setattr(records, "record_destroyed", stuck.wrap(records.record_destroyed))

    done(threads, core.stop)

    assert bytes(epoch.key) == bytes(32)
    assert records.destroyed_ == {}


def test_an_epoch_is_begun_once_however_many_ask_and_no_key_is_out_before_it_is_recorded(
    vault: tuple[VaultCore, TwoClocks, Records],
    stuck: Stuck,
    threads: ThreadPoolExecutor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    core, _, records = vault
    monkeypatch.setattr(records, "record_begun", stuck.wrap(records.record_begun))
    asked = [threads.submit(core.seal_key, "d", f"cam-{number}") for number in range(5)]
    assert stuck.reached.wait(LONG_S)
    assert not any(each.done() for each in asked)

    stuck.released.set()

    assert len({each.result(LONG_S).id for each in asked}) == len(records.began_) == 1


def test_kept_keys_that_are_due_go_while_the_trail_is_stuck_and_it_is_reported_when_it_is_back(
    vault: tuple[VaultCore, TwoClocks, Records],
    stuck: Stuck,
    threads: ThreadPoolExecutor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    core, clock, records = vault
    first, second = (
        core.make_key(KeyKind.ALERT, "d", name, NOW_NS + seconds * 10**9, actor=SystemActor.RECORDER).info
        for name, seconds in (("a", 60), ("b", 120))
    )
    monkeypatch.setattr(records, "record", stuck.wrap(records.record))
    clock.advance(61)
    done(threads, core.sweep)
    telling = threads.submit(core.maintain_keystore)
    assert stuck.reached.wait(LONG_S)
    clock.advance(60)

    done(threads, core.sweep)

    assert core.kept() == ()
    assert ended(telling, stuck) is None
    assert [event.subject for event in records.events] == [f"key:{first.id}", f"key:{second.id}"]


def test_an_erasure_the_trail_could_not_be_reported_of_is_reported_when_it_is_back(
    vault: tuple[VaultCore, TwoClocks, Records],
) -> None:
    core, clock, records = vault
    gone = core.make_key(KeyKind.ALERT, "d", "a", NOW_NS + 10**9, actor=SystemActor.RECORDER).info
    records.away = True
    clock.advance(20)
    core.run_timers()
    assert core.kept() == ()
    records.away = False
    core.run_timers()

    assert [event.subject for event in records.events] == [f"key:{gone.id}"]


def test_while_the_keystore_s_disk_is_stuck_frame_keys_go_and_nothing_that_is_due_opens(
    vault: tuple[VaultCore, TwoClocks, Records],
    stuck: Stuck,
    threads: ThreadPoolExecutor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    core, clock, records = vault
    core.seal_key("d", "cam")
    (epoch,) = records.began_
    monkeypatch.setattr(keystore, "append_private", stuck.wrap(lambda *_: None))
    making = threads.submit(core.make_key, KeyKind.ALERT, "d", "a", NOW_NS + 10**9, actor=SystemActor.RECORDER)
    assert stuck.reached.wait(LONG_S)
    clock.advance(20)

    done(threads, core.expire)
    opening = threads.submit(core.open_kept, "any", actor="A", purpose="test")

    assert bytes(epoch.key) == bytes(32)
    with suppress(LfrError):
        ended(making, stuck)
    assert isinstance(ended(opening, stuck), Refused)


def test_a_camera_and_a_worker_that_hang_drop_their_keys_with_the_lease(
    vault: tuple[VaultCore, TwoClocks, Records],
) -> None:
    core, clock, _ = vault
    sealer, opener = VaultSealer(core, clock, "d", "cam"), VaultOpener(core, clock)
    header = FrameHeader("d", "cam", "s", 7, NOW_NS, 0, 0, key_id=sealer.key_id())
    opener.open(header, sealer.seal(header, b"a face"))
    assert (len(sealer._lent), len(opener._lent)) == (1, 1)
    clock.advance(2.5)  # nobody calls either of them again

    deadline = time.monotonic() + LONG_S
    while len(sealer._lent) or len(opener._lent):
        assert time.monotonic() < deadline
        time.sleep(0.01)
