"""One installation as a program uses it: settings, policy, clock, records, vault and audit trail, put together once.

Entry points open it (commands, pages, flows, workers) and pass on what each part needs; nothing below them does.
"""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Engine

from lfr_core.common.clock import Clock, SystemClock, utc_from_ns
from lfr_core.common.settings import Settings, load_settings
from lfr_core.custody.audit.head_checkpoint import HEAD_FILE
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.custody.people.consultations import Consultations
from lfr_core.custody.people.store import People
from lfr_core.custody.vault.client import VAULT_TIMEOUT_S, VaultClient, make_vault_client
from lfr_core.domain.actors import ProcessIdentity
from lfr_core.domain.policy import Policy, load_policy
from lfr_core.storage.engine import open_engine

__all__ = ["Installation", "kept_head_of"]


def kept_head_of(settings: Settings) -> Path:
    """Return the file in which the vault keeps the trail's newest head: where it is, there have been records."""
    return settings.keystore_folder / HEAD_FILE


class Installation:
    """Each part is read or connected when it is first used, and closed at the end of the `with` block.

    Args:
        settings: where things are; read from the environment unless given.
        identity: which process this is, and so what the vault does for it: each entry point says it in its code.
        policy: the one that the settings name unless given.
        clock: the system's unless given.
        vault_timeout_s: how long one question to the vault may take.

    Raises:
        Fatal: a setting is unusable; at its first use, the policy can't be read.
        Retryable: at its first use, the records' folder can't be written.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        identity: ProcessIdentity,
        policy: Policy | None = None,
        clock: Clock | None = None,
        vault_timeout_s: float = VAULT_TIMEOUT_S,
    ) -> None:
        self.settings = settings or load_settings()
        self.identity = identity
        self.clock = clock or SystemClock()
        if policy is not None:
            self.policy = policy
        self._vault_timeout_s = vault_timeout_s

    @cached_property
    def policy(self) -> Policy:
        """The policy that the settings name."""
        return load_policy(self.settings.policy_file)

    @cached_property
    def engine(self) -> Engine:
        """The records' database. One that was there isn't made anew: nothing would be due by it, and all seem well."""
        return open_engine(self.settings.records_url, had_by=kept_head_of(self.settings))

    @cached_property
    def vault(self) -> VaultClient:
        """The running vault; it is asked at the first question, not before."""
        return make_vault_client(self.settings, self.identity, self._vault_timeout_s)

    def open_vault(self, timeout_s: float = VAULT_TIMEOUT_S) -> VaultClient:
        """Open a line of its own to the vault, which waits so long for an answer, and knows who has logged in here."""
        line = make_vault_client(self.settings, self.identity, timeout_s)
        line.share_logins(self.vault)
        return line

    @cached_property
    def trail(self) -> AuditTrail:
        """The audit trail, whose pseudonyms and seals come from the vault."""
        return AuditTrail(self.vault, self.clock)

    @cached_property
    def looks(self) -> Consultations:
        """What people look at in this process, for the trail."""
        return Consultations(self.engine, self.trail, self.clock)

    @property
    def people(self) -> People:
        """The register of people."""
        return People(self.engine, self.trail, self.clock)

    @property
    def now_ns(self) -> int:
        """Nanoseconds since the epoch."""
        return self.clock.time_ns()

    @property
    def now(self) -> datetime:
        """UTC."""
        return utc_from_ns(self.now_ns)

    def close(self) -> None:
        """Close what was connected. May be called twice."""
        if "vault" in self.__dict__:
            self.vault.close()
        if "engine" in self.__dict__:
            self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
