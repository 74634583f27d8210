"""An installation whose vault is asked for signatures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine

from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import Refused
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.custody.vault.core import VaultCore
from lfr_core.custody.vault.port import KeyKind
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.policy import load_policy
from lfr_core.domain.signatures import SignatureKind
from lfr_core.retention.erasure.canary import CanaryKind, InjectedCanary, PositiveControl
from lfr_core.retention.erasure.certificate import Certificate, canary_line, find_unproved_classes, vouched_with
from lfr_core.retention.erasure.certificate_service import register_canaries
from lfr_core.retention.erasure.destruction_log import ended_ns, read_destroyed
from lfr_core.retention.erasure.verify import CanaryFinding, StoreResult, Verdict, Verification
from lfr_core.storage.engine import open_engine
from tests.support.deployments import deployment_service
from tests.support.each_process import EachProcess
from tests.support.vault_server import serving_vault

__all__ = ["DAY_NS", "Home", "signing_home"]

DAY_NS = 86_400 * 10**9


@dataclass
class Home:
    """A vault behind its socket, over its own records, with a deployment `d` and a canary in it."""

    core: VaultCore
    vault: EachProcess
    engine: Engine
    canary: InjectedCanary

    def rule(self, kind: SignatureKind, message: bytes) -> str:
        with pytest.raises(Refused) as refused:
            self.vault.sign(kind, message)
        return refused.value.rule

    def certificate(self, **changes: object) -> Certificate:
        """One that says "passed", as the erasure of `d` would make it once the canary's key is gone."""
        ended, now_ns = ended_ns(self.engine, "d"), SystemClock().time_ns()
        finding = CanaryFinding(canary=self.canary.id, verdict=Verdict.GONE)
        store = StoreResult(
            store="database", what="", searched=True, files=1, bytes_read=1, milliseconds=1, not_searched=(),
            unread_files=0, findings=(finding,),
        )  # fmt: skip
        search = Verification(
            at_ns=now_ns, ended_ns=ended, engine_control=True, due=(self.canary.id,), stores=(store,), failures=()
        )
        line = canary_line(self.canary, search.due)
        return Certificate(
            number=1, previous="", deployment="d", issued_ns=now_ns, canaries=(line,), search=search,
            destroyed=read_destroyed(self.engine, "d", grace_s=load_policy().vault.grace_s),
            without_canary=find_unproved_classes([self.canary.kind]), vouched=vouched_with(tpm=False),
        ).model_copy(update=changes)  # fmt: skip


@contextmanager
def signing_home(tmp_path: Path) -> Iterator[Home]:
    settings = Settings(home=tmp_path)
    with serving_vault(settings) as core, closing(EachProcess.of(settings)) as vault:
        engine, clock = open_engine(settings.records_url), SystemClock()
        store = deployment_service(engine, vault, AuditTrail(vault, clock), clock)
        store.create("d", DeploymentKind.DEMO, name="d")
        key = vault.make_key(KeyKind.WATCHLIST, "d", "d", clock.time_ns() + DAY_NS, actor=SystemActor.ENROLMENT)
        canary = InjectedCanary(
            id="c1", kind=CanaryKind.REFERENCE, deployment="d", store="database", planted_ns=clock.time_ns(),
            due_ns=clock.time_ns(), key_id=key.info.id, key_fingerprint=key.info.fingerprint, clear=(b"c" * 32,),
            stored=(b"s" * 32,), control=PositiveControl.FOUND,
        )  # fmt: skip
        register_canaries(engine, AuditTrail(vault, clock), [canary])
        yield Home(core, vault, engine, canary)
        engine.dispose()
