"""With a database, a trail or a disk that doesn't come back, frame keys are destroyed at once all the same."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from lfr_core.common.errors import LfrError, Refused, Retryable
from lfr_core.custody.vault import clockguard, lending
from lfr_core.custody.vault.core import VaultCore
from lfr_core.custody.vault.files import write_private
from lfr_core.custody.vault.frames import VaultOpener, VaultSealer
from lfr_core.custody.vault.keystore import Keystore
from lfr_core.custody.vault.port import ErasureRule, KeyKind
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.frames import FrameHeader
from tests.support.vault_core import NOW_NS, Records, TwoClocks, open_facts, vault_core

LONG_S = 20.0
"""Far more than anything here takes on a busy machine; what waits for the database waits longer."""


class Stuck:
    """Calls that don't return before the test ends."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.released = threading.Event()

    def wrap(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def waits(*args: Any, **kwargs: Any) -> Any:
            self.reached.set()
            assert self.released.wait(60)
            return call(*args, **kwargs)

        return waits


@pytest.fixture
def stuck() -> Iterator[Stuck]:
    stuck = Stuck()
    yield stuck
    stuck.released.set()


@pytest.fixture
def threads(stuck: Stuck) -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as threads:
        yield threads
        stuck.released.set()


@pytest.fixture
def vault(tmp_path: Path) -> tuple[VaultCore, TwoClocks, Records]:
    return vault_core(tmp_path)


def done(threads: ThreadPoolExecutor, act: Callable[[], object]) -> object:
    """What it gives, in a thread: one that waits is an error instead of a test that hangs."""
    return threads.submit(act).result(LONG_S)


def ended(asked: Future[Any], stuck: Stuck) -> LfrError | None:
    stuck.released.set()
    error = asked.exception(LONG_S)
    assert error is None or isinstance(error, LfrError)
    return error


PLACES: dict[str, Callable[[VaultCore, Records, Stuck, pytest.MonkeyPatch], None]] = {
    "facts": lambda _, records, stuck, patch: patch.setattr(records, "facts", stuck.wrap(records.facts)),
    "epoch": lambda _, records, stuck, patch: patch.setattr(records, "began", stuck.wrap(records.began)),
    "latest-time": lambda _, __, stuck, patch: patch.setattr(clockguard, "write_private", stuck.wrap(write_private)),
}


@pytest.mark.parametrize("place", PLACES)
def test_keys_that_are_due_are_destroyed_while_a_question_is_stuck(
    vault: tuple[VaultCore, TwoClocks, Records],
    stuck: Stuck,
    threads: ThreadPoolExecutor,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
) -> None:
    core, clock, records = vault
    records.known["other"] = open_facts(clock, "other")
    lent = core.seal_key("d", "cam")
    (epoch,) = records.began_
    assert bytes(epoch.key) == lent.key
    clock.advance(11)  # the next epoch; the first may still be opened for a few seconds
    PLACES[place](core, records, stuck, monkeypatch)
    asked = threads.submit(core.seal_key, "d", "cam")
    assert stuck.reached.wait(LONG_S)
    clock.advance(20)

    done(threads, core.expire)

    assert bytes(epoch.key) == bytes(32)
    ended(asked, stuck)


MEANWHILE: dict[str, Callable[[VaultCore, Records, Stuck, pytest.MonkeyPatch], Callable[[], object]]] = {
    "epoch-log": lambda core, records, stuck, patch: (
        patch.setattr(records, "destroyed", stuck.wrap(records.destroyed)),
        core.maintain_keystore,
    )[1],
    "latest-time-of-the-records": lambda core, records, stuck, patch: (
        patch.setattr(records, "touch", stuck.wrap(records.touch)),
        core.maintain_keystore,
    )[1],
    "trail": lambda core, records, stuck, patch: (
        patch.setattr(records, "record", stuck.wrap(records.record)),
        lambda: core.destroy([key.id for key in core.kept()], rule=ErasureRule.ALERTS_DUE),
    )[1],
}


@pytest.mark.parametrize("place", MEANWHILE)
def test_keys_that_are_due_are_destroyed_while_the_vault_s_other_work_is_stuck(
    vault: tuple[VaultCore, TwoClocks, Records],
    stuck: Stuck,
    threads: ThreadPoolExecutor,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
) -> None:
    core, clock, records = vault
    core.make_key(KeyKind.ALERT, "d", "a", NOW_NS + 10**11, actor=SystemActor.RECORDER)
    core.seal_key("d", "cam")
    clock.advance(15.1)
    core.expire()  # that it is destroyed hasn't been recorded yet
    core.seal_key("d", "cam")
    second = records.began_[-1]
    act = MEANWHILE[place](core, records, stuck, monkeypatch)
    asked = threads.submit(act)
    assert stuck.reached.wait(LONG_S)
    clock.advance(15.1)

    done(threads, core.expire)

    assert bytes(second.key) == bytes(32)
    ended(asked, stuck)


def test_expiring_opens_no_file_and_no_connection_and_asks_nobody(
    vault: tuple[VaultCore, TwoClocks, Records], monkeypatch: pytest.MonkeyPatch
) -> None:
    core, clock, records = vault
    core.seal_key("d", "cam")
    (epoch,) = records.began_
    mine, seen = threading.get_ident(), list[str]()

    def watch(event: str, _arguments: object) -> None:
        if watching and threading.get_ident() == mine and event.startswith(("open", "os.", "socket.", "sqlite3.")):
            seen.append(event)

    for call in ("facts", "began", "destroyed", "touch", "record"):
        monkeypatch.setattr(records, call, lambda *_, call=call, **__: seen.append(call))
    watching = False
    sys.addaudithook(watch)  # stays until the process ends, and is silent but here
    clock.advance(15.1)
    watching = True
    core.expire()
    clock.step(3600)
    core.expire()  # a clock that jumped: all go
    watching = False

    assert bytes(epoch.key) == bytes(32)
    assert seen == []


def test_a_key_whose_booking_is_stuck_is_destroyed_with_its_time_and_never_lent(
    vault: tuple[VaultCore, TwoClocks, Records],
    stuck: Stuck,
    threads: ThreadPoolExecutor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    core, clock, records = vault
    monkeypatch.setattr(records, "began", stuck.wrap(records.began))
    asked = threads.submit(core.seal_key, "d", "cam")
    assert stuck.reached.wait(LONG_S)
    clock.advance(15.1)
    done(threads, core.expire)

    assert isinstance(ended(asked, stuck), Retryable)
    (epoch,) = records.began_
    assert bytes(epoch.key) == bytes(32)
    core.run_timers()
    assert list(records.destroyed_) == [epoch.id]


def test_a_vault_that_is_reported_to_stop_destroys_its_keys_and_ends_without_the_database(
    vault: tuple[VaultCore, TwoClocks, Records],
    stuck: Stuck,
    threads: ThreadPoolExecutor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    core, _, records = vault
    core.seal_key("d", "cam")
    (epoch,) = records.began_
    monkeypatch.setattr(records, "destroyed", stuck.wrap(records.destroyed))

    done(threads, core.stop)

    assert bytes(epoch.key) == bytes(32)
    assert records.destroyed_ == {}


def test_an_epoch_is_begun_once_however_many_ask_and_no_key_is_out_before_it_is_booked(
    vault: tuple[VaultCore, TwoClocks, Records],
    stuck: Stuck,
    threads: ThreadPoolExecutor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    core, _, records = vault
    monkeypatch.setattr(records, "began", stuck.wrap(records.began))
    asked = [threads.submit(core.seal_key, "d", f"cam-{number}") for number in range(5)]
    assert stuck.reached.wait(LONG_S)
    assert not any(each.done() for each in asked)

    stuck.released.set()

    assert len({each.result(LONG_S).id for each in asked}) == len(records.began_) == 1


def test_one_deployment_s_stuck_facts_keep_no_other_waiting(
    vault: tuple[VaultCore, TwoClocks, Records],
    stuck: Stuck,
    threads: ThreadPoolExecutor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    core, clock, records = vault
    records.known["other"] = open_facts(clock, "other")
    facts = records.facts
    late = stuck.wrap(facts)
    monkeypatch.setattr(records, "facts", lambda name: late(name) if name == "d" else facts(name))
    asked = threads.submit(core.check_gate, "d")
    assert stuck.reached.wait(LONG_S)

    assert done(threads, lambda: core.check_gate("other")) == core.check_gate("other")
    assert done(threads, lambda: core.seal_key("other", "cam"))
    assert ended(asked, stuck) is None


def test_who_waits_too_long_behind_another_is_reported_so_and_too_many_are_turned_away(
    vault: tuple[VaultCore, TwoClocks, Records],
    stuck: Stuck,
    threads: ThreadPoolExecutor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    core, _, records = vault
    monkeypatch.setattr(lending, "_TURN_S", 0.05)
    monkeypatch.setattr(records, "facts", stuck.wrap(records.facts))
    threads.submit(core.check_gate, "d")
    assert stuck.reached.wait(LONG_S)
    with pytest.raises(Retryable, match="slow"):
        done(threads, lambda: core.check_gate("d"))

    taken = 0
    while core._frames._waiting.acquire(blocking=False):
        taken += 1
    with pytest.raises(Retryable, match="too many"):
        done(threads, lambda: core.check_gate("d"))
    assert taken < 32


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
    monkeypatch.setattr(Keystore, "_save", stuck.wrap(lambda _: None))
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
