"""With a database, a trail or a disk that doesn't come back, frame keys are destroyed at once all the same."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from lfr_core.common.errors import Retryable
from lfr_core.custody.vault import clockguard, lending
from lfr_core.custody.vault.core import VaultCore
from lfr_core.custody.vault.files import write_private
from lfr_core.custody.vault.port import ErasureRule, KeyKind
from lfr_core.domain.actors import SystemActor
from tests.support.stuck_vault import LONG_S, Stuck, done, ended
from tests.support.vault_core import NOW_NS, Records, TwoClocks, open_facts

PLACES: dict[str, Callable[[VaultCore, Records, Stuck, pytest.MonkeyPatch], None]] = {
    "facts": lambda _, records, stuck, patch: patch.setattr(records, "facts", stuck.wrap(records.facts)),
    "epoch": lambda _, records, stuck, patch: patch.setattr(records, "record_begun", stuck.wrap(records.record_begun)),
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
        patch.setattr(records, "record_destroyed", stuck.wrap(records.record_destroyed)),
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

    for call in ("facts", "record_begun", "record_destroyed", "touch", "record"):
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


def test_who_waits_too_long_behind_another_is_refused_and_too_many_are_turned_away(
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
