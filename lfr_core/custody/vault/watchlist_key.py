"""The key of a deployment's list: it seals the reference crops and rotates the gallery's vectors."""

from __future__ import annotations

from typing import Final

from lfr_core.custody.vault.port import KeptKey, KeptKeyInfo, KeyKind, Vault
from lfr_core.domain.actors import SystemActor

__all__ = ["LIST_KEY_DAYS", "find_list_key", "make_list_key"]

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
