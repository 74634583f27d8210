"""Keeps canaries, searches for them and certifies the result: what the commands and the flows call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine

from lfr_core.common.clock import Clock
from lfr_core.common.errors import Refused
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.port import Trail
from lfr_core.custody.vault.port import Vault
from lfr_core.custody.vault.signing import NOT_SIGNED
from lfr_core.retention.erasure.canary import CanaryFile, InjectedCanary
from lfr_core.retention.erasure.certificate import SignedCertificate
from lfr_core.retention.erasure.certificate_service import (
    CertificateFault,
    CertificateService,
    find_unregistered_canaries,
    register_canaries,
)
from lfr_core.retention.erasure.destruction_log import ended_ns, read_destroyed
from lfr_core.retention.erasure.keys import VaultKeys
from lfr_core.retention.erasure.places import canary_folder, scratch_folder, stores_of
from lfr_core.retention.erasure.stores import Store
from lfr_core.retention.erasure.verify import Verification, confirm, verify
from lfr_core.retention.unknown_files import find_unknown_files

__all__ = ["Erasure"]


@dataclass(frozen=True, slots=True, eq=False)
class Erasure:
    """Proof of deletion for one installation. Every method raises Retryable when vault or records are away."""

    settings: Settings
    engine: Engine
    vault: Vault
    trail: Trail
    certificates: CertificateService
    clock: Clock
    broker: Store
    grace_s: float
    """policy.vault.grace_s"""

    def read_canaries(self, deployment: str) -> tuple[InjectedCanary, ...]:
        """Return the canaries injected for a deployment. Raises Fatal when that file is damaged."""
        return self._canaries(deployment).read()

    def remember(self, deployment: str, injected: Sequence[InjectedCanary]) -> tuple[InjectedCanary, ...]:
        """Search for what was just injected (its control), keep its needles, and record its digests.

        Raises:
            Fatal: the file of needles can't be written, or is damaged.
        """
        self._canaries(deployment).put(injected)  # killed in the search: known, and its control is pending
        register_canaries(self.engine, self.trail, injected)
        known = confirm(injected, self.stores())
        self._canaries(deployment).put(known)
        return known

    def due(self, deployment: str) -> tuple[str, ...]:
        """Return ids of canaries that must be gone. Raises Refused `deployment.unknown`; Fatal as `read_canaries`."""
        ended, now_ns = ended_ns(self.engine, deployment), self.clock.time_ns()
        return tuple(one.id for one in self.read_canaries(deployment) if one.is_due(now_ns, ended))

    def search(self, deployment: str) -> Verification:
        """Search every store for the canaries of a deployment, as of now.

        Raises:
            Refused: `deployment.unknown`, `erasure.no-canaries`.
            Fatal: the needles' file is damaged; the search's own control can't be written.
        """
        ended = ended_ns(self.engine, deployment)
        injected = self._canaries(deployment).require()
        return verify(
            injected,
            self.stores(),
            VaultKeys(self.vault, self.engine, self.settings.keystore_folder),
            now_ns=self.clock.time_ns(),
            ended_ns=ended,
            scratch=scratch_folder(self.settings),
            known=find_unregistered_canaries(self.engine, injected),
            unknown_files={place: len(names) for place, names in self.unknown_files().items()},
        )

    def unknown_files(self) -> Mapping[str, Sequence[str]]:
        """List the names of files that no record knows, by place: certificates have how many there are."""
        return find_unknown_files(self.engine, self.settings)

    def certify(self, deployment: str) -> SignedCertificate:
        """Search, and certify what that said, whatever it said. Raises as `search` and `CertificateService.issue`."""
        search, injected = self.search(deployment), self._canaries(deployment).require()
        tries = 3
        while True:
            tries -= 1
            destroyed = read_destroyed(self.engine, deployment, grace_s=self.grace_s)
            try:
                return self.certificates.issue(deployment, destroyed=destroyed, injected=injected, search=search)
            except Refused as refused:  # a key went between this look and the vault's
                if refused.rule != NOT_SIGNED or not tries:
                    raise

    def check(self, public_key: str) -> tuple[CertificateFault, ...]:
        """Check every certificate; returns every fault. `public_key`: the installation's, hexadecimal."""
        return self.certificates.check(public_key)

    def stores(self) -> tuple[Store, ...]:
        """Return every place that is searched, and those that can't be."""
        return stores_of(self.settings, self.engine, self.broker)

    def _canaries(self, deployment: str) -> CanaryFile:
        return CanaryFile(canary_folder(self.settings), deployment)
