"""A complaint holds the footage it concerns, by itself and at once; for longer only when a second person says so.

A hold needs two people (`lfr_core.retention.footage.hold_service`). One that a complaint places has who took the
complaint, and nobody yet as the second: it is provisional, and lapses after the policy's `provisional_hold_days` unless
somebody else confirms it. Footage that comes to be within its stretch of time later is covered by the next sweep.
Written on record first and told to the vault second; the next sweep makes up for a crash between the two.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from lfr_core.common.clock import utc_from_ns
from lfr_core.common.errors import Refused
from lfr_core.custody.audit.port import Trail
from lfr_core.custody.people.roles import Person
from lfr_core.custody.vault.port import KeyKind, Vault
from lfr_core.domain.actors import SystemActor
from lfr_core.retention.footage.hold_approval import PROVISIONAL_DAYS, check_two_people
from lfr_core.retention.footage.hold_reconciliation import send_holds_to_vault
from lfr_core.retention.footage.hold_writer import HoldWriter
from lfr_core.retention.footage.holds import HoldGround, HoldRequest
from lfr_core.retention.footage.register import segments
from lfr_core.storage.engine import reading, writing
from lfr_core.storage.tables.footage import FootageHoldRow
from lfr_core.storage.tables.rights import ComplaintHoldRow

__all__ = ["ACTOR", "Scope", "confirm_holds", "find_kept_segments", "place_hold", "reconcile_complaint_holds"]

ACTOR = SystemActor.RIGHTS
"""Who lets holds lapse and widens them, on the audit trail."""
_RULE = f"footage.hold.{HoldGround.COMPLAINT}"


@dataclass(frozen=True, slots=True)
class Scope:
    """A stretch of a deployment's footage; no times: all of it."""

    deployment: str
    from_ns: int | None = None
    to_ns: int | None = None


def find_kept_segments(engine: Engine, vault: Vault, scope: Scope) -> frozenset[str]:
    """Find the segments in `scope` can still be kept. Asks the vault: never in a transaction. Raises Retryable."""
    kept = {key.subject for key in vault.kept(KeyKind.FOOTAGE, scope.deployment)}
    found = segments(engine, deployment=scope.deployment, from_ns=scope.from_ns, to_ns=scope.to_ns)
    return frozenset(each.id for each in found if each.purged_ns is None and each.id in kept)


def place_hold(
    session: Session,
    trail: Trail,
    scope: Scope,
    wanted: Collection[str],
    *,
    id: str,
    reference: str,
    by: str,
    now: dt.datetime,
    days: int,
) -> None:
    """Put a provisional hold on record; it may cover nothing yet. Afterwards call `send_holds_to_vault`.

    Args:
        session: the transaction in which the complaint is taken.
        trail: prepared for `by`.
        scope: what the complaint concerns.
        wanted: `find_kept_segments(...)`.
        id: the hold's, new.
        reference: the complaint's.
        by: who took it.
        now: aware.
        days: until it lapses.
    """
    lapses_at = now + dt.timedelta(days=days)
    request = HoldRequest(tuple(wanted), HoldGround.COMPLAINT, reference, lapses_at.date())
    _writer(session, trail, scope.deployment, reference).place(
        request, by=by, id=id, at=now, rule=f"{_RULE}.provisional"
    )
    session.add(
        ComplaintHoldRow(
            hold=id,
            request=reference,
            deployment=scope.deployment,
            from_ns=scope.from_ns,
            to_ns=scope.to_ns,
            lapses_at=lapses_at,
        )
    )


def confirm_holds(
    session: Session, trail: Trail, request: str, *, by: Person, now: dt.datetime, review_days: int
) -> None:
    """Make a complaint's provisional holds ordinary ones, reviewed by people from then on. `by` is the second person.

    Raises:
        Refused: `footage.hold-one-person`: `by` placed one of them; `rights.nothing-to-confirm`: no hold of it
            is provisional.
    """
    provisional = [(held, hold) for held, hold in _standing(session, request) if not hold.approved_by]
    if not provisional:
        raise Refused(
            "rights.nothing-to-confirm",
            f"{request} has no provisional hold: confirmed, released or lapsed; `lfr rights show` says which",
        )
    for _, hold in provisional:
        check_two_people(hold.requested_by, by)
    for held, hold in provisional:
        held.confirmed_at = now
        review_on = now.date() + dt.timedelta(days=review_days)
        _writer(session, trail, held.deployment, request).confirm(hold, by=by.name, review_on=review_on, rule=_RULE)


def reconcile_complaint_holds(engine: Engine, vault: Vault, trail: Trail, *, now_ns: int) -> None:
    """Let go of provisional holds whose time is over, and cover footage that came later. Idempotent.

    Each sweep calls it before footage goes.

    Raises:
        Retryable: vault or records are away.
    """
    now, changed = utc_from_ns(now_ns), False
    with reading(engine) as session:
        standing = [(held.hold, Scope(held.deployment, held.from_ns, held.to_ns)) for held, _ in _standing(session)]
    if standing:
        trail.prepare(ACTOR)
    for id, scope in standing:  # noqa: A001  the field's own word
        wanted = find_kept_segments(engine, vault, scope)
        with writing(engine) as session:
            for held, hold in _standing(session, hold=id):  # none: released meanwhile
                writer = _writer(session, trail, scope.deployment, held.request)
                if not hold.approved_by and held.lapses_at <= now:
                    held.lapsed = changed = True
                    writer.release(hold, by=ACTOR, at=now, rule="rights.hold-lapsed")
                elif writer.widen(hold, wanted, by=ACTOR, rule=_RULE):
                    changed = True
    changed |= _lapse_unapproved(engine, trail, now)
    if changed:
        send_holds_to_vault(engine, vault)


def _lapse_unapproved(engine: Engine, trail: Trail, now: dt.datetime) -> bool:
    """Let go of holds that somebody asked for and nobody approved in time; whether there were any."""
    overdue = (
        select(FootageHoldRow)
        .outerjoin(ComplaintHoldRow, col(ComplaintHoldRow.hold) == col(FootageHoldRow.id))
        .where(col(ComplaintHoldRow.hold).is_(None), col(FootageHoldRow.released_at).is_(None))
        .where(FootageHoldRow.approved_by == "")
        .where(col(FootageHoldRow.placed_at) <= now - dt.timedelta(days=PROVISIONAL_DAYS))
    )
    with reading(engine) as session:
        if session.exec(overdue).first() is None:
            return False
    trail.prepare(ACTOR)
    with writing(engine) as session:
        for hold in session.exec(overdue).all():
            HoldWriter(session, trail, "").release(hold, by=ACTOR, at=now, rule="footage.hold-lapsed")
    return True


def _writer(session: Session, trail: Trail, deployment: str, request: str) -> HoldWriter:
    return HoldWriter(session, trail, deployment, {"request": request})


def _standing(
    session: Session, request: str | None = None, hold: str | None = None
) -> list[tuple[ComplaintHoldRow, FootageHoldRow]]:
    """Read complaints' holds that nobody released and that haven't lapsed, and lock their rows."""
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
