"""The key of a deployment's list: it seals the reference crops and rotates the gallery's vectors.

No person is lent it. Who may approve the list is lent a key that is derived from it, which opens thumbnails and
nothing else (docs/decisions/0051-thumbnails-for-who-approves-a-list.md).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from lfr_core.custody.vault.port import KeptKey, KeptKeyInfo, KeyKind, Vault
from lfr_core.custody.vault.sealing import KEY_BYTES, binding
from lfr_core.domain.actors import SystemActor

__all__ = ["LIST_KEY_DAYS", "derive_thumbnail_key", "find_list_key", "make_list_key", "take_persons_key"]

LIST_KEY_DAYS: Final = 31
"""[proposal] A list is destroyed at its deployment's close; one that nobody closes can't be opened after this."""


def make_list_key(vault: Vault, deployment: str, *, now_ns: int) -> KeptKey:
    """Make the key of the deployment's list, where `find_list_key` finds none.

    Raises:
        Retryable: the vault is away.
        Refused: `vault.keystore`; `vault.key-exists`: another has made it meanwhile.
    """
    due_ns = now_ns + LIST_KEY_DAYS * 86_400 * 10**9
    return vault.make_key(KeyKind.WATCHLIST, deployment, deployment, due_ns, actor=SystemActor.ENROLMENT)


def find_list_key(vault: Vault, deployment: str) -> KeptKeyInfo | None:
    """Return what is known of that key, or None if there is none, or no longer. Raises Retryable: the vault is away."""
    return next((info for info in vault.kept(KeyKind.WATCHLIST, deployment) if info.subject == deployment), None)


def derive_thumbnail_key(list_key: bytes) -> bytes:
    """Derive the key of a list's thumbnails from the list's own, with HKDF-SHA256 (RFC 5869): there is no way back."""
    info = binding("openlfr list thumbnails")
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(list_key)


def take_persons_key(kept: KeptKey) -> KeptKey:
    """Return what a person is lent of a kept key: of a list's, the key of its thumbnails; else the key itself."""
    return replace(kept, key=derive_thumbnail_key(kept.key)) if kept.info.kind is KeyKind.WATCHLIST else kept
