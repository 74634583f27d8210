"""How late frame keys are destroyed with every core busy and a database that blocks: the vault's timers, real clock.

    python -m bench.expiry                    # 10,000 keys, some two minutes; state what else the machine does
    python -m bench.expiry --keys 400 --idle  # a short look, without the load

Keys of many deployments are lent, then every question to the records waits until all are gone; measured is the time
from the moment at which a key may no longer be opened to the moment at which its bytes are overwritten.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from apps.vault.process import build_identities
from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import LfrError, Retryable
from lfr_core.custody.audit.port import AuditEvent
from lfr_core.custody.people.roles import Role
from lfr_core.custody.vault.core import VaultCore
from lfr_core.custody.vault.epochs import Epoch
from lfr_core.custody.vault.key_terms import KeyTerms
from lfr_core.custody.vault.keystore import Keystore
from lfr_core.custody.vault.server import VaultServer
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.domain.gate import GateFacts, GateLimits
from lfr_core.domain.policy import load_policy

GIVE_UP_S = 20.0
GOAL_S = 0.5
"""The timer looks every 0.2 s; twice that and a little for a busy machine."""
_AT_ONCE = 200
"""Keys that end about the same time."""


@dataclass
class StuckRecords:
    """Records that answer until they are asked to stop answering."""

    answers: threading.Event = field(default_factory=threading.Event)
    epochs: list[Epoch] = field(default_factory=list)

    def facts(self, deployment: str) -> GateFacts:
        self.answers.wait()
        now_ns = time.time_ns() - 10**8  # a moment before the gate looks at its clock
        return GateFacts(
            deployment=deployment, status=DeploymentStatus.LIVE, opens_ns=now_ns, closes_ns=now_ns + 3_600 * 10**9,
            gallery="lfr_bench", suspended_why="", attended_ns=now_ns, audit_written_ns=now_ns,
        )  # fmt: skip

    def check_person(
        self,
        name: str,
        roles: frozenset[Role],
        *,
        signed_on_to: str | None,
        alert: str = "",
        request: str = "",
        approves: str = "",
    ) -> str:
        self.answers.wait()
        return name

    def check_recorded(self, name: str) -> None:
        self.answers.wait()

    def compare_records(self, deployment: str) -> str:
        self.answers.wait()
        return ""

    def held_segments(self, *, whole: bool = True) -> frozenset[str]:
        self.answers.wait()
        return frozenset()

    def is_request_closed(self, reference: str) -> None:
        self.answers.wait()

    def record_begun(self, epoch: Epoch) -> None:
        self.answers.wait()
        self.epochs.append(epoch)

    def record_destroyed(self, key_ids: Sequence[str], at_ns: int) -> None:
        self.answers.wait()

    def close_unfinished(self, at_ns: int) -> int:
        return 0

    def touch(self, at_ns: int) -> None:
        self.answers.wait()

    def record(self, event: AuditEvent) -> int:
        self.answers.wait()
        return 1


@dataclass(frozen=True, slots=True)
class Lateness:
    """How late keys were destroyed, seconds."""

    each: tuple[float, ...]

    @property
    def worst(self) -> float:
        return max(self.each)

    @property
    def median(self) -> float:
        return statistics.median(self.each)


def measure(keys: int) -> Lateness:
    """How late so many keys are destroyed while no question to the records is answered."""
    policy = load_policy()
    vault_policy = policy.vault.model_copy(update={"epoch_s": 1.0, "grace_s": 1.0})
    records, late = StuckRecords(), list[float]()
    with tempfile.TemporaryDirectory() as folder, _noting_destruction() as destroyed:
        core = VaultCore(
            policy=vault_policy, limits=GateLimits.of(policy), clock=SystemClock(), keystore=Keystore(Path(folder)),
            terms=KeyTerms.of(policy), facts=records, epochs=records, audit=records, people=records,
        )  # fmt: skip
        identities = build_identities(core, Path(folder) / "processes", 1.0, SystemClock())
        server = VaultServer(core, Path(folder) / "run" / "vault.sock", *identities)
        serving = threading.Thread(target=server.serve, daemon=True)
        serving.start()
        while len(late) < keys:
            records.answers.set()
            lent = _lend(core, records, min(_AT_ONCE, keys - len(late)))
            records.answers.clear()
            threading.Thread(target=_ask, args=(core,), daemon=True).start()  # and hangs in the records
            give_up = max(epoch.opens_until for epoch in lent) + GIVE_UP_S
            while any(epoch.id not in destroyed for epoch in lent) and time.monotonic() < give_up:
                time.sleep(0.02)
            late += [destroyed.get(epoch.id, time.monotonic()) - epoch.opens_until for epoch in lent]
        records.answers.set()
        server.stop()
        serving.join(10)
    return Lateness(tuple(late))


def _lend(core: VaultCore, records: StuckRecords, count: int) -> list[Epoch]:
    """Lend a key for each of so many deployments; give those that were begun."""
    before = len(records.epochs)
    for number in range(count):
        with suppress(Retryable):  # its epoch ended meanwhile: it was begun all the same
            core.seal_key(f"bench-{number}", "north")
    return records.epochs[before:]


@contextmanager
def _noting_destruction() -> Iterator[dict[str, float]]:
    """When each epoch's key has been overwritten, monotonic seconds, by its id."""
    destroyed: dict[str, float] = {}
    destroy = Epoch.destroy

    def note(epoch: Epoch) -> None:
        destroy(epoch)
        destroyed[epoch.id] = time.monotonic()

    Epoch.destroy = note  # type: ignore[assignment,method-assign]  # measured where it happens, not by looking for it
    try:
        yield destroyed
    finally:
        Epoch.destroy = destroy  # type: ignore[method-assign]  # as above


def _ask(core: VaultCore) -> None:
    time.sleep(0.5)  # older than the gate's last answer may be
    with suppress(LfrError):
        core.check_gate("bench-0")


@contextmanager
def every_core_busy() -> Iterator[int]:
    """Keep every core busy during the block; gives how many processes do."""
    context = multiprocessing.get_context("spawn")
    busy = [context.Process(target=_burn, daemon=True) for _ in range(os.cpu_count() or 1)]
    for each in busy:
        each.start()
    try:
        yield len(busy)
    finally:
        for each in busy:
            each.kill()
            each.join()


def _burn() -> None:
    while True:
        pass


def main() -> None:
    """Measure and say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=10_000)
    parser.add_argument("--idle", action="store_true", help="without load of our own")
    options = parser.parse_args()
    before = os.getloadavg()[0]
    if options.idle:
        processes, late = 0, measure(options.keys)
    else:
        with every_core_busy() as processes:
            late = measure(options.keys)
    Console().print(
        f"{len(late.each)} frame keys, database blocked, {processes} busy processes on {os.cpu_count()} cores "
        f"(load {before:.1f} before): worst {late.worst:.2f} s, median {late.median:.2f} s late; goal: {GOAL_S} s"
    )


if __name__ == "__main__":
    main()
