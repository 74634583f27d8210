"""A site whose worker runs on another machine that is admitted, dismissed and admitted anew."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from apps.vault.process import build_core
from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import Refused
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.heads import sign_head
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.audit.trail import AuditTrail, record
from lfr_core.custody.people.roles import Role
from lfr_core.custody.vault.admission import unpack_admission
from lfr_core.custody.vault.client import VaultClient
from lfr_core.custody.vault.core import VaultCore
from lfr_core.custody.vault.machines import Machines
from lfr_core.custody.vault.port import WriterKey
from lfr_core.domain.actors import Principal, ProcessIdentity, SystemActor
from lfr_core.domain.policy import load_policy
from lfr_core.storage.engine import open_engine
from tests.support.databases import make_records
from tests.support.overwriting import overwriting
from tests.support.people import add_people
from tests.support.vault_server import served

__all__ = ["COMPLIANCE", "RECORD", "Kept", "Shifted", "Site", "machine_site"]

COMPLIANCE = "Cam Compliance"
RECORD = ProcessIdentity.RECORD


class Shifted:
    """The machine's clock, which a test sets ahead."""

    seconds = 0.0

    def time_ns(self) -> int:
        return SystemClock().time_ns() + round(self.seconds * 1e9)

    def monotonic(self) -> float:
        return SystemClock().monotonic() + self.seconds


class Kept(AuditTrail):
    """A process that goes on with the key it has, and writes of whom it likes."""

    def prepare(self, actor: Principal) -> None:
        pass

    def _key(self, person: str = "") -> tuple[WriterKey, float]:
        lent, asked = next(iter(self._lent.values()), None) or super()._key()
        return replace(lent, at_ns=None), asked  # whatever its clock says

    def _written(self, actor: Principal) -> str:
        return str(actor) if isinstance(actor, SystemActor) else "person:0f"


@dataclass
class Site:
    folder: Path
    engine: Engine
    core: VaultCore
    machines: Machines
    clock: Shifted
    port: int
    opened: ExitStack

    def admit(self, name: str, *identities: ProcessIdentity) -> AuditTrail:
        """Admit a machine; the trail as its recorder writes it."""
        file, there = self.folder / "brought", self.folder / name / "processes"
        file.write_bytes(self.machines.admit(name, identities or (RECORD,), [], COMPLIANCE))
        there.parent.mkdir(exist_ok=True)
        unpack_admission(file, there)
        client = self.opened.enter_context(closing(VaultClient(f"127.0.0.1:{self.port}", RECORD, there)))
        return Kept(client, self.clock)

    def write(self, trail: AuditTrail, actor: Principal = SystemActor.RECORDER) -> int:
        event = AuditEvent(Verb.COLLECT, actor, "d", "alert:1", "alert.of-a-test")
        return record(self.engine, trail, event).seq

    def sign(self) -> int:
        head = sign_head(self.engine, self.core, self.clock)
        assert head is not None
        return head.seq

    def refused(self) -> str:
        with pytest.raises(Refused) as refused:
            self.sign()
        assert refused.value.rule == "audit.damaged"
        return str(refused.value)

    def forget_newest(self) -> None:
        with overwriting(self.engine) as session:
            session.execute(text("DELETE FROM audit_entry WHERE seq = (SELECT max(seq) FROM audit_entry)"))


@contextmanager
def machine_site(tmp_path: Path) -> Iterator[Site]:
    settings, clock = Settings(home=tmp_path / "home"), Shifted()
    make_records(settings.records_url)
    with ExitStack() as opened:
        engine = open_engine(settings.records_url)
        opened.callback(engine.dispose)
        core = build_core(settings, load_policy(), engine, clock)
        server = opened.enter_context(
            served(core, settings.vault_socket, settings.process_folder, ("127.0.0.1", 0), clock=clock)
        )
        machines = core.writers.machines
        assert isinstance(machines, Machines)
        add_people(engine, (COMPLIANCE, Role.COMPLIANCE), trail=AuditTrail(core, clock))
        clients = opened.enter_context(ExitStack())
        yield Site(tmp_path, engine, core, machines, clock, server.port, clients)
