"""How late a frame key is destroyed when the database doesn't answer: the vault's own timers, on the real clock.

    python -m bench.expiry                 # 5 epochs of one second each
    python -m bench.expiry --epochs 30

A key is lent, then every question to the records waits until the end; what is measured is the time from the moment at
which the key may no longer be opened to the moment at which its bytes are overwritten.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from apps.vault.process import build_identities
from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import LfrError
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

    def check_person(self, name: str, roles: frozenset[Role], *, signed_on_to: str | None) -> str:  # noqa: ARG002  likewise
        self.answers.wait()
        return name

    def held_keys(self) -> frozenset[str]:
        self.answers.wait()
        return frozenset()

    def began(self, epoch: Epoch) -> None:
        self.answers.wait()
        self.epochs.append(epoch)

    def destroyed(self, key_ids: Sequence[str], at_ns: int) -> None:  # noqa: ARG002  the Protocol's signature
        self.answers.wait()

    def close_unfinished(self, at_ns: int) -> int:  # noqa: ARG002  the Protocol's signature
        return 0

    def touch(self, at_ns: int) -> None:  # noqa: ARG002  the Protocol's signature
        self.answers.wait()

    def record(self, event: AuditEvent) -> int:  # noqa: ARG002  the Protocol's signature
        self.answers.wait()
        return 1


def measure(epochs: int) -> float:
    """The worst lateness of so many keys, seconds."""
    policy = load_policy()
    vault_policy = policy.vault.model_copy(update={"epoch_s": 1.0, "grace_s": 1.0})
    records, worst = StuckRecords(), 0.0
    with tempfile.TemporaryDirectory() as folder:
        core = VaultCore(
            policy=vault_policy, limits=GateLimits.of(policy), clock=SystemClock(), keystore=Keystore(Path(folder)),
            terms=KeyTerms.of(policy), facts=records, epochs=records, audit=records, people=records,
        )  # fmt: skip
        identities = build_identities(core, Path(folder) / "processes", 1.0)
        server = VaultServer(core, Path(folder) / "run" / "vault.sock", *identities)
        serving = threading.Thread(target=server.serve, daemon=True)
        serving.start()
        for _ in range(epochs):
            records.answers.set()
            core.seal_key("bench", "north")
            epoch = records.epochs[-1]
            records.answers.clear()
            threading.Thread(target=_ask, args=(core,), daemon=True).start()  # and hangs in the records
            while any(epoch.key) and time.monotonic() < epoch.opens_until + GIVE_UP_S:
                time.sleep(0.005)
            worst = max(worst, time.monotonic() - epoch.opens_until)
        records.answers.set()
        server.stop()
        serving.join(10)
    return worst


def _ask(core: VaultCore) -> None:
    time.sleep(0.5)  # older than the gate's last answer may be
    with suppress(LfrError):
        core.check_gate("bench")


def main() -> None:
    """Measure and say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=5)
    worst = measure(parser.parse_args().epochs)
    Console().print(f"goal: {GOAL_S} s; worst lateness with a stuck database: {worst:.2f} s")


if __name__ == "__main__":
    main()
