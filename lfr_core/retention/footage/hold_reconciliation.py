"""The vault is told again what the records say of holds: the records are the truth of who decided what."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import Engine
from sqlmodel import col, select

from lfr_core.common.errors import Refused, Retryable
from lfr_core.common.logs import get_logger
from lfr_core.custody.vault.port import KeyKind, Vault, in_parts
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.footage import FootageHoldRow, FootageHoldSegmentRow, FootageSegmentRow

__all__ = ["ReconciledHolds", "reconcile_holds", "send_holds_to_vault"]


@dataclass(frozen=True, slots=True)
class ReconciledHolds:
    """What was found out of step, by segment."""

    held: tuple[str, ...]
    """The vault is told now that these are held."""
    released: tuple[str, ...]
    """And that these no longer are."""
    lost: tuple[str, ...]
    """A hold covers these, and their key is gone."""


def reconcile_holds(engine: Engine, vault: Vault) -> ReconciledHolds:
    """Make the vault hold what a recorded hold covers, and let go of everything else. May be repeated at will.

    A hold that isn't on the audit trail isn't taken by the vault.

    Raises:
        Retryable: records or vault are away.
    """
    covered = _covered(engine)
    kept = {info.id: info for info in vault.kept(KeyKind.FOOTAGE)}
    segment_of = {key: info.subject for key, info in kept.items()}
    to_hold = [key for key, info in kept.items() if info.subject in covered and not info.held]
    to_release = [key for key, info in kept.items() if info.held and info.subject not in covered]
    lost = sorted(covered - set(segment_of.values()))
    lost += (segment_of[key] for key in _hold(vault, to_hold, held=True))
    _hold(vault, to_release, held=False)
    if to_release:  # somebody may have held them again meanwhile
        again = _covered(engine)
        gone = _hold(vault, [key for key in to_release if segment_of[key] in again], held=True)
        lost += (segment_of[key] for key in gone)
    for segment in lost:
        get_logger().error("footage.held-key-gone", segment=segment)
    held, released = (tuple(segment_of[key] for key in keys) for keys in (to_hold, to_release))
    return ReconciledHolds(held, released, tuple(lost))


def send_holds_to_vault(engine: Engine, vault: Vault) -> None:
    """Make the vault hold what the records say. What it can't be told now the next sweep tells it."""
    with suppress(Retryable):
        reconcile_holds(engine, vault)


def _hold(vault: Vault, keys: Sequence[str], *, held: bool) -> list[str]:
    """Tell the vault; a key that is gone must not keep the others from it. Those gone come back."""
    return [gone for part in in_parts(keys) for gone in _hold_part(vault, part, held=held)]


def _hold_part(vault: Vault, keys: Sequence[str], *, held: bool) -> list[str]:
    try:
        vault.hold(keys, held=held)
    except Refused as error:
        if error.rule not in {"vault.key-gone", "vault.hold-recorded", "vault.no-hold", "records.not-on-trail"}:
            raise
        if len(keys) == 1:
            if error.rule in {"vault.no-hold", "records.not-on-trail"}:
                get_logger().error("footage.hold-not-on-trail", key=keys[0])
                return []
            return [*keys]
        half = len(keys) // 2  # each hold writes the whole keystore: not one by one
        return [*_hold_part(vault, keys[:half], held=held), *_hold_part(vault, keys[half:], held=held)]
    return []


def _covered(engine: Engine) -> frozenset[str]:
    """Return the segments not purged that some hold covers. Which keys are theirs the vault says, not their rows."""
    statement = (
        select(FootageSegmentRow.id)
        .join(FootageHoldSegmentRow, col(FootageHoldSegmentRow.segment) == col(FootageSegmentRow.id))
        .join(FootageHoldRow, col(FootageHoldRow.id) == col(FootageHoldSegmentRow.hold))
        .where(col(FootageSegmentRow.purged_ns).is_(None), col(FootageHoldRow.released_at).is_(None))
    )
    with reading(engine) as session:
        return frozenset(session.exec(statement))
