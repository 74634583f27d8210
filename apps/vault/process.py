"""Puts the vault together and serves it until stopped: `python -m apps.vault` and `lfr vault run`."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from types import FrameType

from sqlalchemy import Engine

from apps.vault.signing import signing_checks
from lfr_core.common.addresses import split_address
from lfr_core.common.clock import Clock
from lfr_core.common.errors import Refused
from lfr_core.common.logs import get_logger
from lfr_core.common.settings import Settings
from lfr_core.common.starting import end_start
from lfr_core.custody.audit.head_checkpoint import keep_head
from lfr_core.custody.audit.head_memory import HeadMemory
from lfr_core.custody.audit.head_signing import HeadSigningThread
from lfr_core.custody.audit.heads import read_vault_entries
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.audit.prune import carry_records
from lfr_core.custody.audit.read import read_newest_seq
from lfr_core.custody.audit.trail import AuditTrail, record
from lfr_core.custody.audit.vault_records import TrailRecords, note_unnamed_writers, record_existing_rows
from lfr_core.custody.audit.witness import Witness
from lfr_core.custody.identity.provider import provider_of
from lfr_core.custody.identity.shown_logins import ShownLogins
from lfr_core.custody.installation import Installation, kept_head_of
from lfr_core.custody.vault.certificates import load_authority
from lfr_core.custody.vault.core import VaultCore
from lfr_core.custody.vault.key_terms import KeyTerms
from lfr_core.custody.vault.keystore import Keystore
from lfr_core.custody.vault.keystore_rollback import drop_destroyed, hold_recorded_footage, tell_of_trail
from lfr_core.custody.vault.machines import Machines
from lfr_core.custody.vault.process_files import ProcessFiles
from lfr_core.custody.vault.server import VaultServer
from lfr_core.custody.vault.tpm_binding import bind_or_release, open_tpm
from lfr_core.deployments.vault_records import VaultRecords, bind_installation, check_keystore_is_there
from lfr_core.domain.gate import GateLimits
from lfr_core.domain.policy import Policy

__all__ = ["AuditWriter", "build_core", "build_identities", "build_vault", "run_vault"]


class AuditWriter:
    """Writes to the trail with the vault's pseudonyms. The vault is given afterwards: each needs the other."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self.trail: AuditTrail | None = None

    def use(self, core: VaultCore) -> AuditTrail:
        """Take the pseudonyms from here. Returns the trail."""
        self.trail = AuditTrail(core, self._clock)
        return self.trail

    def record(self, event: AuditEvent) -> int:
        """Write one event in a transaction of its own; return its number. Raises Retryable when that can't be done."""
        assert self.trail is not None, "use() comes first"
        return record(self._engine, self.trail, event).seq


def build_core(settings: Settings, policy: Policy, engine: Engine, clock: Clock) -> VaultCore:
    """Build the vault alone. Raises as `build_vault`."""
    return build_vault(settings, policy, engine, clock)[0]


def build_vault(
    settings: Settings, policy: Policy, engine: Engine, clock: Clock
) -> tuple[VaultCore, Callable[[], tuple[str, ...]]]:
    """Build the vault of these settings, tied to its database. `clock`: the machine's.

    Returns:
        The vault, and what compares the records with the audit trail.

    Raises:
        Fatal: the keystore is damaged, another installation's, or of before the TPM's last turn.
        Refused: `vault.keystore`: its folder can't be written; `vault.tpm`.
        Retryable: the database or the TPM is away.
    """
    check_keystore_is_there(engine, settings.keystore_folder)
    tpm = open_tpm(settings.tpm, settings.keystore_folder)
    keystore = Keystore(settings.keystore_folder, tpm=tpm)
    bind_installation(engine, keystore.installation, kept_head_of(settings))
    log, audit = VaultRecords(engine, clock), AuditWriter(engine, clock)
    core = VaultCore(
        policy=policy.vault,
        limits=GateLimits.of(policy),
        terms=KeyTerms.of(policy),
        clock=clock,
        keystore=keystore,
        facts=log,
        epochs=log,
        audit=audit,
        people=log,
    )
    core.writers.unnamed_until = note_unnamed_writers(engine, keystore.folder)
    trail = audit.use(core)
    records = log.records = TrailRecords(engine, core.writers, core.public_key, core.clock, keystore.folder)

    memory = HeadMemory(keystore, core.keystore_lock, clock)

    def drop() -> None:
        _clean(core, engine, records, memory)

    def compare() -> tuple[str, ...]:
        drop()  # again: while the trail couldn't be believed, nothing was dropped
        record_existing_rows(engine, records, trail)
        return log.compare_all()

    def carry(up_to: int) -> None:
        with records.open_state() as (session, state):
            newest = read_newest_seq(session)
            said = deepcopy(state)
        carry_records(engine, trail, said, newest=newest, up_to=up_to)

    core.signing.allow(signing_checks(core, engine, policy, core.clock, compare, carry))
    core.begin()
    memory.restore_checkpoint()
    with suppress(Refused):  # a trail that is damaged is told by whoever signs, and nothing goes by the records then
        drop()
        record_existing_rows(engine, records, trail)
        hold_recorded_footage(core)
    bind_or_release(core, tpm, setting=settings.tpm)
    return core, compare


def _clean(core: VaultCore, engine: Engine, records: TrailRecords, memory: HeadMemory) -> None:
    """Destroy again what the trail says was destroyed; say it where keystore or trail is an earlier one.

    Raises:
        Refused: `audit.damaged`; `vault.keystore`. Retryable: the records are away.
    """
    with records.open_state() as (session, state):
        destroyed, generation = frozenset(state.destroyed), state.generation
        gone, newest = memory.find_gone(session), read_newest_seq(session)
    drop_destroyed(core, destroyed, generation)
    if gone is not None:
        tell_of_trail(core, known=gone.seq, newest=newest)
        head = keep_head(engine, core, core.clock, core.keystore.folder, memory.generation)
        if head is not None:
            memory.remember(head, at_once=True)


def build_identities(core: VaultCore, folder: Path, days: float, clock: Clock) -> tuple[ProcessFiles, Machines]:
    """Make and renew what this machine's processes show the vault, and open the register of other machines.

    Args:
        core: whose authority signs.
        folder: of the processes' certificates.
        days: how long a certificate is good.
        clock: the machine's, by which whoever looks at a certificate goes.

    Raises:
        Fatal, Refused: as `ProcessFiles` and `Machines`.
    """
    authority = load_authority(core.keystore, clock)
    machines = Machines(core.keystore.folder, authority, people=core.people, audit=core.audit, clock=clock, days=days)
    core.writers.machines = machines
    return ProcessFiles(folder, authority, clock, days), machines


def run_vault(installation: Installation) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        Fatal, Refused, Retryable: as `build_core`; another vault answers at the socket.
    """
    settings, policy, engine = installation.settings, installation.policy, installation.engine
    core, compare = build_vault(settings, policy, engine, installation.clock)
    days = policy.vault.certificate_days
    processes, machines = build_identities(core, settings.process_folder, days, installation.clock)
    machines.dismiss_again(read_vault_entries(engine, core.writers, Verb.AUTHORISE))
    listen = split_address(settings.vault_listen) if settings.vault_listen else None
    provider_keys = settings.keystore_folder / "identity-provider-keys.json"
    records = TrailRecords(engine, core.writers, core.public_key, core.clock, settings.keystore_folder)
    logins = ShownLogins(engine, provider_of(settings), policy.access.session_h, core.clock, records, provider_keys)
    server = VaultServer(core, settings.vault_socket, processes, machines, listen, logins)
    heads = HeadSigningThread(
        engine,
        core,
        core.clock,
        settings.keystore_folder,
        policy.audit.head_every_s,
        compare,
        witness=Witness.of(settings),
        memory=HeadMemory(core.keystore, core.keystore_lock, core.clock),
    )

    def end(_signal: int, _frame: FrameType | None) -> None:
        server.stop()

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, end)
    end_start()
    get_logger().info("vault.serving")
    heads.start()
    try:
        server.serve()
    finally:
        heads.stop()
