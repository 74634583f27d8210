"""Recognise a keystore that was put back from a copy, and destroy again what had been destroyed since.

Each destruction makes a new generation of the keystore, and its entry on the audit trail says which: a keystore that is
of an earlier one than the trail knows is an earlier copy.
"""

from __future__ import annotations

from collections.abc import Collection

from lfr_core.common.logs import get_logger
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.audit.recorded_state import PUT_BACK, TRAIL_PUT_BACK
from lfr_core.custody.vault.core import VaultCore
from lfr_core.custody.vault.port import KeptKeyInfo, KeyKind
from lfr_core.domain.actors import SystemActor

__all__ = ["drop_destroyed", "hold_recorded_footage", "tell_of_trail"]


def drop_destroyed(core: VaultCore, destroyed: Collection[str], generation: int) -> tuple[KeptKeyInfo, ...]:
    """Destroy what the audit trail says was destroyed, and say on the trail that it was there again.

    Args:
        core: the vault.
        destroyed: ids of keys, from entries of the vault's own.
        generation: the keystore's, at the last of them and in the newest heads.

    Raises:
        Refused: `vault.keystore`: the disk takes no write.
        Retryable: the records are away.
    """
    keystore = core.keystore
    with core.keystore_lock:
        found = keystore.generation
        gone = keystore.destroy(tuple(info.id for info in keystore.infos() if info.id in destroyed))
        keystore.raise_generation(generation)
    if gone or found < generation:
        facts: dict[str, int | str] = {"found": found, "generation": generation, "keys": len(gone)}
        get_logger().error("vault.keystore-put-back", **facts)
        core.audit.record(AuditEvent(Verb.ERASE, SystemActor.VAULT, "", "keystore", PUT_BACK, facts))
    return gone


def tell_of_trail(core: VaultCore, *, known: int, newest: int) -> None:
    """Say on the trail, which goes on from entry `newest`, that the keystore knew it up to entry `known`.

    Raises:
        Retryable: the records are away.
    """
    facts: dict[str, int | str] = {"known": known, "newest": newest}
    get_logger().error("vault.trail-put-back", **facts)
    core.audit.record(AuditEvent(Verb.ALTER, SystemActor.VAULT, "", "trail", TRAIL_PUT_BACK, facts))


def hold_recorded_footage(core: VaultCore) -> None:
    """Hold the footage that recorded holds cover: an earlier keystore doesn't know of holds placed since.

    To be called before the first sweep, which would destroy what is due and not held.

    Raises:
        Refused: `audit.damaged`; `vault.keystore`: the disk takes no write.
        Retryable: the records are away.
    """
    recorded = core.people.held_segments(whole=False)
    with core.keystore_lock:
        lost = [
            info.id
            for info in core.keystore.infos()
            if info.kind is KeyKind.FOOTAGE and info.subject in recorded and not info.held
        ]
        if lost:
            get_logger().warning("vault.held-again", keys=len(lost))
            core.keystore.hold(tuple(lost), held=True)
