"""The vault: keys, sealing, the keystore, and the process that refuses. See docs/deletion.md."""

from __future__ import annotations

from lfr_core.custody.vault.port import DestroyedKey, FrameKey, KeptKey, KeptKeyInfo, KeyKind, Signature, Vault
from lfr_core.custody.vault.sealing import open_sealed, seal

__all__ = [
    "DestroyedKey",
    "FrameKey",
    "KeptKey",
    "KeptKeyInfo",
    "KeyKind",
    "Signature",
    "Vault",
    "open_sealed",
    "seal",
]
