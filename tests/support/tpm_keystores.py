"""Keystores bound to a TPM in memory, without a vault."""

from __future__ import annotations

from pathlib import Path

from lfr_core.custody.vault.keystore import Keystore
from lfr_core.custody.vault.port import KeptKeyInfo, KeyKind
from lfr_core.custody.vault.tpm_secrets import TpmSecrets
from tests.support.tpms import MemoryTpm

__all__ = ["added", "bound", "opened", "release", "turn"]


def opened(folder: Path, tpm: MemoryTpm) -> Keystore:
    return Keystore(folder, tpm=TpmSecrets(tpm))


def bound(folder: Path, tpm: MemoryTpm) -> Keystore:
    """As the vault does at its start."""
    store = opened(folder, tpm)
    if store.tpm is None:
        secrets = TpmSecrets(tpm)
        secrets.begin(store.installation)
        store.bind(secrets)
        secrets.complete()
    return store


def added(store: Keystore, subject: str) -> tuple[KeptKeyInfo, bytes]:
    return store.add(KeyKind.ALERT, "dep", subject, 1_000)


def turn(store: Keystore) -> None:
    assert store.tpm is not None
    store.tpm.complete()
    store.turn()
    store.tpm.complete()


def release(store: Keystore) -> None:
    tpm = store.tpm
    assert tpm is not None
    tpm.end(is_written=False)
    store.bind(None)
    tpm.end(is_written=True)
