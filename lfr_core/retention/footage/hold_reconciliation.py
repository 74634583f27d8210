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

__all__ = ["ReconciledHolds", "reconcile_holds", "tell_vault"]


@dataclass(frozen=True, slots=True)
class ReconciledHolds:
    """What was found out of step, by segment."""

    held: tuple[str, ...]
    """The vault is told now that these are held."""
    released: tuple[str, ...]
    """And that these no longer are."""
    lost: tuple[str, ...]
    """A hold covers these, and their key is gone."""


@dataclass(frozen=True, slots=True)
class _Known:
    segment: str
    deployment: str
    covered: bool


def reconcile_holds(engine: Engine, vault: Vault) -> ReconciledHolds:
    """Make the vault hold what a recorded hold covers, and let go of everything else. May be repeated at will.

    A hold that isn't on the audit trail isn't taken by the vault.

    Raises:
        Retryable: records or vault are away.
    """
    known = _known(engine)
    kept = {info.id: info for info in vault.kept(KeyKind.FOOTAGE)}
    to_hold = [key for key, each in known.items() if each.covered and key in kept and not kept[key].held]
    to_release = [key for key, info in kept.items() if info.held and not (key in known and known[key].covered)]
    lost = [key for key, each in known.items() if each.covered and key not in kept]
    lost += _hold(vault, to_hold, held=True)
    _hold(vault, to_release, held=False)
    if to_release:  # somebody may have held them again meanwhile
        again = _known(engine)
        lost += _hold(vault, [key for key in to_release if key in again and again[key].covered], held=True)
    for key in lost:
        get_logger().error("footage.held-key-gone", segment=known[key].segment)
    names = {key: info.subject for key, info in kept.items()} | {key: each.segment for key, each in known.items()}
    return ReconciledHolds(*(tuple(names[key] for key in keys) for keys in (to_hold, to_release, lost)))


def tell_vault(engine: Engine, vault: Vault) -> None:
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


def _known(engine: Engine) -> dict[str, _Known]:
    """By key: the segments not purged that some hold covers or covered."""
    statement = (
        select(
            FootageSegmentRow.key_id,
            FootageSegmentRow.id,
            FootageSegmentRow.deployment,
            FootageHoldRow.released_at,
        )
        .join(FootageHoldSegmentRow, col(FootageHoldSegmentRow.segment) == col(FootageSegmentRow.id))
        .join(FootageHoldRow, col(FootageHoldRow.id) == col(FootageHoldSegmentRow.hold))
        .where(col(FootageSegmentRow.purged_ns).is_(None))
    )
    known: dict[str, _Known] = {}
    with reading(engine) as session:
        for key, segment, deployment, released_at in session.exec(statement):
            covered = released_at is None or (key in known and known[key].covered)
            known[key] = _Known(segment, deployment, covered)
    return known
