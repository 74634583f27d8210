"""A complaint holds the footage it concerns, by itself and at once; for longer only when a second person says so.

A hold needs two people (`lfr_core.retention.footage.hold_service`). One that a complaint places has who took the
complaint, and nobody yet as the second: it is provisional, and lapses after the policy's `provisional_hold_days` unless
somebody else confirms it. Footage that comes to be within its stretch of time later is covered by the next sweep.
Written on record first and told to the vault second; the next sweep makes up for a crash between the two.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from lfr_core.common.clock import utc_from_ns
from lfr_core.common.errors import Refused, Retryable
from lfr_core.custody.audit.port import AuditEvent, Trail, Verb
from lfr_core.custody.vault.port import KeyKind, Vault
from lfr_core.domain.actors import Principal, SystemActor
from lfr_core.retention.footage.hold_reconciliation import reconcile_holds
from lfr_core.retention.footage.holds import HoldGround, covered_by
from lfr_core.retention.footage.register import rows_of, segments
from lfr_core.storage.engine import reading, writing
from lfr_core.storage.tables.footage import FootageHoldRow, FootageHoldSegmentRow
from lfr_core.storage.tables.rights import ComplaintHoldRow

__all__ = [
    "ACTOR",
    "ReconciledComplaintHolds",
    "Scope",
    "confirm_holds",
    "place_hold",
    "reconcile_complaint_holds",
    "still_there",
    "tell_vault",
]

ACTOR = SystemActor.RIGHTS
"""Who lets holds lapse and widens them, on the audit trail."""
_RULE = f"footage.hold.{HoldGround.COMPLAINT}"


@dataclass(frozen=True, slots=True)
class Scope:
    """A stretch of a deployment's footage; no times: all of it."""

    deployment: str
    from_ns: int | None = None
    to_ns: int | None = None


@dataclass(frozen=True, slots=True)
class ReconciledComplaintHolds:
    """What a sweep did to complaints' holds, by hold."""

    lapsed: tuple[str, ...]
    widened: tuple[str, ...]


def still_there(engine: Engine, vault: Vault, scope: Scope) -> frozenset[str]:
    """The segments in `scope` that can still be kept. Asks the vault: never in a transaction. Raises Retryable."""
    kept = {key.id for key in vault.kept(KeyKind.FOOTAGE, scope.deployment)}
    found = segments(engine, deployment=scope.deployment, from_ns=scope.from_ns, to_ns=scope.to_ns)
    return frozenset(each.id for each in found if each.purged_ns is None and each.key_id in kept)


def place_hold(
    session: Session,
    trail: Trail,
    scope: Scope,
    wanted: Collection[str],
    *,
    id: str,
    request: str,
    by: str,
    now: dt.datetime,
    days: int,
) -> str:
    """Put a provisional hold on record; it may cover nothing yet. Afterwards call `tell_vault`.

    Args:
        session: the transaction in which the complaint is taken.
        trail: prepared for `by`.
        scope: what the complaint concerns.
        wanted: `still_there(...)`.
        id: the hold's, new.
        request: reference of the complaint.
        by: who took it.
        now: aware.
        days: until it lapses.
    """
    lapses_at = now + dt.timedelta(days=days)
    hold = FootageHoldRow(
        id=id,
        ground=HoldGround.COMPLAINT.value,
        reference=request,
        requested_by=by,
        approved_by="",
        placed_at=now,
        review_on=lapses_at.date(),
    )
    session.add(hold)
    session.flush()
    session.add(
        ComplaintHoldRow(
            hold=hold.id,
            request=request,
            deployment=scope.deployment,
            from_ns=scope.from_ns,
            to_ns=scope.to_ns,
            lapses_at=lapses_at,
        )
    )
    _cover(session, hold.id, wanted)
    _audit(session, trail, Verb.DECIDE, by, scope.deployment, hold, f"{_RULE}.provisional")
    return hold.id


def tell_vault(engine: Engine, vault: Vault) -> None:
    """Make the vault hold what the records say. What it can't be told now the next sweep tells it."""
    with suppress(Retryable):
        reconcile_holds(engine, vault)


def confirm_holds(
    session: Session, trail: Trail, request: str, *, by: str, now: dt.datetime, review_days: int
) -> tuple[str, ...]:
    """Make a complaint's provisional holds ordinary ones, reviewed by people from then on. `by` is the second person.

    Raises:
        Refused: `rights.nothing-to-confirm`: no hold of it is provisional.
    """
    confirmed: list[str] = []
    for held, hold in _standing(session, request):
        if hold.approved_by:
            continue
        hold.approved_by, hold.review_on = by, now.date() + dt.timedelta(days=review_days)
        held.confirmed_at = now
        session.add_all([hold, held])
        session.flush()
        _audit(session, trail, Verb.AUTHORISE, by, held.deployment, hold, _RULE)
        confirmed.append(hold.id)
    if not confirmed:
        raise Refused(
            "rights.nothing-to-confirm",
            f"{request} has no provisional hold: confirmed, released or lapsed; `lfr rights show` says which",
        )
    return tuple(confirmed)


def reconcile_complaint_holds(engine: Engine, vault: Vault, trail: Trail, *, now_ns: int) -> ReconciledComplaintHolds:
    """Let go of provisional holds whose time is over, and cover footage that came later. Idempotent.

    Each sweep calls it before footage goes.

    Raises:
        Retryable: vault or records are away.
    """
    now = utc_from_ns(now_ns)
    with reading(engine) as session:
        standing = [(held.hold, Scope(held.deployment, held.from_ns, held.to_ns)) for held, _ in _standing(session)]
    if not standing:
        return ReconciledComplaintHolds((), ())
    trail.prepare(ACTOR)
    lapsed: list[str] = []
    widened: list[str] = []
    for id, scope in standing:  # noqa: A001  the field's own word
        wanted = still_there(engine, vault, scope)
        with writing(engine) as session:
            found = next((pair for pair in _standing(session, hold=id)), None)
            if found is None:
                continue  # released meanwhile
            held, hold = found
            if not hold.approved_by and held.lapses_at <= now:
                hold.released_at, hold.released_by, held.lapsed = now, str(ACTOR), True
                session.add_all([hold, held])
                _audit(session, trail, Verb.DECIDE, ACTOR, scope.deployment, hold, "rights.hold-lapsed")
                lapsed.append(id)
            elif _cover(session, id, wanted):
                _audit(session, trail, Verb.ALTER, ACTOR, scope.deployment, hold, _RULE)
                widened.append(id)
    if lapsed or widened:
        tell_vault(engine, vault)
    return ReconciledComplaintHolds(tuple(lapsed), tuple(widened))


def _standing(
    session: Session, request: str | None = None, hold: str | None = None
) -> list[tuple[ComplaintHoldRow, FootageHoldRow]]:
    """Complaints' holds that nobody released and that haven't lapsed, their rows locked."""
    statement = (
        select(ComplaintHoldRow, FootageHoldRow)
        .join(FootageHoldRow, col(FootageHoldRow.id) == col(ComplaintHoldRow.hold))
        .where(col(FootageHoldRow.released_at).is_(None))
        .order_by(col(ComplaintHoldRow.hold))
    )
    if request is not None:
        statement = statement.where(ComplaintHoldRow.request == request)
    if hold is not None:
        statement = statement.where(ComplaintHoldRow.hold == hold)
    return [(held, row) for held, row in session.exec(statement.with_for_update())]


def _cover(session: Session, hold: str, wanted: Collection[str]) -> int:
    """Add to a hold what of `wanted` it doesn't name and nobody destroyed meanwhile. Returns how many were added."""
    missing = set(wanted) - set(covered_by(session, hold))
    rows = [row for row in rows_of(session, missing, lock=True) if row.purged_ns is None]
    session.add_all([FootageHoldSegmentRow(hold=hold, segment=row.id) for row in rows])
    session.flush()
    return len(rows)


def _audit(
    session: Session, trail: Trail, verb: Verb, actor: Principal, deployment: str, hold: FootageHoldRow, rule: str
) -> None:
    covered = covered_by(session, hold.id)
    facts: dict[str, str | int] = {
        "segments": len(covered),
        "segments_sha256": hashlib.sha256("\n".join(covered).encode()).hexdigest(),
        "review_on": hold.review_on.isoformat(),
        "request": hold.reference,
    }
    trail.append(session, AuditEvent(verb, actor, deployment, f"footage-hold:{hold.id}", rule, facts))
